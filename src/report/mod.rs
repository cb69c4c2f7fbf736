//! Reports of an audit: pure functions from its values to text.

mod json;

use std::collections::BTreeMap;

use serde::Serialize;
use strum::{Display, EnumIter, EnumString};

/// The formats that an audit can be rendered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    Json,
}

/// What a report is made of. Everything is sorted, so that an unchanged fleet yields an unchanged report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    pub account_id: String,
    pub region: String,
    pub compliant: bool,
    pub summary: AuditSummary,
    /// By interface id.
    pub interfaces: BTreeMap<String, AuditInterface>,
}

/// The whole in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditSummary {
    /// COMPLIANT, NON_COMPLIANT, UNKNOWN or NO_MATCH.
    pub status: String,
    pub matched: usize,
    pub eligible: usize,
    pub compliant: usize,
    pub non_compliant: usize,
    pub not_applicable: usize,
    pub unknown: usize,
    /// 0 to 100; null when nothing is eligible.
    pub coverage_percent: Option<f64>,
}

/// One interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditInterface {
    /// COMPLIANT, NON_COMPLIANT, NOT_APPLICABLE or UNKNOWN.
    pub status: String,
    pub reason: String,
    pub detail: String,
    pub advice: String,
    pub instance_id: Option<String>,
    pub vpc_id: Option<String>,
    pub subnet_id: Option<String>,
    pub availability_zone: Option<String>,
    pub session_ids: Vec<String>,
    pub virtual_network_id: Option<i64>,
}

/// The report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("the json report could not be written")]
    Json(#[from] serde_json::Error),
}

/// Renders the audit.
pub fn render(format: Format, audit: &Audit) -> Result<String, ReportError> {
    match format {
        Format::Json => json::render(audit),
    }
}
