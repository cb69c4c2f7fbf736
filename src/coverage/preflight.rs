//! Looks before a plan is made: what the configuration refers to must exist, and on request EC2 is asked for permission.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::convert;
use super::model::{CoverageModel, SessionModel};
use super::{override_argument, receiving};
use crate::ec2::{Account, Ec2Error, ErrorClass, Lookup, NewSession};
use crate::framework::{AttributePath, Diagnostic, Diagnostics};
use crate::planner::{Acceptance, MAX_SESSION_NUMBER};
use crate::provider::ec2_diagnostic;

/// How long a final plan waits for a target or filter of the same run: describe calls lag behind.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The wait before the second look; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Targets and filters that the state does not have yet, those that a tag may name among them, must exist, if not now then within
/// `patience`. Where they would take no packet, that is a warning. Says whether something had to be waited for.
pub async fn check_references(
    account: &Account,
    planned: &CoverageModel,
    prior: Option<&CoverageModel>,
    patience: Duration,
    diagnostics: &mut Diagnostics,
) -> bool {
    let (new_targets, new_filters) = (added(planned, prior, targets), added(planned, prior, filters));
    let (waited, only_dns) = look_at(account, &new_targets, &new_filters, patience, diagnostics).await;
    // Said once: it may be meant, and then every new session would say it again.
    diagnostics.extend(only_dns);
    waited
}

/// The same of what the state has already, where this plan sends a session to it that was not there: it may have gone, or take
/// nothing any more.
pub async fn check_receiving(
    account: &Account,
    planned: &CoverageModel,
    prior: Option<&CoverageModel>,
    diagnostics: &mut Diagnostics,
) {
    // Most plans change nothing, and 10,000 rows take their time.
    if prior.is_some_and(|prior| prior.sessions == planned.sessions) {
        return;
    }
    let before = prior
        .map(|prior| convert::rows(&prior.sessions))
        .unwrap_or_default();
    let mut receiving = BTreeSet::new();
    for (interface, row) in convert::rows(&planned.sessions) {
        let before = before.get(&interface).filter(|before| before.id.is_some());
        if before.is_none() {
            let filter = row.traffic_mirror_filter_id.clone();
            receiving.extend(filter.or_else(|| planned.filter_id.known().cloned()));
        }
        if before.is_none_or(|before| before.traffic_mirror_target_id != row.traffic_mirror_target_id) {
            receiving.extend(row.traffic_mirror_target_id);
        }
    }
    let known = |of: fn(&CoverageModel) -> Places| {
        let mut places = of(planned);
        let new = added(planned, prior, of);
        places.retain(|id, _| receiving.contains(id) && !new.contains_key(id));
        places
    };
    let (targets, filters) = (known(targets), known(filters));
    look_at(account, &targets, &filters, Duration::ZERO, diagnostics).await;
}

/// Looks these targets and filters up, and says which are not there within `patience` and which take nothing. The answer is whether
/// something had to be waited for, and what to say of filters for DNS alone.
async fn look_at(
    account: &Account,
    targets: &Places,
    filters: &Places,
    patience: Duration,
    diagnostics: &mut Diagnostics,
) -> (bool, Vec<Diagnostic>) {
    let root = AttributePath::root("traffic_mirror_target_ids");
    let ids: Vec<String> = targets.keys().cloned().collect();
    let (found, targets_waited) = patient(patience, || account.targets(&ids)).await;
    if let Ok(found) = &found {
        // Targets of the same run are there before the listeners and rules that the run makes beside them.
        let is_final = !patience.is_zero();
        receiving::warn(account, &found.found, targets, is_final, diagnostics).await;
    }
    report_missing("traffic mirror target", found, &root, targets, diagnostics);

    let root = AttributePath::root("traffic_mirror_filter_id");
    let ids: Vec<String> = filters.keys().cloned().collect();
    let (found, filters_waited) = patient(patience, || account.filters(&ids)).await;
    let mut only_dns = Vec::new();
    for filter in found.iter().flat_map(|lookup| &lookup.found) {
        let path = filters.get(&filter.id).unwrap_or(&root);
        match filter.acceptance() {
            Acceptance::Nothing(why) => diagnostics.push(empty(&why).at(path.clone())),
            Acceptance::Some(packets) if packets.is_only_amazon_dns() => {
                only_dns.push(accepts_only_dns(&filter.id).at(path.clone()));
            }
            Acceptance::Some(_) | Acceptance::Unknown => {}
        }
    }
    report_missing("traffic mirror filter", found, &root, filters, diagnostics);
    (targets_waited || filters_waited, only_dns)
}

/// Looks again while something is missing; and whether that was necessary.
async fn patient<T, F>(patience: Duration, look: impl Fn() -> F) -> (Result<Lookup<T>, Ec2Error>, bool)
where
    F: Future<Output = Result<Lookup<T>, Ec2Error>>,
{
    let end = Instant::now() + patience;
    let mut wait = FIRST_WAIT;
    let mut waited = false;
    loop {
        let found = look().await;
        let is_missing = found.as_ref().is_ok_and(|found| !found.missing.is_empty());
        if !is_missing || Instant::now() + wait > end {
            return (found, waited);
        }
        waited = true;
        tokio::time::sleep(wait).await;
        wait = LONGEST_WAIT.min(wait * 2);
    }
}

/// Known ids, and where each stands.
pub(super) type Places = BTreeMap<String, AttributePath>;

/// What the plan refers to and the state did not.
fn added(planned: &CoverageModel, prior: Option<&CoverageModel>, of: fn(&CoverageModel) -> Places) -> Places {
    let before = prior.map(of).unwrap_or_default();
    let mut places = of(planned);
    places.retain(|id, _| !before.contains_key(id));
    places
}

fn targets(model: &CoverageModel) -> Places {
    let listed = model.traffic_mirror_target_ids.known().into_iter().flatten();
    let listed: Vec<Option<String>> = listed.map(|id| id.known().cloned()).collect();
    let by_tag = override_argument::read(&model.override_rule)
        .rule
        .unwrap_or_default();
    let root = AttributePath::root("override").attribute("target_ids");
    let mut places: Places = by_tag
        .target_ids
        .into_iter()
        .map(|id| (id, root.clone()))
        .collect();
    let root = AttributePath::root("traffic_mirror_target_ids");
    let listed = listed.into_iter().enumerate();
    places.extend(listed.filter_map(|(index, id)| Some((id?, root.clone().index(index)))));
    places
}

fn filters(model: &CoverageModel) -> Places {
    let by_tag = override_argument::read(&model.override_rule)
        .rule
        .unwrap_or_default();
    let root = AttributePath::root("override").attribute("filter_ids");
    let mut places: Places = by_tag
        .filter_ids
        .into_iter()
        .map(|id| (id, root.clone()))
        .collect();
    let path = AttributePath::root("traffic_mirror_filter_id");
    places.extend(
        model
            .traffic_mirror_filter_id
            .known()
            .map(|id| (id.clone(), path)),
    );
    places
}

/// A filter that accepts nothing of anybody, as the audit judges it.
fn empty(why: &str) -> Diagnostic {
    let detail = format!(
        "Its sessions mirror nothing: {why}. Add rules that accept to it, for example with aws_ec2_traffic_mirror_filter_rule."
    );
    Diagnostic::warning("The traffic mirror filter is empty", detail)
}

fn accepts_only_dns(filter: &str) -> Diagnostic {
    let detail = format!(
        "{filter} has the network service amazon-dns and no rule that accepts, so its sessions mirror what goes to and from the Amazon \
         DNS server, and nothing else. Unless that is meant, add rules that accept to it, for example with \
         aws_ec2_traffic_mirror_filter_rule."
    );
    Diagnostic::warning("The traffic mirror filter accepts only DNS", detail)
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
        let creates = |session: &SessionModel| session.id.is_unknown();
        let mut rows = planned.sessions.known().into_iter().flatten();
        if rows.any(|(_, session)| session.known().is_some_and(creates)) {
            diagnostics.push(not_asked("no traffic mirror target is known before the apply"));
        }
        return;
    };
    let with = |filter: &str| NewSession {
        network_interface_id: interface.clone(),
        traffic_mirror_target_id: target.clone(),
        traffic_mirror_filter_id: filter.to_owned(),
        session_number: number.copied().unwrap_or(MAX_SESSION_NUMBER),
        tags: planned.blueprint("").spec(interface, &Default::default()).tags,
        ..NewSession::default()
    };
    let asked = match planned.filter_id.known() {
        Some(filter) => account.would_create_session(&with(filter)).await,
        None => {
            let tags = planned.blueprint("").filter_tags().tags;
            let filter = match planned.owns_filter() {
                true => account.would_create_filter(&tags).await,
                false => Ok(()),
            };
            match filter {
                // The filter does not exist yet, and any other will do to ask.
                Ok(()) => match account.all_filters().await.unwrap_or_default().first() {
                    Some(filter) => account.would_create_session(&with(&filter.id)).await,
                    None => {
                        diagnostics.push(not_asked("there is no traffic mirror filter to ask with"));
                        Ok(())
                    }
                },
                refused => refused,
            }
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

/// That EC2 could not be asked whether it would create a session.
fn not_asked(why: &str) -> Diagnostic {
    let detail = format!(
        "preflight_dry_run is set, and {why}. Whether sessions may be created only the apply will tell; the plan of a coverage \
         whose filter and target exist asks for that too."
    );
    let title = "EC2 was not asked whether sessions may be created";
    Diagnostic::warning(title, detail).at(AttributePath::root("preflight_dry_run"))
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
