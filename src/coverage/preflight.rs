//! Looks before a plan is made: what the configuration refers to must exist, and on request EC2 is asked for permission.

use std::collections::BTreeMap;

use super::model::CoverageModel;
use crate::ec2::{Account, Ec2Error, ErrorClass, Lookup, NewSession};
use crate::framework::{Attr, AttributePath, Diagnostic, Diagnostics};
use crate::planner::{MAX_SESSION_NUMBER, MirrorFilter};
use crate::provider::ec2_diagnostic;

/// Targets and filters that the state does not have yet must exist.
pub async fn check_references(
    account: &Account,
    planned: &CoverageModel,
    prior: Option<&CoverageModel>,
    diagnostics: &mut Diagnostics,
) {
    let in_state = prior
        .map(|prior| &prior.traffic_mirror_target_ids)
        .and_then(Attr::known);
    let listed = planned
        .traffic_mirror_target_ids
        .known()
        .into_iter()
        .flatten()
        .enumerate();
    let path = AttributePath::root("traffic_mirror_target_ids");
    let new: BTreeMap<String, AttributePath> = listed
        .filter(|(_, id)| !in_state.is_some_and(|known| known.contains(id)))
        .filter_map(|(index, id)| Some((id.known()?.clone(), path.clone().index(index))))
        .collect();
    let found = account.targets(&new.keys().cloned().collect::<Vec<_>>()).await;
    report_missing("traffic mirror target", found, &path, &new, diagnostics);

    let path = AttributePath::root("traffic_mirror_filter_id");
    let filter = &planned.traffic_mirror_filter_id;
    let changed = prior.is_none_or(|prior| prior.traffic_mirror_filter_id != *filter);
    let new: BTreeMap<String, AttributePath> = filter
        .known()
        .filter(|_| changed)
        .map(|id| (id.clone(), path.clone()))
        .into_iter()
        .collect();
    let found = account.filters(&new.keys().cloned().collect::<Vec<_>>()).await;
    for filter in found.iter().flat_map(|lookup| &lookup.found) {
        warn_of_empty(filter, diagnostics);
    }
    report_missing("traffic mirror filter", found, &path, &new, diagnostics);
}

fn warn_of_empty(filter: &MirrorFilter, diagnostics: &mut Diagnostics) {
    if !filter.rules.is_empty() || filter.amazon_dns {
        return;
    }
    let detail = format!(
        "{} has no rules, so its sessions mirror nothing. Add rules to it, for example with aws_ec2_traffic_mirror_filter_rule.",
        filter.id
    );
    let path = AttributePath::root("traffic_mirror_filter_id");
    diagnostics.push(Diagnostic::warning("The traffic mirror filter is empty", detail).at(path));
}

/// Asks EC2 whether it would let a session be created, if the configuration wants that and the plan creates one.
pub async fn dry_run(account: &Account, planned: &CoverageModel, diagnostics: &mut Diagnostics) {
    if planned.preflight_dry_run.known() != Some(&true) {
        return;
    }
    let sessions = planned.sessions.known().into_iter().flatten();
    let new = sessions
        .filter_map(|(interface, session)| Some((interface, session.known()?)))
        .find_map(|(interface, session)| {
            let target = session
                .traffic_mirror_target_id
                .known()
                .filter(|_| session.id.is_unknown())?;
            Some((interface, target, session.session_number.known()))
        });
    let Some((interface, target, number)) = new else {
        return;
    };
    let asked = match planned.filter_id.known() {
        Some(filter) => {
            let new = NewSession {
                network_interface_id: interface.clone(),
                traffic_mirror_target_id: target.clone(),
                traffic_mirror_filter_id: filter.clone(),
                session_number: number.copied().unwrap_or(MAX_SESSION_NUMBER),
                tags: planned.blueprint("").spec(interface, &Default::default()).tags,
                ..NewSession::default()
            };
            account.would_create_session(&new).await
        }
        None => {
            account
                .would_create_filter(&planned.blueprint("").filter_tags().tags)
                .await
        }
    };
    let Err(error) = asked else { return };
    let path = AttributePath::root("preflight_dry_run");
    let diagnostic = ec2_diagnostic("EC2 would not let this plan be applied", &error).at(path);
    if error.class() == ErrorClass::Denied {
        diagnostics.push(diagnostic);
    } else {
        // Whatever else a dry run says is about one interface, and may have passed by the apply.
        diagnostics.push(Diagnostic::warning(&diagnostic.summary, &diagnostic.detail));
    }
}

/// Reports what was looked up and is not there, each at the path where it stands.
fn report_missing<T>(
    what: &str,
    looked_up: Result<Lookup<T>, Ec2Error>,
    argument: &AttributePath,
    paths: &BTreeMap<String, AttributePath>,
    diagnostics: &mut Diagnostics,
) {
    match looked_up {
        Ok(lookup) => diagnostics.extend(lookup.missing.iter().map(|missing| {
            let detail = format!(
                "EC2 does not find the {what} {:?}: {}. Give the id of one that exists in this region and is visible to \
                 this account.",
                missing.id, missing.error
            );
            let path = paths.get(&missing.id).unwrap_or(argument).clone();
            Diagnostic::error(format!("No such {what}"), detail).at(path)
        })),
        Err(error) => {
            let title = format!("The {what}s could not be looked up");
            diagnostics.push(ec2_diagnostic(&title, &error).at(argument.clone()));
        }
    }
}
