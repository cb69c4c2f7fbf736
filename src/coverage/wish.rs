//! What the arguments ask of the planner.

use super::convert::known_strings;
use super::model::CoverageModel;
use super::override_argument;
use crate::framework::Attr;
use crate::planner::{
    Adoption, Blueprint, EligibilityRules, Limits, Placement, Template, VirtualNetwork, VirtualNetworkId,
    VirtualNetworkRange, Wanted, Wish,
};
use crate::selection::strings as strings_of;

impl CoverageModel {
    /// What the arguments ask of the planner; none while one that decides about sessions is unknown. What is no valid limit,
    /// range or template was refused by [`super::validate`].
    pub fn wish(&self) -> Option<Wish> {
        let targets = match &self.traffic_mirror_target_ids {
            Attr::Unknown => vec![None],
            targets => targets
                .known()
                .into_iter()
                .flatten()
                .map(|target| target.known().cloned())
                .collect(),
        };
        let session_number = match self.session_number {
            Attr::Null => Wanted::Unset,
            Attr::Unknown => Wanted::Unknown,
            Attr::Known(number) => Wanted::Set(number),
        };
        Some(Wish {
            enabled: self.enabled.decided()?.copied().unwrap_or(true),
            targets,
            placement: match self.placement.decided()? {
                Some(text) => text.parse().unwrap_or_default(),
                None => Placement::default(),
            },
            override_rule: override_argument::read(&self.override_rule).rule?,
            templates_read: self.templates_read(),
            allow_partial: self.allow_partial.decided()?.copied().unwrap_or(false),
            session_number,
            virtual_network: self.virtual_network()?,
            eligibility: EligibilityRules {
                try_instance_types: strings_of(&self.try_instance_types)?,
                include_requester_managed: self
                    .include_requester_managed
                    .decided()?
                    .copied()
                    .unwrap_or(false),
                include_sensors: self.include_sensors.decided()?.copied().unwrap_or(false),
            },
            limits: self.planner_limits()?,
        })
    }

    /// What the templates read of an instance, in words.
    fn templates_read(&self) -> Vec<String> {
        let templates = [("description", &self.description), ("name_tag", &self.name_tag)];
        let read = templates.into_iter().filter_map(|(argument, text)| {
            let template = Template::parse(text.as_str()?).ok()?;
            let placeholders = template.reads_of_instance();
            let listed = placeholders.join(" and ");
            (!placeholders.is_empty()).then(|| format!("{listed} of {argument}"))
        });
        read.collect()
    }

    fn virtual_network(&self) -> Option<VirtualNetwork> {
        if let Some(id) = self.virtual_network_id.decided()?.copied() {
            return Some(
                VirtualNetworkId::new(id)
                    .map(VirtualNetwork::Fixed)
                    .unwrap_or_default(),
            );
        }
        let Some(range) = self.virtual_network_id_range.decided()? else {
            return Some(VirtualNetwork::Drawn);
        };
        let (first, last) = (*range.first.known()?, *range.last.known()?);
        let range = VirtualNetworkId::new(first)
            .and_then(|first| VirtualNetworkRange::new(first, VirtualNetworkId::new(last)?));
        Some(range.map(VirtualNetwork::Range).unwrap_or_default())
    }

    fn planner_limits(&self) -> Option<Limits> {
        let Some(limits) = self.limits.decided()? else {
            return Some(Limits::default());
        };
        if limits.values().any(Attr::is_unknown) {
            return None;
        }
        let text = |name: &str| limits.get(name).and_then(Attr::as_str);
        let limit = |name: &str| text(name).and_then(|text| text.parse().ok());
        Some(Limits {
            max_sessions: limit("max_sessions"),
            max_creates: limit("max_creates"),
            max_deletes: limit("max_deletes"),
            max_sources_per_target: text("max_sources_per_target").and_then(|text| text.parse().ok()),
            allow_empty: text("allow_empty") == Some("true"),
        })
    }

    /// What every session is made from; `id_tag` is the settled or pending form of the id. Which tags are ignored is the
    /// provider block's to say.
    pub fn blueprint(&self, id_tag: &str) -> Blueprint {
        let template = |text: &Attr<String>| text.as_str().and_then(|text| Template::parse(text).ok());
        Blueprint {
            name: self.name.as_str().unwrap_or_default().to_owned(),
            id_tag: id_tag.to_owned(),
            traffic_mirror_filter_id: self.filter_id.as_str().unwrap_or_default().to_owned(),
            override_rule: override_argument::read(&self.override_rule)
                .rule
                .unwrap_or_default(),
            description: template(&self.description),
            remove_description: false,
            name_tag: template(&self.name_tag),
            packet_length: self.packet_length.known().copied(),
            tags: known_strings(&self.tags_all),
            copy_tags: strings_of(&self.copy_tags).unwrap_or_default(),
            ignored_tags: Default::default(),
            as_found: Default::default(),
            filter_as_found: Default::default(),
        }
    }

    /// Keys of the instance tags that sessions are made from; none while an argument that names them is unknown.
    pub fn tag_keys(&self) -> Option<Vec<String>> {
        let unknown = self.description.is_unknown()
            || self.name_tag.is_unknown()
            || strings_of(&self.copy_tags).is_none()
            || override_argument::read(&self.override_rule).rule.is_none();
        (!unknown).then(|| self.blueprint("").tag_keys())
    }

    /// Which sessions of others are to be taken over; none while that is unknown.
    pub fn adoption(&self) -> Option<Adoption> {
        let Some(lists) = self.adopt.decided()? else {
            return Some(Adoption::default());
        };
        let list = |name: &str| lists.get(name).map_or(Some(Vec::new()), strings_of);
        let by_tag = override_argument::read(&self.override_rule)
            .rule
            .unwrap_or_default();
        let targets = self.traffic_mirror_target_ids.known().into_iter().flatten();
        let used = targets
            .chain([&self.traffic_mirror_filter_id])
            .filter_map(|id| id.known().cloned())
            .chain(by_tag.target_ids)
            .chain(by_tag.filter_ids);
        Some(Adoption {
            descriptions: list("descriptions")?,
            coverage_names: list("coverage_names")?,
            used: used.collect(),
            ..Adoption::default()
        })
    }

    /// Whether a target that the sessions may go to is known only at apply.
    pub fn has_unknown_target(&self) -> bool {
        let listed = &self.traffic_mirror_target_ids;
        let unknown = listed.is_unknown() || listed.known().into_iter().flatten().any(Attr::is_unknown);
        let rule = override_argument::read(&self.override_rule).rule;
        unknown || rule.is_some_and(|rule| rule.unknown_target_ids)
    }

    /// Whether the coverage owns its filter.
    pub fn owns_filter(&self) -> bool {
        self.traffic_mirror_filter_id.is_null()
    }
}
