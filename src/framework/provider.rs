//! [`Provider`]: the provider block and what it offers.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::action::AnyAction;
use super::diagnostics::Diagnostics;
use super::erased::{AnyDataSource, AnyResource};
use super::function::AnyFunction;
use super::list_resource::AnyListResource;
use super::model::Model;

/// The provider.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Arguments of the provider block.
    type Model: Model;

    /// Judges a provider block without touching the network; values may be unknown.
    async fn validate_config(&self, request: ValidateConfigRequest<Self::Model>) -> Diagnostics {
        let _ = request;
        Diagnostics::new()
    }

    /// Takes the provider block. While planning its values may be unknown.
    async fn configure(&self, request: ConfigureRequest<Self::Model>) -> Diagnostics;

    /// The managed resource types; asked once, before the first call.
    fn resources(&self) -> Vec<Box<dyn AnyResource>>;

    /// The data source types; asked once, before the first call.
    fn data_sources(&self) -> Vec<Box<dyn AnyDataSource>>;

    /// The functions; asked once, before the first call.
    fn functions(&self) -> Vec<Box<dyn AnyFunction>> {
        Vec::new()
    }

    /// The list resource types, each of a managed resource with an identity; asked once, before the first call.
    fn list_resources(&self) -> Vec<Box<dyn AnyListResource>> {
        Vec::new()
    }

    /// The action types; asked once, before the first call.
    fn actions(&self) -> Vec<Box<dyn AnyAction>> {
        Vec::new()
    }
}

/// What `validate_config` is asked.
#[derive(Debug, Clone)]
pub struct ValidateConfigRequest<M> {
    /// The configuration.
    pub config: M,
}

/// What `configure` is asked.
#[derive(Debug, Clone)]
pub struct ConfigureRequest<M> {
    /// The provider block.
    pub config: M,
    /// Version of the calling core, for example `1.15.5`.
    pub terraform_version: String,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What the calling core can do. All false from a core that does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// Answers may be deferred. Also set in the apply walk of some cores: a hint, no contract.
    pub deferral_allowed: bool,
    /// Write-only attributes may have values.
    pub write_only_attributes_allowed: bool,
    /// The private data of the first plan comes back in the final plan.
    pub store_planned_private: bool,
    /// Blocks may be computed.
    pub computed_blocks_allowed: bool,
}
