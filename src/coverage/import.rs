//! Import: by name, `name@region`, id or identity.

use std::collections::BTreeSet;

use super::Coverage;
use super::found::{Found, found};
use super::model::{CoverageIdentity, CoverageModel};
use super::read::observe_diagnostic;
use crate::ec2::Account;
use crate::framework::{Diagnostic, ImportRequest, ImportResponse};
use crate::planner::{
    COVERAGE_ID_TAG, COVERAGE_TAG, CoverageId, MirrorSession, Owner, name_of_all, name_of_unnamed,
};
use crate::provider::{ec2_diagnostic, looks_like_region, not_a_region};

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
        let own = self.connection.account(None);
        let wanted = wanted(&request, own.as_ref().map(Account::region))?;
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
        let mut imported = match find(&wanted.name_or_id, &sessions)? {
            Some((owner, own)) => self.as_found(&account, &owner, &own).await?,
            None => self.import_by_filter(&account, &wanted.name_or_id).await?,
        };
        if request.identity.is_some() && account.account_id().is_empty() {
            let detail = "The provider block has skip_credentials_validation and skip_requesting_account_id, so whose credentials these are \
                          is not known: the identity of what was imported has no account_id. Remove one of them to have it.";
            imported
                .diagnostics
                .warning("The account id is not known", detail);
        }
        Ok(imported)
    }

    /// A coverage that has no session now is found by the filter that it owns.
    async fn import_by_filter(
        &self,
        account: &Account,
        name_or_id: &str,
    ) -> Result<Response, Box<Diagnostic>> {
        let filters = account
            .filters_to_read()
            .await
            .map_err(|error| ec2_diagnostic("The traffic mirror filters could not be read", &error))?;
        let owners = filters.iter().filter_map(|filter| Owner::of(&filter.tags));
        let owner = chosen(name_or_id, owners)?.ok_or_else(|| not_found(name_or_id, account))?;
        self.as_found(account, &owner, &[]).await
    }

    async fn as_found(
        &self,
        account: &Account,
        owner: &Owner,
        own: &[&MirrorSession],
    ) -> Result<Response, Box<Diagnostic>> {
        let Found { state, private, .. } = found(account, &self.connection.tags(), owner, own)
            .await
            .map_err(|error| observe_diagnostic("The coverage could not be read", &error))?;
        Ok(Response {
            identity: state.identity(account),
            state: Some(state),
            private: Some(private),
            ..Response::default()
        })
    }
}

/// `own_region`: the provider's, which may have a name of another form.
fn wanted(
    request: &ImportRequest<CoverageIdentity>,
    own_region: Option<&str>,
) -> Result<Wanted, Box<Diagnostic>> {
    let identity = request
        .identity
        .as_ref()
        .filter(|identity| identity.name.as_str().is_some_and(|name| !name.is_empty()));
    if let (true, Some(identity)) = (request.id.is_empty(), identity) {
        let region = identity.region.as_str();
        check_region(region, own_region)?;
        return Ok(Wanted {
            name_or_id: identity.name.as_str().unwrap_or_default().to_owned(),
            region: region.map(str::to_owned),
        });
    }
    let (name, region) = match request.id.rsplit_once('@') {
        Some((name, region)) => (name, Some(region)),
        None => (request.id.as_str(), None),
    };
    check_region(region, own_region)?;
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

/// The one of these owners that has this name or id, with the name that most of its marks say.
fn chosen(name_or_id: &str, owners: impl Iterator<Item = Owner>) -> Result<Option<Owner>, Box<Diagnostic>> {
    let id = name_or_id.parse::<CoverageId>().ok();
    let has_name = |owner: &Owner| match owner.name.is_empty() {
        true => name_of_unnamed(&owner.id) == name_or_id,
        false => owner.name == name_or_id,
    };
    let is_meant = |owner: &Owner| id.as_ref().map_or_else(|| has_name(owner), |id| owner.id == *id);
    let owners: Vec<Owner> = owners.collect();
    let mut meant: Vec<&Owner> = owners.iter().filter(|owner| is_meant(owner)).collect();
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
    Ok(meant.first().and_then(|meant| {
        let name = name_of_all(owners.iter().filter(|owner| owner.id == meant.id))?;
        Some(Owner {
            name,
            ..(*meant).clone()
        })
    }))
}

fn check_region(region: Option<&str>, own_region: Option<&str>) -> Result<(), Box<Diagnostic>> {
    match region.filter(|region| own_region != Some(region) && !looks_like_region(region)) {
        Some(region) => Err(not_a_region(region).into()),
        None => Ok(()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Attr;

    fn by_text(id: &str) -> Result<Wanted, String> {
        let request = ImportRequest {
            id: id.to_owned(),
            identity: None,
            cancel: Default::default(),
            client_capabilities: Default::default(),
        };
        wanted(&request, Some("my-stand-in")).map_err(|diagnostic| diagnostic.summary)
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

    #[test]
    fn the_region_of_an_identity() {
        let by_identity = |region: Attr<String>| {
            let identity = CoverageIdentity {
                name: "prod".into(),
                region,
                ..CoverageIdentity::default()
            };
            let request = ImportRequest {
                id: String::new(),
                identity: Some(identity),
                cancel: Default::default(),
                client_capabilities: Default::default(),
            };
            wanted(&request, Some("my-stand-in")).map_err(|diagnostic| diagnostic.summary)
        };
        let in_region = |region: Option<&str>| {
            Ok(Wanted {
                name_or_id: "prod".into(),
                region: region.map(str::to_owned),
            })
        };
        assert_eq!(by_identity(Attr::Null), in_region(None));
        for region in ["eu-west-1", "my-stand-in"] {
            assert_eq!(by_identity(region.into()), in_region(Some(region)));
        }
        for region in ["", "nowhere", "EU-WEST-1"] {
            assert_eq!(by_identity(region.into()), Err("Not an AWS region".to_owned()));
        }
    }
}
