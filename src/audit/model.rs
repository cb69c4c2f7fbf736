//! The one definition of `mirror_audit`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rendered::Rendered;
use crate::framework::{Any, Attr, BLOCK_LIST, COMPUTED, OPTIONAL_COMPUTED};
use crate::report::{Audit, AuditCounts, AuditInstance, AuditInterface, AuditSession, AuditTarget};
use crate::selection::SelectorBlock;

/// Tells for every selected network interface whether a traffic mirror session covers it. It changes nothing. Give it
/// `depends_on` with the coverage, so that it is read after the apply, and a `postcondition` on `compliant` to fail a run that
/// leaves something uncovered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditModel {
    /// Network interfaces to audit. Several blocks are alternatives; within a block every argument must match. At least one is needed:
    /// nothing is audited by default.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub selector: Attr<Vec<Attr<SelectorBlock>>>,
    /// Network interfaces that are not judged although a `selector` means them: they are listed as `NOT_APPLICABLE` for the reason
    /// `EXCLUDED`. Without a block, there are none.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub exclude: Attr<Vec<Attr<SelectorBlock>>>,
    /// What a session must be to count, beyond being there: an object with some of these attributes. Left out, any session counts.
    ///
    /// - `traffic_mirror_target_ids`: targets, any of which will do (`WRONG_TARGET`).
    /// - `traffic_mirror_filter_ids`: filters, any of which will do (`WRONG_FILTER`).
    /// - `untruncated`: whether packets must be mirrored whole (`TRUNCATED`); a `packet_length` of 8500 or more counts as whole.
    /// - `coverage_names`: names of coverages, any of which must have made the session. Their sessions on network interfaces that are
    ///   not selected here are listed in `orphaned_sessions`.
    pub require: Any,
    /// Instance types that are to be mirrored although they are not on AWS's list of supported ones, with `*` and `?`, for example
    /// `m8g.*`: as the coverage has it. Left out, such an instance is `NOT_APPLICABLE`.
    pub try_instance_types: Attr<Vec<Attr<String>>>,
    /// Whether network interfaces that an AWS service manages are to be mirrored too, as the coverage has it. Defaults to `false`: those
    /// without a session are then `NOT_APPLICABLE`, except for those of RDS and ElastiCache.
    pub include_requester_managed: Attr<bool>,
    /// Whether sensors are to be mirrored too, as the coverage has it. Defaults to `false`: sensors without a session are then
    /// `NOT_APPLICABLE`.
    pub include_sensors: Attr<bool>,
    /// Regions to audit in one read. Defaults to that of the provider block.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    pub regions: Attr<Vec<Attr<String>>>,
    /// Whether a session must be able to deliver: its target is there, its sensor runs, listens, is healthy and lets packets of the
    /// source in, its filter accepts something, sessions with lower numbers leave some of that over, and the type of its instance can
    /// be mirrored. What cannot be seen is `UNKNOWN`.
    /// Defaults to `true`. With `false` the audit judges the existence of sessions and what `require` says of them, and the summary
    /// says so.
    pub check_delivery: Attr<bool>,
    /// Reports that are rendered into `reports`: `json`, `csv`, `html`, `asff`, `ocsf`, `aws_config`, `openmetrics`. Defaults to none.
    pub formats: Attr<Vec<Attr<String>>>,
    /// Time that the reports carry, in the form `2026-03-01T12:00:00Z`. Defaults to the newest time in the data, which is the newest
    /// attachment of an audited network interface, so that an unchanged fleet yields unchanged reports.
    #[schemars(extend("x-terraform" = OPTIONAL_COMPUTED))]
    pub as_of: Attr<String>,
    /// The account that was audited, by its twelve digits.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub account_id: Attr<String>,
    /// Partition that the account belongs to: `aws`, `aws-cn`, `aws-us-gov`.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub partition: Attr<String>,
    /// Whether every eligible network interface is covered, and there is at least one.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub compliant: Attr<bool>,
    /// The whole in numbers.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub summary: Attr<AuditSummaryModel>,
    /// The audited network interfaces, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub interfaces: Attr<BTreeMap<String, Attr<AuditInterfaceModel>>>,
    /// The instances that they are attached to, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub instances: Attr<BTreeMap<String, Attr<AuditInstanceModel>>>,
    /// The audited network interfaces in numbers, by VPC id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub by_vpc: Attr<BTreeMap<String, Attr<AuditCountsModel>>>,
    /// The audited network interfaces in numbers, by the name of their availability zone.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub by_availability_zone: Attr<BTreeMap<String, Attr<AuditCountsModel>>>,
    /// The audited network interfaces in numbers, by the id of the traffic mirror target that they send to; what
    /// counts is the verdict on their sessions for that target.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub by_target: Attr<BTreeMap<String, Attr<AuditTargetModel>>>,
    /// Traffic mirror sessions of the account that mirror nothing that should be mirrored, by their id: the target is gone or what it
    /// delivers to, the network interface is attached to nothing and still billed, or a coverage of `require.coverage_names` has them on a network interface
    /// that is not selected. Null where a permission is missing to tell.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub orphaned_sessions: Attr<BTreeMap<String, Attr<AuditSessionModel>>>,
    /// Traffic mirror sessions of the account that no coverage manages, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub unmanaged_sessions: Attr<BTreeMap<String, Attr<AuditSessionModel>>>,
    /// The reports that `formats` asks for, by format.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub reports: Attr<BTreeMap<String, Attr<Rendered>>>,
}

/// The whole in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSummaryModel {
    /// The verdict is `COMPLIANT`, `NON_COMPLIANT`, `UNKNOWN`, or `NO_MATCH` when nothing is eligible.
    pub status: Attr<String>,
    /// How many network interfaces are selected.
    pub matched: Attr<i64>,
    /// How many of them can be mirrored.
    pub eligible: Attr<i64>,
    /// How many of the eligible ones are covered.
    pub compliant: Attr<i64>,
    /// How many of the eligible ones are not covered.
    pub non_compliant: Attr<i64>,
    /// How many of the selected ones are excluded or can never be mirrored.
    pub not_applicable: Attr<i64>,
    /// About how many of the eligible ones nothing can be said.
    pub unknown: Attr<i64>,
    /// Percentage of the eligible ones that is covered, 0 to 100; null when nothing is eligible.
    pub coverage_percent: Attr<f64>,
    /// Whether the audit has looked at what keeps a session from delivering.
    pub delivery_checked: Attr<bool>,
}

/// Network interfaces in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditCountsModel {
    /// The verdict is `COMPLIANT`, `NON_COMPLIANT`, `UNKNOWN`, or `NO_MATCH` when nothing is eligible.
    pub status: Attr<String>,
    /// How many there are.
    pub matched: Attr<i64>,
    /// How many of them can be mirrored.
    pub eligible: Attr<i64>,
    /// How many of the eligible ones are covered.
    pub compliant: Attr<i64>,
    /// How many of the eligible ones are not covered.
    pub non_compliant: Attr<i64>,
    /// How many are excluded or can never be mirrored.
    pub not_applicable: Attr<i64>,
    /// About how many of the eligible ones nothing can be said.
    pub unknown: Attr<i64>,
    /// Percentage of the eligible ones that is covered, 0 to 100; null when nothing is eligible.
    pub coverage_percent: Attr<f64>,
}

/// The verdict on one network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditInterfaceModel {
    /// The verdict is `COMPLIANT`, `NON_COMPLIANT`, `NOT_APPLICABLE` or `UNKNOWN`.
    pub status: Attr<String>,
    /// Why that is the verdict, as one word: `COVERED`, `EXCLUDED`, `SENSOR`, `REQUESTER_MANAGED`, `UNSUPPORTED_INTERFACE`,
    /// `UNSUPPORTED_INSTANCE_TYPE`, `NOT_VISIBLE`, `WRONG_TARGET`, `WRONG_FILTER`, `TARGET_GONE`, `TARGET_STOPPED`, `TARGET_PORT_CLOSED`, `TARGET_NO_LISTENER`,
    /// `TARGET_UNHEALTHY`, `FILTER_EMPTY`, `SHADOWED`, `TRUNCATED`, `QUOTA` or `MISSING`. `OVERRIDE_REFUSED`, `TARGET_FULL` and
    /// `MAX_CREATES` are the coverage's own and never stand here; `DUPLICATE` stands in `detail`.
    pub reason: Attr<String>,
    /// What was found, in words.
    pub detail: Attr<String>,
    /// What is to be done about it; empty where nothing is.
    pub advice: Attr<String>,
    /// Id of the instance that the network interface is attached to; null where there is none or it is not visible.
    pub instance_id: Attr<String>,
    /// What the `Name` tag of the instance says; null without one.
    pub instance_name: Attr<String>,
    /// Which type the instance has, for example `m5.large`.
    pub instance_type: Attr<String>,
    /// Id of the VPC that the network interface is in.
    pub vpc_id: Attr<String>,
    /// Id of the subnet that the network interface is in.
    pub subnet_id: Attr<String>,
    /// Name of the availability zone that it is in, for example `eu-west-1a`.
    pub availability_zone: Attr<String>,
    /// AWS region that the network interface is in.
    pub region: Attr<String>,
    /// Ids of the traffic mirror sessions that the network interface has, in the order in which EC2 tries them.
    pub session_ids: Attr<Vec<Attr<String>>>,
    /// The verdict that each of those sessions has by itself, in the same order.
    pub session_statuses: Attr<Vec<Attr<String>>>,
    /// Ids of the traffic mirror targets that those sessions deliver to, in the same order.
    pub traffic_mirror_target_ids: Attr<Vec<Attr<String>>>,
    /// VXLAN network identifier of the session that decides the verdict.
    pub virtual_network_id: Attr<i64>,
}

/// The verdict on one instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditInstanceModel {
    /// The verdict is `COMPLIANT`, `NON_COMPLIANT`, `UNKNOWN`, or `NOT_APPLICABLE` when none of its network interfaces can be mirrored.
    pub status: Attr<String>,
    /// What the `Name` tag of the instance says; null without one.
    pub instance_name: Attr<String>,
    /// AWS region that the instance is in.
    pub region: Attr<String>,
    /// Ids of those of its network interfaces that are audited.
    pub network_interface_ids: Attr<Vec<Attr<String>>>,
}

/// The network interfaces that send to one traffic mirror target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditTargetModel {
    /// AWS region that the target is in.
    pub region: Attr<String>,
    /// How many sessions of audited network interfaces send to it.
    pub sessions: Attr<i64>,
    /// The verdict is `COMPLIANT`, `NON_COMPLIANT`, `UNKNOWN`, or `NO_MATCH` when none of them is eligible.
    pub status: Attr<String>,
    /// How many audited network interfaces send to it.
    pub matched: Attr<i64>,
    /// How many of them can be mirrored.
    pub eligible: Attr<i64>,
    /// How many of the eligible ones are covered.
    pub compliant: Attr<i64>,
    /// How many of the eligible ones are not covered.
    pub non_compliant: Attr<i64>,
    /// How many are excluded or can never be mirrored.
    pub not_applicable: Attr<i64>,
    /// About how many of the eligible ones nothing can be said.
    pub unknown: Attr<i64>,
    /// Percentage of the eligible ones that is covered, 0 to 100; null when nothing is eligible.
    pub coverage_percent: Attr<f64>,
}

/// A traffic mirror session that someone should look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSessionModel {
    /// What is wrong with it, in words.
    pub detail: Attr<String>,
    /// AWS region that the session is in.
    pub region: Attr<String>,
    /// Id of the network interface that it mirrors.
    pub network_interface_id: Attr<String>,
    /// Id of the traffic mirror target that it sends to.
    pub traffic_mirror_target_id: Attr<String>,
    /// Id of the traffic mirror filter, which decides what it mirrors.
    pub traffic_mirror_filter_id: Attr<String>,
    /// Which number it has on its network interface; lower ones are tried first.
    pub session_number: Attr<i64>,
    /// What its `Name` tag says; null without one.
    pub name: Attr<String>,
    /// Which description it has; null without one.
    pub description: Attr<String>,
    /// Name of the coverage that stands in its tags; null without one.
    pub coverage_name: Attr<String>,
}

impl AuditModel {
    /// Writes what the audit says.
    pub fn fill(&mut self, audit: &Audit, reports: BTreeMap<String, Attr<Rendered>>) {
        let AuditCountsModel {
            status,
            matched,
            eligible,
            compliant,
            non_compliant,
            not_applicable,
            unknown,
            coverage_percent,
        } = counts(&audit.summary.counts);
        self.account_id = Attr::Known(audit.account_id.clone());
        self.partition = Attr::Known(audit.partition.clone());
        self.compliant = audit.compliant.into();
        self.summary = Attr::Known(AuditSummaryModel {
            status,
            matched,
            eligible,
            compliant,
            non_compliant,
            not_applicable,
            unknown,
            coverage_percent,
            delivery_checked: audit.summary.delivery_checked.into(),
        });
        self.interfaces = map(&audit.interfaces, interface);
        self.instances = map(&audit.instances, instance);
        self.by_vpc = map(&audit.by_vpc, counts);
        self.by_availability_zone = map(&audit.by_availability_zone, counts);
        self.by_target = map(&audit.by_target, target);
        let listed = |sessions: &Option<BTreeMap<String, AuditSession>>| {
            let sessions = sessions.as_ref();
            sessions.map_or(Attr::Null, |sessions| map(sessions, session))
        };
        self.orphaned_sessions = listed(&audit.orphaned_sessions);
        self.unmanaged_sessions = listed(&audit.unmanaged_sessions);
        if !self.as_of.is_known() {
            self.as_of = Attr::from_option(audit.as_of.map(|time| time.to_string()));
        }
        if !self.regions.is_known() {
            self.regions = list(&audit.regions);
        }
        self.reports = Attr::Known(reports);
    }
}

fn map<T, M>(values: &BTreeMap<String, T>, model: impl Fn(&T) -> M) -> Attr<BTreeMap<String, Attr<M>>> {
    let entries = values
        .iter()
        .map(|(id, value)| (id.clone(), Attr::Known(model(value))));
    Attr::Known(entries.collect())
}

fn text(value: &Option<String>) -> Attr<String> {
    Attr::from_option(value.clone())
}

fn list(values: &[String]) -> Attr<Vec<Attr<String>>> {
    Attr::Known(values.iter().cloned().map(Attr::Known).collect())
}

fn count(count: usize) -> Attr<i64> {
    Attr::Known(i64::try_from(count).unwrap_or(i64::MAX))
}

fn counts(counts: &AuditCounts) -> AuditCountsModel {
    AuditCountsModel {
        status: Attr::Known(counts.status.to_string()),
        matched: count(counts.matched),
        eligible: count(counts.eligible),
        compliant: count(counts.compliant),
        non_compliant: count(counts.non_compliant),
        not_applicable: count(counts.not_applicable),
        unknown: count(counts.unknown),
        coverage_percent: Attr::from_option(counts.coverage_percent),
    }
}

fn interface(found: &AuditInterface) -> AuditInterfaceModel {
    AuditInterfaceModel {
        status: Attr::Known(found.status.to_string()),
        reason: Attr::Known(found.reason.to_string()),
        detail: Attr::Known(found.detail.clone()),
        advice: Attr::Known(found.advice.clone()),
        instance_id: text(&found.instance_id),
        instance_name: text(&found.instance_name),
        instance_type: text(&found.instance_type),
        vpc_id: text(&found.vpc_id),
        subnet_id: text(&found.subnet_id),
        availability_zone: text(&found.availability_zone),
        region: Attr::Known(found.region.clone()),
        session_ids: list(&found.session_ids),
        session_statuses: list(
            &found
                .session_statuses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
        ),
        traffic_mirror_target_ids: list(&found.traffic_mirror_target_ids),
        virtual_network_id: Attr::from_option(found.virtual_network_id),
    }
}

fn instance(instance: &AuditInstance) -> AuditInstanceModel {
    AuditInstanceModel {
        status: Attr::Known(instance.status.to_string()),
        instance_name: text(&instance.instance_name),
        region: Attr::Known(instance.region.clone()),
        network_interface_ids: list(&instance.network_interface_ids),
    }
}

fn target(target: &AuditTarget) -> AuditTargetModel {
    let AuditCountsModel {
        status,
        matched,
        eligible,
        compliant,
        non_compliant,
        not_applicable,
        unknown,
        coverage_percent,
    } = counts(&target.counts);
    AuditTargetModel {
        region: Attr::Known(target.region.clone()),
        sessions: count(target.sessions),
        status,
        matched,
        eligible,
        compliant,
        non_compliant,
        not_applicable,
        unknown,
        coverage_percent,
    }
}

fn session(session: &AuditSession) -> AuditSessionModel {
    AuditSessionModel {
        detail: Attr::Known(session.detail.clone()),
        region: Attr::Known(session.region.clone()),
        network_interface_id: Attr::Known(session.network_interface_id.clone()),
        traffic_mirror_target_id: Attr::Known(session.traffic_mirror_target_id.clone()),
        traffic_mirror_filter_id: Attr::Known(session.traffic_mirror_filter_id.clone()),
        session_number: Attr::Known(session.session_number),
        name: text(&session.name),
        description: text(&session.description),
        coverage_name: text(&session.coverage_name),
    }
}
