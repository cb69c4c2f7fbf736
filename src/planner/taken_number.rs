//! The fixed session number, where others' sessions have it already.

use std::collections::BTreeMap;

use super::{Fleet, MirrorSession, Owner};

/// A fixed number, and who has it on selected interfaces: EC2 refuses it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenNumber {
    pub number: i64,
    /// By interface, of which each number has one session.
    pub by: BTreeMap<String, Holder>,
}

/// A session that is not of this coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub session_id: String,
    /// The name of the coverage that it is of.
    pub coverage: Option<String>,
}

impl Fleet {
    /// Notes which of the others' sessions have the fixed number, if there is one. Those that are to be adopted get out of no way.
    pub fn note_taken_number(&mut self, others: &[&MirrorSession], number: Option<i64>) {
        self.taken_number = number.map(|number| {
            let holders = others.iter().filter(|session| {
                let interface = &session.network_interface_id;
                let adopted = self.adoptable.get(interface).and_then(|row| row.id.as_ref());
                session.session_number == number
                    && self.interfaces.contains_key(interface)
                    && adopted != Some(&session.id)
            });
            let by = holders.map(|session| {
                let holder = Holder {
                    session_id: session.id.clone(),
                    coverage: Owner::of(&session.tags).map(|owner| owner.name),
                };
                (session.network_interface_id.clone(), holder)
            });
            TakenNumber {
                number,
                by: by.collect(),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Member, Row, Tags};
    use super::*;

    fn session(id: &str, interface: &str, number: i64) -> MirrorSession {
        MirrorSession {
            id: id.into(),
            network_interface_id: interface.into(),
            session_number: number,
            ..MirrorSession::default()
        }
    }

    #[test]
    fn who_has_the_number_on_a_selected_interface_and_is_not_adopted() {
        let mut of_coverage = session("c", "eni-3", 7);
        of_coverage.tags = Tags::from([
            ("mirror:coverage".to_owned(), "other".to_owned()),
            ("mirror:coverage-id".to_owned(), "mc-0123456789abcdef0".to_owned()),
        ]);
        let sessions = [
            session("a", "eni-1", 7),
            session("b", "eni-2", 8),
            of_coverage,
            session("d", "eni-4", 7),
            session("e", "eni-9", 7),
        ];
        let mut fleet = Fleet::default();
        for interface in ["eni-1", "eni-2", "eni-3", "eni-4"] {
            fleet.interfaces.insert(interface.to_owned(), Member::default());
        }
        let adopted = Row {
            id: Some("d".to_owned()),
            ..Row::default()
        };
        fleet.adoptable.insert("eni-4".to_owned(), adopted);
        let others: Vec<&MirrorSession> = sessions.iter().collect();
        fleet.note_taken_number(&others, Some(7));
        let taken = fleet.taken_number.clone().unwrap();
        let by: Vec<_> = taken
            .by
            .iter()
            .map(|(interface, holder)| {
                (
                    interface.as_str(),
                    holder.session_id.as_str(),
                    holder.coverage.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            (taken.number, by),
            (7, vec![("eni-1", "a", None), ("eni-3", "c", Some("other"))])
        );
        let with_it = fleet.encode().unwrap();
        fleet.note_taken_number(&others, None);
        assert_eq!(fleet.taken_number, None);
        assert_eq!(Fleet::decode(&with_it).unwrap(), fleet, "it is not kept");
    }
}
