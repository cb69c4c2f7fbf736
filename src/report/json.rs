//! The report as JSON: the audit's own structure, sorted, with a newline at its end.

use serde::Serialize;

use super::{Audit, ReportError};

/// Number of the structure below; a change that breaks readers raises it.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    format_version: u32,
    #[serde(flatten)]
    audit: &'a Audit,
}

/// Renders the audit.
pub fn render(audit: &Audit) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(&Document {
        format_version: FORMAT_VERSION,
        audit,
    })?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{AuditInterface, AuditSummary, Format, render};
    use super::*;

    #[test]
    fn the_structure_that_readers_rely_on() {
        let interface = AuditInterface {
            status: "NON_COMPLIANT".into(),
            reason: "MISSING".into(),
            detail: "no session".into(),
            advice: "apply".into(),
            instance_id: Some("i-1".into()),
            vpc_id: None,
            subnet_id: None,
            availability_zone: None,
            session_ids: vec![],
            virtual_network_id: None,
        };
        let audit = Audit {
            account_id: "123456789012".into(),
            region: "eu-west-1".into(),
            compliant: false,
            summary: AuditSummary {
                status: "NON_COMPLIANT".into(),
                matched: 1,
                eligible: 1,
                compliant: 0,
                non_compliant: 1,
                not_applicable: 0,
                unknown: 0,
                coverage_percent: Some(0.0),
            },
            interfaces: BTreeMap::from([("eni-1".into(), interface)]),
        };
        let text = render(Format::Json, &audit).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format_version"], 1);
        assert_eq!(value["summary"]["coverage_percent"], 0.0);
        assert_eq!(value["interfaces"]["eni-1"]["reason"], "MISSING");
        assert_eq!(value["interfaces"]["eni-1"]["instance_id"], "i-1");
        assert!(text.ends_with("}\n"));
    }
}
