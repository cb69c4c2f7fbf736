//! Which traffic mirror target an interface's session goes to.

use std::collections::{BTreeMap, BTreeSet};

use strum::{Display, EnumIter, EnumString};

use super::Reason;

/// How new sessions are spread over the targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Display, EnumString, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Placement {
    /// A target in the interface's zone where one has room, else any.
    #[default]
    PreferSameAz,
    /// A target in the interface's zone or none.
    SameAz,
    /// The target with the fewest sessions, wherever it is.
    Balanced,
}

/// A traffic mirror target as far as placement is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlacementTarget {
    pub target_id: String,
    /// Sources that it takes; none: unlimited or unknown.
    pub capacity: Option<usize>,
    /// Of those, sources that others send there and that are not among the sources to be placed.
    pub others: usize,
    /// Sources to be placed that others send there already: such a one takes no more room.
    pub shared_sources: BTreeSet<String>,
    /// Ids of the zones (`euw1-az2`) that it serves, since names differ between accounts; empty: any or unknown.
    pub zone_ids: BTreeSet<String>,
    /// Whether it is not in `traffic_mirror_target_ids`, so that only sources that name it may use it.
    pub by_override_only: bool,
}

/// An interface that wants a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source<'a> {
    /// `eni-…`
    pub id: &'a str,
    /// Id of its zone; none when it is not visible.
    pub zone_id: Option<&'a str>,
    /// The target of its existing session.
    pub current: Option<&'a str>,
    /// The target that its instance's tag picked: it goes there and nowhere else, in whatever zone.
    pub picked: Option<&'a str>,
    /// Whether its target is not known yet: it gets none, unless it stays where it is.
    pub waits: bool,
    /// How often its session could not be made: whoever failed less often chooses first.
    pub failed: u32,
}

/// Where an interface's session goes, or why it has no place.
pub type Placed = Result<String, (Reason, String)>;

/// Gives each source a target. `targets` are in the order of the configuration, which breaks ties; ids of sources are
/// distinct.
///
/// A session that exists stays where it is unless its target is no longer listed, its tag picks another, or
/// [`Placement::SameAz`] rules its zone out; it stays on a target that is over its capacity too. The others go to the target
/// with the fewest of these sources, so what other coverages and tools send there decides nothing but whether there is room. A source
/// that waits and does not stay is not in the result.
pub fn place<'a>(
    placement: Placement,
    targets: &'a [PlacementTarget],
    sources: &[Source<'a>],
) -> BTreeMap<&'a str, Placed> {
    let mut load = Load::of(targets);
    let mut placed = BTreeMap::new();
    let mut moving = Vec::new();
    for source in sources {
        match stays(placement, targets, source) {
            Some(index) => {
                load.add(index, source);
                placed.insert(source.id, Ok(targets[index].target_id.clone()));
            }
            None if source.waits => {}
            None => moving.push(source),
        }
    }
    // Whoever failed takes no room from others; of the rest, whoever has least choice chooses first, then sessions that exist before new
    // ones. No better matching is possible: only targets on one network interface are limited, and such a target serves one zone.
    moving.sort_by_key(|source| {
        (
            source.failed,
            source.picked.is_none(),
            source.current.is_none(),
            source.id,
        )
    });
    // The others leave it room where its tag sends it, as long as they find some elsewhere.
    for picked in moving.iter().filter(|source| source.failed > 0) {
        load.keep_free(picked);
    }
    for source in moving {
        let outcome = choose(placement, &load, source).map(|index| {
            load.add(index, source);
            targets[index].target_id.clone()
        });
        placed.insert(source.id, outcome);
    }
    placed
}

/// The target where the source's session is and stays.
fn stays(placement: Placement, targets: &[PlacementTarget], source: &Source<'_>) -> Option<usize> {
    let current = source.current?;
    let index = targets.iter().position(|target| target.target_id == current)?;
    let target = &targets[index];
    let fits = match source.picked {
        Some(picked) => picked == current,
        None => {
            // A zone that is not visible proves nothing.
            let elsewhere = source.zone_id.is_some_and(|zone| !serves(target, zone));
            let ruled_out = elsewhere && placement == Placement::SameAz;
            !(ruled_out || target.by_override_only)
        }
    };
    fits.then_some(index)
}

fn serves(target: &PlacementTarget, zone: &str) -> bool {
    target.zone_ids.is_empty() || target.zone_ids.contains(zone)
}

/// How many sources each target has.
struct Load<'a> {
    targets: &'a [PlacementTarget],
    /// Of the sources to be placed.
    own: Vec<usize>,
    /// Others' included.
    all: Vec<usize>,
    /// For sources that can go nowhere else and choose last.
    kept_free: Vec<usize>,
}

impl<'a> Load<'a> {
    fn of(targets: &'a [PlacementTarget]) -> Self {
        let others = |target: &PlacementTarget| target.others.saturating_add(target.shared_sources.len());
        Self {
            targets,
            own: vec![0; targets.len()],
            all: targets.iter().map(others).collect(),
            kept_free: vec![0; targets.len()],
        }
    }

    fn is_there(&self, index: usize, source: &Source<'_>) -> bool {
        self.targets[index].shared_sources.contains(source.id)
    }

    fn add(&mut self, index: usize, source: &Source<'_>) {
        self.own[index] += 1;
        // What others have is read from a text, hence may be any number.
        self.all[index] = self.all[index].saturating_add(usize::from(!self.is_there(index, source)));
    }

    fn keep_free(&mut self, source: &Source<'_>) {
        let is_picked = |target: &PlacementTarget| source.picked == Some(&target.target_id);
        if let Some(index) = self.targets.iter().position(is_picked) {
            self.kept_free[index] += 1;
        }
    }

    fn has_room(&self, index: usize, source: &Source<'_>) -> bool {
        self.has_room_beside(index, source, 0)
    }

    /// Whether there is room beside what is kept free.
    fn has_spare_room(&self, index: usize, source: &Source<'_>) -> bool {
        self.has_room_beside(index, source, self.kept_free[index])
    }

    fn has_room_beside(&self, index: usize, source: &Source<'_>, kept: usize) -> bool {
        let capacity = self.targets[index].capacity;
        self.is_there(index, source)
            || capacity.is_none_or(|capacity| self.all[index].saturating_add(kept) < capacity)
    }
}

fn choose(placement: Placement, load: &Load<'_>, source: &Source<'_>) -> Result<usize, (Reason, String)> {
    let targets = load.targets;
    let listed = |index: &usize| match source.picked {
        Some(picked) => targets[*index].target_id == picked,
        None => !targets[*index].by_override_only,
    };
    let near = |index: &usize| match source.zone_id {
        Some(zone) => serves(&targets[*index], zone),
        None => targets[*index].zone_ids.is_empty(),
    };
    let roomy = |index: &usize| load.has_room(*index, source);
    let least = |indices: &mut dyn Iterator<Item = usize>| indices.min_by_key(|index| load.own[*index]);

    let all: Vec<usize> = (0..targets.len()).filter(listed).collect();
    let nearby: Vec<usize> = all.iter().copied().filter(near).collect();
    let (first, second) = match (source.picked, placement) {
        (Some(_), _) | (None, Placement::Balanced) => (&all, &all),
        (None, Placement::PreferSameAz) => (&nearby, &all),
        (None, Placement::SameAz) => (&nearby, &nearby),
    };
    let spare = |index: &usize| source.picked.is_none() && load.has_spare_room(*index, source);
    least(&mut first.iter().copied().filter(spare))
        .or_else(|| least(&mut second.iter().copied().filter(spare)))
        .or_else(|| least(&mut first.iter().copied().filter(roomy)))
        .or_else(|| least(&mut second.iter().copied().filter(roomy)))
        .ok_or_else(|| refusal(targets, &all, second, source))
}

/// Why none of the `possible` targets takes the source; `all` are those that it might use in another zone.
fn refusal(
    targets: &[PlacementTarget],
    all: &[usize],
    possible: &[usize],
    source: &Source<'_>,
) -> (Reason, String) {
    if !possible.is_empty() {
        return (Reason::TargetFull, full(targets, possible));
    }
    match (source.picked, source.zone_id) {
        (Some(picked), _) => (
            Reason::OverrideRefused,
            format!("its tag picks {picked}, which is not listed"),
        ),
        (None, _) if all.is_empty() => (
            Reason::TargetFull,
            "no traffic mirror target is listed".to_owned(),
        ),
        (None, Some(zone)) => (
            Reason::TargetFull,
            format!("no traffic mirror target is in its zone {zone}, and placement is same_az"),
        ),
        (None, None) => (
            Reason::NotVisible,
            "its zone is not visible, and placement is same_az".to_owned(),
        ),
    }
}

/// Names the full targets, a few of them where there are many.
fn full(targets: &[PlacementTarget], indices: &[usize]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = indices
        .iter()
        .take(NAMED)
        .map(|index| {
            let target = &targets[*index];
            // No number of others' sources, or the text would change whenever they come and go.
            let others = match target.others.saturating_add(target.shared_sources.len()) {
                0 => "",
                _ => ", part of it taken by others",
            };
            let capacity = target.capacity.unwrap_or_default();
            format!("{} (capacity {capacity}{others})", target.target_id)
        })
        .collect();
    let more = match indices.len().saturating_sub(NAMED) {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    format!("no room: {}{more}", named.join(", "))
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
