//! What a report is made of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::planner::{Counts, OverallStatus, Reason, Verdict};

/// What an audit of traffic mirroring found. Everything is sorted, so that an unchanged fleet yields an unchanged report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The twelve digits of the account.
    pub account_id: String,
    /// Partition of the account: `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The regions that were read.
    pub regions: Vec<String>,
    /// The time that reports carry: the argument `as_of`, else the newest time in the data; null when there is neither.
    pub as_of: Option<Timestamp>,
    /// Whether every eligible network interface is covered, and there is at least one.
    pub compliant: bool,
    /// The whole in numbers.
    pub summary: AuditSummary,
    /// The audited network interfaces, by id.
    pub interfaces: BTreeMap<String, AuditInterface>,
    /// The instances that they are attached to, by id.
    pub instances: BTreeMap<String, AuditInstance>,
    /// The audited network interfaces in numbers, by VPC id.
    pub by_vpc: BTreeMap<String, AuditCounts>,
    /// The audited network interfaces in numbers, by the name of their availability zone.
    pub by_availability_zone: BTreeMap<String, AuditCounts>,
    /// The audited network interfaces in numbers, by the id of the traffic mirror target that they send to; what counts is the verdict on
    /// their sessions for that target.
    pub by_target: BTreeMap<String, AuditTarget>,
    /// Sessions that mirror nothing that should be mirrored, by id; null when that was not looked at.
    pub orphaned_sessions: Option<BTreeMap<String, AuditSession>>,
    /// Sessions that no coverage manages, by id; null when that was not looked at.
    pub unmanaged_sessions: Option<BTreeMap<String, AuditSession>>,
}

/// Network interfaces in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditCounts {
    /// What they amount to.
    pub status: OverallStatus,
    /// All of them.
    pub matched: usize,
    /// Those that can be mirrored: all but the not applicable ones.
    pub eligible: usize,
    /// Those that are covered.
    pub compliant: usize,
    /// Those that could be covered and are not.
    pub non_compliant: usize,
    /// Those that can never be mirrored, or are not meant to be.
    pub not_applicable: usize,
    /// Those about which nothing can be said.
    pub unknown: usize,
    /// Covered ones of the eligible ones, 0 to 100; null when nothing is eligible.
    pub coverage_percent: Option<f64>,
}

impl AuditCounts {
    /// The numbers of these verdicts.
    pub fn of(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let counts = Counts::of(verdicts);
        Self {
            status: counts.status(),
            matched: counts.matched,
            eligible: counts.eligible,
            compliant: counts.compliant,
            non_compliant: counts.non_compliant,
            not_applicable: counts.not_applicable,
            unknown: counts.unknown,
            coverage_percent: counts.coverage_percent(),
        }
    }

    /// The number with this verdict.
    pub fn with(&self, verdict: Verdict) -> usize {
        match verdict {
            Verdict::Compliant => self.compliant,
            Verdict::NonCompliant => self.non_compliant,
            Verdict::NotApplicable => self.not_applicable,
            Verdict::Unknown => self.unknown,
        }
    }
}

impl Default for AuditCounts {
    fn default() -> Self {
        Self::of([])
    }
}

/// The whole in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSummary {
    #[serde(flatten)]
    pub counts: AuditCounts,
    /// Whether the audit looked at what keeps a session from delivering; if not, it judged the existence of sessions and what
    /// `require` says of them.
    pub delivery_checked: bool,
}

/// The verdict on one network interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditInterface {
    pub status: Verdict,
    /// Why, as one word.
    pub reason: Reason,
    /// What was found, in words; may be empty.
    pub detail: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: String,
    /// Instance that the network interface is attached to.
    pub instance_id: Option<String>,
    /// `Name` tag of the instance.
    pub instance_name: Option<String>,
    /// Type of the instance.
    pub instance_type: Option<String>,
    /// VPC of the network interface.
    pub vpc_id: Option<String>,
    /// Subnet of the network interface.
    pub subnet_id: Option<String>,
    /// Availability zone, by name.
    pub availability_zone: Option<String>,
    /// Region of the network interface.
    pub region: String,
    /// Traffic mirror sessions of the network interface, in the order in which EC2 tries them.
    pub session_ids: Vec<String>,
    /// The verdict on each of those sessions by itself, in the same order.
    #[serde(default)]
    pub session_statuses: Vec<Verdict>,
    /// The traffic mirror targets of those sessions, in the same order.
    pub traffic_mirror_target_ids: Vec<String>,
    /// VXLAN network identifier of the session that decides.
    pub virtual_network_id: Option<i64>,
}

/// The verdict on one instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditInstance {
    /// `NOT_APPLICABLE` when none of its audited network interfaces can be mirrored, `COMPLIANT` when all that can be are covered.
    pub status: Verdict,
    /// `Name` tag of the instance.
    pub instance_name: Option<String>,
    /// Region of the instance.
    pub region: String,
    /// Its audited network interfaces.
    pub network_interface_ids: Vec<String>,
}

/// The network interfaces that send to one traffic mirror target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditTarget {
    /// Region of the target.
    pub region: String,
    /// Sessions of audited network interfaces that send to it.
    pub sessions: usize,
    #[serde(flatten)]
    pub counts: AuditCounts,
}

/// A traffic mirror session that someone should look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSession {
    /// What is wrong with it, in words.
    pub detail: String,
    /// Region of the session.
    pub region: String,
    /// Its source.
    pub network_interface_id: String,
    /// Where it sends to.
    pub traffic_mirror_target_id: String,
    /// What it lets through.
    pub traffic_mirror_filter_id: String,
    /// Its number on the network interface; lower numbers are tried first.
    pub session_number: i64,
    /// Its `Name` tag.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Name of the coverage in its tags.
    pub coverage_name: Option<String>,
}
