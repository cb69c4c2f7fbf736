//! The block's definition, its checks, and its way into the planner's [`Selector`].

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::planner::{EC2_DEFAULT_STATES, Selector, TagSource, Tags};

/// A list of strings as the configuration has it.
pub type Strings = Attr<Vec<Attr<String>>>;
/// The repeated block as the configuration has it.
pub type SelectorBlocks = Attr<Vec<Attr<SelectorBlock>>>;

/// Picks network interfaces. Within a block every argument must match; several blocks are alternatives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SelectorBlock {
    /// Tags that `tag_source` must have, all of them. `*` in a value stands for any characters and `?` for one, as in EC2
    /// filters; a backslash takes the next character literally. Left out, tags do not matter.
    pub tags: Attr<BTreeMap<String, Attr<String>>>,
    /// Whose tags `tags` means: `instance` (the default), `network_interface`, or `either`: all on the instance or all on the
    /// interface. Tags of an instance or of an autoscaling group do not reach its interfaces by themselves.
    pub tag_source: Attr<String>,
    /// Whether keys and values of `tags` match without regard to case. Defaults to `false`.
    pub ignore_tag_case: Attr<bool>,
    /// Instances that may be meant, by id. Left out, any.
    pub instance_ids: Strings,
    /// Network interfaces that may be meant, by id. One whose instance is not visible is skipped as `NOT_VISIBLE` where the block asks
    /// for types, states or tags of the instance; so it is with an `exclude` block that asks for them. Left out, any.
    pub network_interface_ids: Strings,
    /// VPCs that the network interface may be in. Left out, any.
    pub vpc_ids: Strings,
    /// Subnets that the network interface may be in. A selector that asks for types, states or tags of the instance too passes over an
    /// interface there whose instance is not visible. Left out, any.
    pub subnet_ids: Strings,
    /// Availability zones that the network interface may be in, by name (`eu-west-1a`) or id (`euw1-az2`). Left out, any.
    pub availability_zones: Strings,
    /// Security groups, one of which the network interface must have. Left out, any.
    pub security_group_ids: Strings,
    /// Types that the instance may have, with the wildcards of `tags`, for example `m5.*`. Left out, any.
    pub instance_types: Strings,
    /// States that the instance may be in. Defaults to `pending`, `running`, `stopping` and `stopped`: a stopped instance keeps its
    /// network interfaces and their sessions.
    pub instance_state_names: Strings,
    /// Whether only the primary network interface is meant: network card 0, device 0. Defaults to `false`: every network
    /// interface of a matching instance. Only in a `selector`.
    pub primary_only: Attr<bool>,
}

impl SelectorBlock {
    fn lists(&self) -> [(&'static str, &Strings); 8] {
        [
            ("instance_ids", &self.instance_ids),
            ("network_interface_ids", &self.network_interface_ids),
            ("vpc_ids", &self.vpc_ids),
            ("subnet_ids", &self.subnet_ids),
            ("availability_zones", &self.availability_zones),
            ("security_group_ids", &self.security_group_ids),
            ("instance_types", &self.instance_types),
            ("instance_state_names", &self.instance_state_names),
        ]
    }

    /// The planner's selector; none while any part of it is unknown.
    fn selector(&self) -> Option<Selector> {
        Some(Selector {
            tags: tags(&self.tags)?,
            tag_source: match self.tag_source.decided()? {
                Some(text) => text.parse().unwrap_or_default(),
                None => TagSource::default(),
            },
            ignore_tag_case: flag(&self.ignore_tag_case)?,
            instance_ids: strings(&self.instance_ids)?.into_iter().collect(),
            network_interface_ids: strings(&self.network_interface_ids)?.into_iter().collect(),
            vpc_ids: strings(&self.vpc_ids)?,
            subnet_ids: strings(&self.subnet_ids)?,
            availability_zones: strings(&self.availability_zones)?,
            security_group_ids: strings(&self.security_group_ids)?,
            instance_types: strings(&self.instance_types)?,
            instance_state_names: strings(&self.instance_state_names)?,
            primary_only: flag(&self.primary_only)?,
        })
    }
}

/// The selectors of the blocks; none while any part of them is unknown.
pub fn selectors(blocks: &SelectorBlocks) -> Option<Vec<Selector>> {
    let blocks = blocks.decided()?.into_iter().flatten();
    blocks
        .map(|block| match block.decided()? {
            Some(block) => block.selector(),
            None => Some(Selector::default()),
        })
        .collect()
}

/// The strings of a list; none while any of them is unknown.
pub fn strings(list: &Strings) -> Option<Vec<String>> {
    list.decided()?
        .into_iter()
        .flatten()
        .map(|item| item.known().cloned())
        .collect()
}

fn flag(value: &Attr<bool>) -> Option<bool> {
    Some(value.decided()?.copied().unwrap_or(false))
}

fn tags(map: &Attr<BTreeMap<String, Attr<String>>>) -> Option<Tags> {
    let entries = map.decided()?.into_iter().flatten();
    entries
        .map(|(key, value)| Some((key.clone(), value.known()?.clone())))
        .collect()
}

/// Checks the blocks called `name`; unknown parts are left for later.
pub fn validate(name: &str, blocks: &SelectorBlocks, diagnostics: &mut Diagnostics) {
    for (index, block) in blocks.known().into_iter().flatten().enumerate() {
        let path = AttributePath::root(name).index(index);
        if let Some(block) = block.known() {
            validate_block(name, block, &path, diagnostics);
        }
    }
}

fn validate_block(name: &str, block: &SelectorBlock, path: &AttributePath, diagnostics: &mut Diagnostics) {
    for (list, value) in block.lists() {
        check_list(value, &path.clone().attribute(list), diagnostics);
    }
    if let Some(other) = block
        .tag_source
        .as_str()
        .filter(|text| text.parse::<TagSource>().is_err())
    {
        let detail = format!(
            "{other:?} is not a source of tags. Use \"instance\", \"network_interface\" or \"either\"."
        );
        let path = path.clone().attribute("tag_source");
        diagnostics.push(Diagnostic::error("Unknown tag_source", detail).at(path));
    }
    let states = block
        .instance_state_names
        .known()
        .into_iter()
        .flatten()
        .enumerate();
    for (index, state) in states.filter_map(|(index, state)| Some((index, state.known()?))) {
        let known = EC2_DEFAULT_STATES
            .iter()
            .chain(&["shutting-down", "terminated"])
            .any(|known| known == state);
        if !known && !state.is_empty() {
            diagnostics.push(
                Diagnostic::error(
                    "Unknown instance state",
                    format!(
                        "{state:?} is not a state of an EC2 instance. Use pending, running, stopping, stopped, shutting-down \
                         or terminated."
                    ),
                )
                .at(path.clone().attribute("instance_state_names").index(index)),
            );
        }
    }
    let at = path.clone().attribute("tags");
    for (key, value) in block.tags.known().into_iter().flatten() {
        if key.is_empty() {
            diagnostics.push(
                Diagnostic::error(
                    "Empty tag key",
                    "A tag key has at least one character. Name the tag to match.",
                )
                .at(at.clone()),
            );
        }
        if value.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "Null tag value",
                    format!(
                        "The value of tag {key:?} is null. Give the value to match, or \"*\" for any value."
                    ),
                )
                .at(at.clone().key(key)),
            );
        }
    }
    if block.tags.known().is_some_and(BTreeMap::is_empty) {
        diagnostics.push(
            Diagnostic::error(
                "Empty tag map",
                "An empty map of tags would select every instance, which is never meant. Name a tag, or leave the \
                 argument out.",
            )
            .at(at),
        );
    } else if name == "exclude" && !block.primary_only.is_null() {
        let detail = "primary_only belongs to a selector block: it keeps the primary network interface of what the block selects. In an \
                      exclude block name what is to be left out by another criterion, such as network_interface_ids.";
        diagnostics.push(
            Diagnostic::error("primary_only in an exclude block", detail)
                .at(path.clone().attribute("primary_only")),
        );
    } else if selects_by_nothing(block) {
        diagnostics.push(
            Diagnostic::error(
                format!("Empty {name} block"),
                format!(
                    "A {name} block without a criterion would mean every network interface of the account, which is never \
                     assumed. Add tags, vpc_ids, subnet_ids or another criterion, or remove the block."
                ),
            )
            .at(path.clone()),
        );
    }
}

/// Whether no argument narrows the block: primary_only and ignore_tag_case alone select nothing in particular.
fn selects_by_nothing(block: &SelectorBlock) -> bool {
    block.tags.is_null() && block.lists().iter().all(|(_, list)| list.is_null())
}

/// Whether there is certainly no block.
pub fn is_absent(blocks: &SelectorBlocks) -> bool {
    blocks
        .decided()
        .is_some_and(|blocks| blocks.is_none_or(Vec::is_empty))
}

/// Checks that there is a selector block: nothing is never taken for everything.
pub fn require_selector(blocks: &SelectorBlocks, diagnostics: &mut Diagnostics) {
    if is_absent(blocks) {
        diagnostics.push(Diagnostic::error(
            "Nothing is selected",
            "There is no selector block, and nothing is never taken for everything. Add for example selector { tags = { Mirror \
             = \"True\" } }.",
        ));
    }
}

/// Checks that a list is not empty and holds neither null, nor empty, nor repeated strings.
pub fn check_list(list: &Strings, path: &AttributePath, diagnostics: &mut Diagnostics) {
    let Attr::Known(items) = list else { return };
    let mut error = |title: &str, detail: String, path: AttributePath| {
        diagnostics.push(Diagnostic::error(title, detail).at(path));
    };
    if items.is_empty() {
        error(
            "Empty list",
            format!(
                "{path} is an empty list, which matches nothing. Give at least one value, or leave the argument out."
            ),
            path.clone(),
        );
    }
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let at = path.clone().index(index);
        match item {
            Attr::Unknown => {}
            Attr::Null => error(
                "Null value in a list",
                format!("{at} is null. Give a value, or remove it."),
                at,
            ),
            Attr::Known(item) if item.is_empty() => {
                error(
                    "Empty string in a list",
                    format!("{at} is an empty string. Give a value, or remove it."),
                    at,
                );
            }
            Attr::Known(item) if !seen.insert(item) => {
                error(
                    "Repeated value in a list",
                    format!("{item:?} stands more than once in {path}. Remove one."),
                    at,
                );
            }
            Attr::Known(_) => {}
        }
    }
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
