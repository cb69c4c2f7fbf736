//! Who owns a session: the tags that say so.
//!
//! `mirror:coverage` holds the coverage's name, for people and for import. `mirror:coverage-id` holds the id of the one
//! object that may change or delete the session, so that a replacement never deletes what is not its own. While a create
//! runs, the id carries the mark `.pending.` and the process that makes it: sessions so marked are the leavings of a create that was killed before its
//! state was saved.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{MirrorSession, Row, Tags};

/// Tag with the coverage's name.
pub const COVERAGE_TAG: &str = "mirror:coverage";
/// Tag with the id of the owning object, marked while its create runs.
pub const COVERAGE_ID_TAG: &str = "mirror:coverage-id";
/// Tag that the console shows as the resource's name.
pub const NAME_TAG: &str = "Name";

const PREFIX: &str = "mc-";
const PENDING: &str = ".pending.";
const HEX_DIGITS: usize = 17;

/// The id of one `mirror_coverage` object: `mc-` and 17 hexadecimal digits, as long as EC2's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoverageId(String);

impl CoverageId {
    /// The id made of these random bits, of which the lowest 68 are used.
    pub fn from_bits(bits: u128) -> Self {
        let mask = (1_u128 << (4 * HEX_DIGITS)) - 1;
        Self(format!("{PREFIX}{:0width$x}", bits & mask, width = HEX_DIGITS))
    }

    /// The value of [`COVERAGE_ID_TAG`] while the create runs; `maker` tells which process runs it.
    pub fn pending(&self, maker: &str) -> String {
        format!("{}{PENDING}{maker}", self.0)
    }

    /// The id itself, which is also the settled tag's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CoverageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a coverage id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a coverage id is \"mc-\" followed by {HEX_DIGITS} lowercase hexadecimal digits, not {0:?}")]
pub struct NotACoverageId(String);

impl FromStr for CoverageId {
    type Err = NotACoverageId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(PREFIX).unwrap_or_default();
        let hex = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if digits.len() == HEX_DIGITS && hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotACoverageId(text.to_owned()))
        }
    }
}

/// What the tags of a session say of its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The coverage's name; empty when that tag was removed.
    pub name: String,
    pub id: CoverageId,
    /// Of a create that has not ended: the process that runs it, or ran it until it was killed.
    pub pending: Option<String>,
}

impl Owner {
    /// Reads the ownership tags of a session or filter; none when it belongs to no coverage.
    pub fn of(tags: &Tags) -> Option<Self> {
        let value = tags.get(COVERAGE_ID_TAG)?;
        let (id, pending) = match value.split_once(PENDING) {
            Some((id, maker)) => (id, Some(maker.to_owned())),
            None => (value.as_str(), None),
        };
        let name = tags.get(COVERAGE_TAG).cloned().unwrap_or_default();
        Some(Self {
            name,
            id: id.parse().ok()?,
            pending,
        })
    }
}

/// What an object is called whose marks have lost their name: a name that it can be given, and by which an import finds it.
pub fn name_of_unnamed(id: &CoverageId) -> String {
    let digits = id.as_str().trim_start_matches(PREFIX);
    format!("unnamed-{digits}")
}

/// The name of the object that these marks are of: the commonest, since somebody may have changed or removed it on some; the first by
/// the alphabet of several. Without any, [`name_of_unnamed`]. None of no mark.
pub fn name_of_all<'a>(owners: impl IntoIterator<Item = &'a Owner>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut id = None;
    for owner in owners {
        id = Some(&owner.id);
        if !owner.name.is_empty() {
            *counts.entry(&owner.name).or_default() += 1;
        }
    }
    let commonest = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    let name = commonest.map(|(name, _)| name.to_owned());
    name.or_else(|| id.map(name_of_unnamed))
}

/// One coverage's view of all sessions of the account.
#[derive(Debug, Clone, Copy)]
pub struct Ownership<'a> {
    /// The coverage's id; none before it has one.
    pub id: Option<&'a CoverageId>,
    /// The sessions of the coverage's state, by interface.
    pub recorded: &'a BTreeMap<String, Row>,
}

impl Ownership<'_> {
    /// Whether the coverage may change and delete this session: it carries the coverage's id, or the state records it
    /// and it carries nobody's id, as after somebody removed its tags.
    pub fn owns(&self, session: &MirrorSession) -> bool {
        match session.tags.get(COVERAGE_ID_TAG) {
            Some(_) => Owner::of(&session.tags).is_some_and(|owner| Some(&owner.id) == self.id),
            None => {
                let row = self.recorded.get(&session.network_interface_id);
                row.and_then(|row| row.id.as_deref()) == Some(&session.id)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(tags: &[(&str, &str)]) -> MirrorSession {
        let tags = tags.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        MirrorSession {
            id: "tms-1".into(),
            network_interface_id: "eni-1".into(),
            tags,
            ..Default::default()
        }
    }

    #[test]
    fn the_commonest_name_is_the_objects() {
        let id = CoverageId::from_bits(1);
        let name = |names: &[&str]| {
            let owners: Vec<Owner> = names
                .iter()
                .map(|name| Owner {
                    name: (*name).to_owned(),
                    id: id.clone(),
                    pending: None,
                })
                .collect();
            name_of_all(&owners)
        };
        assert_eq!(name(&["other", "prod", "", "prod"]).as_deref(), Some("prod"));
        assert_eq!(name(&["", "", "prod"]).as_deref(), Some("prod"));
        assert_eq!(name(&["b", "a"]).as_deref(), Some("a"));
        assert_eq!(name(&["", ""]).as_deref(), Some("unnamed-00000000000000001"));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn an_id_is_read_back() {
        let id = CoverageId::from_bits(u128::MAX);
        assert_eq!(id.as_str(), "mc-fffffffffffffffff");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(CoverageId::from_bits(1).as_str(), "mc-00000000000000001");
        for wrong in [
            "",
            "mc-",
            "mc-1",
            "mc-fffffffffffffffFf",
            "xx-fffffffffffffffff",
            "mc-fffffffffffffffff.pending",
        ] {
            assert!(wrong.parse::<CoverageId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_id_makes_an_owner() {
        let mine = CoverageId::from_bits(1);
        let others = CoverageId::from_bits(2);
        let nothing = BTreeMap::new();
        let recorded = BTreeMap::from([(
            "eni-1".into(),
            Row {
                id: Some("tms-1".into()),
                ..Row::default()
            },
        )]);
        let ownership = Ownership {
            id: Some(&mine),
            recorded: &nothing,
        };
        assert!(ownership.owns(&session(&[(COVERAGE_ID_TAG, mine.as_str())])));
        assert!(ownership.owns(&session(&[(COVERAGE_ID_TAG, &mine.pending("1"))])));
        assert!(
            !ownership.owns(&session(&[(COVERAGE_TAG, "prod")])),
            "a name alone owns nothing"
        );
        assert!(!ownership.owns(&session(&[(COVERAGE_ID_TAG, others.as_str())])));
        let ownership = Ownership {
            recorded: &recorded,
            ..ownership
        };
        assert!(
            ownership.owns(&session(&[])),
            "stripped of its tags, but recorded in the state"
        );
        assert!(
            !ownership.owns(&session(&[(COVERAGE_ID_TAG, others.as_str())])),
            "taken over by another coverage"
        );
        assert!(
            !ownership.owns(&session(&[(COVERAGE_ID_TAG, "junk")])),
            "marked by somebody else"
        );
    }

    #[test]
    fn pending_is_read() {
        let id = CoverageId::from_bits(7);
        let session = session(&[(COVERAGE_TAG, "prod"), (COVERAGE_ID_TAG, &id.pending("p-1"))]);
        let owner = Owner::of(&session.tags);
        assert_eq!(
            owner,
            Some(Owner {
                name: "prod".into(),
                id,
                pending: Some("p-1".into())
            })
        );
    }
}
