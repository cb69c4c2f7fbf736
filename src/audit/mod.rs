//! `mirror_audit`: what is covered, what is not, and why.
//!
//! Its laws: no session is never compliant; an empty match is NO_MATCH; an error of the API is an error and never a
//! verdict; a read changes nothing.

mod model;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use strum::IntoEnumIterator;

use crate::ec2::Ec2Error;
use crate::framework::{
    Attr, AttributePath, DataSource, Diagnostic, Diagnostics, ReadDataRequest, ReadDataResponse,
    ValidateConfigRequest,
};
use crate::planner::{self, Assessment, Fleet, OverallStatus, Wish};
use crate::provider::{Connection, ec2_diagnostic, interrupted, provider_block_unknown};
use crate::report::{self, AuditInterface, AuditSummary, Format};
use crate::selection;

pub use model::{AuditInterfaceModel, AuditModel, AuditSummaryModel};

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

    async fn look(&self, mut model: AuditModel) -> Result<AuditModel, Diagnostic> {
        let account = self.connection.account(None).ok_or_else(provider_block_unknown)?;
        let failed = |error: &Ec2Error| ec2_diagnostic("The audit could not read the account", error);
        let selectors = selection::selectors(&model.selector).unwrap_or_default();
        let excludes = selection::selectors(&model.exclude).unwrap_or_default();
        let scan = selection::scan(&account, &selectors);
        let (seen, sessions, targets) = tokio::try_join!(scan, account.sessions(), account.all_targets())
            .map_err(|error| failed(&error))?;
        let interfaces = Fleet::select(&selectors, &excludes, &seen, &[]);
        let mut fleet = Fleet {
            interfaces,
            ..Fleet::default()
        };
        fleet.note_sensors(&targets, &seen);
        let skips = planner::skips(&Wish::default(), &fleet, &BTreeMap::new());
        let assessment = planner::assess(&fleet.interfaces, &skips, &sessions);
        let audit = report_of(account.account_id(), account.region(), &fleet, &assessment);
        let formats = model.formats.known().into_iter().flatten();
        let mut reports = BTreeMap::new();
        for format in formats.filter_map(|format| format.as_str()?.parse::<Format>().ok()) {
            let text = report::render(format, &audit).map_err(|error| {
                Diagnostic::error(
                    "The report could not be written",
                    format!("{error}. Leave the format out of formats."),
                )
                .at(AttributePath::root("formats"))
            })?;
            reports.insert(format.to_string(), Attr::Known(text));
        }
        model.fill(&audit, reports);
        Ok(model)
    }
}

fn report_of(account_id: &str, region: &str, fleet: &Fleet, assessment: &Assessment) -> report::Audit {
    let counts = assessment.counts;
    let interface = |id: &String, finding: &planner::Finding| {
        let member = fleet.interfaces.get(id).cloned().unwrap_or_default();
        AuditInterface {
            status: finding.verdict().to_string(),
            reason: finding.reason.to_string(),
            detail: finding.detail.clone(),
            advice: finding.reason.advice().to_owned(),
            instance_id: member.instance_id,
            vpc_id: member.vpc_id,
            subnet_id: member.subnet_id,
            availability_zone: member.availability_zone,
            session_ids: finding.session_ids.clone(),
            virtual_network_id: finding.virtual_network_id,
        }
    };
    report::Audit {
        account_id: account_id.to_owned(),
        region: region.to_owned(),
        compliant: assessment.status == OverallStatus::Compliant,
        summary: AuditSummary {
            status: assessment.status.to_string(),
            matched: counts.matched,
            eligible: counts.eligible,
            compliant: counts.compliant,
            non_compliant: counts.non_compliant,
            not_applicable: counts.not_applicable,
            unknown: counts.unknown,
            coverage_percent: assessment.coverage_percent(),
        },
        interfaces: assessment
            .findings
            .iter()
            .map(|(id, finding)| (id.clone(), interface(id, finding)))
            .collect(),
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
        diagnostics
    }

    async fn read(&self, request: ReadDataRequest<AuditModel>) -> ReadDataResponse<AuditModel> {
        let looked = request
            .cancel
            .run_until_cancelled(self.look(request.config))
            .await;
        looked.unwrap_or_else(|| Err(interrupted())).into()
    }
}
