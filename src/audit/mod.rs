//! `mirror_audit`: what is covered, what is not, and why.
//!
//! Its laws: no session is never compliant, and neither is one that cannot deliver; an empty match is NO_MATCH; an error of the
//! API is an error and never a verdict, and what is unknown is never compliant; a read changes nothing.

mod convert;
mod look;
mod model;
mod rendered;
mod require;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use strum::IntoEnumIterator;

use crate::framework::{
    Attr, AttributePath, DataSource, Diagnostic, Diagnostics, ReadDataRequest, ReadDataResponse,
    ValidateConfigRequest,
};
use crate::planner::EligibilityRules;
use crate::provider::{Connection, check_regions, ec2_diagnostic, interrupted, provider_block_unknown};
use crate::report::{self, Format, Scope, Timestamp};
use crate::selection;
use look::Question;
use rendered::Rendered;

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

    /// The audit, and warnings where these credentials do not see all of it.
    async fn look(&self, mut model: AuditModel) -> Result<(AuditModel, Vec<Diagnostic>), Diagnostic> {
        let home = self.connection.account(None).ok_or_else(provider_block_unknown)?;
        let question = Question {
            selectors: selection::selectors(&model.selector).unwrap_or_default(),
            excludes: selection::selectors(&model.exclude).unwrap_or_default(),
            require: require::read(&model.require).requirement.unwrap_or_default(),
            eligibility: EligibilityRules {
                try_instance_types: selection::strings(&model.try_instance_types).unwrap_or_default(),
                include_requester_managed: model.include_requester_managed.known() == Some(&true),
                include_sensors: model.include_sensors.known() == Some(&true),
            },
            check_delivery: model.check_delivery.known().copied().unwrap_or(true),
        };
        let regions = selection::strings(&model.regions).unwrap_or_default();
        let accounts = match regions.is_empty() {
            true => vec![home.clone()],
            false => regions.iter().map(|region| home.in_region(region)).collect(),
        };
        let seen = try_join_all(accounts.iter().map(|account| look::look(account, &question)))
            .await
            .map_err(|error| ec2_diagnostic("The audit could not read the account", &error))?;
        let as_of = model.as_of.as_str().and_then(|text| text.parse().ok());
        let scope = Scope {
            account_id: home.account_id().to_owned(),
            partition: home.partition().to_owned(),
            regions: accounts
                .iter()
                .map(|account| account.region().to_owned())
                .collect(),
            as_of: as_of.or_else(|| seen.iter().filter_map(|region| region.newest).max()),
            delivery_checked: question.check_delivery,
        };
        let warnings = seen.iter().flat_map(look::Region::warnings).collect();
        let audit = Arc::new(convert::audit(scope, seen));
        let formats = model.formats.known().into_iter().flatten();
        let mut reports = BTreeMap::new();
        for format in formats.filter_map(|format| format.as_str()?.parse::<Format>().ok()) {
            report::renders(format, &audit).map_err(|error| {
                Diagnostic::error(
                    "The report could not be written",
                    format!("{error}. {}", advice(&error)),
                )
                .at(AttributePath::root("formats"))
            })?;
            let rendered = Rendered::Of(format, Arc::clone(&audit));
            reports.insert(format.to_string(), Attr::Known(rendered));
        }
        model.fill(&audit, reports);
        Ok((model, warnings))
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
        diagnostics.extend(require::read(&config.require).problems);
        for (argument, list) in [
            ("regions", &config.regions),
            ("try_instance_types", &config.try_instance_types),
        ] {
            selection::check_list(list, &AttributePath::root(argument), &mut diagnostics);
        }
        check_regions(&config.regions, &mut diagnostics);
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
        let (state, diagnostics) = match looked.unwrap_or_else(|| Err(interrupted())) {
            Ok((model, warnings)) => (Some(model), warnings),
            Err(error) => (None, vec![error]),
        };
        ReadDataResponse {
            state,
            diagnostics: diagnostics.into_iter().collect(),
        }
    }
}
