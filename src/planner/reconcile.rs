//! From planned rows and the sessions that EC2 reports to the calls that make them agree.

use std::collections::BTreeMap;

use super::length_change::length_change;
use super::{Blueprint, Fleet, Member, MirrorSession, NAME_TAG, Row, SessionSpec, Tags, TargetKind};

/// What to do with a field that can be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum FieldChange<T> {
    #[default]
    Keep,
    Set(T),
    Remove,
}

impl<T> FieldChange<T> {
    /// The value to set, if one is to be set.
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Remove => None,
        }
    }
}

/// None keeps what is there.
impl<T> From<Option<T>> for FieldChange<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// A session to create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Create {
    pub network_interface_id: String,
    pub traffic_mirror_target_id: String,
    pub traffic_mirror_filter_id: String,
    /// None: the next free one.
    pub session_number: Option<i64>,
    /// None: AWS draws one.
    pub virtual_network_id: Option<i64>,
    pub packet_length: Option<i64>,
    pub description: Option<String>,
    pub tags: Tags,
}

/// Changes of one session, all in one ModifyTrafficMirrorSession but for one of them. None: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modify {
    pub network_interface_id: String,
    pub session_id: String,
    pub traffic_mirror_target_id: Option<String>,
    pub traffic_mirror_filter_id: Option<String>,
    pub session_number: Option<i64>,
    pub virtual_network_id: Option<i64>,
    /// Removed: whole packets again.
    pub packet_length: FieldChange<i64>,
    /// The length to set by a call after this one.
    pub packet_length_afterwards: Option<i64>,
    pub description: FieldChange<String>,
}

/// One change of tags, the same for all these sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retag {
    pub session_ids: Vec<String>,
    pub set: Tags,
    /// Keys to remove; never empty when it is acted on, since that would remove every tag.
    pub remove: Vec<String>,
}

/// The calls to make, in this order: deletions first, since they free room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// Session id and interface id.
    pub delete: Vec<(String, String)>,
    pub retag: Vec<Retag>,
    pub modify: Vec<Modify>,
    pub create: Vec<Create>,
    /// Interfaces whose session was planned to stay and is gone; the next plan makes it anew.
    pub vanished: Vec<String>,
}

impl Actions {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.delete.is_empty() && self.retag.is_empty() && self.modify.is_empty() && self.create.is_empty()
    }
}

/// Lists the calls that turn the coverage's own sessions into the planned ones.
///
/// A planned row must have its target by now; one without is left out, and nothing is created for an interface that a target which
/// was unknown forbids. `fleet` holds the interfaces and targets as the plan saw them. `own` holds the sessions that may be changed, those of the state first (see [`super::by_interface`]).
pub fn reconcile(
    planned: &BTreeMap<String, Row>,
    blueprint: &Blueprint,
    fleet: &Fleet,
    own: &BTreeMap<String, Vec<&MirrorSession>>,
) -> Actions {
    let mut actions = Actions::default();
    for (interface, sessions) in own {
        let kept = usize::from(planned.contains_key(interface));
        let is_left = |session: &&&MirrorSession| kept == 1 && fleet.is_left(interface, &session.id);
        let surplus = sessions.iter().skip(kept).filter(|session| !is_left(session));
        actions
            .delete
            .extend(surplus.map(|session| (session.id.clone(), interface.clone())));
    }
    let mut retags: BTreeMap<(Tags, Vec<String>), Vec<String>> = BTreeMap::new();
    for (interface, row) in planned {
        let Some(target) = &row.traffic_mirror_target_id else {
            continue;
        };
        let unseen = Member {
            instance_id: row.instance_id.clone(),
            ..Member::default()
        };
        let spec = &blueprint.spec(interface, fleet.interfaces.get(interface).unwrap_or(&unseen));
        match own.get(interface).and_then(|sessions| sessions.first()) {
            Some(session) => {
                let change = (
                    spec.tags_to_set(&session.tags),
                    spec.tags_to_remove(&session.tags),
                );
                if change != (Tags::new(), Vec::new()) {
                    retags.entry(change).or_default().push(session.id.clone());
                }
                let kind = |target: &String| fleet.targets.get(target).and_then(|site| site.kind);
                let kinds = (kind(&session.traffic_mirror_target_id), kind(target));
                actions
                    .modify
                    .extend(modify(interface, row, (target, kinds), spec, session));
            }
            None if row.id.is_some() => actions.vanished.push(interface.clone()),
            None if fleet.late_refusals.contains_key(interface) => {}
            None => actions.create.push(create(interface, row, target, spec)),
        }
    }
    actions.retag = retags
        .into_iter()
        .map(|((set, remove), session_ids)| Retag {
            session_ids,
            set,
            remove,
        })
        .collect();
    actions
}

fn create(interface: &str, row: &Row, target: &str, spec: &SessionSpec) -> Create {
    let mut tags = spec.tags.clone();
    if spec.needs_name() {
        let name = row.instance_id.as_deref().unwrap_or(interface);
        tags.insert(NAME_TAG.to_owned(), name.to_owned());
    }
    Create {
        network_interface_id: interface.to_owned(),
        traffic_mirror_target_id: target.to_owned(),
        traffic_mirror_filter_id: spec.traffic_mirror_filter_id.clone(),
        session_number: row.session_number,
        virtual_network_id: row.virtual_network_id,
        packet_length: spec.packet_length,
        description: spec.description.clone(),
        tags,
    }
}

fn modify(
    interface: &str,
    row: &Row,
    (target, kinds): (&str, (Option<TargetKind>, Option<TargetKind>)),
    spec: &SessionSpec,
    session: &MirrorSession,
) -> Option<Modify> {
    let moves = session.traffic_mirror_target_id != target;
    let (packet_length, packet_length_afterwards) = length_change(spec, session, moves, kinds);
    let unchanged = Modify {
        network_interface_id: interface.to_owned(),
        session_id: session.id.clone(),
        ..Modify::default()
    };
    let description = match (&spec.description, &session.description) {
        (Some(wanted), actual) if actual.as_ref() != Some(wanted) => FieldChange::Set(wanted.clone()),
        (None, Some(_)) if spec.remove_description => FieldChange::Remove,
        _ => FieldChange::Keep,
    };
    let change = Modify {
        traffic_mirror_target_id: moves.then(|| target.to_owned()),
        traffic_mirror_filter_id: (session.traffic_mirror_filter_id != spec.traffic_mirror_filter_id)
            .then(|| spec.traffic_mirror_filter_id.clone()),
        session_number: row
            .session_number
            .filter(|number| *number != session.session_number),
        virtual_network_id: row
            .virtual_network_id
            .filter(|id| Some(*id) != session.virtual_network_id),
        packet_length,
        packet_length_afterwards,
        description,
        ..unchanged.clone()
    };
    (change != unchanged).then_some(change)
}

#[cfg(test)]
mod tests {
    use super::super::by_interface;
    use super::*;

    fn blueprint() -> Blueprint {
        Blueprint {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            ..Blueprint::default()
        }
    }

    fn wanted_tags() -> Tags {
        blueprint().spec("eni-1", &Member::default()).tags
    }

    fn row(id: Option<&str>) -> Row {
        Row {
            id: id.map(str::to_owned),
            instance_id: Some("i-1".into()),
            traffic_mirror_target_id: Some("tmt-1".into()),
            ..Row::default()
        }
    }

    fn session(id: &str, interface: &str) -> MirrorSession {
        MirrorSession {
            id: id.into(),
            network_interface_id: interface.into(),
            traffic_mirror_target_id: "tmt-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            session_number: 1,
            virtual_network_id: Some(5),
            tags: wanted_tags(),
            ..MirrorSession::default()
        }
    }

    fn run(planned: &[(&str, Row)], own: &[MirrorSession], remove_description: bool) -> Actions {
        let planned = planned
            .iter()
            .map(|(id, row)| (id.to_string(), row.clone()))
            .collect();
        reconcile(
            &planned,
            &Blueprint {
                remove_description,
                ..blueprint()
            },
            &Fleet::default(),
            &by_interface(own, &planned),
        )
    }

    #[test]
    fn what_agrees_needs_no_call() {
        assert!(
            run(
                &[("eni-1", row(Some("tms-1")))],
                &[session("tms-1", "eni-1")],
                true
            )
            .is_empty()
        );
    }

    #[test]
    fn a_new_interface_gets_a_tagged_session_named_after_its_instance() {
        let actions = run(&[("eni-1", row(None))], &[], false);
        let tags = &actions.create[0].tags;
        assert_eq!(tags.get(NAME_TAG).map(String::as_str), Some("i-1"));
        assert_eq!(tags.get("mirror:coverage-id").map(String::as_str), Some("mc-1"));
        assert_eq!(tags.get("mirror:coverage").map(String::as_str), Some("prod"));
        assert_eq!(actions.create[0].session_number, None);
    }

    #[test]
    fn what_is_not_planned_and_every_second_session_is_deleted() {
        let own = [
            session("tms-1", "eni-1"),
            session("tms-2", "eni-1"),
            session("tms-3", "eni-3"),
        ];
        let actions = run(&[("eni-1", row(Some("tms-2")))], &own, false);
        assert_eq!(
            actions.delete,
            [("tms-1".into(), "eni-1".into()), ("tms-3".into(), "eni-3".into())]
        );
        assert!(actions.create.is_empty() && actions.modify.is_empty());
    }

    #[test]
    fn a_session_that_was_to_stay_and_is_gone_is_not_made_under_another_id() {
        let actions = run(&[("eni-1", row(Some("tms-1")))], &[], false);
        assert_eq!(actions.vanished, ["eni-1"]);
        assert!(actions.is_empty());
    }

    #[test]
    fn all_changes_of_a_session_are_one_call() {
        let mut planned = row(Some("tms-1"));
        planned.traffic_mirror_target_id = Some("tmt-2".into());
        planned.session_number = Some(9);
        planned.virtual_network_id = Some(6);
        let drifted = MirrorSession {
            packet_length: Some(64),
            traffic_mirror_filter_id: "tmf-9".into(),
            description: Some("old".into()),
            ..session("tms-1", "eni-1")
        };
        let actions = run(&[("eni-1", planned)], &[drifted], true);
        assert_eq!(
            actions.modify,
            [Modify {
                network_interface_id: "eni-1".into(),
                session_id: "tms-1".into(),
                traffic_mirror_target_id: Some("tmt-2".into()),
                traffic_mirror_filter_id: Some("tmf-1".into()),
                session_number: Some(9),
                virtual_network_id: Some(6),
                packet_length: FieldChange::Remove,
                packet_length_afterwards: None,
                description: FieldChange::Remove,
            }]
        );
    }

    #[test]
    fn equal_changes_of_tags_share_a_call() {
        let bare = |id: &str, interface: &str| MirrorSession {
            tags: Tags::from([("aws:x".into(), "1".into()), (NAME_TAG.into(), "n".into())]),
            ..session(id, interface)
        };
        let actions = run(
            &[("eni-1", row(Some("tms-1"))), ("eni-2", row(Some("tms-2")))],
            &[bare("tms-1", "eni-1"), bare("tms-2", "eni-2")],
            false,
        );
        assert_eq!(
            actions.retag,
            [Retag {
                session_ids: vec!["tms-1".into(), "tms-2".into()],
                set: wanted_tags(),
                remove: vec![]
            }]
        );
    }
}
