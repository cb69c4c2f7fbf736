//! [`Resource`]: one managed resource type, in the words of Terraform's plugin frameworks.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::Model;
use super::path::AttributePath;
use super::provider::{ClientCapabilities, ValidateConfigRequest};

/// A managed resource type.
///
/// In every response `private: None` and `identity: None` mean "as it was in the request", with errors too:
/// core drops what a response does not repeat.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Arguments and attributes.
    type Model: Model;
    /// What identifies the remote object; [`NoIdentity`] for none.
    type Identity: Model;

    /// Name of the type, with the provider's prefix.
    const TYPE_NAME: &'static str;
    /// Version of the stored state.
    const VERSION: i64;

    /// Judges a configuration without touching the network; values may be unknown.
    async fn validate_config(&self, request: ValidateConfigRequest<Self::Model>) -> Diagnostics {
        let _ = request;
        Diagnostics::new()
    }

    /// Looks at the remote object. The answer must be wholly known; `state: None` says that it is gone. With an
    /// error and `state: None` the old state stays.
    async fn read(
        &self,
        request: ReadRequest<Self::Model, Self::Identity>,
    ) -> ReadResponse<Self::Model, Self::Identity>;

    /// Plans a create or an update.
    async fn plan(
        &self,
        request: PlanRequest<Self::Model, Self::Identity>,
    ) -> PlanResponse<Self::Model, Self::Identity>;

    /// Plans a destroy. By default there is nothing to say about it.
    async fn plan_destroy(
        &self,
        request: PlanRequest<Self::Model, Self::Identity>,
    ) -> PlanResponse<Self::Model, Self::Identity> {
        let _ = request;
        PlanResponse::default()
    }

    /// Makes the object: `prior` is `None`, `planned` and `config` are there.
    async fn create(
        &self,
        request: ApplyRequest<Self::Model, Self::Identity>,
    ) -> ApplyResponse<Self::Model, Self::Identity>;

    /// Changes the object: `prior`, `planned` and `config` are there.
    async fn update(
        &self,
        request: ApplyRequest<Self::Model, Self::Identity>,
    ) -> ApplyResponse<Self::Model, Self::Identity>;

    /// Removes the object: only `prior` is there. `state: None` says that it is gone; a state with an error, that
    /// it is still there as the state says; `None` with an error, that it is still there as before.
    async fn delete(
        &self,
        request: ApplyRequest<Self::Model, Self::Identity>,
    ) -> ApplyResponse<Self::Model, Self::Identity>;

    /// Finds an object that Terraform does not know yet.
    async fn import_state(
        &self,
        request: ImportRequest<Self::Identity>,
    ) -> ImportResponse<Self::Model, Self::Identity> {
        let _ = request;
        ImportResponse {
            diagnostics: Diagnostic::error(
                "Import is not supported",
                format!("{} has no import. Create the resource instead.", Self::TYPE_NAME),
            )
            .into(),
            ..ImportResponse::default()
        }
    }

    /// Brings a state of an older version into the shape of today's, as JSON. The framework then reads it by
    /// the schema: unknown attributes are dropped, missing ones are null.
    async fn upgrade_state(&self, request: UpgradeRequest) -> Result<serde_json::Value, Diagnostics> {
        if request.version == Self::VERSION {
            return Ok(request.state);
        }
        Err(Diagnostic::error(
            "State of another version",
            format!(
                "The state of {} has version {}, this provider knows version {}. Use the provider that wrote the state, \
                 or a newer one.",
                Self::TYPE_NAME,
                request.version,
                Self::VERSION
            ),
        )
        .into())
    }
}

/// Identity of a resource that has none.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct NoIdentity {}

/// What `read` is asked.
#[derive(Debug, Clone)]
pub struct ReadRequest<M, I> {
    /// The state that is known so far.
    pub state: M,
    /// Private data stored beside it; empty when there is none.
    pub private: Vec<u8>,
    /// The identity stored beside it.
    pub identity: Option<I>,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What `read` answers.
#[derive(Debug, Clone)]
pub struct ReadResponse<M, I> {
    /// The state as it is now; `None`: gone (with an error: as it was).
    pub state: Option<M>,
    /// Private data to store; `None`: as it was.
    pub private: Option<Vec<u8>>,
    /// Identity to store; `None`: as it was.
    pub identity: Option<I>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What `plan` is asked.
#[derive(Debug, Clone)]
pub struct PlanRequest<M, I> {
    /// The refreshed state; `None` for a create.
    pub prior: Option<M>,
    /// Whether the object is to be destroyed. Core's merge of prior state and configuration, whose absence tells so, is not handed
    /// on: every value of a plan follows from the other two.
    pub destroy: bool,
    /// The configuration; `None` for a destroy.
    pub config: Option<M>,
    /// Private data of the prior state.
    pub prior_private: Vec<u8>,
    /// Private data that the first plan returned, in the final plan of cores that hand it back; else empty.
    pub planned_private: Vec<u8>,
    /// Identity of the prior state.
    pub prior_identity: Option<I>,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What `plan` answers.
#[derive(Debug, Clone)]
pub struct PlanResponse<M, I> {
    /// The planned state; `None` with an error, and in a destroy.
    pub planned: Option<M>,
    /// Attributes whose change needs a new object.
    pub requires_replace: Vec<AttributePath>,
    /// Private data of the plan; `None`: that of the prior state.
    pub private: Option<Vec<u8>>,
    /// Planned identity; `None`: that of the prior state.
    pub identity: Option<I>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What `create`, `update` and `delete` are asked.
#[derive(Debug, Clone)]
pub struct ApplyRequest<M, I> {
    /// The state before; `None` for a create.
    pub prior: Option<M>,
    /// The planned state; `None` for a delete.
    pub planned: Option<M>,
    /// The configuration; `None` for a delete.
    pub config: Option<M>,
    /// Private data of the plan.
    pub private: Vec<u8>,
    /// Planned identity.
    pub identity: Option<I>,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
}

/// What `create`, `update` and `delete` answer.
#[derive(Debug, Clone)]
pub struct ApplyResponse<M, I> {
    /// The new state, wholly known; `None`: there is no object (with an error in an update or a delete: as before).
    pub state: Option<M>,
    /// Private data to store; `None`: that of the request.
    pub private: Option<Vec<u8>>,
    /// Identity to store; `None`: that of the request.
    pub identity: Option<I>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What `import_state` is asked.
#[derive(Debug, Clone)]
pub struct ImportRequest<I> {
    /// The text after the address in `terraform import`; empty when the import is by identity.
    pub id: String,
    /// The identity of an `import` block.
    pub identity: Option<I>,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What `import_state` answers.
#[derive(Debug, Clone)]
pub struct ImportResponse<M, I> {
    /// As much of the state as `read` needs; the rest null.
    pub state: Option<M>,
    /// Private data to store.
    pub private: Option<Vec<u8>>,
    /// Identity to store; `None`: that of the request.
    pub identity: Option<I>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// What `upgrade_state` is asked.
#[derive(Debug, Clone)]
pub struct UpgradeRequest {
    /// Version that wrote the state.
    pub version: i64,
    /// The state as it was stored.
    pub state: serde_json::Value,
}

// Derived `Default` would demand `M: Default` where an empty response needs none.
macro_rules! empty_by_default {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl<M, I> Default for $name<M, I> {
            fn default() -> Self {
                Self { $($field: Default::default()),* }
            }
        }
    )*};
}

empty_by_default! {
    ReadResponse { state, private, identity, diagnostics }
    PlanResponse { planned, requires_replace, private, identity, diagnostics }
    ApplyResponse { state, private, identity, diagnostics }
    ImportResponse { state, private, identity, diagnostics }
}
