//! Room for sessions: on an interface, in the account's region, on a target.

use std::collections::BTreeMap;

use super::plan::{Row, Skip, Wish};
use super::{Fleet, Reason, TargetKind, sources_per_interface_target};

/// Sessions of one network interface (Traffic Mirroring quotas; not adjustable).
pub const SESSIONS_PER_INTERFACE: usize = 3;
/// Sessions of an account in a region (Traffic Mirroring quotas; not adjustable).
pub const SESSIONS_PER_REGION: usize = 10_000;

/// How many sources the target takes; none: any number, or not known, as of a shared target.
pub(super) fn capacity(wish: &Wish, fleet: &Fleet, target: &str) -> Option<usize> {
    let site = fleet.targets.get(target)?;
    if site.kind != Some(TargetKind::NetworkInterface) || site.shared {
        return None;
    }
    let of_type = |kind: &String| sources_per_interface_target(kind, &BTreeMap::new());
    wish.limits
        .max_sources_per_target
        .or_else(|| site.instance_type.as_ref().map(of_type))
}

/// New sessions for which their interface has no room, and why.
pub(super) fn beyond_interface(fleet: &Fleet, sessions: &BTreeMap<String, Row>) -> BTreeMap<String, Skip> {
    let detail =
        format!("the interface has {SESSIONS_PER_INTERFACE} sessions, none of them of this coverage");
    let crowded = sessions
        .iter()
        .filter(|(id, row)| row.id.is_none() && fleet.crowded.contains(*id));
    crowded
        .map(|(id, row)| (id.clone(), quota(row, &detail)))
        .collect()
}

/// Of the `new` sessions, those for which the region has no room: all but the first.
pub(super) fn beyond_region(
    fleet: &Fleet,
    sessions: &BTreeMap<String, Row>,
    new: &[String],
) -> BTreeMap<String, Skip> {
    let room = SESSIONS_PER_REGION.saturating_sub(fleet.other_sessions);
    let stays = sessions.len() - new.len();
    let detail = format!(
        "the account has {SESSIONS_PER_REGION} sessions in {}, {} of them not of this coverage",
        fleet.region, fleet.other_sessions
    );
    let beyond = new.iter().skip(room.saturating_sub(stays));
    beyond
        .filter_map(|id| Some((id.clone(), quota(sessions.get(id)?, &detail))))
        .collect()
}

fn quota(row: &Row, detail: &str) -> Skip {
    Skip {
        instance_id: row.instance_id.clone(),
        reason: Reason::Quota,
        detail: detail.to_owned(),
    }
}

/// Targets that get a session by this plan and then have more sources than they take, because of others' sessions: in words.
pub(super) fn overfull(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &BTreeMap<String, Row>,
    prior: &BTreeMap<String, Row>,
) -> BTreeMap<String, String> {
    let mut own: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for (id, row) in sessions {
        let Some(target) = row.traffic_mirror_target_id.as_deref() else {
            continue;
        };
        let before = prior.get(id).filter(|row| row.id.is_some());
        let arrives = before.and_then(|row| row.traffic_mirror_target_id.as_deref()) != Some(target);
        let (count, any_arrives) = own.entry(target).or_default();
        *count += 1;
        *any_arrives |= arrives;
    }
    own.into_iter()
        .filter(|(_, (_, arrives))| *arrives)
        .filter_map(|(target, (count, _))| {
            let capacity = capacity(wish, fleet, target)?;
            let others = fleet.other_sources.get(target).copied().unwrap_or_default();
            let text = || {
                format!(
                    "takes {capacity} sources, has {others} of others, and would get {count} of this coverage"
                )
            };
            (count + others > capacity).then(|| (target.to_owned(), text()))
        })
        .collect()
}
