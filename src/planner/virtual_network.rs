//! Which VXLAN network identifier each session gets.

use std::collections::{BTreeMap, BTreeSet};

/// The greatest VXLAN network identifier: they have 24 bits.
pub const MAX_VIRTUAL_NETWORK_ID: i64 = (1 << 24) - 1;

/// The arguments `virtual_network_id` and `virtual_network_id_range`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VirtualNetwork {
    /// Neither: AWS draws one for each session, which then stays.
    #[default]
    Drawn,
    /// The same for every session; explicit ones may repeat in an account.
    Fixed(VirtualNetworkId),
    /// One of its own for each session.
    Range(VirtualNetworkRange),
}

/// A network identifier, 1 to [`MAX_VIRTUAL_NETWORK_ID`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VirtualNetworkId(i64);

/// A range of network identifiers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualNetworkRange {
    first: VirtualNetworkId,
    last: VirtualNetworkId,
}

/// The configuration is not a network identifier or range, or the range does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VirtualNetworkError {
    #[error("a virtual network id goes from 1 to {MAX_VIRTUAL_NETWORK_ID}, and {0} is outside")]
    OutOfBounds(i64),
    #[error("the range ends at {last}, before it begins at {first}")]
    Reversed { first: i64, last: i64 },
    #[error(
        "the range {first} to {last} has {} virtual network ids for {wanted} sessions, {} too few",
        .last - .first + 1, .missing
    )]
    TooSmall {
        first: i64,
        last: i64,
        /// Sessions that need one.
        wanted: usize,
        /// Sessions that get none.
        missing: usize,
    },
}

impl VirtualNetworkId {
    /// The identifier, if it is one.
    pub fn new(id: i64) -> Result<Self, VirtualNetworkError> {
        if (1..=MAX_VIRTUAL_NETWORK_ID).contains(&id) {
            Ok(Self(id))
        } else {
            Err(VirtualNetworkError::OutOfBounds(id))
        }
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl VirtualNetworkRange {
    /// The range, if its ends are in order.
    pub fn new(first: VirtualNetworkId, last: VirtualNetworkId) -> Result<Self, VirtualNetworkError> {
        if first <= last {
            Ok(Self { first, last })
        } else {
            Err(VirtualNetworkError::Reversed {
                first: first.0,
                last: last.0,
            })
        }
    }

    fn ids(self) -> std::ops::RangeInclusive<i64> {
        self.first.0..=self.last.0
    }
}

/// The identifier of each session, by interface; none where AWS draws it.
///
/// `current` has every interface that is to have a session, with the identifier that its session has or is meant to have.
/// Out of a range, each keeps its own while it is in the range and nobody before it by id has the same; the others get the
/// lowest free one, in the order of their ids.
pub fn virtual_network_ids<'a>(
    wish: VirtualNetwork,
    current: &BTreeMap<&'a str, Option<i64>>,
) -> Result<BTreeMap<&'a str, Option<i64>>, VirtualNetworkError> {
    let range = match wish {
        VirtualNetwork::Drawn => return Ok(current.clone()),
        VirtualNetwork::Fixed(id) => {
            return Ok(current.keys().map(|interface| (*interface, Some(id.0))).collect());
        }
        VirtualNetwork::Range(range) => range,
    };
    let mut taken = BTreeSet::new();
    let mut assigned: BTreeMap<&str, Option<i64>> = BTreeMap::new();
    for (interface, id) in current {
        let kept = id.filter(|id| range.ids().contains(id) && taken.insert(*id));
        assigned.insert(interface, kept);
    }
    let mut free = range.ids().filter(|id| !taken.contains(id));
    let mut missing = 0;
    for id in assigned.values_mut().filter(|id| id.is_none()) {
        *id = free.next();
        missing += usize::from(id.is_none());
    }
    if missing > 0 {
        return Err(VirtualNetworkError::TooSmall {
            first: range.first.0,
            last: range.last.0,
            wanted: current.len(),
            missing,
        });
    }
    Ok(assigned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_map;
    use proptest::option;
    use proptest::prelude::*;

    fn range(first: i64, last: i64) -> Result<VirtualNetworkRange, VirtualNetworkError> {
        VirtualNetworkRange::new(VirtualNetworkId::new(first)?, VirtualNetworkId::new(last)?)
    }

    fn wish(first: i64, last: i64) -> VirtualNetwork {
        VirtualNetwork::Range(range(first, last).unwrap())
    }

    #[test]
    fn the_bounds_are_those_of_24_bits() {
        assert!(VirtualNetworkId::new(1).is_ok() && VirtualNetworkId::new(16_777_215).is_ok());
        for outside in [0, -1, 16_777_216, i64::MIN, i64::MAX] {
            let error = VirtualNetworkId::new(outside).unwrap_err();
            assert_eq!(error, VirtualNetworkError::OutOfBounds(outside));
            assert!(error.to_string().contains("1 to 16777215"), "{error}");
        }
        assert_eq!(
            range(9, 8).unwrap_err().to_string(),
            "the range ends at 8, before it begins at 9"
        );
        assert!(range(8, 8).is_ok());
    }

    #[test]
    fn drawn_ones_stay_and_a_fixed_one_is_everybodys() {
        let current = BTreeMap::from([("a", Some(7)), ("b", None)]);
        assert_eq!(
            virtual_network_ids(VirtualNetwork::Drawn, &current),
            Ok(current.clone())
        );
        let fixed = VirtualNetwork::Fixed(VirtualNetworkId::new(5).unwrap());
        assert_eq!(
            virtual_network_ids(fixed, &current),
            Ok(BTreeMap::from([("a", Some(5)), ("b", Some(5))]))
        );
    }

    #[test]
    fn out_of_a_range_the_lowest_free_one_first() {
        let current = BTreeMap::from([
            ("a", None),
            ("b", Some(1001)),
            // Somebody gave two sessions the same: the first keeps it.
            ("c", Some(1001)),
            ("d", Some(7)),
            ("e", Some(1000)),
        ]);
        assert_eq!(
            virtual_network_ids(wish(1000, 1004), &current),
            Ok(BTreeMap::from([
                ("a", Some(1002)),
                ("b", Some(1001)),
                ("c", Some(1003)),
                ("d", Some(1004)),
                ("e", Some(1000)),
            ]))
        );
    }

    #[test]
    fn too_small_a_range_says_how_many_are_missing() {
        let current = BTreeMap::from([("a", None), ("b", None), ("c", Some(2))]);
        let error = virtual_network_ids(wish(2, 2), &current).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the range 2 to 2 has 1 virtual network ids for 3 sessions, 2 too few"
        );
    }

    proptest! {
        #[test]
        fn each_its_own_in_the_range_and_sticky(
            current in btree_map("[a-z]", option::of(95_i64..130), 0..20), first in 90_i64..110, size in 0_i64..30,
        ) {
            let current: BTreeMap<&str, Option<i64>> = current.iter().map(|(k, v)| (k.as_str(), *v)).collect();
            let last = first + size;
            match virtual_network_ids(wish(first, last), &current) {
                Ok(assigned) => {
                    let ids: BTreeSet<i64> = assigned.values().flatten().copied().collect();
                    prop_assert_eq!(ids.len(), current.len(), "one each and all different");
                    prop_assert!(ids.iter().all(|id| (first..=last).contains(id)));
                    prop_assert_eq!(virtual_network_ids(wish(first, last), &assigned), Ok(assigned.clone()));
                    // Whoever leaves changes nothing for the others.
                    let mut fewer = assigned.clone();
                    fewer.pop_first();
                    prop_assert_eq!(virtual_network_ids(wish(first, last), &fewer), Ok(fewer.clone()));
                }
                Err(VirtualNetworkError::TooSmall { wanted, missing, .. }) => {
                    prop_assert_eq!(wanted, current.len());
                    prop_assert_eq!(missing as i64, current.len() as i64 - (size + 1));
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }
}
