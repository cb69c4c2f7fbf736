//! The report for AWS Config: evaluations as PutEvaluations takes them.
//!
//! Limits are those of the API: 100 evaluations a call, annotations of 256 characters. The service refuses INSUFFICIENT_DATA in
//! this call, and an evaluation that is left out lets the old verdict stand; so what is unknown is NON_COMPLIANT, and its
//! annotation says so.

use std::io::Write;

use serde::Serialize;

use super::text::{limited, sentences};
use super::{Audit, AuditInterface, ReportError, json_lines};
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

/// Writes the report: an array of batches, each for one call in its `Region`. The call's `ResultToken` comes from the rule
/// that makes it. A time is needed as soon as there is an evaluation.
pub fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), ReportError> {
    let time = audit.as_of.map(|time| time.to_string()).unwrap_or_default();
    let element = |(id, interface): &(&str, &AuditInterface)| Evaluation {
        compliance_resource_type: RESOURCE_TYPE,
        compliance_resource_id: limited(id, RESOURCE_ID),
        compliance_type: compliance_type(interface.status).to_string(),
        annotation: annotation(interface),
        ordering_timestamp: time.clone(),
    };
    json_lines::batches(out, "Evaluations", BATCH, json_lines::by_region(audit), element)
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
    use super::super::{Format, render};

    #[test]
    fn unknown_is_not_compliant_and_says_so() {
        let value: serde_json::Value =
            serde_json::from_str(&render(Format::AwsConfig, &mixed()).unwrap()).unwrap();
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
