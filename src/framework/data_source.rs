//! [`DataSource`]: one data source type.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::Model;
use super::provider::{ClientCapabilities, ValidateConfigRequest};

/// A data source type.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// Arguments and attributes.
    type Model: Model;

    /// Name of the type, with the provider's prefix.
    const TYPE_NAME: &'static str;

    /// Judges a configuration without touching the network; values may be unknown.
    async fn validate_config(&self, request: ValidateConfigRequest<Self::Model>) -> Diagnostics {
        let _ = request;
        Diagnostics::new()
    }

    /// Reads it. The answer must be wholly known.
    async fn read(&self, request: ReadDataRequest<Self::Model>) -> ReadDataResponse<Self::Model>;
}

/// What a data source is asked.
#[derive(Debug, Clone)]
pub struct ReadDataRequest<M> {
    /// The configuration; wholly known, though the provider block may not have been.
    pub config: M,
    /// Cancelled when the user interrupts the run.
    pub cancel: CancellationToken,
    /// What the calling core can do.
    pub client_capabilities: ClientCapabilities,
}

/// What a data source answers.
#[derive(Debug, Clone)]
pub struct ReadDataResponse<M> {
    /// The configuration with everything computed filled in; `None` with an error.
    pub state: Option<M>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A read that ends with its one error or with the whole answer.
impl<M> From<Result<M, Diagnostic>> for ReadDataResponse<M> {
    fn from(read: Result<M, Diagnostic>) -> Self {
        match read {
            Ok(state) => Self {
                state: Some(state),
                ..Self::default()
            },
            Err(diagnostic) => Self {
                diagnostics: diagnostic.into(),
                ..Self::default()
            },
        }
    }
}

impl<M> Default for ReadDataResponse<M> {
    fn default() -> Self {
        Self {
            state: None,
            diagnostics: Diagnostics::new(),
        }
    }
}
