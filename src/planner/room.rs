//! Room for sessions: on an interface, in the account's region, on a target.

use std::collections::{BTreeMap, BTreeSet};

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

/// Targets that get a session by this plan and then have more sources than they take, because of others' sessions: in words, with
/// what to do about it.
pub(super) fn overfull(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &BTreeMap<String, Row>,
    prior: &BTreeMap<String, Row>,
) -> BTreeMap<String, String> {
    let mut own: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    let mut arrives = BTreeSet::new();
    for (id, row) in sessions {
        let Some(target) = row.traffic_mirror_target_id.as_deref() else {
            continue;
        };
        let before = prior.get(id).filter(|row| row.id.is_some());
        if before.and_then(|row| row.traffic_mirror_target_id.as_deref()) != Some(target) {
            arrives.insert(target);
        }
        own.entry(target).or_default().insert(id);
    }
    let count = |target: &str| own.get(target).map_or(0, BTreeSet::len);
    let others = |target: &str| {
        let here = fleet.other_sources_here.get(target).into_iter().flatten();
        let here = here.filter(|id| own.get(target).is_none_or(|own| !own.contains(id)));
        let elsewhere = fleet.other_sources.get(target).copied().unwrap_or_default();
        elsewhere.saturating_add(here.count())
    };
    let has_room = |target: &str, more: usize| {
        let capacity = capacity(wish, fleet, target);
        capacity.is_none_or(|capacity| others(target).saturating_add(count(target) + more) <= capacity)
    };
    let advice = |target: &str| {
        let mut listed = wish.targets.iter().flatten();
        if !listed.clone().any(|id| id == target) {
            return "Let the tags pick another target".to_owned();
        }
        let roomy = listed.find(|id| *id != target && has_room(id, count(target)));
        roomy.map_or_else(
            || "Add another target".to_owned(),
            |other| {
                format!(
                    "Others' sessions decide no placement: take it off the list, since {other} has room for these too"
                )
            },
        )
    };
    arrives
        .into_iter()
        .filter(|target| !has_room(target, 0))
        .map(|target| {
            let text = format!(
                "takes {} sources, has {} of others, and would get {} of this coverage. {}",
                capacity(wish, fleet, target).unwrap_or_default(),
                others(target),
                count(target),
                advice(target)
            );
            (target.to_owned(), text)
        })
        .collect()
}
