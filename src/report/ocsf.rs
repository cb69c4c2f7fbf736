//! The report for everything that speaks the Open Cybersecurity Schema Framework: Compliance Findings (class 2003) of its
//! version 1.8, with the cloud profile.
//!
//! A finding keeps its uid from report to report; it is created while something is wrong, and closed when nothing is.

use std::io::Write;

use serde::Serialize;

use super::finding::{CONTROL, PRODUCT, VENDOR, arn, description, title};
use super::text::{limited, plain};
use super::{Audit, AuditInterface, ReportError, json_lines};
use crate::planner::Verdict;

const VERSION: &str = "1.8.0";
const CLASS_UID: u32 = 2003;
/// Longer text says nothing more; the schema itself sets no limit.
const TEXT: usize = 2048;

#[derive(Serialize)]
struct Event {
    class_uid: u32,
    class_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    activity_id: u32,
    activity_name: &'static str,
    type_uid: u32,
    type_name: &'static str,
    /// Milliseconds since 1970.
    time: i64,
    severity_id: u32,
    severity: &'static str,
    status_id: u32,
    status: &'static str,
    message: String,
    metadata: Metadata,
    cloud: Cloud,
    finding_info: FindingInfo,
    compliance: Compliance,
    #[serde(skip_serializing_if = "Option::is_none")]
    remediation: Option<Remediation>,
    resources: Vec<Resource>,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
    profiles: [&'static str; 1],
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
}

#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
    region: String,
    account: CloudAccount,
}

#[derive(Serialize)]
struct CloudAccount {
    uid: String,
    type_id: u32,
    r#type: &'static str,
}

#[derive(Serialize)]
struct FindingInfo {
    uid: String,
    title: String,
    desc: String,
}

#[derive(Serialize)]
struct Compliance {
    control: &'static str,
    status_id: u32,
    status: &'static str,
    status_code: String,
    status_details: Vec<String>,
}

#[derive(Serialize)]
struct Remediation {
    desc: String,
}

#[derive(Serialize)]
struct Resource {
    uid: String,
    name: String,
    r#type: &'static str,
    cloud_partition: String,
    region: String,
}

/// Writes the report: an array of events. A time is needed as soon as there is an event.
pub fn write(out: &mut dyn Write, audit: &Audit) -> Result<(), ReportError> {
    let milliseconds = audit.as_of.map_or(0, |time| time.seconds().saturating_mul(1000));
    let events = audit
        .interfaces
        .iter()
        .map(|(id, interface)| event(audit, id, interface, milliseconds));
    json_lines::array(out, events)
}

fn event(audit: &Audit, id: &str, interface: &AuditInterface, time: i64) -> Event {
    let open = matches!(interface.status, Verdict::NonCompliant | Verdict::Unknown);
    let (activity_id, activity_name, type_name) = match open {
        true => (1, "Create", "Compliance Finding: Create"),
        false => (3, "Close", "Compliance Finding: Close"),
    };
    let (severity_id, severity) = match interface.status {
        Verdict::NonCompliant => (3, "Medium"),
        Verdict::Unknown => (2, "Low"),
        Verdict::Compliant | Verdict::NotApplicable => (1, "Informational"),
    };
    let (status_id, status) = if open { (1, "New") } else { (4, "Resolved") };
    let (compliance_id, compliance) = match interface.status {
        Verdict::Compliant => (1, "Pass"),
        Verdict::NonCompliant => (3, "Fail"),
        Verdict::Unknown => (0, "Unknown"),
        Verdict::NotApplicable => (99, "Not Applicable"),
    };
    let region = &interface.region;
    let resource = |kind, r#type, id: &str, name: &str| Resource {
        uid: limited(&arn(audit, region, kind, id), TEXT),
        name: limited(name, TEXT),
        r#type,
        cloud_partition: audit.partition.clone(),
        region: region.clone(),
    };
    let instance = interface.instance_id.as_deref().map(|id| {
        let name = interface.instance_name.as_deref().unwrap_or(id);
        resource("instance", "AWS::EC2::Instance", id, name)
    });
    Event {
        class_uid: CLASS_UID,
        class_name: "Compliance Finding",
        category_uid: 2,
        category_name: "Findings",
        activity_id,
        activity_name,
        type_uid: CLASS_UID * 100 + activity_id,
        type_name,
        time,
        severity_id,
        severity,
        status_id,
        status,
        message: limited(&title(id, interface), TEXT),
        metadata: Metadata {
            version: VERSION,
            product: Product {
                name: PRODUCT,
                vendor_name: VENDOR,
            },
            profiles: ["cloud"],
        },
        cloud: Cloud {
            provider: "AWS",
            region: region.clone(),
            account: CloudAccount {
                uid: audit.account_id.clone(),
                type_id: 10,
                r#type: "AWS Account",
            },
        },
        finding_info: FindingInfo {
            uid: limited(
                &format!("{PRODUCT}/{region}/{}/{}", audit.account_id, plain(id)),
                TEXT,
            ),
            title: limited(&title(id, interface), TEXT),
            desc: limited(&description(id, interface), TEXT),
        },
        compliance: Compliance {
            control: CONTROL,
            status_id: compliance_id,
            status: compliance,
            status_code: interface.reason.to_string(),
            status_details: Some(limited(&interface.detail, TEXT))
                .filter(|text| !text.is_empty())
                .into_iter()
                .collect(),
        },
        remediation: Some(limited(&interface.advice, TEXT))
            .filter(|text| !text.is_empty())
            .map(|desc| Remediation { desc }),
        resources: std::iter::once(resource(
            "network-interface",
            "AWS::EC2::NetworkInterface",
            id,
            id,
        ))
        .chain(instance)
        .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::mixed;
    use super::super::{Format, render};

    #[test]
    fn what_is_right_is_closed_and_what_is_not_is_created() {
        let value: serde_json::Value =
            serde_json::from_str(&render(Format::Ocsf, &mixed()).unwrap()).unwrap();
        let seen: Vec<_> = value
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                (
                    event["type_uid"].as_u64().unwrap(),
                    event["compliance"]["status_id"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (200_303, 1),
                (200_301, 3),
                (200_303, 1),
                (200_301, 0),
                (200_303, 99),
                (200_303, 1)
            ]
        );
        assert_eq!(value[0]["time"], 1_772_366_400_000_i64);
        assert_eq!(
            value[1]["finding_info"]["uid"],
            "terraform-provider-mirror/eu-west-1/111122223333/eni-2"
        );
    }
}
