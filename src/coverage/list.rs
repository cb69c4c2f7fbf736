//! `list "mirror_coverage"`: every coverage of the account that its sessions or its filter tell of, for `terraform query`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::convert;
use super::found::{Found, found};
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::ObserveError;
use super::read::{observe_diagnostic, refreshed};
use crate::ec2::{Account, Ec2Error};
use crate::framework::{
    Attr, AttributePath, Diagnostic, Diagnostics, Found as Findings, ListRequest, ListResource, Listed,
    Severity, ValidateConfigRequest,
};
use crate::planner::{MirrorFilter, MirrorSession, Owner, name_of_all};
use crate::provider::{Connection, ec2_diagnostic, looks_like_region, not_a_region};
use crate::selection;

/// Finds the coverages of the account by the tags of their sessions and filters, whoever's state has them: after a state file was lost, or when an
/// account is taken over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ListModel {
    /// Regions that are looked in. Defaults to that of the provider block.
    pub regions: Attr<Vec<Attr<String>>>,
    /// Beginning that the name of a coverage must have to be listed. Left out, all are.
    pub name_prefix: Attr<String>,
}

const FAILED: &str = "The coverages could not be listed";

/// Things that one warning names before the rest is only counted.
const NAMED: usize = 20;

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
        found: &Findings<CoverageModel, CoverageIdentity>,
    ) -> Result<bool, Diagnostic> {
        let failed = |error: &Ec2Error| ec2_diagnostic(FAILED, error);
        let sessions = account.sessions().await.map_err(|error| failed(&error))?;
        let filters = account.filters_to_read().await.map_err(|error| failed(&error))?;
        let prefix = request.config.name_prefix.as_str().unwrap_or_default();
        let objects = objects(&sessions, &filters);
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for (owner, _) in &objects {
            *names.entry(&owner.name).or_default() += 1;
        }
        for (owner, own) in &objects {
            if !owner.name.starts_with(prefix) {
                continue;
            }
            // An import by a name that several have needs the id.
            let is_unique = names.get(owner.name.as_str()) == Some(&1);
            let name = if is_unique { &owner.name } else { owner.id.as_str() };
            let account_id = Some(account.account_id().to_owned()).filter(|id| !id.is_empty());
            let mut diagnostics = Diagnostics::new();
            if account_id.is_none() {
                diagnostics.push(without_account(name));
            }
            let resource = match request.include_resource {
                true => Some(self.whole(account, owner, own, &mut diagnostics).await?),
                false => None,
            };
            let listed = Listed {
                identity: CoverageIdentity {
                    account_id: Attr::from_option(account_id),
                    region: account.region().into(),
                    name: name.into(),
                },
                display_name: title(owner, account.region(), own.len()),
                resource,
                diagnostics,
            };
            if !found.send(listed).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The resource as it would be after an import, and warnings of what its configuration cannot say.
    async fn whole(
        &self,
        account: &Account,
        owner: &Owner,
        own: &[&MirrorSession],
        diagnostics: &mut Diagnostics,
    ) -> Result<CoverageModel, Diagnostic> {
        let failed = |error: &ObserveError| observe_diagnostic(FAILED, error);
        let tags = self.connection.tags();
        let Found { state, private, left } = found(account, &tags, owner, own)
            .await
            .map_err(|error| failed(&error))?;
        let state = refreshed(account, state, &private, tags.ignored())
            .await
            .map_err(|error| failed(&error))?
            .state;
        let changes = changes(&state, own, tags.all(&state.tags) != state.tags_all);
        diagnostics.extend(told(&owner.name, own.is_empty(), &left, &changes));
        Ok(state)
    }
}

/// What an import of this would not leave as it is, in words.
fn changes(state: &CoverageModel, own: &[&MirrorSession], lacks_default_tags: bool) -> Vec<String> {
    let deviations = convert::known_strings(&state.deviations);
    let mut changes: Vec<String> = deviations
        .iter()
        .map(|(id, text)| format!("{id}: {text}"))
        .collect();
    let summary = state.summary.known();
    let matched = summary.and_then(|summary| summary.matched.known().copied());
    let interfaces: BTreeSet<&str> = own.iter().map(|s| s.network_interface_id.as_str()).collect();
    if matched.is_some_and(|matched| usize::try_from(matched).is_ok_and(|matched| matched < interfaces.len()))
    {
        let text = "not every network interface that has a session is visible to these credentials: a plan removes the others' sessions";
        changes.push(text.to_owned());
    }
    if lacks_default_tags {
        changes.push(
            "not every session has the default_tags of the provider block: a plan writes them".to_owned(),
        );
    }
    changes
}

/// What whoever uses the configuration has to know.
fn told(name: &str, is_bare: bool, left: &[String], changes: &[String]) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if is_bare {
        diagnostics.warning(
            format!("Coverage {name} has no session"),
            "It is known by the filter that it owns. What it selects and where it sends that cannot be told, so its configuration has enabled = \
             false, and neither selector nor target. Write those and remove enabled to have it mirror.",
        );
    }
    for (title, advice, lines) in [
        (
            format!("What differs between the sessions of coverage {name} is left as it is"),
            "No argument is known to have led to this. It stays so, and the plan of the import changes nothing of it:",
            left,
        ),
        (
            format!("The plan of coverage {name} changes something"),
            "No configuration can leave this as it is. Look at the plan before it is applied:",
            changes,
        ),
    ] {
        if !lines.is_empty() {
            let mut shown: Vec<&str> = lines.iter().take(NAMED).map(String::as_str).collect();
            let more = format!("and {} more", lines.len().saturating_sub(NAMED));
            if lines.len() > NAMED {
                shown.push(&more);
            }
            diagnostics.warning(title, format!("{advice}\n{}", shown.join("\n")));
        }
    }
    diagnostics
}

/// The warning that an identity lacks its account.
fn without_account(name: &str) -> Diagnostic {
    let detail = "The provider block has skip_credentials_validation and skip_requesting_account_id, so whose credentials these are is not \
                  known, and the identity has no account_id: an import by it takes whatever account the provider has then. Remove one of \
                  the two for identities that name their account.";
    Diagnostic::warning(format!("The account of coverage {name} is not known"), detail)
}

fn title(owner: &Owner, region: &str, sessions: usize) -> String {
    let name = &owner.name;
    let plural = if sessions == 1 { "" } else { "s" };
    format!("{name} in {region}, {sessions} session{plural}")
}

/// The objects that own these sessions and filters, by name and id, with their sessions. What a killed create left behind is an
/// object only where no other has its name, as in an import.
fn objects<'a>(
    sessions: &'a [MirrorSession],
    filters: &[MirrorFilter],
) -> Vec<(Owner, Vec<&'a MirrorSession>)> {
    let of_sessions = sessions
        .iter()
        .filter_map(|session| Some((Owner::of(&session.tags)?, Some(session))));
    let of_filters = filters
        .iter()
        .filter_map(|filter| Some((Owner::of(&filter.tags)?, None)));
    let owned: Vec<(Owner, Option<&MirrorSession>)> = of_sessions.chain(of_filters).collect();
    let settled = || {
        owned
            .iter()
            .map(|(owner, _)| owner)
            .filter(|owner| owner.pending.is_none())
    };
    let names: BTreeSet<&str> = settled().map(|owner| owner.name.as_str()).collect();
    let ids: BTreeSet<&str> = settled().map(|owner| owner.id.as_str()).collect();
    let mut objects: BTreeMap<&str, (Vec<&Owner>, Vec<&MirrorSession>)> = BTreeMap::new();
    for (owner, session) in &owned {
        if names.contains(owner.name.as_str()) && !ids.contains(owner.id.as_str()) {
            continue;
        }
        let (marks, own) = objects.entry(owner.id.as_str()).or_default();
        marks.push(owner);
        own.extend(*session);
    }
    let object = |(marks, own): (Vec<&Owner>, Vec<&'a MirrorSession>)| {
        let owner = Owner {
            name: name_of_all(marks.iter().copied())?,
            ..(*marks.first()?).clone()
        };
        Some((owner, own))
    };
    let mut objects: Vec<(Owner, Vec<&MirrorSession>)> = objects.into_values().filter_map(object).collect();
    objects
        .sort_by(|(one, _), (other, _)| (&one.name, one.id.as_str()).cmp(&(&other.name, other.id.as_str())));
    objects
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
        found: &Findings<CoverageModel, CoverageIdentity>,
    ) -> Diagnostics {
        let regions: Vec<Option<&str>> = match request.config.regions.known() {
            Some(regions) => regions.iter().map(Attr::as_str).collect(),
            None => vec![None],
        };
        let mut failed = Vec::new();
        let asked = regions.len();
        for region in regions {
            let Some(account) = self.connection.account(region) else {
                let detail = "The provider block of mirror has values that are not known. A query needs a provider block that is.";
                return Diagnostic::error("The provider block is not known yet", detail).into();
            };
            match self.region(&account, &request, found).await {
                Ok(true) => (),
                Ok(false) => break,
                Err(diagnostic) => failed.push(diagnostic),
            }
        }
        // Core shows nothing of a query with an error, and what the other regions have is worth showing.
        if failed.len() < asked {
            for diagnostic in &mut failed {
                diagnostic.severity = Severity::Warning;
                diagnostic
                    .detail
                    .push_str("\n\nOnly the other regions are listed.");
            }
        }
        Diagnostics(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, Tags};

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
            session("aa", "renamed by hand", one.as_str()),
            session("c", "prod", &two.pending("1-2-3-4-5")),
            session("d", "test", &three.pending("1-2-3-4-5")),
            session("e", "prod", "somebody's"),
            MirrorSession::default(),
        ];
        let tagged = |tags: &Tags| MirrorFilter {
            id: "tmf-1".into(),
            rules: Vec::new(),
            amazon_dns: false,
            tags: tags.clone(),
        };
        let filter = |name: &str, owner: &str| tagged(&session("", name, owner).tags);
        let four = CoverageId::from_bits(4);
        let filters = [
            filter("prod", one.as_str()),
            filter("prod", &two.pending("1-2-3-4-5")),
            filter("bare", four.as_str()),
            tagged(&Tags::new()),
        ];
        let found = objects(&sessions, &filters);
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(owner, own)| {
                (
                    owner.name.as_str(),
                    own.iter().map(|session| session.id.as_str()).collect(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("bare", vec![]),
                ("prod", vec!["a", "b", "aa"]),
                ("test", vec!["d"])
            ]
        );
    }
}
