//! The filter that a coverage owns when none is given: it accepts everything.

use uuid::Uuid;

use super::model::CoverageModel;
use super::observe::is_left;
use super::uncertain::look_for;
use crate::ec2::{Account, Ec2Error};
use crate::framework::Attr;
use crate::planner::{
    Blueprint, COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, FilterRepair, FilterRule, MirrorFilter, NAME_TAG,
    Owner, Tags, filter_deviation, filter_repair,
};

/// Whether the filter belongs to the coverage with this id.
pub fn is_of(filter: &MirrorFilter, id: &CoverageId) -> bool {
    Owner::of(&filter.tags).is_some_and(|owner| owner.id == *id)
}

/// Whether nobody's id is on the filter, as after somebody removed its tags: then the state decides.
fn is_nobodys(filter: &MirrorFilter) -> bool {
    !filter.tags.contains_key(COVERAGE_ID_TAG)
}

/// The filter of the state, if it is the coverage's own; `id` is the coverage's.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn of_state(
    account: &Account,
    state: &CoverageModel,
    id: Option<&CoverageId>,
) -> Result<Option<MirrorFilter>, Ec2Error> {
    let (true, Some(filter), Some(id)) = (state.owns_filter(), state.filter_id.known(), id) else {
        return Ok(None);
    };
    by_id(account, filter, id).await
}

/// The filter with this id, if it exists and belongs to the coverage.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn by_id(
    account: &Account,
    filter: &str,
    id: &CoverageId,
) -> Result<Option<MirrorFilter>, Ec2Error> {
    let found = account.filters(&[filter.to_owned()]).await?.found;
    Ok(found
        .into_iter()
        .find(|filter| is_of(filter, id) || is_nobodys(filter)))
}

/// Writes into a refreshed state what has become of its filter: what differs is a deviation, and a filter that is gone leaves no
/// id, so that the next plan makes another.
pub fn note(state: &mut CoverageModel, filter: Option<&MirrorFilter>, blueprint: &Blueprint) {
    let Some(id) = state.filter_id.known().cloned().filter(|_| state.owns_filter()) else {
        return;
    };
    let found = match filter {
        Some(filter) => filter_deviation(blueprint, filter),
        None => {
            state.filter_id = Attr::Null;
            "the filter of this coverage is gone".to_owned()
        }
    };
    if let (false, Some(deviations)) = (found.is_empty(), state.deviations.known_mut()) {
        deviations.insert(id, Attr::Known(found));
    }
}

/// Makes the filter. One that cannot be completed is deleted again.
///
/// # Errors
///
/// When EC2 refuses one of the calls.
pub async fn make(account: &Account, blueprint: &Blueprint) -> Result<String, Ec2Error> {
    let mut tags = blueprint.filter_tags().tags;
    tags.entry(NAME_TAG.to_owned())
        .or_insert_with(|| blueprint.name.clone());
    let description = format!("Everything, for mirror coverage {}", blueprint.name);
    let token = Uuid::new_v4().to_string();
    let id = match account.create_filter(&description, &tags, &token).await {
        Ok(id) => id,
        // The filter may be there although the call failed.
        Err(error) if error.is_outcome_unknown() => {
            let mark = tags.get(COVERAGE_ID_TAG);
            let made = || async {
                let filters = account.all_filters().await?;
                let is_it = |filter: &MirrorFilter| filter.tags.get(COVERAGE_ID_TAG) == mark;
                Ok(filters.into_iter().find(is_it))
            };
            look_for(made).await.ok_or(error)?.id
        }
        Err(error) => return Err(error),
    };
    let empty = MirrorFilter {
        id: id.clone(),
        rules: Vec::new(),
        amazon_dns: false,
        tags,
    };
    match complete(account, &id, &filter_repair(&empty)).await {
        Ok(()) => Ok(id),
        Err(error) => {
            if let Err(error) = account.delete_filter(&id).await {
                tracing::warn!(filter = id, %error, "an incomplete traffic mirror filter could not be deleted");
            }
            Err(error)
        }
    }
}

/// Brings a filter back to accepting everything, and its tags to what they should be; says whether there was something to do.
///
/// # Errors
///
/// When EC2 refuses one of the calls; what was done stays done.
pub async fn mend(account: &Account, filter: &MirrorFilter, blueprint: &Blueprint) -> Result<bool, Ec2Error> {
    let spec = blueprint.filter_tags();
    let ids = std::slice::from_ref(&filter.id);
    let (set, remove) = (spec.tags_to_set(&filter.tags), spec.tags_to_remove(&filter.tags));
    account.change_tags(ids, &set, &remove).await.whole()?;
    let repair = filter_repair(filter);
    if !blueprint.filter_as_found.leaves_rules(&filter.id, &repair.found) {
        complete(account, &filter.id, &repair).await?;
    }
    Ok(!filter_deviation(blueprint, filter).is_empty())
}

async fn complete(account: &Account, id: &str, repair: &FilterRepair) -> Result<(), Ec2Error> {
    for rule in &repair.delete {
        account.delete_filter_rule(rule).await?;
    }
    for rule in &repair.create {
        let token = Uuid::new_v4().to_string();
        let error = match account.create_filter_rule(id, rule, &token).await {
            Ok(()) => continue,
            Err(error) => error,
        };
        // The rule may be there although the call failed.
        let made = || async {
            let filters = account.filters(&[id.to_owned()]).await?.found;
            let is_it = |made: &FilterRule| (made.egress, made.number) == (rule.egress, rule.number);
            Ok(filters.into_iter().flat_map(|filter| filter.rules).find(is_it))
        };
        if !error.is_outcome_unknown() || look_for(made).await.is_none() {
            return Err(error);
        }
    }
    if repair.add_amazon_dns {
        account.add_amazon_dns(id).await?;
    }
    Ok(())
}

/// Takes the coverage's tags off its filter, which somebody else manages from now on.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn release(account: &Account, filter: &str, id: &CoverageId) -> Result<(), Ec2Error> {
    let found = by_id(account, filter, id).await?;
    if found.is_some_and(|filter| is_of(&filter, id)) {
        let keys = [COVERAGE_TAG, COVERAGE_ID_TAG].map(str::to_owned);
        let ids = [filter.to_owned()];
        account.change_tags(&ids, &Tags::new(), &keys).await.whole()?;
    }
    Ok(())
}

/// The filters of the coverage with this name and id, that of its state among them, and those that killed creates of the name
/// left behind.
///
/// # Errors
///
/// When EC2 refuses or cannot be reached.
pub async fn own(
    account: &Account,
    name: &str,
    id: Option<&CoverageId>,
    recorded: Option<&str>,
) -> Result<Vec<MirrorFilter>, Ec2Error> {
    let mut filters = account.all_filters().await?;
    let in_state = |filter: &MirrorFilter| recorded == Some(&filter.id) && is_nobodys(filter);
    filters.retain(|filter| {
        id.is_some_and(|id| is_of(filter, id)) || is_left(&filter.tags, name) || in_state(filter)
    });
    Ok(filters)
}
