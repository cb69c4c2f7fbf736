//! Resources and data sources without their types, so that a service can hold many of them: requests
//! carry a [`Value`] in the place of each model, responses an [`Answer`].

use async_trait::async_trait;

use super::data_source::{DataSource, ReadDataRequest, ReadDataResponse};
use super::diagnostics::{Diagnostic, Diagnostics};
use super::error::ValueError;
use super::model::{Model, from_value, to_value};
use super::model_msgpack::{Encoded, encode_model, encode_model_in_parts};
use super::parts::Parts;
use super::provider::ValidateConfigRequest;
use super::resource::{
    ApplyRequest, ApplyResponse, ImportRequest, ImportResponse, PlanRequest, PlanResponse, ReadRequest,
    ReadResponse, Resource, UpgradeRequest,
};
use super::schema::{Schema, Type};
use super::value::Value;
use super::walker::{SchemaError, schema_of};

/// What a call of an erased method gives: errors from the bridge to the model come back as diagnostics alone.
pub type Erased<T> = Result<T, Diagnostics>;

/// A model without its type, on its way to core.
pub trait AnyModel: Send + Sync {
    /// The model in msgpack, for its schema.
    fn encode(&self, schema: &Schema, kind: &Type) -> Result<Encoded, ValueError>;
    /// The same, without the late texts.
    fn encode_in_parts(&self, schema: &Schema, kind: &Type) -> Result<Encoded<Parts>, ValueError>;
    /// The model as a value.
    fn value(&self) -> Result<Value, ValueError>;
}

impl<M: Model> AnyModel for M {
    fn encode(&self, schema: &Schema, kind: &Type) -> Result<Encoded, ValueError> {
        encode_model(self, schema, kind)
    }

    fn encode_in_parts(&self, schema: &Schema, kind: &Type) -> Result<Encoded<Parts>, ValueError> {
        encode_model_in_parts(self, schema, kind)
    }

    fn value(&self) -> Result<Value, ValueError> {
        to_value(self)
    }
}

/// What a resource or data source answers in the place of a model.
pub type Answer = Box<dyn AnyModel>;

/// A resource of any type, made by [`resource`].
#[async_trait]
pub trait AnyResource: Send + Sync + 'static {
    /// Name of the type.
    fn type_name(&self) -> &'static str;
    /// Schema of the type.
    fn schema(&self) -> Result<Schema, SchemaError>;
    /// Schema of the identity; without attributes if there is none.
    fn identity_schema(&self) -> Result<Schema, SchemaError>;
    /// [`Resource::validate_config`]
    async fn validate_config(&self, config: Value) -> Erased<Diagnostics>;
    /// [`Resource::read`]
    async fn read(&self, request: ReadRequest<Value, Value>) -> Erased<ReadResponse<Answer, Value>>;
    /// [`Resource::plan`] and [`Resource::plan_destroy`]
    async fn plan(&self, request: PlanRequest<Value, Value>) -> Erased<PlanResponse<Answer, Value>>;
    /// [`Resource::create`], [`Resource::update`] and [`Resource::delete`]
    async fn apply(&self, request: ApplyRequest<Value, Value>) -> Erased<ApplyResponse<Answer, Value>>;
    /// [`Resource::import_state`]
    async fn import_state(&self, request: ImportRequest<Value>) -> Erased<ImportResponse<Answer, Value>>;
    /// [`Resource::upgrade_state`]
    async fn upgrade_state(&self, request: UpgradeRequest) -> Erased<serde_json::Value>;
}

/// A data source of any type, made by [`data_source`].
#[async_trait]
pub trait AnyDataSource: Send + Sync + 'static {
    /// Name of the type.
    fn type_name(&self) -> &'static str;
    /// Schema of the type.
    fn schema(&self) -> Result<Schema, SchemaError>;
    /// [`DataSource::validate_config`]
    async fn validate_config(&self, config: Value) -> Erased<Diagnostics>;
    /// [`DataSource::read`]
    async fn read(&self, request: ReadDataRequest<Value>) -> Erased<ReadDataResponse<Answer>>;
}

/// A resource as [`super::Provider::resources`] wants it.
pub fn resource<R: Resource>(resource: R) -> Box<dyn AnyResource> {
    Box::new(ErasedResource(resource))
}

/// A data source as [`super::Provider::data_sources`] wants it.
pub fn data_source<D: DataSource>(data_source: D) -> Box<dyn AnyDataSource> {
    Box::new(ErasedDataSource(data_source))
}

struct ErasedResource<R>(R);

struct ErasedDataSource<D>(D);

/// The model of a value that came from core.
pub(super) fn typed<M: Model>(value: Value) -> Erased<M> {
    from_value(value).map_err(|error| unfit(&error).into())
}

fn optional<M: Model>(value: Option<Value>) -> Erased<Option<M>> {
    value.map(typed).transpose()
}

fn erased<M: Model>(model: Option<M>) -> Erased<Option<Value>> {
    model
        .map(|model| to_value(&model).map_err(|error| unfit(&error).into()))
        .transpose()
}

fn answer_of<M: Model>(model: Option<M>) -> Option<Answer> {
    model.map(|model| Box::new(model) as Answer)
}

/// A value that does not fit: the argument is at fault.
pub(super) fn unfit(error: &ValueError) -> Diagnostic {
    let reason = error.reason.to_string();
    let diagnostic = Diagnostic::error("Unsuitable value", format!("{error}. Give a value that fits."));
    if error.path.is_empty() {
        Diagnostic::error("Unsuitable value", format!("The value cannot be used: {reason}."))
    } else {
        diagnostic.at(error.path.clone())
    }
}

#[async_trait]
impl<R: Resource> AnyResource for ErasedResource<R> {
    fn type_name(&self) -> &'static str {
        R::TYPE_NAME
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        schema_of::<R::Model>(R::VERSION)
    }

    fn identity_schema(&self) -> Result<Schema, SchemaError> {
        schema_of::<R::Identity>(0)
    }

    async fn validate_config(&self, config: Value) -> Erased<Diagnostics> {
        Ok(self
            .0
            .validate_config(ValidateConfigRequest {
                config: typed(config)?,
            })
            .await)
    }

    async fn read(&self, request: ReadRequest<Value, Value>) -> Erased<ReadResponse<Answer, Value>> {
        let ReadRequest {
            state,
            private,
            identity,
            cancel,
            client_capabilities,
        } = request;
        let (state, identity) = (typed(state)?, optional(identity)?);
        let answer = self
            .0
            .read(ReadRequest {
                state,
                private,
                identity,
                cancel,
                client_capabilities,
            })
            .await;
        let ReadResponse {
            state,
            private,
            identity,
            diagnostics,
        } = answer;
        Ok(ReadResponse {
            state: answer_of(state),
            private,
            identity: erased(identity)?,
            diagnostics,
        })
    }

    async fn plan(&self, request: PlanRequest<Value, Value>) -> Erased<PlanResponse<Answer, Value>> {
        let request = PlanRequest {
            prior: optional(request.prior)?,
            destroy: request.destroy,
            config: optional(request.config)?,
            prior_private: request.prior_private,
            planned_private: request.planned_private,
            prior_identity: optional(request.prior_identity)?,
            cancel: request.cancel,
            client_capabilities: request.client_capabilities,
        };
        let answer = if request.destroy {
            self.0.plan_destroy(request).await
        } else {
            self.0.plan(request).await
        };
        let PlanResponse {
            planned,
            requires_replace,
            private,
            identity,
            diagnostics,
        } = answer;
        let (planned, identity) = (answer_of(planned), erased(identity)?);
        Ok(PlanResponse {
            planned,
            requires_replace,
            private,
            identity,
            diagnostics,
        })
    }

    async fn apply(&self, request: ApplyRequest<Value, Value>) -> Erased<ApplyResponse<Answer, Value>> {
        let request = ApplyRequest {
            prior: optional(request.prior)?,
            planned: optional(request.planned)?,
            config: optional(request.config)?,
            private: request.private,
            identity: optional(request.identity)?,
            cancel: request.cancel,
        };
        let answer = match (&request.prior, &request.planned) {
            (_, None) => self.0.delete(request).await,
            (None, Some(_)) => self.0.create(request).await,
            (Some(_), Some(_)) => self.0.update(request).await,
        };
        let ApplyResponse {
            state,
            private,
            identity,
            diagnostics,
        } = answer;
        Ok(ApplyResponse {
            state: answer_of(state),
            private,
            identity: erased(identity)?,
            diagnostics,
        })
    }

    async fn import_state(&self, request: ImportRequest<Value>) -> Erased<ImportResponse<Answer, Value>> {
        let ImportRequest {
            id,
            identity,
            cancel,
            client_capabilities,
        } = request;
        let identity = optional(identity)?;
        let answer = self
            .0
            .import_state(ImportRequest {
                id,
                identity,
                cancel,
                client_capabilities,
            })
            .await;
        let ImportResponse {
            state,
            private,
            identity,
            diagnostics,
        } = answer;
        Ok(ImportResponse {
            state: answer_of(state),
            private,
            identity: erased(identity)?,
            diagnostics,
        })
    }

    async fn upgrade_state(&self, request: UpgradeRequest) -> Erased<serde_json::Value> {
        self.0.upgrade_state(request).await
    }
}

#[async_trait]
impl<D: DataSource> AnyDataSource for ErasedDataSource<D> {
    fn type_name(&self) -> &'static str {
        D::TYPE_NAME
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        schema_of::<D::Model>(0)
    }

    async fn validate_config(&self, config: Value) -> Erased<Diagnostics> {
        Ok(self
            .0
            .validate_config(ValidateConfigRequest {
                config: typed(config)?,
            })
            .await)
    }

    async fn read(&self, request: ReadDataRequest<Value>) -> Erased<ReadDataResponse<Answer>> {
        let ReadDataRequest {
            config,
            cancel,
            client_capabilities,
        } = request;
        let answer = self
            .0
            .read(ReadDataRequest {
                config: typed(config)?,
                cancel,
                client_capabilities,
            })
            .await;
        Ok(ReadDataResponse {
            state: answer_of(answer.state),
            diagnostics: answer.diagnostics,
        })
    }
}
