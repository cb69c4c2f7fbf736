//! The report for AWS Security Hub: findings in the AWS Security Finding Format, as BatchImportFindings takes them.
//!
//! Limits are those of the format: an Id of 512 characters, a Title of 256, a Description of 1024, a recommendation of 512, 100
//! findings a call. A finding keeps its Id from report to report, so that the next one updates it.

use std::io::Write;

use serde::Serialize;

use super::finding::{CONTROL, PRODUCT, VENDOR, arn, description, title};
use super::text::{limited, plain};
use super::{Audit, AuditInterface, ReportError, json_lines};
use crate::planner::Verdict;

const BATCH: usize = 100;
const TYPE: &str = "Software and Configuration Checks/AWS Security Best Practices";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    product_name: &'static str,
    company_name: &'static str,
    generator_id: &'static str,
    aws_account_id: String,
    region: String,
    created_at: String,
    updated_at: String,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    compliance: Compliance,
    finding_provider_fields: ProviderFields,
    record_state: &'static str,
    resources: Vec<Resource>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: &'static str,
    status_reasons: [StatusReason; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatusReason {
    reason_code: String,
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderFields {
    severity: Severity,
    types: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Severity {
    label: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: &'static str,
    id: String,
    partition: String,
    region: String,
}

/// Writes the report: an array of batches, each for one call in its `Region`. A time is needed as soon as there is a finding.
pub fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), ReportError> {
    let time = audit.as_of.map(|time| time.to_string()).unwrap_or_default();
    let element = |(id, interface): &(&str, &AuditInterface)| finding(audit, id, interface, &time);
    json_lines::batches(out, "Findings", BATCH, json_lines::by_region(audit), element)
}

fn finding(audit: &Audit, id: &str, interface: &AuditInterface, time: &str) -> Finding {
    let Audit {
        account_id,
        partition,
        ..
    } = audit;
    let region = &interface.region;
    let (status, severity) = match interface.status {
        Verdict::Compliant => ("PASSED", "INFORMATIONAL"),
        Verdict::NonCompliant => ("FAILED", "MEDIUM"),
        Verdict::NotApplicable => ("NOT_AVAILABLE", "INFORMATIONAL"),
        Verdict::Unknown => ("WARNING", "LOW"),
    };
    let description = limited(&description(id, interface), 1024);
    let resource = |r#type, kind, id: &str| Resource {
        r#type,
        id: limited(&arn(audit, region, kind, id), 512),
        partition: partition.clone(),
        region: region.clone(),
    };
    let instance = interface.instance_id.iter().filter(|id| !id.is_empty());
    Finding {
        schema_version: "2018-10-08",
        id: limited(&format!("{PRODUCT}/{region}/{account_id}/{}", plain(id)), 512),
        product_arn: format!(
            "arn:{partition}:securityhub:{region}:{account_id}:product/{account_id}/default"
        ),
        product_name: PRODUCT,
        company_name: VENDOR,
        generator_id: PRODUCT,
        aws_account_id: account_id.clone(),
        region: region.clone(),
        created_at: time.to_owned(),
        updated_at: time.to_owned(),
        title: limited(&title(id, interface), 256),
        remediation: Some(limited(&interface.advice, 512))
            .filter(|text| !text.trim().is_empty())
            .map(|text| Remediation {
                recommendation: Recommendation { text },
            }),
        compliance: Compliance {
            status,
            status_reasons: [StatusReason {
                reason_code: interface.reason.to_string(),
                description: limited(&format!("{CONTROL}. {description}"), 1024),
            }],
        },
        description,
        finding_provider_fields: ProviderFields {
            severity: Severity { label: severity },
            types: [TYPE],
        },
        record_state: "ACTIVE",
        resources: std::iter::once(resource("AwsEc2NetworkInterface", "network-interface", id))
            .chain(instance.map(|id| resource("AwsEc2Instance", "instance", id)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::mixed;
    use super::super::{Format, render};
    use super::*;

    #[test]
    fn findings_of_every_verdict() {
        let china = Audit {
            partition: "aws-cn".into(),
            ..mixed()
        };
        let value: serde_json::Value = serde_json::from_str(&render(Format::Asff, &china).unwrap()).unwrap();
        assert_eq!(value[0]["Region"], "eu-west-1");
        let findings = value[0]["Findings"].as_array().unwrap();
        let statuses: Vec<_> = findings
            .iter()
            .map(|f| f["Compliance"]["Status"].as_str().unwrap())
            .collect();
        assert_eq!(
            statuses,
            ["PASSED", "FAILED", "PASSED", "WARNING", "NOT_AVAILABLE", "PASSED"]
        );
        let missing = &findings[1];
        assert_eq!(
            missing["ProductArn"],
            "arn:aws-cn:securityhub:eu-west-1:111122223333:product/111122223333/default"
        );
        assert_eq!(
            missing["Resources"][0]["Id"],
            "arn:aws-cn:ec2:eu-west-1:111122223333:network-interface/eni-2"
        );
        assert_eq!(
            missing["Title"],
            "Network interface eni-2 is not mirrored: MISSING"
        );
    }
}
