//! What the elbv2 describe calls share: explicit names, markers, attributes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Call;
use super::call::Owned;
use crate::failure::Failure;
use crate::paging;
use crate::state::{Table, Tags};

/// A page holds at most this many rows.
const LARGEST_PAGE: usize = 400;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    marker: Option<String>,
    page_size: Option<usize>,
}

/// One page of the caller's rows that fit, and the marker of the next.
pub fn page<T: Clone + Owned>(
    call: &Call,
    table: &Table<T>,
    fits: impl Fn(&T) -> bool,
    render: impl Fn(&T) -> Value,
) -> Result<(Vec<Value>, Option<String>), Failure> {
    let input: Page = call.input()?;
    let of = paging::fingerprint(&call.caller.account, call.region_name, call.action, &call.input);
    let invalid = |_| Failure::new("ValidationError", "The marker is not valid");
    let after = match &input.marker {
        Some(marker) => Some(paging::resume(marker, &of, call.now).map_err(invalid)?),
        None => None,
    };
    let mut rows = table
        .seen_after(after.as_deref())
        .filter(|(_, row)| call.owns(row.owner()) && fits(row));
    let (mut out, mut last) = (Vec::new(), "");
    let size = call.page_size(input.page_size.unwrap_or(LARGEST_PAGE));
    for (arn, row) in rows.by_ref().take(size) {
        last = arn;
        out.push(render(row));
    }
    let next = rows.next().map(|_| paging::token(&of, last, call.now));
    Ok((out, next))
}

/// The caller's row, or the code for one that is missing.
pub fn own<'r, T: Clone + Owned>(
    call: &Call,
    table: &'r Table<T>,
    arn: &str,
    code: &'static str,
) -> Result<&'r T, Failure> {
    let row = table.get(arn).filter(|row| call.owns(row.owner()));
    row.ok_or_else(|| Failure::new(code, format!("'{arn}' not found")))
}

/// The texts of a list parameter.
pub fn texts(call: &Call, name: &str) -> Vec<String> {
    let items = call
        .input
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// A text parameter.
pub fn text(call: &Call, name: &str) -> String {
    call.input
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The `Attributes` parameter; each key must be one of the defaults.
pub fn attributes(call: &Call, defaults: &[(&str, &str)]) -> Result<Tags, Failure> {
    let mut out = Tags::new();
    for item in call
        .input
        .get("Attributes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let field = |name: &str| {
            item.get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let key = field("Key");
        if !defaults.iter().any(|(known, _)| *known == key) {
            let text = format!("The attribute key '{key}' is not recognized");
            return Err(Failure::new("InvalidConfigurationRequest", text));
        }
        out.insert(key, field("Value"));
    }
    Ok(out)
}

/// Attributes in an answer: the defaults, overlaid with what was set.
pub fn render_attributes(defaults: &[(&str, &str)], set: &Tags) -> Value {
    let value = |key: &str, default: &str| set.get(key).cloned().unwrap_or_else(|| default.to_owned());
    let all = defaults
        .iter()
        .map(|(key, default)| json!({"Key": key, "Value": value(key, default)}));
    json!({"Attributes": all.collect::<Vec<_>>()})
}

/// The tags of an elbv2 create call.
pub fn tags(call: &Call) -> Tags {
    let items = call
        .input
        .get("Tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let field = |item: &Value, name: &str| {
        item.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    items
        .map(|item| (field(item, "Key"), field(item, "Value")))
        .collect()
}
