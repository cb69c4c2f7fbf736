//! What a provider offers, by name, with schemas.

use std::collections::BTreeMap;

use crate::framework::action::AnyAction;
use crate::framework::diagnostics::{Diagnostic, Diagnostics};
use crate::framework::erased::{AnyDataSource, AnyResource};
use crate::framework::function::{AnyFunction, Signature};
use crate::framework::list_resource::AnyListResource;
use crate::framework::provider::Provider;
use crate::framework::schema::{Schema, Type};
use crate::framework::walker::{SchemaError, schema_of};

/// A schema with the type of its values.
pub(super) struct Shape {
    pub schema: Schema,
    pub kind: Type,
}

pub(super) struct ResourceOffer {
    pub resource: Box<dyn AnyResource>,
    pub shape: Shape,
    /// None for a resource without identity.
    pub identity: Option<Shape>,
}

pub(super) struct DataSourceOffer {
    pub data_source: Box<dyn AnyDataSource>,
    pub shape: Shape,
}

pub(super) struct FunctionOffer {
    pub function: Box<dyn AnyFunction>,
    pub signature: Signature,
}

pub(super) struct ListOffer {
    pub list: Box<dyn AnyListResource>,
    pub shape: Shape,
}

pub(super) struct ActionOffer {
    pub action: Box<dyn AnyAction>,
    pub shape: Shape,
}

pub(super) struct Offer {
    pub provider: Shape,
    pub resources: BTreeMap<&'static str, ResourceOffer>,
    pub data_sources: BTreeMap<&'static str, DataSourceOffer>,
    pub functions: BTreeMap<&'static str, FunctionOffer>,
    pub list_resources: BTreeMap<&'static str, ListOffer>,
    pub actions: BTreeMap<&'static str, ActionOffer>,
    /// Models without a schema: mistakes in the provider, reported with the schemas.
    pub broken: Diagnostics,
}

impl Shape {
    fn new(schema: Schema) -> Self {
        Self {
            kind: schema.implied_type(),
            schema,
        }
    }
}

impl Offer {
    pub fn of<P: Provider>(provider: &P) -> Self {
        let mut broken = Diagnostics::new();
        let provider_schema = schema_of::<P::Model>(0).unwrap_or_else(|error| {
            broken.push(bug(&error));
            Schema::default()
        });
        let mut resources = BTreeMap::new();
        for resource in provider.resources() {
            match shapes(resource.as_ref()) {
                Ok((shape, identity)) => {
                    resources.insert(
                        resource.type_name(),
                        ResourceOffer {
                            resource,
                            shape,
                            identity,
                        },
                    );
                }
                Err(error) => broken.push(bug(&error)),
            }
        }
        let mut data_sources = BTreeMap::new();
        for data_source in provider.data_sources() {
            match data_source.schema() {
                Ok(schema) => {
                    let shape = Shape::new(schema);
                    data_sources.insert(data_source.type_name(), DataSourceOffer { data_source, shape });
                }
                Err(error) => broken.push(bug(&error)),
            }
        }
        let mut functions = BTreeMap::new();
        for function in provider.functions() {
            match function.signature() {
                Ok(signature) => {
                    functions.insert(function.name(), FunctionOffer { function, signature });
                }
                Err(error) => broken.push(bug(&error)),
            }
        }
        let mut list_resources = BTreeMap::new();
        for list in provider.list_resources() {
            match list.schema() {
                Ok(schema) => {
                    let shape = Shape::new(schema);
                    list_resources.insert(list.type_name(), ListOffer { list, shape });
                }
                Err(error) => broken.push(bug(&error)),
            }
        }
        let mut actions = BTreeMap::new();
        for action in provider.actions() {
            match action.schema() {
                Ok(schema) => {
                    let shape = Shape::new(schema);
                    actions.insert(action.type_name(), ActionOffer { action, shape });
                }
                Err(error) => broken.push(bug(&error)),
            }
        }
        Self {
            provider: Shape::new(provider_schema),
            resources,
            data_sources,
            functions,
            list_resources,
            actions,
            broken,
        }
    }

    pub fn resource(&self, type_name: &str) -> Result<&ResourceOffer, Diagnostics> {
        self.resources
            .get(type_name)
            .ok_or_else(|| unknown("resource", type_name))
    }

    pub fn data_source(&self, type_name: &str) -> Result<&DataSourceOffer, Diagnostics> {
        self.data_sources
            .get(type_name)
            .ok_or_else(|| unknown("data source", type_name))
    }

    pub fn list_resource(&self, type_name: &str) -> Result<&ListOffer, Diagnostics> {
        self.list_resources
            .get(type_name)
            .ok_or_else(|| unknown("list resource", type_name))
    }

    pub fn action(&self, type_name: &str) -> Result<&ActionOffer, Diagnostics> {
        self.actions
            .get(type_name)
            .ok_or_else(|| unknown("action", type_name))
    }
}

fn shapes(resource: &dyn AnyResource) -> Result<(Shape, Option<Shape>), SchemaError> {
    let shape = Shape::new(resource.schema()?);
    let identity = resource.identity_schema()?;
    Ok((
        shape,
        (!identity.block.attributes.is_empty()).then(|| Shape::new(identity)),
    ))
}

fn bug(error: &SchemaError) -> Diagnostic {
    Diagnostic::error(
        "The provider has a faulty schema",
        format!("{error}. This is a bug in the provider; please report it."),
    )
}

/// Answer to a type that the provider does not have.
pub(super) fn unknown(what: &str, type_name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("No such {what}"),
        format!(
            "This provider has no {what} {type_name:?}. Check the spelling and the version of the provider."
        ),
    )
    .into()
}
