//! Import: by name, `name@region`, id or identity.

use std::collections::{BTreeMap, BTreeSet};

use super::Coverage;
use super::convert;
use super::model::{CoverageIdentity, CoverageModel};
use super::owned_filter;
use super::plan_words::LOAD_BALANCER_LENGTH;
use super::read::row;
use crate::ec2::{Account, Ec2Error};
use crate::framework::{Attr, Diagnostic, ImportRequest, ImportResponse};
use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, MirrorSession, NAME_TAG, Owner, Row};
use crate::provider::{TagPolicy, ec2_diagnostic, looks_like_region, not_a_region};
use crate::selection::SelectorBlock;

type Response = ImportResponse<CoverageModel, CoverageIdentity>;

/// What an import asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    name_or_id: String,
    region: Option<String>,
}

impl Coverage {
    pub(super) async fn imported(&self, request: ImportRequest<CoverageIdentity>) -> Response {
        match self.import(request).await {
            Ok(response) => response,
            Err(diagnostic) => Response {
                diagnostics: (*diagnostic).into(),
                ..Response::default()
            },
        }
    }

    async fn import(&self, request: ImportRequest<CoverageIdentity>) -> Result<Response, Box<Diagnostic>> {
        let wanted = wanted(&request)?;
        let account = self.connection.account(wanted.region.as_deref()).ok_or_else(|| {
            Diagnostic::error(
                "Import needs a provider block that is known",
                "The provider block of mirror has values that are known only after apply. Apply those first, then import.",
            )
        })?;
        let expected = request
            .identity
            .as_ref()
            .and_then(|identity| identity.account_id.as_str());
        if let Some(expected) = expected.filter(|_| account.account_id().is_empty()) {
            let detail = format!(
                "The identity names account {expected}, and whose credentials these are is not known: the provider block has \
                 skip_credentials_validation and skip_requesting_account_id. Remove one of them, or import without account_id."
            );
            return Err(Diagnostic::error("The account id is not known", detail).into());
        }
        if let Some(expected) = expected.filter(|expected| *expected != account.account_id()) {
            let detail = format!(
                "The identity names account {expected}, the provider is configured for {}. Import with a provider of that account.",
                account.account_id()
            );
            return Err(Diagnostic::error("The coverage is in another account", detail).into());
        }
        let sessions = account
            .sessions()
            .await
            .map_err(|error| ec2_diagnostic("The traffic mirror sessions could not be read", &error))?;
        let Some((owner, own)) = find(&wanted.name_or_id, &sessions)? else {
            return self.import_by_filter(&account, &wanted.name_or_id).await;
        };
        let state = found_state(&account, &self.connection.tags(), &owner, &own)
            .await
            .map_err(|error| ec2_diagnostic("The traffic mirror filter could not be read", &error))?;
        Ok(Response {
            identity: state.identity(&account),
            state: Some(state),
            ..Response::default()
        })
    }

    /// A coverage that has no session now is found by the filter that it owns.
    async fn import_by_filter(
        &self,
        account: &Account,
        name_or_id: &str,
    ) -> Result<Response, Box<Diagnostic>> {
        let filters = account
            .all_filters()
            .await
            .map_err(|error| ec2_diagnostic("The traffic mirror filters could not be read", &error))?;
        let owners = filters.iter().filter_map(|filter| Owner::of(&filter.tags));
        let owner = chosen(name_or_id, owners)?.ok_or_else(|| not_found(name_or_id, account))?;
        let filter = filters
            .iter()
            .find(|filter| owned_filter::is_of(filter, &owner.id));
        let mut state = state(account, &self.connection.tags(), &owner, &[]);
        state.traffic_mirror_filter_id = Attr::Null;
        state.filter_id = Attr::from_option(filter.map(|filter| filter.id.clone()));
        Ok(Response {
            identity: state.identity(account),
            state: Some(state),
            ..Response::default()
        })
    }
}

/// The state of an object that only its sessions tell of.
pub(super) async fn found_state(
    account: &Account,
    policy: &TagPolicy,
    owner: &Owner,
    own: &[&MirrorSession],
) -> Result<CoverageModel, Ec2Error> {
    let mut state = state(account, policy, owner, own);
    if let Some(filter) = state.filter_id.known() {
        let found = account.filters(std::slice::from_ref(filter)).await?;
        // One that carries the coverage's id is the coverage's own: no configuration names it.
        if found
            .found
            .iter()
            .any(|filter| owned_filter::is_of(filter, &owner.id))
        {
            state.traffic_mirror_filter_id = Attr::Null;
        }
    }
    Ok(state)
}

fn wanted(request: &ImportRequest<CoverageIdentity>) -> Result<Wanted, Box<Diagnostic>> {
    let identity = request
        .identity
        .as_ref()
        .filter(|identity| identity.name.as_str().is_some_and(|name| !name.is_empty()));
    if let (true, Some(identity)) = (request.id.is_empty(), identity) {
        return Ok(Wanted {
            name_or_id: identity.name.as_str().unwrap_or_default().to_owned(),
            region: identity.region.known().cloned(),
        });
    }
    let (name, region) = match request.id.rsplit_once('@') {
        Some((name, region)) => (name, Some(region)),
        None => (request.id.as_str(), None),
    };
    if let Some(region) = region.filter(|region| !looks_like_region(region)) {
        return Err(not_a_region(region).into());
    }
    if name.is_empty() {
        let detail =
            "Import a coverage by its name (prod), by name and region (prod@eu-west-1) or by its id (mc-…).";
        return Err(Diagnostic::error("Import without a name", detail).into());
    }
    Ok(Wanted {
        name_or_id: name.to_owned(),
        region: region.map(str::to_owned),
    })
}

/// The one object of this name or id, with its sessions; none when no session is of it.
fn find<'a>(
    name_or_id: &str,
    sessions: &'a [MirrorSession],
) -> Result<Option<(Owner, Vec<&'a MirrorSession>)>, Box<Diagnostic>> {
    let owned = || {
        sessions
            .iter()
            .filter_map(|session| Some((Owner::of(&session.tags)?, session)))
    };
    let Some(owner) = chosen(name_or_id, owned().map(|(owner, _)| owner))? else {
        return Ok(None);
    };
    let own = owned()
        .filter(|(of, _)| of.id == owner.id)
        .map(|(_, session)| session)
        .collect();
    Ok(Some((owner, own)))
}

/// The one of these owners that has this name or id.
fn chosen(name_or_id: &str, owners: impl Iterator<Item = Owner>) -> Result<Option<Owner>, Box<Diagnostic>> {
    let id = name_or_id.parse::<CoverageId>().ok();
    let is_meant = |owner: &Owner| id.as_ref().map_or(owner.name == name_or_id, |id| owner.id == *id);
    let mut meant: Vec<Owner> = owners.filter(is_meant).collect();
    // What is pending was left by a killed create: it counts only where nothing else has the name.
    if meant.iter().any(|owner| owner.pending.is_none()) {
        meant.retain(|owner| owner.pending.is_none());
    }
    let ids: BTreeSet<String> = meant.iter().map(|owner| owner.id.to_string()).collect();
    if ids.len() > 1 {
        let listed: Vec<String> = ids.into_iter().collect();
        let detail = format!(
            "What is named {name_or_id:?} belongs to {} objects: {}. Import one of them by its id: terraform import ADDRESS {}.",
            listed.len(),
            listed.join(", "),
            listed[0]
        );
        return Err(Diagnostic::error("Several coverages have this name", detail).into());
    }
    Ok(meant.into_iter().next())
}

fn not_found(name_or_id: &str, account: &Account) -> Box<Diagnostic> {
    let detail = format!(
        "No traffic mirror session or filter in {} of account {} carries {name_or_id:?} in its tags {COVERAGE_TAG} or \
         {COVERAGE_ID_TAG}. Check the name and the region (import takes name@region). A coverage that has neither sessions nor a \
         filter of its own needs no import: declare it and apply.",
        account.region(),
        account.account_id()
    );
    Diagnostic::error("No coverage to import", detail).into()
}

/// EC2 knows the sessions and not the selector: the state selects their interfaces by id.
fn state(account: &Account, policy: &TagPolicy, owner: &Owner, own: &[&MirrorSession]) -> CoverageModel {
    let list = |values: BTreeSet<&str>| Attr::Known(values.into_iter().map(Attr::from).collect::<Vec<_>>());
    let interfaces = own
        .iter()
        .map(|session| session.network_interface_id.as_str())
        .collect();
    let selector = SelectorBlock {
        network_interface_ids: list(interfaces),
        ..SelectorBlock::default()
    };
    // A block without any criterion would mean nothing that can be written.
    let selectors = if own.is_empty() {
        Vec::new()
    } else {
        vec![Attr::Known(selector)]
    };
    let common = |value: fn(&MirrorSession) -> Option<&str>| {
        let values: BTreeSet<Option<&str>> = own.iter().map(|session| value(session)).collect();
        match values.first() {
            Some(Some(value)) if values.len() == 1 => Attr::from(*value),
            _ => Attr::Null,
        }
    };
    let filter = common(|session| Some(&session.traffic_mirror_filter_id));
    // What a network load balancer calls the whole packet is no argument.
    let length = |session: &&MirrorSession| {
        session
            .packet_length
            .filter(|length| *length != LOAD_BALANCER_LENGTH)
    };
    let lengths: BTreeSet<Option<i64>> = own.iter().map(length).collect();
    let packet_length = match lengths.first() {
        Some(length) if lengths.len() == 1 => Attr::from_option(*length),
        _ => Attr::Null,
    };
    let mut all = common_tags(own);
    all.retain(|key, _| !policy.ignored().contains(key));
    let mut tags = all.clone();
    tags.retain(|key, value| !policy.is_default(key, value));
    let rows = planner_rows(own);
    CoverageModel {
        name: owner.name.as_str().into(),
        region: account.region().into(),
        id: owner.id.as_str().into(),
        selector: Attr::Known(selectors),
        traffic_mirror_target_ids: list(own.iter().map(|s| s.traffic_mirror_target_id.as_str()).collect()),
        traffic_mirror_filter_id: filter.clone(),
        filter_id: filter,
        packet_length,
        description: common(|session| session.description.as_deref().filter(|text| !text.is_empty())),
        tags: if tags.is_empty() {
            Attr::Null
        } else {
            convert::strings(tags)
        },
        tags_all: convert::strings(all),
        sessions: convert::sessions(&rows, false),
        ..CoverageModel::default()
    }
}

fn planner_rows(own: &[&MirrorSession]) -> convert::Rows {
    own.iter()
        .map(|session| {
            (
                session.network_interface_id.clone(),
                row(session, &Row::default()),
            )
        })
        .collect()
}

/// The tags that all sessions share, without those that the provider writes itself.
fn common_tags(own: &[&MirrorSession]) -> BTreeMap<String, String> {
    let Some((first, others)) = own.split_first() else {
        return BTreeMap::new();
    };
    let ours =
        |key: &str| [COVERAGE_TAG, COVERAGE_ID_TAG, NAME_TAG].contains(&key) || key.starts_with("aws:");
    let shared = first.tags.iter().filter(|(key, value)| {
        !ours(key)
            && others
                .iter()
                .all(|session| session.tags.get(*key) == Some(*value))
    });
    shared.map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_text(id: &str) -> Result<Wanted, String> {
        let request = ImportRequest {
            id: id.to_owned(),
            identity: None,
            cancel: Default::default(),
            client_capabilities: Default::default(),
        };
        wanted(&request).map_err(|diagnostic| diagnostic.summary)
    }

    #[test]
    fn the_text_of_an_import() {
        let wanted = |name: &str, region: Option<&str>| {
            Ok(Wanted {
                name_or_id: name.into(),
                region: region.map(str::to_owned),
            })
        };
        assert_eq!(by_text("prod"), wanted("prod", None));
        assert_eq!(by_text("prod@eu-west-1"), wanted("prod", Some("eu-west-1")));
        assert_eq!(
            by_text("mc-0123456789abcdef0"),
            wanted("mc-0123456789abcdef0", None)
        );
        assert_eq!(by_text("prod@nowhere"), Err("Not an AWS region".to_owned()));
        assert_eq!(by_text("@eu-west-1"), Err("Import without a name".to_owned()));
    }
}
