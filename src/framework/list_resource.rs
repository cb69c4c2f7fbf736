//! [`ListResource`]: finds the objects of a managed resource type that exist, for `terraform query`.

use std::marker::PhantomData;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::erased::{Erased, typed, unfit};
use super::model::{Model, to_value};
use super::provider::ValidateConfigRequest;
use super::schema::Schema;
use super::value::Value;
use super::walker::{SchemaError, schema_of};

/// A list resource type. Core wants it to have the name of a managed resource with an identity.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// Arguments of the `config` block.
    type Config: Model;
    /// The managed resource's model.
    type Model: Model;
    /// The managed resource's identity.
    type Identity: Model;

    /// Name of the managed resource type.
    const TYPE_NAME: &'static str;

    /// Judges a configuration without touching the network; values may be unknown.
    async fn validate_config(&self, request: ValidateConfigRequest<Self::Config>) -> Diagnostics {
        let _ = request;
        Diagnostics::new()
    }

    /// Finds objects and hands each on as it is found. The framework ends the call when it is cancelled or nobody listens any more;
    /// an error that is returned is the last thing that core hears.
    async fn list(
        &self,
        request: ListRequest<Self::Config>,
        found: &Found<Self::Model, Self::Identity>,
    ) -> Diagnostics;
}

/// What `list` is asked.
#[derive(Debug, Clone)]
pub struct ListRequest<C> {
    /// The `config` block; wholly known.
    pub config: C,
    /// Whether whole resources are wanted beside identities.
    pub include_resource: bool,
    /// At most as many objects are wanted.
    pub limit: usize,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
}

/// One object that was found.
#[derive(Debug, Clone)]
pub struct Listed<M, I> {
    /// Its identity.
    pub identity: I,
    /// Its name for people.
    pub display_name: String,
    /// The resource as a refresh would show it, when it was asked for.
    pub resource: Option<M>,
    /// Warnings about it.
    pub diagnostics: Diagnostics,
}

/// Takes what `list` finds.
#[derive(Debug)]
pub struct Found<M, I> {
    events: mpsc::Sender<Listed<Value, Value>>,
    model: PhantomData<fn(M, I)>,
}

impl<M: Model, I: Model> Found<M, I> {
    /// Hands one object on. False when no more is wanted.
    ///
    /// # Errors
    ///
    /// The object has no value in Terraform: a bug of the list resource.
    pub async fn send(&self, listed: Listed<M, I>) -> Result<bool, Diagnostic> {
        let Listed {
            identity,
            display_name,
            resource,
            diagnostics,
        } = listed;
        let resource = resource.map(|resource| to_value(&resource)).transpose();
        let listed = Listed {
            identity: to_value(&identity).map_err(|error| unfit(&error))?,
            display_name,
            resource: resource.map_err(|error| unfit(&error))?,
            diagnostics,
        };
        Ok(self.events.send(listed).await.is_ok())
    }
}

/// A list resource of any type, made by [`list_resource`].
#[async_trait]
pub trait AnyListResource: Send + Sync + 'static {
    /// Name of the type.
    fn type_name(&self) -> &'static str;
    /// Schema of the `config` block.
    fn schema(&self) -> Result<Schema, SchemaError>;
    /// [`ListResource::validate_config`]
    async fn validate_config(&self, config: Value) -> Erased<Diagnostics>;
    /// [`ListResource::list`]
    async fn list(
        &self,
        request: ListRequest<Value>,
        events: mpsc::Sender<Listed<Value, Value>>,
    ) -> Erased<Diagnostics>;
}

/// A list resource as [`super::Provider::list_resources`] wants it.
pub fn list_resource<L: ListResource>(list: L) -> Box<dyn AnyListResource> {
    Box::new(ErasedList(list))
}

struct ErasedList<L>(L);

#[async_trait]
impl<L: ListResource> AnyListResource for ErasedList<L> {
    fn type_name(&self) -> &'static str {
        L::TYPE_NAME
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        schema_of::<L::Config>(0)
    }

    async fn validate_config(&self, config: Value) -> Erased<Diagnostics> {
        let config = typed(config)?;
        Ok(self.0.validate_config(ValidateConfigRequest { config }).await)
    }

    async fn list(
        &self,
        request: ListRequest<Value>,
        events: mpsc::Sender<Listed<Value, Value>>,
    ) -> Erased<Diagnostics> {
        let ListRequest {
            config,
            include_resource,
            limit,
            cancel,
        } = request;
        let request = ListRequest {
            config: typed(config)?,
            include_resource,
            limit,
            cancel,
        };
        let found = Found {
            events,
            model: PhantomData,
        };
        Ok(self.0.list(request, &found).await)
    }
}
