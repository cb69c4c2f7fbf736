//! What turns out only once every target is known.
//!
//! A plan that does not know every target yet lists the sessions all the same, and nothing that it listed can be dropped by the
//! final plan. What a target then forbids is not made, and is a failure of the apply.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::{Row, Skip, Wish, candidate, refused_override};
use super::rows::assign_targets;
use super::{Fleet, MirrorTarget, Reason, Surroundings, ineligible};

/// Which targets the first plan knew, where it did not know all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFirst {
    /// Of the targets for all; none: it knew them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<BTreeSet<String>>,
    /// Of those that only a tag may name; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_tag: Option<BTreeSet<String>>,
}

impl KnownFirst {
    /// What a plan knows that has this wish.
    fn of(wish: &Wish) -> Self {
        let rule = &wish.override_rule;
        let listed = wish.targets.iter().flatten().cloned().collect();
        let by_tag = rule.target_ids.iter().cloned().collect();
        Self {
            listed: waits(wish).then_some(listed),
            by_tag: rule.unknown_target_ids.then_some(by_tag),
        }
    }
}

/// Who receives what some targets take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receivers {
    /// Instances that own a target's interface or are registered behind its load balancer.
    pub instance_ids: BTreeSet<String>,
    /// Interfaces that targets deliver to.
    pub interface_ids: BTreeSet<String>,
}

impl Receivers {
    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.instance_ids.is_empty() && self.interface_ids.is_empty()
    }
}

impl Fleet {
    /// Notes which targets the first plan knows, if not all.
    pub fn note_known_first(&mut self, wish: &Wish) {
        let known = KnownFirst::of(wish);
        if !self.late_targets && known != KnownFirst::default() {
            self.late_targets = true;
            self.known_first = Some(known);
        }
    }

    /// Notes that these targets too deliver to their interfaces, and who receives it. `late`: the first plan did not know them.
    pub fn note_new_sensors(&mut self, targets: &[MirrorTarget], instance_ids: BTreeSet<String>, late: bool) {
        let interfaces = targets
            .iter()
            .filter_map(|target| target.network_interface_id.clone());
        if late {
            self.late_receivers.interface_ids.extend(interfaces);
            self.late_receivers.instance_ids.extend(instance_ids);
        } else {
            self.target_interface_ids.extend(interfaces);
            self.sensor_instance_ids.extend(instance_ids);
        }
    }
}

/// Whether a target for all is known only at apply.
pub(super) fn waits(wish: &Wish) -> bool {
    wish.targets.iter().any(Option::is_none)
}

/// What was wished for as far as the first plan knew it: both plans decide by this what gets a session.
pub(super) fn first<'a>(wish: &'a Wish, fleet: &Fleet) -> Cow<'a, Wish> {
    if !fleet.late_targets {
        return Cow::Borrowed(wish);
    }
    // Private data that does not say which is of a plan that may have known none.
    let none = || Some(BTreeSet::new());
    let unsaid = || KnownFirst {
        listed: none(),
        by_tag: none(),
    };
    let known = fleet.known_first.clone().unwrap_or_else(unsaid);
    let mut first = wish.clone();
    if let Some(known) = known.listed {
        first
            .targets
            .retain(|target| target.as_ref().is_some_and(|id| known.contains(id)));
        first.targets.push(None);
    }
    if let Some(known) = known.by_tag {
        first.override_rule.target_ids.retain(|id| known.contains(id));
        first.override_rule.unknown_target_ids = true;
    }
    Cow::Owned(first)
}

/// Where the sessions are before any target is given out.
pub(super) fn places(fleet: &Fleet, sessions: &BTreeMap<String, Row>) -> BTreeMap<String, String> {
    let place = |(id, row): (&String, &Row)| Some((id.clone(), row.traffic_mirror_target_id.clone()?));
    let late = sessions.iter().filter(|_| fleet.late_targets);
    late.filter_map(place).collect()
}

/// Gives a target to those sessions that have none yet, for which the first plan did not know one; `before` tells where they are.
/// Returns those that are not made or changed, and why.
pub(super) fn assign_rest(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &mut BTreeMap<String, Row>,
    mut before: BTreeMap<String, String>,
) -> BTreeMap<String, Skip> {
    let mut shown = BTreeSet::new();
    for (id, row) in sessions.iter_mut() {
        if row.traffic_mirror_target_id.is_some() {
            shown.insert(id.clone());
        } else {
            row.traffic_mirror_target_id = before.remove(id);
        }
    }
    let sensors = sensors(wish, fleet, sessions);
    let mut refusals = assign_targets(wish, fleet, sessions, &shown, &sensors);
    refusals.extend(refused(sensors, sessions));
    if !waits(wish) && !wish.override_rule.unknown_target_ids {
        refusals.extend(unlisted(wish, fleet, sessions));
    }
    refusals
}

/// Sessions that turned out to have a sensor as their source, and why.
fn sensors(wish: &Wish, fleet: &Fleet, sessions: &BTreeMap<String, Row>) -> BTreeMap<String, Skip> {
    if fleet.late_receivers.is_empty() {
        return BTreeMap::new();
    }
    let refused = BTreeMap::new();
    let around = Surroundings {
        sensor_instance_ids: &fleet.late_receivers.instance_ids,
        target_interface_ids: &fleet.late_receivers.interface_ids,
        refused: &refused,
        needs_of_instance: None,
    };
    let of = |id: &String| {
        let member = fleet.interfaces.get(id)?;
        let (reason, detail) = ineligible(&wish.eligibility, &around, &candidate(id, member))?;
        let skip = Skip {
            instance_id: member.instance_id.clone(),
            reason,
            detail,
        };
        (reason == Reason::Sensor).then(|| (id.clone(), skip))
    };
    sessions.keys().filter_map(of).collect()
}

/// Of those, the sessions that are not made or changed for it: one that stays where it is goes on until the next plan.
fn refused(
    sensors: BTreeMap<String, Skip>,
    sessions: &BTreeMap<String, Row>,
) -> impl Iterator<Item = (String, Skip)> {
    sensors.into_iter().filter(|(id, _)| {
        sessions
            .get(id)
            .is_some_and(|row| row.id.is_none() || row.traffic_mirror_target_id.is_none())
    })
}

/// Sessions without a target because their instance's tag names one that turned out not to be listed.
fn unlisted(wish: &Wish, fleet: &Fleet, sessions: &BTreeMap<String, Row>) -> BTreeMap<String, Skip> {
    let without = sessions
        .iter()
        .filter(|(_, row)| row.traffic_mirror_target_id.is_none());
    let of = |(id, row): (&String, &Row)| {
        let skip = Skip {
            instance_id: row.instance_id.clone(),
            reason: Reason::OverrideRefused,
            detail: refused_override(wish, fleet.interfaces.get(id)?, false)?,
        };
        Some((id.clone(), skip))
    };
    without.filter_map(of).collect()
}
