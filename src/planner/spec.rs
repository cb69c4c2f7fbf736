//! What a session should be, apart from its target and numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    AllAsFound, COVERAGE_ID_TAG, COVERAGE_TAG, FilterAsFound, IgnoredTags, MAX_DESCRIPTION, MAX_TAG_VALUE,
    Member, MirrorSession, NAME_TAG, Override, Tags, TargetKind, Template, TemplateValues,
};

/// How many tags a resource of EC2 can have; those of AWS itself do not count (EC2 tag restrictions).
pub const MAX_TAGS: usize = 50;

/// What the configuration asks of every session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blueprint {
    /// The coverage's name.
    pub name: String,
    /// Value of the tag `mirror:coverage-id`: the settled or the pending form of the id.
    pub id_tag: String,
    pub traffic_mirror_filter_id: String,
    /// Lets an instance's tag pick another filter.
    pub override_rule: Override,
    /// None: whatever stands there is left alone.
    pub description: Option<Template>,
    /// Whether a description is removed where none is asked for: one was asked for before.
    pub remove_description: bool,
    /// None: the instance id at creation, then left alone.
    pub name_tag: Option<Template>,
    /// Bytes of each packet; none: the whole packet.
    pub packet_length: Option<i64>,
    /// The user's tags, the defaults of the provider block among them.
    pub tags: Tags,
    /// Keys of instance tags to copy; the user's tags win.
    pub copy_tags: Vec<String>,
    /// Tags that somebody else writes.
    pub ignored_tags: Arc<IgnoredTags>,
    /// What stays as an import found it.
    pub as_found: AllAsFound,
    /// The same of the filter that the coverage owns.
    pub filter_as_found: FilterAsFound,
}

impl Blueprint {
    /// What the session of this interface should be.
    pub fn spec(&self, interface: &str, member: &Member) -> SessionSpec {
        let values = TemplateValues {
            network_interface_id: interface,
            instance_id: member.instance_id.as_deref(),
            instance_name: member.tags.get(NAME_TAG).map(String::as_str),
        };
        let copied = self
            .copy_tags
            .iter()
            .filter_map(|key| Some((key.clone(), member.tags.get(key)?.clone())));
        let mut tags: Tags = copied.collect();
        tags.extend(self.tags.clone());
        if let Some(template) = &self.name_tag {
            tags.insert(NAME_TAG.to_owned(), template.render(&values, MAX_TAG_VALUE));
        }
        tags.retain(|key, _| !self.ignored_tags.contains(key));
        tags.insert(COVERAGE_TAG.to_owned(), self.name.clone());
        tags.insert(COVERAGE_ID_TAG.to_owned(), self.id_tag.clone());
        let found = self.as_found.get(interface);
        SessionSpec {
            traffic_mirror_filter_id: self
                .override_rule
                .filter(&member.tags)
                .picked()
                .or_else(|| found?.traffic_mirror_filter_id.clone())
                .unwrap_or_else(|| self.traffic_mirror_filter_id.clone()),
            description: self
                .description
                .as_ref()
                .map(|template| template.render(&values, MAX_DESCRIPTION)),
            remove_description: self.remove_description && self.description.is_none(),
            packet_length: self.packet_length.or_else(|| found?.packet_length),
            tags,
            ignored_tags: Arc::clone(&self.ignored_tags),
            left_tags: found.map(|found| found.tag_keys.clone()).unwrap_or_default(),
        }
    }

    /// The tags of the filter that the coverage owns.
    pub fn filter_tags(&self) -> SessionSpec {
        let mut tags = self.tags.clone();
        tags.retain(|key, _| !self.ignored_tags.contains(key));
        tags.insert(COVERAGE_TAG.to_owned(), self.name.clone());
        tags.insert(COVERAGE_ID_TAG.to_owned(), self.id_tag.clone());
        SessionSpec {
            tags,
            ignored_tags: Arc::clone(&self.ignored_tags),
            left_tags: self.filter_as_found.tag_keys.clone(),
            ..SessionSpec::default()
        }
    }

    /// How many tags a new session of this interface gets.
    pub fn tag_count(&self, interface: &str, member: &Member) -> usize {
        let spec = self.spec(interface, member);
        spec.tags.len() + usize::from(spec.needs_name())
    }

    /// Keys of the instance tags that sessions are made from.
    pub fn tag_keys(&self) -> Vec<String> {
        let mut keys = self.copy_tags.clone();
        let templates = [&self.description, &self.name_tag];
        if templates.into_iter().flatten().any(Template::needs_instance_name) {
            keys.push(NAME_TAG.to_owned());
        }
        keys.extend(self.override_rule.tag_keys().cloned());
        keys.sort();
        keys.dedup();
        keys
    }
}

/// What one session should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionSpec {
    pub traffic_mirror_filter_id: String,
    /// None: whatever the session has is left alone.
    pub description: Option<String>,
    /// Whether there should be no description.
    pub remove_description: bool,
    /// None: the whole packet.
    pub packet_length: Option<i64>,
    /// All tags that the session must carry, those that mark its owner among them.
    pub tags: Tags,
    /// Tags that are left alone.
    pub ignored_tags: Arc<IgnoredTags>,
    /// Keys of tags that are left alone on this session.
    pub left_tags: BTreeSet<String>,
}

impl SessionSpec {
    /// Whether a new session is named after its instance, since nobody names it otherwise.
    pub fn needs_name(&self) -> bool {
        !self.tags.contains_key(NAME_TAG) && !self.ignored_tags.contains(NAME_TAG)
    }

    /// Tags to write on a session with these tags: what is missing or differs.
    pub fn tags_to_set(&self, actual: &Tags) -> Tags {
        let differs = |(key, value): &(&String, &String)| actual.get(*key) != Some(*value);
        self.tags
            .iter()
            .filter(differs)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Keys that a session carries without being asked for. The Name is written at creation and then left alone,
    /// ignored tags are somebody else's, and those of AWS itself cannot be removed.
    pub fn tags_to_remove(&self, actual: &Tags) -> Vec<String> {
        let left_alone = |key: &str| {
            key == NAME_TAG
                || key.starts_with("aws:")
                || self.ignored_tags.contains(key)
                || self.left_tags.contains(key)
        };
        actual
            .keys()
            .filter(|key| !self.tags.contains_key(*key) && !left_alone(key))
            .cloned()
            .collect()
    }

    /// Whether the session mirrors as much of each packet as it should on a target of this `kind`, none when that is not known: a
    /// network load balancer target reports 8500 for the whole packet.
    pub fn has_length_of(&self, session: &MirrorSession, kind: Option<TargetKind>) -> bool {
        match (self.packet_length, session.packet_length) {
            (None, Some(8500)) => kind.is_none_or(|kind| kind == TargetKind::NetworkLoadBalancer),
            (wanted, actual) => wanted == actual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_copied_tags_are_of_the_instance() {
        let blueprint = Blueprint {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            description: Some(Template::parse("{instance_name} on {network_interface_id}").unwrap()),
            name_tag: Some(Template::parse("{instance_id}-mirror").unwrap()),
            tags: Tags::from([("team".into(), "sec".into())]),
            copy_tags: vec!["team".into(), "stage".into(), "absent".into()],
            ..Blueprint::default()
        };
        assert_eq!(blueprint.tag_keys(), ["Name", "absent", "stage", "team"]);
        let tags = [("Name", "web"), ("team", "web"), ("stage", "live")];
        let member = Member {
            instance_id: Some("i-1".into()),
            tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            ..Member::default()
        };
        let spec = blueprint.spec("eni-1", &member);
        assert_eq!(spec.description.as_deref(), Some("web on eni-1"));
        let expected = [
            ("Name", "i-1-mirror"),
            ("mirror:coverage", "prod"),
            ("mirror:coverage-id", "mc-1"),
            ("stage", "live"),
            ("team", "sec"),
        ];
        assert_eq!(
            spec.tags,
            expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
        );
    }

    #[test]
    fn ignored_tags_are_neither_written_nor_removed() {
        let blueprint = Blueprint {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            name_tag: Some(Template::parse("{instance_id}").unwrap()),
            tags: Tags::from([("team".into(), "sec".into()), ("cost:centre".into(), "1".into())]),
            copy_tags: vec!["cost:unit".into()],
            ignored_tags: Arc::new(IgnoredTags {
                keys: [NAME_TAG.to_owned()].into(),
                key_prefixes: ["cost:".to_owned()].into(),
                all: false,
            }),
            ..Blueprint::default()
        };
        let member = Member {
            tags: Tags::from([("cost:unit".into(), "web".into())]),
            ..Member::default()
        };
        let spec = blueprint.spec("eni-1", &member);
        let keys: Vec<&String> = spec.tags.keys().collect();
        assert_eq!(keys, ["mirror:coverage", "mirror:coverage-id", "team"]);
        assert_eq!(blueprint.tag_count("eni-1", &member), 3);
        let actual = Tags::from([
            ("cost:centre".into(), "theirs".into()),
            ("stray".into(), "1".into()),
        ]);
        assert_eq!(spec.tags_to_remove(&actual), ["stray"]);
        assert!(!spec.tags_to_set(&actual).contains_key("cost:centre"));
    }

    #[test]
    fn a_session_without_another_name_counts_one_more_tag() {
        let mut blueprint = Blueprint::default();
        assert_eq!(blueprint.tag_count("eni-1", &Member::default()), 3);
        blueprint.tags.insert(NAME_TAG.into(), "mine".into());
        assert_eq!(blueprint.tag_count("eni-1", &Member::default()), 3);
    }

    #[test]
    fn the_length_of_a_load_balancer_is_the_whole_packet() {
        let whole = SessionSpec::default();
        let cut = SessionSpec {
            packet_length: Some(100),
            ..SessionSpec::default()
        };
        let (balancer, other) = (
            [None, Some(TargetKind::NetworkLoadBalancer)],
            [
                Some(TargetKind::NetworkInterface),
                Some(TargetKind::GatewayLoadBalancerEndpoint),
            ],
        );
        for (actual, kinds, is_whole, is_cut) in [
            (None, balancer, true, false),
            (None, other, true, false),
            (Some(8500), balancer, true, false),
            (Some(8500), other, false, false),
            (Some(100), balancer, false, true),
            (Some(100), other, false, true),
            (Some(64), balancer, false, false),
        ] {
            let session = MirrorSession {
                packet_length: actual,
                ..MirrorSession::default()
            };
            for kind in kinds {
                assert_eq!(
                    whole.has_length_of(&session, kind),
                    is_whole,
                    "{actual:?} {kind:?}"
                );
                assert_eq!(cut.has_length_of(&session, kind), is_cut, "{actual:?} {kind:?}");
            }
        }
    }
}
