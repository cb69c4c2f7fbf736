//! Describe calls for things whose ids are known: 1,000 ids in a call, where a filter takes 200.

use std::collections::BTreeSet;

use super::network::id_filters;
use super::page::{FILTER_VALUES, MAX_RESULTS};
use super::{Ec2Error, ErrorClass};
use crate::planner::Filter;

/// The most ids to name in one call (EC2 developer guide, "Pagination in the Amazon EC2 API").
const MAX_IDS: usize = 1000;

/// The ids as one call after the other names them.
pub(super) fn batches(ids: &BTreeSet<String>) -> Vec<Vec<String>> {
    let ids: Vec<String> = ids.iter().cloned().collect();
    ids.chunks(MAX_IDS).map(<[String]>::to_vec).collect()
}

/// What a describe call says of these ids and of the size of its pages: EC2 does not take both. No id: pages.
pub(super) fn ids_or_pages(ids: Vec<String>) -> (Option<Vec<String>>, Option<i32>) {
    match ids.is_empty() {
        true => (None, Some(MAX_RESULTS)),
        false => (Some(ids), None),
    }
}

/// What has one of these ids, at most [`MAX_IDS`] of them, and is there. EC2 refuses a call that names one which is not: as a rule its
/// error names all of those, and what still fails without them is asked for by the filter `name`.
pub(super) async fn by_id<T, E, F>(
    mut ids: Vec<String>,
    name: &str,
    explicit: impl Fn(Vec<String>) -> E,
    filtered: impl Fn(Vec<Filter>) -> F,
) -> Result<Vec<T>, Ec2Error>
where
    E: Future<Output = Result<Vec<T>, Ec2Error>>,
    F: Future<Output = Result<Vec<T>, Ec2Error>>,
{
    for _ in 0..2 {
        // In a filter an id that does not exist is no error.
        if ids.len() <= FILTER_VALUES {
            break;
        }
        match explicit(ids.clone()).await {
            Err(error) if matches!(error.class(), ErrorClass::NotFound(_)) => {
                if !forget_named(&mut ids, &error) {
                    break;
                }
            }
            found => return found,
        }
    }
    let mut found = Vec::new();
    for filter in id_filters(name, &ids) {
        found.extend(filtered(vec![filter]).await?);
    }
    Ok(found)
}

/// Without the ids that the error names; false if it names none.
fn forget_named(ids: &mut Vec<String>, error: &Ec2Error) -> bool {
    let is_of_id = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let named: BTreeSet<&str> = error.message().split(|c| !is_of_id(c)).collect();
    let before = ids.len();
    ids.retain(|id| !named.contains(id.as_str()));
    ids.len() < before
}
