//! `list "mirror_coverage"`: every coverage of the account that its sessions tell of, for `terraform query`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::import::found_state;
use super::model::{CoverageIdentity, CoverageModel};
use super::read::{observe_diagnostic, refreshed};
use crate::ec2::Account;
use crate::framework::{
    Attr, AttributePath, Diagnostic, Diagnostics, Found, ListRequest, ListResource, Listed,
    ValidateConfigRequest,
};
use crate::planner::{MirrorSession, Owner};
use crate::provider::{Connection, ec2_diagnostic, looks_like_region, not_a_region};
use crate::selection;

/// Finds the coverages of the account by the tags of their sessions, whoever's state has them: after a state file was lost, or when an
/// account is taken over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListModel {
    /// Regions that are looked in. Defaults to that of the provider block.
    pub regions: Attr<Vec<Attr<String>>>,
    /// Beginning that the name of a coverage must have to be listed. Left out, all are.
    pub name_prefix: Attr<String>,
}

/// The list resource type.
#[derive(Debug)]
pub struct Coverages {
    connection: Arc<Connection>,
}

impl Coverages {
    /// The list resource type, for the account of this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Lists one region. False when no more is wanted.
    async fn region(
        &self,
        account: &Account,
        request: &ListRequest<ListModel>,
        found: &Found<CoverageModel, CoverageIdentity>,
    ) -> Result<bool, Diagnostic> {
        let failed = "The coverages could not be listed";
        let sessions = account
            .sessions()
            .await
            .map_err(|error| ec2_diagnostic(failed, &error))?;
        let prefix = request.config.name_prefix.as_str().unwrap_or_default();
        let objects = objects(&sessions);
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (owner, _) in &objects {
            *names.entry(&owner.name).or_default() += 1;
        }
        for (owner, own) in &objects {
            if !owner.name.starts_with(prefix) {
                continue;
            }
            let tags = self.connection.tags();
            let mut state = found_state(account, &tags, owner, own)
                .await
                .map_err(|error| ec2_diagnostic(failed, &error))?;
            if request.include_resource {
                (state, _) = refreshed(account, state, &[], tags.ignored())
                    .await
                    .map_err(|error| observe_diagnostic(failed, &error))?;
            }
            let mut identity = state.identity(account).unwrap_or_default();
            // An import by a name that several have, or that somebody removed, needs the id.
            if owner.name.is_empty() || names.get(owner.name.as_str()).is_some_and(|count| *count > 1) {
                identity.name = owner.id.as_str().into();
            }
            let listed = Listed {
                display_name: title(owner, account.region(), own.len()),
                identity,
                resource: request.include_resource.then_some(state),
                diagnostics: Diagnostics::new(),
            };
            if !found.send(listed).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn title(owner: &Owner, region: &str, sessions: usize) -> String {
    let name = match owner.name.as_str() {
        "" => owner.id.as_str(),
        name => name,
    };
    let plural = if sessions == 1 { "" } else { "s" };
    format!("{name} in {region}, {sessions} session{plural}")
}

/// The objects that own these sessions, by name and id, with their sessions. What a killed create left behind is an object only
/// where no other has its name, as in an import.
fn objects(sessions: &[MirrorSession]) -> Vec<(Owner, Vec<&MirrorSession>)> {
    let owned: Vec<(Owner, &MirrorSession)> = sessions
        .iter()
        .filter_map(|session| Some((Owner::of(&session.tags)?, session)))
        .collect();
    let settled: BTreeSet<&str> = owned
        .iter()
        .filter(|(owner, _)| owner.pending.is_none())
        .map(|(owner, _)| owner.name.as_str())
        .collect();
    let settled_ids: BTreeSet<&str> = owned
        .iter()
        .filter(|(owner, _)| owner.pending.is_none())
        .map(|(owner, _)| owner.id.as_str())
        .collect();
    let mut objects: BTreeMap<(&str, &str), (&Owner, Vec<&MirrorSession>)> = BTreeMap::new();
    for (owner, session) in &owned {
        if settled.contains(owner.name.as_str()) && !settled_ids.contains(owner.id.as_str()) {
            continue;
        }
        let key = (owner.name.as_str(), owner.id.as_str());
        objects.entry(key).or_insert((owner, Vec::new())).1.push(*session);
    }
    objects
        .into_values()
        .map(|(owner, own)| (owner.clone(), own))
        .collect()
}

#[async_trait]
impl ListResource for Coverages {
    type Config = ListModel;
    type Model = CoverageModel;
    type Identity = CoverageIdentity;

    const TYPE_NAME: &'static str = "mirror_coverage";

    async fn validate_config(&self, request: ValidateConfigRequest<ListModel>) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        let path = AttributePath::root("regions");
        selection::check_list(&request.config.regions, &path, &mut diagnostics);
        for (index, region) in request.config.regions.known().into_iter().flatten().enumerate() {
            let region = region.as_str().filter(|region| !region.is_empty());
            if let Some(region) = region.filter(|region| !looks_like_region(region)) {
                diagnostics.push(not_a_region(region).at(path.clone().index(index)));
            }
        }
        diagnostics
    }

    async fn list(
        &self,
        request: ListRequest<ListModel>,
        found: &Found<CoverageModel, CoverageIdentity>,
    ) -> Diagnostics {
        let regions: Vec<Option<&str>> = match request.config.regions.known() {
            Some(regions) => regions.iter().map(Attr::as_str).collect(),
            None => vec![None],
        };
        let mut diagnostics = Diagnostics::new();
        for region in regions {
            let Some(account) = self.connection.account(region) else {
                let detail = "The provider block of mirror has values that are not known. A query needs a provider block that is.";
                return Diagnostic::error("The provider block is not known yet", detail).into();
            };
            match self.region(&account, &request, found).await {
                Ok(true) => (),
                Ok(false) => break,
                // What the other regions have is still worth listing.
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        diagnostics
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId};

    fn session(id: &str, name: &str, owner: &str) -> MirrorSession {
        let tags = [(COVERAGE_TAG, name), (COVERAGE_ID_TAG, owner)];
        MirrorSession {
            id: id.into(),
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            ..MirrorSession::default()
        }
    }

    #[test]
    fn objects_by_name_and_leavings_only_where_nothing_else_has_the_name() {
        let [one, two, three] = [1, 2, 3].map(CoverageId::from_bits);
        let sessions = [
            session("a", "prod", one.as_str()),
            session("b", "prod", one.as_str()),
            session("c", "prod", &two.pending("1-2-3-4-5")),
            session("d", "test", &three.pending("1-2-3-4-5")),
            session("e", "prod", "somebody's"),
            MirrorSession::default(),
        ];
        let found = objects(&sessions);
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(owner, own)| {
                (
                    owner.name.as_str(),
                    own.iter().map(|session| session.id.as_str()).collect(),
                )
            })
            .collect();
        assert_eq!(found, [("prod", vec!["a", "b"]), ("test", vec!["d"])]);
    }
}
