//! From the verdicts on network interfaces to the whole audit.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Audit, AuditCounts, AuditInstance, AuditInterface, AuditSession, AuditSummary, AuditTarget, Timestamp,
};
use crate::planner::{OverallStatus, Verdict};

/// What was audited.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scope {
    /// The twelve digits of the account.
    pub account_id: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The regions that were read.
    pub regions: BTreeSet<String>,
    /// The time that reports carry.
    pub as_of: Option<Timestamp>,
    /// Whether the audit looked at what keeps a session from delivering.
    pub delivery_checked: bool,
}

impl Audit {
    /// The audit of these network interfaces: the numbers of the whole, of each instance, VPC, zone and target follow from them.
    /// Sessions are null when they were not looked at.
    pub fn of(
        scope: Scope,
        interfaces: BTreeMap<String, AuditInterface>,
        orphaned_sessions: Option<BTreeMap<String, AuditSession>>,
        unmanaged_sessions: Option<BTreeMap<String, AuditSession>>,
    ) -> Self {
        let counts = AuditCounts::of(interfaces.values().map(|interface| interface.status));
        Self {
            account_id: scope.account_id,
            partition: scope.partition,
            regions: scope.regions.into_iter().collect(),
            as_of: scope.as_of,
            compliant: counts.status == OverallStatus::Compliant,
            summary: AuditSummary {
                counts,
                delivery_checked: scope.delivery_checked,
            },
            instances: instances(&interfaces),
            by_vpc: by(&interfaces, |interface| interface.vpc_id.as_deref()),
            by_availability_zone: by(&interfaces, |interface| interface.availability_zone.as_deref()),
            by_target: by_target(&interfaces),
            interfaces,
            orphaned_sessions,
            unmanaged_sessions,
        }
    }
}

type Interfaces = BTreeMap<String, AuditInterface>;

fn by(
    interfaces: &Interfaces,
    key: impl Fn(&AuditInterface) -> Option<&str>,
) -> BTreeMap<String, AuditCounts> {
    let mut verdicts: BTreeMap<&str, Vec<Verdict>> = BTreeMap::new();
    for interface in interfaces.values() {
        if let Some(key) = key(interface) {
            verdicts.entry(key).or_default().push(interface.status);
        }
    }
    verdicts
        .into_iter()
        .map(|(key, verdicts)| (key.to_owned(), AuditCounts::of(verdicts)))
        .collect()
}

fn by_target(interfaces: &Interfaces) -> BTreeMap<String, AuditTarget> {
    let mut sources: BTreeMap<&str, (usize, Vec<&AuditInterface>)> = BTreeMap::new();
    for interface in interfaces.values() {
        let targets = &interface.traffic_mirror_target_ids;
        for target in targets {
            sources.entry(target).or_default().0 += 1;
        }
        for target in targets.iter().collect::<BTreeSet<_>>() {
            sources.entry(target).or_default().1.push(interface);
        }
    }
    sources
        .into_iter()
        .map(|(id, (sessions, sources))| {
            let target = AuditTarget {
                region: sources
                    .first()
                    .map(|source| source.region.clone())
                    .unwrap_or_default(),
                sessions,
                counts: AuditCounts::of(sources.iter().map(|source| for_target(source, id))),
            };
            (id.to_owned(), target)
        })
        .collect()
}

/// The verdict on what an interface sends to one target: of its best session for it.
fn for_target(source: &AuditInterface, target: &str) -> Verdict {
    let sessions = source
        .traffic_mirror_target_ids
        .iter()
        .zip(&source.session_statuses);
    let of_target: Vec<Verdict> = sessions
        .filter(|(of, _)| *of == target)
        .map(|(_, verdict)| *verdict)
        .collect();
    match source.status {
        Verdict::NotApplicable => Verdict::NotApplicable,
        _ if of_target.contains(&Verdict::Compliant) => Verdict::Compliant,
        _ if of_target.contains(&Verdict::Unknown) => Verdict::Unknown,
        _ if of_target.is_empty() => source.status,
        _ => Verdict::NonCompliant,
    }
}

fn instances(interfaces: &Interfaces) -> BTreeMap<String, AuditInstance> {
    let mut attached: BTreeMap<&str, Vec<(&String, &AuditInterface)>> = BTreeMap::new();
    for (id, interface) in interfaces {
        if let Some(instance) = &interface.instance_id {
            attached.entry(instance).or_default().push((id, interface));
        }
    }
    attached
        .into_iter()
        .filter_map(|(id, attached)| {
            let (_, first) = attached.first()?;
            let counts = AuditCounts::of(attached.iter().map(|(_, interface)| interface.status));
            let instance = AuditInstance {
                status: match counts.status {
                    OverallStatus::Compliant => Verdict::Compliant,
                    OverallStatus::NonCompliant => Verdict::NonCompliant,
                    OverallStatus::Unknown => Verdict::Unknown,
                    OverallStatus::NoMatch => Verdict::NotApplicable,
                },
                instance_name: first.instance_name.clone(),
                region: first.region.clone(),
                network_interface_ids: attached.iter().map(|(id, _)| (*id).clone()).collect(),
            };
            Some((id.to_owned(), instance))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{any_audit, mixed};
    use super::*;

    #[test]
    fn the_mixed_sample_rolls_up() {
        let audit = mixed();
        assert!(!audit.compliant);
        let counts = &audit.summary.counts;
        assert_eq!((counts.matched, counts.eligible, counts.compliant), (6, 5, 3));
        assert_eq!(counts.coverage_percent, Some(60.0));
        assert_eq!(audit.by_vpc["vpc-1"].status, OverallStatus::NonCompliant);
        assert_eq!(audit.by_vpc["vpc-2"].status, OverallStatus::Compliant);
        assert_eq!(
            audit.by_availability_zone["eu-west-1b"].status,
            OverallStatus::Unknown
        );
        assert_eq!(
            (
                audit.by_target["tmt-1"].sessions,
                audit.by_target["tmt-1"].counts.matched
            ),
            (4, 3)
        );
        let by_target = &audit.by_target["tmt-2"].counts;
        assert_eq!(
            (by_target.matched, by_target.compliant, by_target.non_compliant),
            (1, 0, 1)
        );
        assert_eq!(audit.by_target["tmt-1"].counts.compliant, 3);
        assert_eq!(audit.instances["i-1"].network_interface_ids, ["eni-1", "eni-2"]);
        assert_eq!(audit.instances["i-1"].status, Verdict::NonCompliant);
        assert_eq!(audit.instances["i-4"].status, Verdict::NotApplicable);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn groups_add_up_to_the_whole(audit in any_audit()) {
            let whole = &audit.summary.counts;
            prop_assert_eq!(whole.matched, audit.interfaces.len());
            for groups in [&audit.by_vpc, &audit.by_availability_zone] {
                prop_assert!(groups.values().map(|counts| counts.compliant).sum::<usize>() <= whole.compliant);
                prop_assert!(groups.values().all(|counts| counts.matched > 0));
            }
            let attached: usize = audit.instances.values().map(|i| i.network_interface_ids.len()).sum();
            prop_assert_eq!(attached, audit.interfaces.values().filter(|i| i.instance_id.is_some()).count());
            prop_assert_eq!(audit.compliant, whole.eligible > 0 && whole.compliant == whole.eligible);
        }
    }
}
