//! Describe calls: a listing is data, and one function carries it out.

use serde::Deserialize;
use serde_json::Value;

use super::Call;
use super::id_kinds::IdKind;
use crate::failure::Failure;
use crate::filters::{Filter, within_limits};
use crate::paging;
use crate::state::{Region, Table, Tags};

/// No call answers more than this many rows, asked for or not.
const LARGEST_PAGE: usize = 1000;

/// The values of one filter on one row.
pub type Values<T> = fn(&Region, &T) -> Vec<String>;

/// How one Describe action lists its rows.
pub struct Listing<T: 'static> {
    /// The parameter with explicit ids, and their kind.
    pub ids: (&'static str, &'static IdKind),
    /// Smallest MaxResults where the model states none.
    pub least: i64,
    /// The rows.
    pub table: fn(&Region) -> &Table<T>,
    /// Whether the caller may see a row.
    pub shows: fn(&Call, &T) -> bool,
    /// The documented filters.
    pub filters: &'static [(&'static str, Values<T>)],
    /// The row's tags as the caller sees them, where `tag:KEY`, `tag-key` and `tag-value` are documented.
    pub tags: Option<for<'r, 'c> fn(&'r Call<'c>, &'r T) -> &'r Tags>,
    /// The row in the answer.
    pub render: fn(&Call, &T) -> Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    filters: Vec<Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The rows of one page and the token of the next.
///
/// Errors: `InvalidParameterValue` for an unknown filter, `FilterLimitExceeded`,
/// `InvalidMaxResults`, `InvalidNextToken`, `InvalidParameterCombination` for
/// ids together with a page size, and the kind's own codes for bad ids.
pub fn list<T: Clone>(call: &Call, listing: &Listing<T>) -> Result<(Vec<Value>, Option<String>), Failure> {
    let mut page: Page = call.input()?;
    within_limits(&page.filters)?;
    for filter in &page.filters {
        let tag = filter.name.starts_with("tag:") || matches!(filter.name.as_str(), "tag-key" | "tag-value");
        if !(tag && listing.tags.is_some() || listing.filters.iter().any(|(name, _)| *name == filter.name)) {
            return Err(Failure::invalid_parameter(format!(
                "The filter '{}' is invalid",
                filter.name
            )));
        }
    }
    let by_zone =
        |filter: &&mut Filter| matches!(filter.name.as_str(), "availability-zone" | "availabilityZone");
    for filter in page.filters.iter_mut().filter(by_zone) {
        filter
            .values
            .iter_mut()
            .for_each(|value| *value = call.zone_name(value));
    }
    let (name, kind) = listing.ids;
    let ids: Vec<&str> = call
        .input
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for id in &ids {
        kind.well_formed(id)?;
    }
    if let Some(size) = page.max_results
        && (size < listing.least || size > LARGEST_PAGE as i64)
    {
        return Err(Failure::invalid_max_results(
            size,
            Some(listing.least),
            Some(LARGEST_PAGE as i64),
        ));
    }
    if !ids.is_empty() && (page.max_results.is_some() || page.next_token.is_some()) {
        let text =
            format!("The parameter {name} cannot be used with the parameters maxResults and nextToken");
        return Err(Failure::invalid_combination(text));
    }
    let fits = |row: &T| {
        page.filters.iter().all(|filter| {
            if let Some(verdict) = listing.tags.and_then(|tags| filter.matches_tags(tags(call, row))) {
                return verdict;
            }
            let values = listing.filters.iter().find(|(name, _)| *name == filter.name);
            values.is_some_and(|(_, values)| filter.matches(&values(call.region, row)))
        })
    };
    let table = (listing.table)(call.region);
    let of = paging::fingerprint(&call.caller.account, call.region_name, call.action, &call.input);
    let after = match &page.next_token {
        Some(token) => Some(paging::resume(token, &of, call.now)?),
        None => None,
    };
    call.dry_run()?;
    if !ids.is_empty() {
        let row = |id: &&str| table.seen(id).filter(|row| (listing.shows)(call, row));
        let missing: Vec<&str> = ids.iter().copied().filter(|id| row(id).is_none()).collect();
        if !missing.is_empty() {
            return Err(kind.missing(&missing));
        }
        let rows = ids.iter().filter_map(row).filter(|row| fits(row));
        return Ok((rows.map(|row| (listing.render)(call, row)).collect(), None));
    }
    let asked = page.max_results.map_or(LARGEST_PAGE, |size| size as usize);
    let size = call.page_size(asked);
    let mut rows = table
        .seen_after(after.as_deref())
        .filter(|(_, row)| (listing.shows)(call, row) && fits(row));
    let (mut out, mut last) = (Vec::new(), "");
    for (id, row) in rows.by_ref().take(size) {
        last = id;
        out.push((listing.render)(call, row));
    }
    let next = rows.next().map(|_| paging::token(&of, last, call.now));
    Ok((out, next))
}

/// A filter's single value.
pub fn one(value: impl ToString) -> Vec<String> {
    vec![value.to_string()]
}

/// A filter's value that a row may lack.
pub fn maybe<V: ToString>(value: Option<V>) -> Vec<String> {
    value.map(|v| v.to_string()).into_iter().collect()
}
