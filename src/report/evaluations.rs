//! The report for AWS Config: evaluations as PutEvaluations takes them.
//!
//! Limits are those of the API: 100 evaluations a call, annotations of 256 characters. The service refuses INSUFFICIENT_DATA in
//! this call, and an evaluation that is left out lets the old verdict stand; so what is unknown is NON_COMPLIANT, and its
//! annotation says so.

use std::collections::BTreeMap;

use serde::Serialize;

use super::text::{limited, sentences};
use super::{Audit, AuditInterface, Format, ReportError, json_lines};
use crate::planner::Verdict;

const RESOURCE_TYPE: &str = "AWS::EC2::NetworkInterface";
const BATCH: usize = 100;
const ANNOTATION: usize = 256;
const RESOURCE_ID: usize = 768;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluation {
    compliance_resource_type: &'static str,
    compliance_resource_id: String,
    compliance_type: String,
    annotation: String,
    ordering_timestamp: String,
}

/// Renders the audit: an array of batches, each for one call in its `Region`. The call's `ResultToken` comes from the rule
/// that makes it.
pub fn render(audit: &Audit) -> Result<String, ReportError> {
    let mut by_region: BTreeMap<String, Vec<Evaluation>> = BTreeMap::new();
    for (id, interface) in &audit.interfaces {
        let time = audit.as_of.ok_or(ReportError::NoTime(Format::AwsConfig))?;
        by_region
            .entry(interface.region.clone())
            .or_default()
            .push(Evaluation {
                compliance_resource_type: RESOURCE_TYPE,
                compliance_resource_id: limited(id, RESOURCE_ID),
                compliance_type: compliance_type(interface.status).to_string(),
                annotation: annotation(interface),
                ordering_timestamp: time.to_string(),
            });
    }
    json_lines::batches("Evaluations", BATCH, by_region)
}

fn compliance_type(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Unknown => Verdict::NonCompliant,
        known => known,
    }
}

fn annotation(interface: &AuditInterface) -> String {
    let AuditInterface {
        status,
        reason,
        detail,
        advice,
        ..
    } = interface;
    let head = match status {
        Verdict::Unknown => format!("UNKNOWN, which is not compliant: {reason}."),
        _ => format!("{reason}."),
    };
    limited(&sentences(&[&head, detail, advice]), ANNOTATION)
}

#[cfg(test)]
mod tests {
    use super::super::samples::mixed;
    use super::*;

    #[test]
    fn unknown_is_not_compliant_and_says_so() {
        let value: serde_json::Value = serde_json::from_str(&render(&mixed()).unwrap()).unwrap();
        let types: Vec<_> = value[0]["Evaluations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|evaluation| evaluation["ComplianceType"].as_str().unwrap())
            .collect();
        let (yes, no) = ("COMPLIANT", "NON_COMPLIANT");
        assert_eq!(types, [yes, no, yes, no, "NOT_APPLICABLE", yes]);
        let unknown = value[0]["Evaluations"][3]["Annotation"].as_str().unwrap();
        assert!(
            unknown.starts_with("UNKNOWN, which is not compliant: NOT_VISIBLE. "),
            "{unknown}"
        );
    }
}
