//! What sessions should be that somebody changed by hand.

use std::collections::BTreeMap;

use super::plan::Row;
use super::{MirrorSession, VirtualNetwork, Wanted, Wish};

/// What those sessions should be whose target, number or virtual network id somebody changed, by interface.
///
/// `rows` are the sessions as they are, `recorded` those of the state, and `earlier` is what the refresh before told: core may have
/// saved what that one found, and a change that the state has taken in is none the less a change. A number that is not fixed and that
/// another one of `sessions` took meanwhile stays given up, and so does a virtual network id that AWS draws.
pub fn intended(
    wish: Option<&Wish>,
    rows: &BTreeMap<String, Row>,
    recorded: &BTreeMap<String, Row>,
    earlier: &BTreeMap<String, Row>,
    sessions: &[MirrorSession],
) -> BTreeMap<String, Row> {
    let draws = wish.is_none_or(|wish| wish.virtual_network == VirtualNetwork::Drawn);
    let is_fixed = wish.is_some_and(|wish| wish.session_number != Wanted::Unset);
    let drifted = rows.iter().filter_map(|(interface, row)| {
        let same = |known: &&Row| known.id == row.id;
        let known = recorded.get(interface).filter(same)?;
        let known = earlier.get(interface).filter(same).unwrap_or(known);
        let meant = Row {
            instance_id: row.instance_id.clone(),
            virtual_network_id: match draws {
                true => row.virtual_network_id,
                false => known.virtual_network_id,
            },
            traffic_mirror_filter_id: row.traffic_mirror_filter_id.clone(),
            ..known.clone()
        };
        (meant != *row).then(|| (interface.clone(), meant))
    });
    let mut drifted: BTreeMap<String, Row> = drifted.collect();
    if !is_fixed {
        give_up_taken_numbers(&mut drifted, rows, sessions);
    }
    drifted
}

fn give_up_taken_numbers(
    drifted: &mut BTreeMap<String, Row>,
    rows: &BTreeMap<String, Row>,
    sessions: &[MirrorSession],
) {
    let taken: BTreeMap<(&str, i64), &str> = sessions
        .iter()
        .filter(|session| drifted.contains_key(&session.network_interface_id))
        .map(|session| {
            let place = (session.network_interface_id.as_str(), session.session_number);
            (place, session.id.as_str())
        })
        .collect();
    let is_taken = |interface: &str, meant: &Row| {
        let number = meant.session_number.unwrap_or_default();
        let holder = taken.get(&(interface, number));
        holder.is_some_and(|id| Some(*id) != meant.id.as_deref())
    };
    let given_up: Vec<String> = drifted
        .iter()
        .filter(|(interface, meant)| is_taken(interface, meant))
        .map(|(interface, _)| interface.clone())
        .collect();
    for interface in given_up {
        let (Some(meant), Some(row)) = (drifted.get_mut(&interface), rows.get(&interface)) else {
            continue;
        };
        meant.session_number = row.session_number;
        if meant == row {
            drifted.remove(&interface);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{VirtualNetworkId, VirtualNetworkRange};
    use super::*;

    fn rows(target: &str, number: i64, network: i64) -> BTreeMap<String, Row> {
        let row = Row {
            id: Some("tms-1".into()),
            traffic_mirror_target_id: Some(target.into()),
            session_number: Some(number),
            virtual_network_id: Some(network),
            ..Row::default()
        };
        BTreeMap::from([("eni-1".to_owned(), row)])
    }

    fn ranged() -> Wish {
        let id = |id| VirtualNetworkId::new(id).unwrap();
        Wish {
            virtual_network: VirtualNetwork::Range(VirtualNetworkRange::new(id(1000), id(1009)).unwrap()),
            ..Wish::default()
        }
    }

    #[test]
    fn a_change_by_hand_stays_one_once_the_state_has_taken_it_in() {
        let (before, now) = (rows("t1", 1, 1000), rows("t2", 5, 1008));
        let none = BTreeMap::new();
        let first = intended(Some(&ranged()), &now, &before, &none, &[]);
        assert_eq!(first, before);
        assert_eq!(
            intended(Some(&ranged()), &now, &now, &first, &[]),
            before,
            "the state was saved"
        );
        let again = rows("t3", 5, 1008);
        assert_eq!(
            intended(Some(&ranged()), &again, &now, &first, &[]),
            before,
            "and changed once more"
        );
        assert_eq!(
            intended(Some(&ranged()), &before, &now, &first, &[]),
            none,
            "put back by hand"
        );
        let mut another = now.clone();
        another.get_mut("eni-1").unwrap().id = Some("tms-2".into());
        assert_eq!(
            intended(Some(&ranged()), &another, &another, &first, &[]),
            none,
            "another session"
        );
    }

    #[test]
    fn a_drawn_virtual_network_id_may_be_another() {
        let (before, now) = (rows("t1", 1, 1000), rows("t1", 1, 1008));
        let none = BTreeMap::new();
        assert_eq!(intended(Some(&Wish::default()), &now, &before, &none, &[]), none);
        assert_eq!(intended(None, &now, &before, &none, &[]), none);
    }

    #[test]
    fn a_number_that_somebody_took_is_given_up_unless_it_is_fixed() {
        let (before, now) = (rows("t1", 1, 1000), rows("t1", 5, 1000));
        let none = BTreeMap::new();
        let session = |id: &str, interface: &str, number| MirrorSession {
            id: id.into(),
            network_interface_id: interface.into(),
            session_number: number,
            ..MirrorSession::default()
        };
        let free = [session("tms-1", "eni-1", 1), session("tms-9", "eni-2", 1)];
        assert_eq!(
            intended(Some(&Wish::default()), &now, &before, &none, &free),
            before
        );
        let taken = [session("tms-9", "eni-1", 1)];
        assert_eq!(
            intended(Some(&Wish::default()), &now, &before, &none, &taken),
            none
        );
        let moved = intended(
            Some(&Wish::default()),
            &rows("t2", 5, 1000),
            &before,
            &none,
            &taken,
        );
        assert_eq!(moved, now, "its target is still put back");
        let fixed = Wish {
            session_number: Wanted::Set(1),
            ..Wish::default()
        };
        assert_eq!(intended(Some(&fixed), &now, &before, &none, &taken), before);
    }
}
