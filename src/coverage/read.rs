//! Refresh: the state becomes what EC2 has, and the private data what a plan needs to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Coverage;
use super::convert::{self, Rows};
use super::failure::NOT_ADOPTED;
use super::model::{CoverageIdentity, CoverageModel};
use super::observe::{ObserveError, Selecting, id_of, observe, own};
use super::owned_filter;
use super::refreshed::{Seen, reasons};
use crate::ec2::Account;
use crate::framework::{Attr, AttributePath, Diagnostic, ReadRequest, ReadResponse};
use crate::planner::{self, Blueprint, Fleet, IgnoredTags, MirrorSession, Override, Reason, Row, Skip};
use crate::provider::ec2_diagnostic;

impl Coverage {
    pub(super) async fn refresh(
        &self,
        request: ReadRequest<CoverageModel, CoverageIdentity>,
    ) -> ReadResponse<CoverageModel, CoverageIdentity> {
        let state = request.state;
        // Half an account is no account: with an unknown provider block the state stands as it is.
        let Some(account) = self.connection.account(state.region.as_str()) else {
            return ReadResponse {
                state: Some(state),
                ..ReadResponse::default()
            };
        };
        let mut refusal = None;
        if let Some(id) = state.id.as_str() {
            let name = state.name.as_str().unwrap_or_default();
            self.refreshed.insert(id, name, reasons(&state));
            if !self.plans_destroy() {
                refusal = self.refuse_to_be_taken_over(id);
            }
        }
        if let Some(refusal) = refusal {
            return ReadResponse {
                diagnostics: refusal.into(),
                ..ReadResponse::default()
            };
        }
        match refreshed(
            &account,
            state,
            &request.private,
            self.connection.tags().ignored(),
        )
        .await
        {
            Ok(read) => {
                if let Some(id) = read.state.id.as_str() {
                    self.refreshed.note_seen(id, read.seen);
                }
                ReadResponse {
                    identity: read.state.identity(&account),
                    state: Some(read.state),
                    private: Some(read.private),
                    ..ReadResponse::default()
                }
            }
            Err(error) => ReadResponse {
                diagnostics: observe_diagnostic("The traffic mirror sessions could not be read", &error)
                    .into(),
                ..ReadResponse::default()
            },
        }
    }
}

/// A failed look at the account as a diagnostic.
pub(super) fn observe_diagnostic(what_failed: &str, error: &ObserveError) -> Diagnostic {
    match error {
        ObserveError::Ec2(error) => ec2_diagnostic(what_failed, error),
        ObserveError::Elsewhere(..) => Diagnostic::error(
            what_failed,
            format!("{error}. Give mirror_interfaces and mirror_coverage the same region and provider."),
        )
        .at(AttributePath::root("selection")),
        ObserveError::TagKeys(keys) => Diagnostic::error(
            what_failed,
            format!(
                "{error}, which override, description, name_tag or copy_tags need. Write tag_keys = [{}] in the mirror_interfaces data \
                 source.",
                keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ")
            ),
        )
        .at(AttributePath::root("selection")),
        ObserveError::Selection(error) => Diagnostic::error(
            what_failed,
            format!(
                "The selection cannot be used: {error}. It must be the selection of a data.mirror_interfaces that this version of \
                 the provider read. Let the argument refer to one, or plan again so that it is read anew."
            ),
        )
        .at(AttributePath::root("selection")),
        ObserveError::Fleet(error) => Diagnostic::error(
            what_failed,
            format!("What a plan needs to know cannot be written down: {error}. Narrow the selector."),
        ),
    }
}

/// What a refresh finds.
pub(super) struct Read {
    pub(super) state: CoverageModel,
    pub(super) private: Vec<u8>,
    pub(super) seen: Seen,
}

fn is_not_adopted(state: &CoverageModel, interface: &str) -> bool {
    let failure = state
        .failures
        .known()
        .and_then(|failures| failures.get(interface));
    failure
        .and_then(Attr::known)
        .is_some_and(|failure| failure.code.as_str() == Some(NOT_ADOPTED))
}

pub(super) async fn refreshed(
    account: &Account,
    mut state: CoverageModel,
    private: &[u8],
    ignored_tags: Arc<IgnoredTags>,
) -> Result<Read, ObserveError> {
    let id = id_of(&state);
    let mut before = convert::rows(&state.sessions);
    before.retain(|interface, _| !is_not_adopted(&state, interface));
    // Everything in a state is known; an imported state without arguments selects nothing.
    let selecting = Selecting::of(&state).unwrap_or_default();
    let name = state.name.as_str().unwrap_or_default().to_owned();
    let none = BTreeSet::new();
    let look = async |selecting| observe(account, selecting, &state, id.as_ref(), &before, &none).await;
    let looked = look(&selecting).await;
    // A selection that another version pinned must not keep anybody from planning with a new one, or from destroying.
    let is_readable = !matches!(looked, Err(ObserveError::Selection(_)));
    let (mut fleet, sessions) = match is_readable {
        true => looked?,
        false => look(&Selecting::default()).await?,
    };
    if !is_readable {
        // A plan with the same selection reads it once more, and says that it cannot.
        fleet.selecting.clear();
    } else if state.selection.is_known() {
        forget_gone(account, &mut fleet, &sessions).await?;
    }
    let own = planner::by_interface(own(&sessions, &name, id.as_ref(), &before), &before);
    let wish = state.wish();
    let rule = wish
        .as_ref()
        .map(|wish| wish.override_rule.clone())
        .unwrap_or_default();
    let earlier = decode(private).unwrap_or_default();
    fleet.remember(&earlier);
    let rows = actual_rows(&own, &fleet, &rule, &before);
    fleet.intended = planner::intended(wish.as_ref(), &rows, &before, &fleet.intended, &sessions);

    let said = convert::known_strings(&state.deviations);
    state.region = account.region().into();
    state.sessions = convert::sessions(&rows, false);
    let blueprint = state.blueprint(id.as_ref().map_or("", |id| id.as_str()));
    let blueprint = Blueprint {
        remove_description: fleet.remove_description,
        ignored_tags,
        as_found: fleet.as_found.clone(),
        filter_as_found: fleet.filter_as_found.clone(),
        ..blueprint
    };
    let mut deviations = planner::deviations(&blueprint, &fleet, &own);
    if let Some(wish) = wish.filter(|_| is_readable) {
        let mut skipped = planner::skips(&wish, &fleet, &rows);
        state.summary = convert::summary(planner::summary(&fleet, &skipped));
        let uncovered = |interface: &String, skipped: &BTreeMap<String, Skip>| {
            fleet.interfaces.contains_key(interface)
                && !skipped.contains_key(interface)
                && !rows.contains_key(interface)
        };
        // Whoever waits for room or for the next apply goes on waiting until a plan decides anew.
        let waits = |skip: &Skip| skip.reason.may_pass() || skip.reason == Reason::NotVisible;
        let waiting = convert::skips(&state.skipped);
        let waiting = waiting
            .into_iter()
            .filter(|(id, skip)| waits(skip) && uncovered(id, &skipped));
        skipped.extend(waiting.collect::<Vec<_>>());
        let failures = state.failures.known().cloned().unwrap_or_default();
        let failures = failures
            .into_iter()
            .filter(|(interface, _)| uncovered(interface, &skipped));
        state.failures = Attr::Known(failures.collect());
        state.skipped = convert::skipped(&skipped);
        let is_wanted = |interface: &String| uncovered(interface, &skipped);
        deviations.extend(planner::gone(&before, &sessions, &said, is_wanted));
    }
    state.deviations = convert::strings(deviations);
    let filter = owned_filter::of_state(account, &state, id.as_ref()).await?;
    owned_filter::note(&mut state, filter.as_ref(), &blueprint);
    let seen = Seen {
        namesakes: std::mem::take(&mut fleet.namesakes),
        taken_number: fleet.taken_number.take(),
    };
    // Packing takes longer than all else that a refresh does itself.
    let private = match fleet == earlier {
        true => private.to_vec(),
        false => fleet.encode()?.into_bytes(),
    };
    Ok(Read { state, private, seen })
}

/// A `selection` pins interfaces that may be gone by now: without a session they are looked for, and forgotten if they are.
async fn forget_gone(
    account: &Account,
    fleet: &mut Fleet,
    sessions: &[MirrorSession],
) -> Result<(), ObserveError> {
    let covered: BTreeSet<&str> = sessions
        .iter()
        .map(|session| session.network_interface_id.as_str())
        .collect();
    let doubtful = fleet
        .interfaces
        .keys()
        .filter(|id| !covered.contains(id.as_str()));
    let doubtful: BTreeSet<String> = doubtful.cloned().collect();
    let found = account.network_interfaces_by_id(&doubtful).await?;
    let found: BTreeSet<&String> = found
        .iter()
        .flat_map(|found| found.iter())
        .map(|interface| &interface.id)
        .collect();
    fleet
        .interfaces
        .retain(|id, _| !doubtful.contains(id) || found.contains(id));
    Ok(())
}

/// The fleet of private data; none when there is none, or of another version.
pub(super) fn decode(private: &[u8]) -> Option<Fleet> {
    std::str::from_utf8(private)
        .ok()
        .and_then(|text| Fleet::decode(text).ok())
}

fn actual_rows(
    sessions: &BTreeMap<String, Vec<&MirrorSession>>,
    fleet: &Fleet,
    rule: &Override,
    before: &Rows,
) -> Rows {
    let first = sessions
        .iter()
        .filter_map(|(interface, list)| Some((interface, list.first()?)));
    first
        .map(|(interface, session)| {
            let recorded = before.get(interface);
            let shape = match fleet.interfaces.get(interface) {
                Some(member) => Row {
                    instance_id: member.instance_id.clone(),
                    traffic_mirror_filter_id: fleet.own_choice(interface, rule.filter(&member.tags)),
                    ..Row::default()
                },
                None => recorded.cloned().unwrap_or_default(),
            };
            (interface.clone(), row(session, &shape))
        })
        .collect()
}

/// The row of a session, with the instance of `shape`, and with its filter where `shape` has one.
pub(super) fn row(session: &MirrorSession, shape: &Row) -> Row {
    let filter = &session.traffic_mirror_filter_id;
    Row {
        id: Some(session.id.clone()),
        instance_id: shape.instance_id.clone(),
        traffic_mirror_target_id: Some(session.traffic_mirror_target_id.clone()),
        session_number: Some(session.session_number),
        virtual_network_id: session.virtual_network_id,
        traffic_mirror_filter_id: shape.traffic_mirror_filter_id.as_ref().map(|_| filter.clone()),
    }
}
