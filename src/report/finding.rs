//! What the two formats of findings have in common.

use super::text::sentences;
use super::{Audit, AuditInterface};
use crate::planner::Verdict;

/// Who found it.
pub const PRODUCT: &str = "terraform-provider-mirror";
/// Whose product that is.
pub const VENDOR: &str = "mirror-toolkit";
/// What was checked.
pub const CONTROL: &str = "VPC Traffic Mirroring coverage";

/// The ARN of a resource of EC2.
pub fn arn(audit: &Audit, region: &str, kind: &str, id: &str) -> String {
    let Audit {
        account_id,
        partition,
        ..
    } = audit;
    format!("arn:{partition}:ec2:{region}:{account_id}:{kind}/{id}")
}

/// One line that says what was found.
pub fn title(id: &str, interface: &AuditInterface) -> String {
    let reason = interface.reason;
    match interface.status {
        Verdict::Compliant => format!("Network interface {id} is mirrored"),
        Verdict::NonCompliant => format!("Network interface {id} is not mirrored: {reason}"),
        Verdict::NotApplicable => format!("Network interface {id} is not to be mirrored: {reason}"),
        Verdict::Unknown => format!("Whether network interface {id} is mirrored is unknown: {reason}"),
    }
}

/// The title, and what was found in words.
pub fn description(id: &str, interface: &AuditInterface) -> String {
    sentences(&[&title(id, interface), &interface.detail])
}
