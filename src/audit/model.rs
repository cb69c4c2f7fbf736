//! The one definition of `mirror_audit`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::{Attr, BLOCK_LIST, COMPUTED};
use crate::report::{Audit, AuditInterface};
use crate::selection::SelectorBlock;

/// Tells for every selected network interface whether a traffic mirror session covers it. It changes nothing. Give it
/// `depends_on` with the coverage, so that it is read after the apply, and a `postcondition` on `compliant` to fail a run that
/// leaves something uncovered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditModel {
    /// Network interfaces to audit. Several blocks are alternatives; within a block every argument must match.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub selector: Attr<Vec<Attr<SelectorBlock>>>,
    /// Network interfaces that are not audited although a `selector` means them.
    #[schemars(extend("x-terraform" = BLOCK_LIST))]
    pub exclude: Attr<Vec<Attr<SelectorBlock>>>,
    /// Reports to render into `reports`: `json`. Defaults to none.
    pub formats: Attr<Vec<Attr<String>>>,
    /// Whether every eligible network interface is covered, and there is at least one.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub compliant: Attr<bool>,
    /// The whole in numbers.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub summary: Attr<AuditSummaryModel>,
    /// The audited network interfaces, by their id.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub interfaces: Attr<BTreeMap<String, Attr<AuditInterfaceModel>>>,
    /// The reports, by format.
    #[schemars(extend("x-terraform" = COMPUTED))]
    pub reports: Attr<BTreeMap<String, Attr<String>>>,
}

/// The whole in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditSummaryModel {
    /// `COMPLIANT`, `NON_COMPLIANT`, `UNKNOWN`, or `NO_MATCH` when nothing is eligible.
    pub status: Attr<String>,
    /// Selected network interfaces.
    pub matched: Attr<i64>,
    /// Those of them that can be mirrored.
    pub eligible: Attr<i64>,
    /// Those of them that are covered.
    pub compliant: Attr<i64>,
    /// Those of them that are not.
    pub non_compliant: Attr<i64>,
    /// Selected network interfaces that can never be mirrored.
    pub not_applicable: Attr<i64>,
    /// Eligible network interfaces about which nothing can be said.
    pub unknown: Attr<i64>,
    /// Covered ones of the eligible network interfaces, 0 to 100; null when nothing is eligible.
    pub coverage_percent: Attr<f64>,
}

/// The verdict on one network interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditInterfaceModel {
    /// `COMPLIANT`, `NON_COMPLIANT`, `NOT_APPLICABLE` or `UNKNOWN`.
    pub status: Attr<String>,
    /// Why, as one word, for example `COVERED` or `MISSING`.
    pub reason: Attr<String>,
    /// What was found, in words.
    pub detail: Attr<String>,
    /// What to do about it.
    pub advice: Attr<String>,
    /// Instance that the network interface is attached to.
    pub instance_id: Attr<String>,
    /// VPC of the network interface.
    pub vpc_id: Attr<String>,
    /// Subnet of the network interface.
    pub subnet_id: Attr<String>,
    /// Availability zone, by name.
    pub availability_zone: Attr<String>,
    /// Traffic mirror sessions of the network interface, in the order in which EC2 tries them.
    pub session_ids: Attr<Vec<Attr<String>>>,
    /// VXLAN network identifier of the first of them.
    pub virtual_network_id: Attr<i64>,
}

impl AuditModel {
    /// Writes what the audit says.
    pub fn fill(&mut self, audit: &Audit, reports: BTreeMap<String, Attr<String>>) {
        let count = |n: usize| Attr::Known(i64::try_from(n).unwrap_or(i64::MAX));
        let summary = &audit.summary;
        self.compliant = audit.compliant.into();
        self.summary = Attr::Known(AuditSummaryModel {
            status: Attr::Known(summary.status.clone()),
            matched: count(summary.matched),
            eligible: count(summary.eligible),
            compliant: count(summary.compliant),
            non_compliant: count(summary.non_compliant),
            not_applicable: count(summary.not_applicable),
            unknown: count(summary.unknown),
            coverage_percent: Attr::from_option(summary.coverage_percent),
        });
        let interfaces = audit.interfaces.iter();
        self.interfaces = Attr::Known(
            interfaces
                .map(|(id, found)| (id.clone(), Attr::Known(interface(found))))
                .collect(),
        );
        self.reports = Attr::Known(reports);
    }
}

fn interface(found: &AuditInterface) -> AuditInterfaceModel {
    let text = |value: &Option<String>| Attr::from_option(value.clone());
    AuditInterfaceModel {
        status: Attr::Known(found.status.clone()),
        reason: Attr::Known(found.reason.clone()),
        detail: Attr::Known(found.detail.clone()),
        advice: Attr::Known(found.advice.clone()),
        instance_id: text(&found.instance_id),
        vpc_id: text(&found.vpc_id),
        subnet_id: text(&found.subnet_id),
        availability_zone: text(&found.availability_zone),
        session_ids: Attr::Known(found.session_ids.iter().cloned().map(Attr::Known).collect()),
        virtual_network_id: Attr::from_option(found.virtual_network_id),
    }
}
