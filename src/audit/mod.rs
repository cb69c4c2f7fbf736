//! `mirror_audit`: what is covered, what is not, and why.
//!
//! Its laws: no session is never compliant; an empty match is NO_MATCH; an error of the API is an error and never a
//! verdict; a read changes nothing.

mod convert;
mod model;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use strum::IntoEnumIterator;

use crate::ec2::Ec2Error;
use crate::framework::{
    Attr, AttributePath, DataSource, Diagnostic, Diagnostics, ReadDataRequest, ReadDataResponse,
    ValidateConfigRequest,
};
use crate::planner::{self, Fleet, NAME_TAG, Wish};
use crate::provider::{Connection, ec2_diagnostic, interrupted, provider_block_unknown};
use crate::report::{self, Format, Scope, Timestamp};
use crate::selection;

pub use model::{
    AuditCountsModel, AuditInstanceModel, AuditInterfaceModel, AuditModel, AuditSessionModel,
    AuditSummaryModel, AuditTargetModel,
};

/// The data source type.
#[derive(Debug)]
pub struct Audit {
    connection: Arc<Connection>,
}

impl Audit {
    /// The data source type, for the account of this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// The audit, and a warning where these credentials do not see all of it.
    async fn look(&self, mut model: AuditModel) -> Result<(AuditModel, Option<Diagnostic>), Diagnostic> {
        let account = self.connection.account(None).ok_or_else(provider_block_unknown)?;
        let failed = |error: &Ec2Error| ec2_diagnostic("The audit could not read the account", error);
        let selectors = selection::selectors(&model.selector).unwrap_or_default();
        let excludes = selection::selectors(&model.exclude).unwrap_or_default();
        let scan = selection::scan(&account, &selectors, &excludes);
        let (seen, sessions, targets) = tokio::try_join!(scan, account.sessions(), account.all_targets())
            .map_err(|error| failed(&error))?;
        let interfaces = Fleet::select(&selectors, &excludes, &seen, &[NAME_TAG.to_owned()]);
        let mut fleet = Fleet {
            interfaces,
            ..Fleet::default()
        };
        let sensors = account.sensors(&targets).await.map_err(|error| failed(&error))?;
        fleet.note_sensors(&targets, sensors.instance_ids);
        selection::note_unseen(&mut fleet, &sensors.unseen);
        let warning = selection::unseen_warning(&fleet);
        let skips = planner::skips(&Wish::default(), &fleet, &BTreeMap::new());
        let assessment = planner::assess(&fleet.interfaces, &skips, &sessions);
        let attached = seen
            .iter()
            .filter(|interface| fleet.interfaces.contains_key(&interface.id))
            .filter_map(|interface| Timestamp::from_seconds(interface.attached_at?).ok());
        let as_of = model.as_of.as_str().and_then(|text| text.parse().ok());
        let scope = Scope {
            account_id: account.account_id().to_owned(),
            partition: account.partition().to_owned(),
            regions: BTreeSet::from([account.region().to_owned()]),
            as_of: as_of.or_else(|| attached.max()),
            delivery_checked: false,
        };
        let audit = convert::audit(scope, account.region(), &fleet, &assessment, &sessions);
        let formats = model.formats.known().into_iter().flatten();
        let mut reports = BTreeMap::new();
        for format in formats.filter_map(|format| format.as_str()?.parse::<Format>().ok()) {
            let text = report::render(format, &audit).map_err(|error| {
                Diagnostic::error(
                    "The report could not be written",
                    format!("{error}. {}", advice(&error)),
                )
                .at(AttributePath::root("formats"))
            })?;
            reports.insert(format.to_string(), Attr::Known(text));
        }
        model.fill(&audit, reports);
        Ok((model, warning))
    }
}

fn advice(error: &report::ReportError) -> &'static str {
    match error {
        report::ReportError::NoTime(_) => "Set as_of.",
        _ => "Leave the format out of formats.",
    }
}

#[async_trait]
impl DataSource for Audit {
    type Model = AuditModel;

    const TYPE_NAME: &'static str = "mirror_audit";

    async fn validate_config(&self, request: ValidateConfigRequest<AuditModel>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let config = &request.config;
        selection::validate("selector", &config.selector, &mut diagnostics);
        selection::validate("exclude", &config.exclude, &mut diagnostics);
        selection::require_selector(&config.selector, &mut diagnostics);
        let path = AttributePath::root("formats");
        selection::check_list(&config.formats, &path, &mut diagnostics);
        for (index, format) in config.formats.known().into_iter().flatten().enumerate() {
            if let Some(format) = format
                .as_str()
                .filter(|f| !f.is_empty() && f.parse::<Format>().is_err())
            {
                let known: Vec<String> = Format::iter().map(|format| format.to_string()).collect();
                let detail = format!(
                    "{format:?} is not a format of a report. Use one of: {}.",
                    known.join(", ")
                );
                diagnostics
                    .push(Diagnostic::error("Unknown report format", detail).at(path.clone().index(index)));
            }
        }
        if let Some(text) = config
            .as_of
            .as_str()
            .filter(|text| text.parse::<Timestamp>().is_err())
        {
            let detail = format!("{text:?} is no RFC 3339 time. Write it as \"2026-03-01T12:00:00Z\".");
            diagnostics.push(Diagnostic::error("Not a time", detail).at(AttributePath::root("as_of")));
        }
        diagnostics
    }

    async fn read(&self, request: ReadDataRequest<AuditModel>) -> ReadDataResponse<AuditModel> {
        let looked = request
            .cancel
            .run_until_cancelled(self.look(request.config))
            .await;
        let (state, warning) = match looked.unwrap_or_else(|| Err(interrupted())) {
            Ok((model, warning)) => (Some(model), warning),
            Err(error) => (None, Some(error)),
        };
        ReadDataResponse {
            state,
            diagnostics: warning.into_iter().collect(),
        }
    }
}
