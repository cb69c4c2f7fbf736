//! Checks of the arguments that shape sessions and limit plans.

use super::model::CoverageModel;
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::planner::{Template, VirtualNetworkId, VirtualNetworkRange};
use crate::selection;

/// Longest packet that a session can be asked for, in bytes: the largest MTU of EC2 less the VXLAN overhead of IPv4 (54
/// bytes).
const MAX_PACKET_LENGTH: i64 = 8947;

/// Checks what is known.
pub fn validate(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    packet_length(config, diagnostics);
    virtual_network(config, diagnostics);
    for (argument, text) in [
        ("description", &config.description),
        ("name_tag", &config.name_tag),
    ] {
        if let Some(Err(error)) = text.as_str().map(Template::parse) {
            let path = AttributePath::root(argument);
            diagnostics
                .push(Diagnostic::error("Not a template", format!("In {argument}, {error}.")).at(path));
        }
    }
    if config.name_tag.as_str() == Some("") {
        let path = AttributePath::root("name_tag");
        let detail = "name_tag is an empty string. Give a text, or leave it out for the instance id.";
        diagnostics.push(Diagnostic::error("Empty name_tag", detail).at(path));
    }
    if config.name_tag.is_known() && config.tags.known().is_some_and(|tags| tags.contains_key("Name")) {
        let path = AttributePath::root("name_tag");
        let detail = "name_tag and tags both set the tag Name. Remove one of them.";
        diagnostics.push(Diagnostic::error("Name is set twice", detail).at(path));
    }
    for (argument, list) in [
        ("copy_tags", &config.copy_tags),
        ("try_instance_types", &config.try_instance_types),
    ] {
        selection::check_list(list, &AttributePath::root(argument), diagnostics);
    }
    copied(config, diagnostics);
}

fn packet_length(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    let Some(length) = config
        .packet_length
        .known()
        .filter(|length| !(1..=MAX_PACKET_LENGTH).contains(*length))
    else {
        return;
    };
    let detail = format!(
        "{length} is not a packet length: 1 to {MAX_PACKET_LENGTH} bytes. To mirror whole packets, leave packet_length out."
    );
    let path = AttributePath::root("packet_length");
    diagnostics.push(Diagnostic::error("Packet length out of range", detail).at(path));
}

fn virtual_network(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    let path = AttributePath::root("virtual_network_id_range");
    let mut error = |title: &str, detail: String, path: AttributePath| {
        diagnostics.push(Diagnostic::error(title, detail).at(path));
    };
    if let Some(Err(wrong)) = config
        .virtual_network_id
        .known()
        .map(|id| VirtualNetworkId::new(*id))
    {
        error(
            "Not a virtual network id",
            format!("{wrong}."),
            AttributePath::root("virtual_network_id"),
        );
    }
    let Some(range) = config.virtual_network_id_range.known() else {
        return;
    };
    if config.virtual_network_id.is_known() {
        let detail = "virtual_network_id gives every session the same identifier, virtual_network_id_range one of its own. \
                      Remove one of the two.";
        error(
            "Both a virtual network id and a range",
            detail.to_owned(),
            path.clone(),
        );
    }
    let mut ends = Vec::new();
    for (name, end) in [("first", range.first), ("last", range.last)] {
        let at = path.clone().attribute(name);
        match end {
            Attr::Unknown => return,
            Attr::Null => error(
                "Incomplete range",
                format!("{at} is null. Give both ends of the range."),
                at,
            ),
            Attr::Known(id) => match VirtualNetworkId::new(id) {
                Ok(id) => ends.push(id),
                Err(wrong) => error("Not a virtual network id", format!("{wrong}."), at),
            },
        }
    }
    if let [first, last] = ends[..]
        && let Err(wrong) = VirtualNetworkRange::new(first, last)
    {
        error(
            "Not a range",
            format!("In virtual_network_id_range, {wrong}."),
            path,
        );
    }
}

fn copied(config: &CoverageModel, diagnostics: &mut Diagnostics) {
    for (index, key) in config.copy_tags.known().into_iter().flatten().enumerate() {
        if key
            .as_str()
            .is_some_and(|key| key.starts_with("aws:") || key.starts_with("mirror:"))
        {
            let path = AttributePath::root("copy_tags").index(index);
            let detail = "Tags with the prefixes aws: and mirror: cannot be copied. Remove the key.";
            diagnostics.push(Diagnostic::error("Reserved tag key", detail).at(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::RangeModel;
    use super::super::validate::paths_of;
    use super::*;

    fn problems(change: impl FnOnce(&mut CoverageModel)) -> Vec<String> {
        let mut model = CoverageModel::default();
        change(&mut model);
        let mut diagnostics = Diagnostics::new();
        validate(&model, &mut diagnostics);
        paths_of(&diagnostics)
    }

    #[test]
    fn each_mistake_points_at_its_argument() {
        assert!(problems(|_| {}).is_empty());
        for length in [0, -1, 8948] {
            assert_eq!(problems(|m| m.packet_length = length.into()), ["packet_length"]);
        }
        assert_eq!(
            problems(|m| m.virtual_network_id = 0.into()),
            ["virtual_network_id"]
        );
        let range = |first, last| {
            move |m: &mut CoverageModel| m.virtual_network_id_range = RangeModel { first, last }.into()
        };
        assert_eq!(problems(range(2.into(), 1.into())), ["virtual_network_id_range"]);
        assert_eq!(
            problems(range(0.into(), 1.into())),
            ["virtual_network_id_range.first"]
        );
        assert_eq!(
            problems(range(1.into(), Attr::Null)),
            ["virtual_network_id_range.last"]
        );
        assert!(problems(range(1.into(), Attr::Unknown)).is_empty());
        assert_eq!(problems(|m| m.description = "{instance}".into()), ["description"]);
        assert_eq!(problems(|m| m.name_tag = "".into()), ["name_tag"]);
        assert_eq!(
            problems(|m| m.copy_tags = Attr::Known(vec!["aws:x".into()])),
            ["copy_tags[0]"]
        );
        assert_eq!(
            problems(|m| m.try_instance_types = Attr::Known(vec![])),
            ["try_instance_types"]
        );
    }
}
