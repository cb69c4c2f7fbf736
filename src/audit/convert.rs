//! From the judgement of the planner to the audit that reports are made of.

use std::collections::BTreeMap;

use super::look::Region;
use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, MirrorSession, NAME_TAG};
use crate::report::{Audit, AuditInterface, AuditSession, Scope};

/// The audit of these regions.
pub fn audit(scope: Scope, regions: Vec<Region>) -> Audit {
    let mut interfaces = BTreeMap::new();
    let mut unmanaged = BTreeMap::new();
    let mut orphaned = Some(BTreeMap::new());
    for region in &regions {
        interfaces.extend(interfaces_of(region));
        let foreign = region
            .sessions
            .iter()
            .filter(|session| !session.tags.contains_key(COVERAGE_ID_TAG));
        unmanaged.extend(foreign.map(|found| {
            let detail = format!("no tag {COVERAGE_ID_TAG}: no coverage made it or has adopted it");
            (found.id.clone(), session(&region.name, found, detail))
        }));
        match (&mut orphaned, &region.orphans) {
            (Some(orphaned), Some(orphans)) => {
                let of_region = region.sessions.iter().filter_map(|found| {
                    let detail = orphans.get(&found.id)?.clone();
                    Some((found.id.clone(), session(&region.name, found, detail)))
                });
                orphaned.extend(of_region);
            }
            _ => orphaned = None,
        }
    }
    Audit::of(scope, interfaces, orphaned, Some(unmanaged))
}

fn interfaces_of(region: &Region) -> impl Iterator<Item = (String, AuditInterface)> {
    let by_id: BTreeMap<&str, &MirrorSession> = region
        .sessions
        .iter()
        .map(|session| (session.id.as_str(), session))
        .collect();
    region.assessment.findings.iter().map(move |(id, finding)| {
        let member = region.interfaces.get(id).cloned().unwrap_or_default();
        let targets = finding.session_ids.iter().filter_map(|id| by_id.get(id.as_str()));
        let interface = AuditInterface {
            status: finding.verdict(),
            reason: finding.reason,
            detail: finding.detail.clone(),
            advice: finding.reason.advice().to_owned(),
            instance_id: member.instance_id,
            instance_name: member.tags.get(NAME_TAG).cloned(),
            instance_type: member.instance_type,
            vpc_id: member.vpc_id,
            subnet_id: member.subnet_id,
            availability_zone: member.availability_zone,
            region: region.name.clone(),
            session_ids: finding.session_ids.clone(),
            session_statuses: finding.session_verdicts.clone(),
            traffic_mirror_target_ids: targets
                .map(|session| session.traffic_mirror_target_id.clone())
                .collect(),
            virtual_network_id: finding.virtual_network_id,
        };
        (id.clone(), interface)
    })
}

fn session(region: &str, session: &MirrorSession, detail: String) -> AuditSession {
    AuditSession {
        detail,
        region: region.to_owned(),
        network_interface_id: session.network_interface_id.clone(),
        traffic_mirror_target_id: session.traffic_mirror_target_id.clone(),
        traffic_mirror_filter_id: session.traffic_mirror_filter_id.clone(),
        session_number: session.session_number,
        name: session.tags.get(NAME_TAG).cloned(),
        description: session.description.clone(),
        coverage_name: session.tags.get(COVERAGE_TAG).cloned(),
    }
}
