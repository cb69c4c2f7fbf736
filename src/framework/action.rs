//! [`Action`]: something that is done when it is asked for, and leaves nothing in a state.

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::diagnostics::Diagnostics;
use super::erased::{Erased, typed};
use super::model::Model;
use super::provider::{ClientCapabilities, ValidateConfigRequest};
use super::schema::Schema;
use super::value::Value;
use super::walker::{SchemaError, schema_of};

/// An action type.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// Arguments of the `config` block.
    type Config: Model;

    /// Name of the type, with the provider's prefix.
    const TYPE_NAME: &'static str;

    /// Judges a configuration without touching the network; values may be unknown.
    async fn validate_config(&self, request: ValidateConfigRequest<Self::Config>) -> Diagnostics {
        let _ = request;
        Diagnostics::new()
    }

    /// Announces what would be done: nothing of it is kept. Values may be unknown where a resource triggers the action.
    async fn plan(&self, request: PlanActionRequest<Self::Config>) -> Diagnostics;

    /// Does it. The configuration is wholly known. A cancelled action ends by itself and says how far it came.
    async fn invoke(&self, request: InvokeRequest<Self::Config>, progress: &Progress) -> Diagnostics;
}

/// What `plan` is asked.
#[derive(Debug, Clone)]
pub struct PlanActionRequest<C> {
    /// The `config` block.
    pub config: C,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What `invoke` is asked.
#[derive(Debug, Clone)]
pub struct InvokeRequest<C> {
    /// The `config` block.
    pub config: C,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
}

/// Tells the user how far an action is.
#[derive(Debug)]
pub struct Progress(mpsc::UnboundedSender<String>);

impl Progress {
    /// Progress that is told to the other end.
    pub fn new(lines: mpsc::UnboundedSender<String>) -> Self {
        Self(lines)
    }

    /// One line, shown at once; after an interruption nothing is shown until the action has ended, so its diagnostics say how far it
    /// came. An action does not end because nobody listens.
    pub fn say(&self, line: impl Into<String>) {
        let _ = self.0.send(line.into());
    }
}

/// An action of any type, made by [`action`].
#[async_trait]
pub trait AnyAction: Send + Sync + 'static {
    /// Name of the type.
    fn type_name(&self) -> &'static str;
    /// Schema of the `config` block.
    fn schema(&self) -> Result<Schema, SchemaError>;
    /// [`Action::validate_config`]
    async fn validate_config(&self, config: Value) -> Erased<Diagnostics>;
    /// [`Action::plan`]
    async fn plan(&self, request: PlanActionRequest<Value>) -> Erased<Diagnostics>;
    /// [`Action::invoke`]
    async fn invoke(&self, request: InvokeRequest<Value>, progress: &Progress) -> Erased<Diagnostics>;
}

/// An action as [`super::Provider::actions`] wants it.
pub fn action<A: Action>(action: A) -> Box<dyn AnyAction> {
    Box::new(ErasedAction(action))
}

struct ErasedAction<A>(A);

#[async_trait]
impl<A: Action> AnyAction for ErasedAction<A> {
    fn type_name(&self) -> &'static str {
        A::TYPE_NAME
    }

    fn schema(&self) -> Result<Schema, SchemaError> {
        schema_of::<A::Config>(0)
    }

    async fn validate_config(&self, config: Value) -> Erased<Diagnostics> {
        let config = typed(config)?;
        Ok(self.0.validate_config(ValidateConfigRequest { config }).await)
    }

    async fn plan(&self, request: PlanActionRequest<Value>) -> Erased<Diagnostics> {
        let request = PlanActionRequest {
            config: typed(request.config)?,
            cancel: request.cancel,
            client_capabilities: request.client_capabilities,
        };
        Ok(self.0.plan(request).await)
    }

    async fn invoke(&self, request: InvokeRequest<Value>, progress: &Progress) -> Erased<Diagnostics> {
        let request = InvokeRequest {
            config: typed(request.config)?,
            cancel: request.cancel,
        };
        Ok(self.0.invoke(request, progress).await)
    }
}
