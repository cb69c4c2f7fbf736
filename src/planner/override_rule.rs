//! An instance's tag may pick its target and filter, among those that the configuration lists.

use super::Tags;

/// The argument `override`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    /// Key of the tag that picks a target; none: no tag does.
    pub target_tag: Option<String>,
    /// Targets that the tag may name. Whoever may tag an instance could otherwise send its traffic anywhere.
    pub target_ids: Vec<String>,
    /// Whether the list has targets besides that are known only at apply.
    pub unknown_target_ids: bool,
    /// Key of the tag that picks a filter; none: no tag does.
    pub filter_tag: Option<String>,
    /// Filters that the tag may name.
    pub filter_ids: Vec<String>,
}

/// What an instance's tags say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// This id, which is listed.
    Picked(String),
    /// No such tag: what is configured for all applies.
    NotTagged,
    /// [`super::Reason::OverrideRefused`], with what was found in words: the tag names an id that is not listed.
    Unlisted(String),
    /// [`super::Reason::OverrideRefused`], with what was found in words: two tags contradict each other.
    Contradictory(String),
}

impl Pick {
    /// The id, if one is picked.
    pub fn picked(self) -> Option<String> {
        match self {
            Self::Picked(id) => Some(id),
            Self::NotTagged | Self::Unlisted(_) | Self::Contradictory(_) => None,
        }
    }
}

impl Override {
    /// The target that the instance's tags pick.
    pub fn target(&self, instance_tags: &Tags) -> Pick {
        pick(
            self.target_tag.as_deref(),
            &self.target_ids,
            "override.target_ids",
            instance_tags,
        )
    }

    /// The filter that the instance's tags pick.
    pub fn filter(&self, instance_tags: &Tags) -> Pick {
        pick(
            self.filter_tag.as_deref(),
            &self.filter_ids,
            "override.filter_ids",
            instance_tags,
        )
    }

    /// Keys of the instance tags that are read.
    pub fn tag_keys(&self) -> impl Iterator<Item = &String> {
        [&self.target_tag, &self.filter_tag].into_iter().flatten()
    }

    /// What is read of an instance, in words; none when nothing is.
    pub fn needs_of_instance(&self) -> Option<String> {
        let arguments = [(&self.target_tag, "target_tag"), (&self.filter_tag, "filter_tag")];
        let read = arguments.into_iter().filter_map(|(tag, argument)| {
            Some(format!(
                "the tag {}, which override.{argument} reads",
                tag.as_ref()?
            ))
        });
        Some(read.collect::<Vec<_>>().join(", and ")).filter(|text| !text.is_empty())
    }
}

/// As AutoMirror compares its tags Mirror-Target and Mirror-Filter.
pub(super) fn same_key(one: &str, other: &str) -> bool {
    one == other || one.to_lowercase() == other.to_lowercase()
}

fn pick(tag: Option<&str>, listed: &[String], argument: &str, tags: &Tags) -> Pick {
    let Some(tag) = tag else {
        return Pick::NotTagged;
    };
    let mut found = tags.iter().filter(|(key, _)| same_key(tag, key));
    let Some((key, value)) = found.next() else {
        return Pick::NotTagged;
    };
    // EC2 tells keys of different case apart, so an instance can carry several.
    if let Some((other, different)) = found.find(|(_, other)| *other != value) {
        return Pick::Contradictory(format!(
            "its tag {key} is {value:?}, and its tag {other} is {different:?}"
        ));
    }
    if listed.contains(value) {
        Pick::Picked(value.clone())
    } else {
        Pick::Unlisted(format!(
            "its tag {key} is {value:?}, which {argument} does not list"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule() -> Override {
        Override {
            target_tag: Some("Mirror-Target".into()),
            target_ids: vec!["tmt-1".into(), "tmt-2".into()],
            unknown_target_ids: false,
            filter_tag: Some("Mirror-Filter".into()),
            filter_ids: vec!["tmf-1".into()],
        }
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect()
    }

    #[test]
    fn a_tag_picks_among_what_is_listed() {
        let tagged = tags(&[("Mirror-Target", "tmt-2"), ("Mirror-Filter", "tmf-1")]);
        assert_eq!(rule().target(&tagged), Pick::Picked("tmt-2".into()));
        assert_eq!(rule().filter(&tagged), Pick::Picked("tmf-1".into()));
        for key in ["mirror-target", "MIRROR-TARGET", "mIrRoR-tArGeT"] {
            assert_eq!(
                rule().target(&tags(&[(key, "tmt-1")])),
                Pick::Picked("tmt-1".into()),
                "{key}"
            );
        }
    }

    #[test]
    fn without_the_tag_or_the_rule_nothing_is_picked() {
        assert_eq!(rule().target(&tags(&[("Mirror", "True")])), Pick::NotTagged);
        assert_eq!(
            rule().filter(&tags(&[("Mirror-Target", "tmt-1")])),
            Pick::NotTagged
        );
        let tagged = tags(&[("Mirror-Target", "tmt-9"), ("Mirror-Filter", "tmf-9")]);
        assert_eq!(Override::default().target(&tagged), Pick::NotTagged);
        assert_eq!(Override::default().filter(&tagged), Pick::NotTagged);
    }

    #[test]
    fn anything_else_is_refused_with_what_was_found() {
        for value in ["tmt-9", "", "TMT-1", " tmt-1", "tmf-1"] {
            assert_eq!(
                rule().target(&tags(&[("mirror-target", value)])),
                Pick::Unlisted(format!(
                    "its tag mirror-target is {value:?}, which override.target_ids does not list"
                ))
            );
        }
        let Pick::Unlisted(detail) = rule().filter(&tags(&[("Mirror-Filter", "tmt-1")])) else {
            panic!("a target is no filter");
        };
        assert!(
            detail.ends_with("which override.filter_ids does not list"),
            "{detail}"
        );
    }

    #[test]
    fn tags_that_contradict_each_other_are_refused() {
        let both = tags(&[("Mirror-Target", "tmt-1"), ("mirror-target", "tmt-2")]);
        assert_eq!(
            rule().target(&both),
            Pick::Contradictory(
                "its tag Mirror-Target is \"tmt-1\", and its tag mirror-target is \"tmt-2\"".into()
            )
        );
        let same = tags(&[("Mirror-Target", "tmt-1"), ("mirror-target", "tmt-1")]);
        assert_eq!(rule().target(&same), Pick::Picked("tmt-1".into()));
    }

    #[test]
    fn the_tags_that_are_read_are_known() {
        assert_eq!(
            rule().tag_keys().collect::<Vec<_>>(),
            ["Mirror-Target", "Mirror-Filter"]
        );
        assert_eq!(Override::default().needs_of_instance(), None);
        let needs = rule().needs_of_instance().unwrap();
        assert!(
            needs.contains("the tag Mirror-Target, which override.target_tag reads, and"),
            "{needs}"
        );
    }

    proptest! {
        #[test]
        fn no_tag_leads_outside_the_lists(key in "(?i)mirror-(target|filter)", value in "tm[tf]-[0-9]") {
            let tagged = Tags::from([(key, value)]);
            if let Pick::Picked(id) = rule().target(&tagged) {
                prop_assert!(rule().target_ids.contains(&id));
            }
            if let Pick::Picked(id) = rule().filter(&tagged) {
                prop_assert!(rule().filter_ids.contains(&id));
            }
        }
    }
}
