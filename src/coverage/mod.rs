//! `mirror_coverage`: one traffic mirror session for every selected network interface.
//!
//! Refresh discovers, plan decides, apply acts; what each may rely on is in `docs/design.md`.

mod apply;
mod convert;
mod core_command;
mod create;
mod delete;
mod execute;
mod execute_sessions;
mod failure;
mod found;
mod found_words;
mod import;
mod in_the_making;
mod list;
mod maker;
mod model;
mod namesakes;
mod note;
mod note_key;
mod numbers;
mod observe;
mod outcome;
mod override_argument;
mod owned_filter;
mod plan;
mod plan_words;
mod preflight;
mod private_directory;
mod progress;
mod read;
mod receiving;
mod refreshed;
mod report;
mod run_ledger;
mod source;
mod stop;
mod taken_number;
mod takeover;
mod too_many_tags;
mod uncertain;
mod update;
mod validate;
mod validate_choices;
mod validate_sessions;
mod visible;
mod wish;

use std::sync::Arc;

use async_trait::async_trait;

use crate::framework::{
    ApplyRequest, ApplyResponse, Diagnostics, ImportRequest, ImportResponse, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, Resource, ValidateConfigRequest,
};
use crate::provider::{Connection, interrupted};

pub use list::Coverages;
pub use model::{CoverageIdentity, CoverageModel};
use numbers::Numbers;
use refreshed::Refreshed;
use takeover::Takeovers;

/// The resource type.
#[derive(Debug)]
pub struct Coverage {
    connection: Arc<Connection>,
    numbers: Numbers,
    refreshed: Refreshed,
    takeovers: Takeovers,
}

impl Coverage {
    /// The resource type, for the account of this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            numbers: Numbers::default(),
            refreshed: Refreshed::default(),
            takeovers: Takeovers::default(),
        }
    }
}

#[async_trait]
impl Resource for Coverage {
    type Model = CoverageModel;
    type Identity = CoverageIdentity;

    const TYPE_NAME: &'static str = "mirror_coverage";
    const VERSION: i64 = 0;

    async fn validate_config(&self, request: ValidateConfigRequest<CoverageModel>) -> Diagnostics {
        validate::validate(&request.config)
    }

    async fn read(
        &self,
        request: ReadRequest<CoverageModel, CoverageIdentity>,
    ) -> ReadResponse<CoverageModel, CoverageIdentity> {
        // Core refreshes resources in no walk that applies.
        self.connection.begin_plan();
        let cancel = request.cancel.clone();
        cancel
            .run_until_cancelled(self.refresh(request))
            .await
            .unwrap_or_else(|| ReadResponse {
                diagnostics: interrupted().into(),
                ..ReadResponse::default()
            })
    }

    async fn plan(
        &self,
        request: PlanRequest<CoverageModel, CoverageIdentity>,
    ) -> PlanResponse<CoverageModel, CoverageIdentity> {
        let cancel = request.cancel.clone();
        cancel
            .run_until_cancelled(self.planned(request))
            .await
            .unwrap_or_else(|| PlanResponse {
                diagnostics: interrupted().into(),
                ..PlanResponse::default()
            })
    }

    async fn plan_destroy(
        &self,
        request: PlanRequest<CoverageModel, CoverageIdentity>,
    ) -> PlanResponse<CoverageModel, CoverageIdentity> {
        self.destroy_planned(&request)
    }

    async fn create(
        &self,
        request: ApplyRequest<CoverageModel, CoverageIdentity>,
    ) -> ApplyResponse<CoverageModel, CoverageIdentity> {
        self.connection.begin_apply();
        self.made(request).await
    }

    async fn update(
        &self,
        request: ApplyRequest<CoverageModel, CoverageIdentity>,
    ) -> ApplyResponse<CoverageModel, CoverageIdentity> {
        self.connection.begin_apply();
        self.changed(request).await
    }

    async fn delete(
        &self,
        request: ApplyRequest<CoverageModel, CoverageIdentity>,
    ) -> ApplyResponse<CoverageModel, CoverageIdentity> {
        self.connection.begin_apply();
        self.removed(request).await
    }

    async fn import_state(
        &self,
        request: ImportRequest<CoverageIdentity>,
    ) -> ImportResponse<CoverageModel, CoverageIdentity> {
        let cancel = request.cancel.clone();
        cancel
            .run_until_cancelled(self.imported(request))
            .await
            .unwrap_or_else(|| ImportResponse {
                diagnostics: interrupted().into(),
                ..ImportResponse::default()
            })
    }
}
