//! The row of one interface, and its target.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Row, Skip, Wanted, Wish};
use super::{Fleet, Member, Pick, PlacementTarget, Source, late, place, room};

/// The session that the interface has: that of the state, else one that is to be adopted. A row without an id is one whose
/// creation failed, and counts as none.
pub(super) fn existing<'a>(
    fleet: &'a Fleet,
    prior: &'a BTreeMap<String, Row>,
    interface: &str,
) -> Option<&'a Row> {
    let recorded = prior.get(interface).filter(|row| row.id.is_some());
    recorded.or_else(|| fleet.adoptable.get(interface))
}

/// The row of an interface. It has a target only where the session of `prior` has one that is still wanted.
pub(super) fn row(
    wish: &Wish,
    fleet: &Fleet,
    prior: &BTreeMap<String, Row>,
    interface: &str,
    member: &Member,
) -> Row {
    let existing = existing(fleet, prior, interface);
    let intended = fleet.intended.get(interface);
    let base = existing.map(|row| intended.filter(|meant| meant.id == row.id).unwrap_or(row));
    Row {
        id: existing.and_then(|row| row.id.clone()),
        instance_id: member.instance_id.clone(),
        traffic_mirror_target_id: base.and_then(|row| row.traffic_mirror_target_id.clone()),
        session_number: match wish.session_number {
            Wanted::Set(number) => Some(number),
            Wanted::Unknown => None,
            Wanted::Unset => base.and_then(|row| row.session_number),
        },
        virtual_network_id: base.and_then(|row| row.virtual_network_id),
        traffic_mirror_filter_id: fleet.own_choice(interface, wish.override_rule.filter(&member.tags)),
    }
}

/// Gives each row its target, and returns the rows for which there is none, and why. While a target is unknown, only rows
/// whose target does not depend on it have one: sessions that stay where they are, and those whose tag names a known one. So it is
/// with the `sensors` at any time. What was `shown` with a target keeps that.
pub(super) fn assign_targets(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &mut BTreeMap<String, Row>,
    shown: &BTreeSet<String>,
    sensors: &BTreeMap<String, Skip>,
) -> BTreeMap<String, Skip> {
    let unknown = late::waits(wish);
    let targets = targets(wish, fleet);
    let nothing = Member::default();
    let picks: BTreeMap<&String, (&Member, Pick)> = sessions
        .iter()
        .map(|(id, row)| {
            let member = fleet.interfaces.get(id).unwrap_or(&nothing);
            let shown = row
                .traffic_mirror_target_id
                .clone()
                .filter(|_| shown.contains(id));
            let pick = shown.map_or_else(|| wish.override_rule.target(&member.tags), Pick::Picked);
            (id, (member, pick))
        })
        .collect();
    let sources: Vec<Source<'_>> = sessions
        .iter()
        .filter_map(|(id, row)| {
            let (member, pick) = picks.get(id)?;
            let picked = match pick {
                Pick::Picked(target) => Some(target.as_str()),
                _ => None,
            };
            Some(Source {
                id,
                zone_id: member.availability_zone_id.as_deref(),
                // What the tag names is not known yet: wherever the session is, it is not known to stay.
                current: row
                    .traffic_mirror_target_id
                    .as_deref()
                    .filter(|_| !matches!(pick, Pick::Unlisted(_))),
                picked,
                waits: match pick {
                    Pick::Picked(_) => false,
                    Pick::Unlisted(_) => true,
                    _ => unknown || sensors.contains_key(id),
                },
                failed: fleet.failed_creates(id),
            })
        })
        .collect();
    let placed: BTreeMap<String, _> = place(wish.placement, &targets, &sources)
        .into_iter()
        .map(|(id, placed)| (id.to_owned(), placed))
        .collect();
    let mut unplaced = BTreeMap::new();
    for (id, row) in sessions {
        row.traffic_mirror_target_id = match placed.get(id) {
            Some(Ok(target)) => Some(target.clone()),
            Some(Err((reason, detail))) => {
                let skip = Skip {
                    instance_id: row.instance_id.clone(),
                    reason: *reason,
                    detail: detail.clone(),
                };
                unplaced.insert(id.clone(), skip);
                None
            }
            None => None,
        };
    }
    unplaced
}

/// The targets that are known by now: those of the configuration, and those that only a tag may name.
fn targets(wish: &Wish, fleet: &Fleet) -> Vec<PlacementTarget> {
    let listed: Vec<&String> = wish.targets.iter().flatten().collect();
    let by_tag = wish
        .override_rule
        .target_ids
        .iter()
        .filter(|id| !listed.contains(id));
    let of = |id: &String, by_override_only| PlacementTarget {
        target_id: id.clone(),
        capacity: room::capacity(wish, fleet, id),
        // Without allow_partial what others send there is an error of the plan, and decides no placement.
        others: fleet
            .other_sources
            .get(id)
            .copied()
            .filter(|_| wish.allow_partial)
            .unwrap_or_default(),
        shared_sources: fleet
            .other_sources_here
            .get(id)
            .filter(|_| wish.allow_partial)
            .cloned()
            .unwrap_or_default(),
        zone_ids: fleet
            .targets
            .get(id)
            .map(|site| site.zone_ids.clone())
            .unwrap_or_default(),
        by_override_only,
    };
    let listed = listed.iter().map(|id| of(id, false));
    listed.chain(by_tag.map(|id| of(id, true))).collect()
}
