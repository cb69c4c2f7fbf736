//! What turns out only once every target is known.
//!
//! A plan that does not know every target yet lists the sessions all the same, and nothing that it listed can be dropped by the
//! final plan. What a target then forbids is not made, and is a failure of the apply.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::{Row, Skip, Wish, candidate, refused_override};
use super::{Fleet, Reason, Surroundings, ineligible};

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

/// Sessions that turned out to have a sensor as their source, and why.
pub(super) fn sensors(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &BTreeMap<String, Row>,
) -> BTreeMap<String, Skip> {
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
pub(super) fn refused(
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
pub(super) fn unlisted(
    wish: &Wish,
    fleet: &Fleet,
    sessions: &BTreeMap<String, Row>,
) -> BTreeMap<String, Skip> {
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
