//! CreateTags, DeleteTags, DescribeTags, and the tags in create calls.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::id_kinds::TAGGABLE;
use crate::failure::Failure;
use crate::filters::{Filter, within_limits};
use crate::paging;
use crate::state::Tags;

/// At most this many tags on a resource.
const MOST_TAGS: usize = 50;
/// At most this many characters in a key.
const LONGEST_KEY: usize = 128;
/// At most this many characters in a value.
const LONGEST_VALUE: usize = 256;
/// At most this many resources in a call.
const MOST_RESOURCES: usize = 1000;

/// A tag in a request; DeleteTags may leave the value out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// The key.
    #[serde(default)]
    pub key: String,
    /// The value.
    pub value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagSpecification {
    resource_type: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Key and value lengths, and the reserved prefix.
pub fn tag_is_allowed(tag: &Tag) -> Result<(), Failure> {
    if tag.key.is_empty() || tag.key.chars().count() > LONGEST_KEY {
        let text = format!(
            "Tag key length must be between 1 and {LONGEST_KEY}: '{}'",
            tag.key
        );
        return Err(Failure::invalid_parameter(text));
    }
    if tag
        .value
        .as_ref()
        .is_some_and(|v| v.chars().count() > LONGEST_VALUE)
    {
        let text = format!(
            "Tag value exceeds the maximum length of {LONGEST_VALUE} characters: '{}'",
            tag.key
        );
        return Err(Failure::invalid_parameter(text));
    }
    if tag.key.to_ascii_lowercase().starts_with("aws:") {
        let text = "Tag keys starting with 'aws:' are reserved for internal use";
        return Err(Failure::invalid_parameter(text));
    }
    Ok(())
}

/// Fifty tags a resource; AWS's own do not count.
fn within_tag_limit(id: &str, tags: &Tags) -> Result<(), Failure> {
    if tags.keys().filter(|key| !key.starts_with("aws:")).count() > MOST_TAGS {
        return Err(Failure::new(
            "TagLimitExceeded",
            format!("More than {MOST_TAGS} tags on '{id}'"),
        ));
    }
    Ok(())
}

/// A key may stand only once in a request.
fn keys_are_unique(tags: &[Tag]) -> Result<(), Failure> {
    for (n, tag) in tags.iter().enumerate() {
        if tags[..n].iter().any(|other| other.key == tag.key) {
            return Err(Failure::invalid_parameter(format!(
                "Duplicate tag key '{}' specified.",
                tag.key
            )));
        }
    }
    Ok(())
}

/// The tags of a create call for one of the resource types that it creates.
pub fn specified(call: &Call, resource_type: &str, creatable: &[&str]) -> Result<Tags, Failure> {
    let specifications: Vec<TagSpecification> = match call.input.get("TagSpecifications") {
        Some(value) => {
            Vec::deserialize(value).map_err(|error| Failure::internal(format!("{}: {error}", call.action)))?
        }
        None => Vec::new(),
    };
    let mut out = Tags::new();
    let mut seen: Vec<&str> = Vec::new();
    for specification in &specifications {
        let Some(kind) = specification.resource_type.as_deref() else {
            return Err(Failure::invalid_parameter(
                "Tag specification resource type must have a value",
            ));
        };
        if !creatable.contains(&kind) {
            let text = format!("'{kind}' is not a valid taggable resource type for this operation.");
            return Err(Failure::invalid_parameter(text));
        }
        if seen.contains(&kind) {
            let text = format!(
                "The same resource type may not be specified more than once in tag specifications: {kind}"
            );
            return Err(Failure::invalid_parameter(text));
        }
        seen.push(kind);
        if specification.tags.is_empty() {
            return Err(Failure::invalid_parameter(
                "Tag specification must have at least one tag",
            ));
        }
        keys_are_unique(&specification.tags)?;
        for tag in &specification.tags {
            tag_is_allowed(tag)?;
            if kind == resource_type {
                out.insert(tag.key.clone(), tag.value.clone().unwrap_or_default());
            }
        }
    }
    within_tag_limit(resource_type, &out)?;
    Ok(out)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    resources: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Whether the caller may tag a resource: its own, or one that is shared with it.
fn may_tag(call: &Call, id: &str) -> bool {
    let shared = || {
        call.region
            .targets
            .get(id)
            .is_some_and(|t| t.shared_with.contains(&call.caller.account))
    };
    let interface = || {
        call.region
            .interfaces
            .get(id)
            .is_some_and(|i| call.sees_interface(i))
    };
    call.region
        .tags_of(id)
        .is_some_and(|(owner, _)| call.owns(owner) || shared() || interface())
}

/// One missing resource fails the whole call.
fn all_exist(call: &Call, resources: &[String]) -> Result<(), Failure> {
    if resources.is_empty() {
        return Err(Failure::missing_parameter("ResourceId"));
    }
    if resources.len() > MOST_RESOURCES {
        return Err(Failure::invalid_parameter(format!(
            "At most {MOST_RESOURCES} resources are allowed"
        )));
    }
    for id in resources {
        let Some((kind, _)) = TAGGABLE.iter().find(|(kind, _)| kind.fits(id)) else {
            return Err(Failure::new("InvalidID", format!("The ID '{id}' is not valid")));
        };
        if !may_tag(call, id) {
            return Err(kind.missing(&[id]));
        }
    }
    Ok(())
}

/// What the caller's tags on a resource are.
fn tags_by_caller(call: &Call, id: &str) -> Tags {
    let Some((owner, tags)) = call.region.tags_of(id) else {
        return Tags::new();
    };
    call.tags_seen(owner, id, tags).cloned().unwrap_or_default()
}

fn set_tags(call: &mut Call, id: &str, tags: Tags) {
    let account = call.caller.account.clone();
    let owned = call.region.tags_of(id).is_some_and(|(owner, _)| owner == account);
    if !owned {
        call.region.foreign_tags.insert((account, id.to_owned()), tags);
    } else if let Some(old) = call.region.tags_mut(id) {
        *old = tags;
    }
}

/// CreateTags: all resources or none.
pub fn create(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    if input.tags.is_empty() {
        return Err(Failure::missing_parameter("Tag"));
    }
    keys_are_unique(&input.tags)?;
    input.tags.iter().try_for_each(tag_is_allowed)?;
    all_exist(call, &input.resources)?;
    let mut changed = Vec::with_capacity(input.resources.len());
    for id in &input.resources {
        let mut tags = tags_by_caller(call, id);
        tags.extend(
            input
                .tags
                .iter()
                .map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())),
        );
        within_tag_limit(id, &tags)?;
        changed.push(tags);
    }
    call.dry_run()?;
    for (id, tags) in input.resources.iter().zip(changed) {
        set_tags(call, id, tags);
    }
    Ok(Value::Null)
}

/// DeleteTags: a value that is given must match; without a list every user tag goes.
pub fn delete(call: &mut Call) -> Result<Value, Failure> {
    let input: Input = call.input()?;
    input.tags.iter().try_for_each(tag_is_allowed)?;
    all_exist(call, &input.resources)?;
    call.dry_run()?;
    for id in &input.resources {
        let mut tags = tags_by_caller(call, id);
        tags.retain(|key, value| {
            let named = input
                .tags
                .iter()
                .any(|t| t.key == *key && t.value.as_ref().is_none_or(|v| v == value));
            key.starts_with("aws:") || !(named || input.tags.is_empty())
        });
        set_tags(call, id, tags);
    }
    Ok(Value::Null)
}

/// DescribeTags.
pub fn describe(call: &mut Call) -> Result<Value, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Page {
        #[serde(default)]
        filters: Vec<Filter>,
        max_results: Option<i64>,
        next_token: Option<String>,
    }
    let page: Page = call.input()?;
    within_limits(&page.filters)?;
    let known = |name: &str| {
        matches!(
            name,
            "key" | "resource-id" | "resource-type" | "value" | "tag-key" | "tag-value"
        ) || name.starts_with("tag:")
    };
    if let Some(filter) = page.filters.iter().find(|filter| !known(&filter.name)) {
        return Err(Failure::invalid_parameter(format!(
            "The filter '{}' is invalid",
            filter.name
        )));
    }
    if let Some(size) = page.max_results.filter(|size| !(5..=1000).contains(size)) {
        return Err(Failure::invalid_max_results(size, Some(5), Some(1000)));
    }
    let of = paging::fingerprint(&call.caller.account, call.region_name, call.action, &call.input);
    let after = match &page.next_token {
        Some(token) => Some(paging::resume(token, &of, call.now)?),
        None => None,
    };
    call.dry_run()?;
    let mut rows: Vec<(String, Value)> = Vec::new();
    for (kind, resource_type) in TAGGABLE {
        for (id, tags) in tagged(call, kind.prefix) {
            for (key, value) in &tags {
                let fits = page.filters.iter().all(|filter| match filter.name.as_str() {
                    "key" | "tag-key" => filter.matches(&[key]),
                    "value" | "tag-value" => filter.matches(&[value]),
                    "resource-id" => filter.matches(&[&id]),
                    "resource-type" => filter.matches(&[resource_type]),
                    name => name.strip_prefix("tag:") == Some(key) && filter.matches(&[value]),
                });
                if fits {
                    let row =
                        json!({"ResourceId": id, "ResourceType": resource_type, "Key": key, "Value": value});
                    rows.push((format!("{id} {key}"), row));
                }
            }
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    rows.retain(|(place, _)| after.as_ref().is_none_or(|after| place > after));
    let size = call.page_size(page.max_results.unwrap_or(1000) as usize);
    let next = (rows.len() > size).then(|| paging::token(&of, &rows[size - 1].0, call.now));
    let tags: Vec<Value> = rows.into_iter().take(size).map(|(_, row)| row).collect();
    Ok(json!({"Tags": tags, "NextToken": next}))
}

/// Resources with tags that the caller sees, as describe calls show them.
fn tagged(call: &Call, prefix: &str) -> Vec<(String, Tags)> {
    macro_rules! rows {
        ($table:ident) => {
            (call.region.$table.seen_after(None))
                .filter_map(|(id, row)| {
                    Some((
                        id.to_owned(),
                        call.tags_seen(&row.owner, id, &row.tags)?.clone(),
                    ))
                })
                .collect()
        };
    }
    match prefix {
        "vpc" => rows!(vpcs),
        "subnet" => rows!(subnets),
        "sg" => rows!(security_groups),
        "i" => rows!(instances),
        "eni" => rows!(interfaces),
        "vpce" => rows!(endpoints),
        "tmt" => rows!(targets),
        "tmf" => rows!(filters),
        "tmfr" => rows!(filter_rules),
        "tms" => rows!(sessions),
        _ => Vec::new(),
    }
}
