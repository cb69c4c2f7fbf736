//! From the judgement of the planner to the audit that reports are made of.

use std::collections::BTreeMap;

use crate::planner::{Assessment, COVERAGE_ID_TAG, COVERAGE_TAG, Fleet, MirrorSession, NAME_TAG};
use crate::report::{Audit, AuditInterface, AuditSession, Scope};

/// The audit of one region.
pub fn audit(
    scope: Scope,
    region: &str,
    fleet: &Fleet,
    assessment: &Assessment,
    sessions: &[MirrorSession],
) -> Audit {
    let by_id: BTreeMap<&str, &MirrorSession> = sessions
        .iter()
        .map(|session| (session.id.as_str(), session))
        .collect();
    let interfaces = assessment.findings.iter().map(|(id, finding)| {
        let member = fleet.interfaces.get(id).cloned().unwrap_or_default();
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
            region: region.to_owned(),
            session_ids: finding.session_ids.clone(),
            traffic_mirror_target_ids: targets
                .map(|session| session.traffic_mirror_target_id.clone())
                .collect(),
            virtual_network_id: finding.virtual_network_id,
        };
        (id.clone(), interface)
    });
    let unmanaged = sessions
        .iter()
        .filter(|session| !session.tags.contains_key(COVERAGE_ID_TAG))
        .map(|session| (session.id.clone(), unmanaged(region, session)));
    // Orphaned ones are not looked for.
    Audit::of(scope, interfaces.collect(), None, Some(unmanaged.collect()))
}

fn unmanaged(region: &str, session: &MirrorSession) -> AuditSession {
    AuditSession {
        detail: format!("no tag {COVERAGE_ID_TAG}: no coverage made it or has adopted it"),
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
