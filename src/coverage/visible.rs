//! EC2's describe calls lag behind its changes: an apply ends once they show what it did, or the next plan would not be empty.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::convert::Rows;
use super::execute::Outcome;
use super::stop::Stop;
use crate::ec2::{Account, Ec2Error};
use crate::framework::Diagnostics;
use crate::planner::{self, Actions, Blueprint, Fleet, MirrorSession};

/// The wait before the second look; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// When it is given up, and said: far more than EC2 needs as a rule.
const PATIENCE: Duration = Duration::from_secs(30);

/// What an apply changed, and how describe calls will show it.
#[derive(Debug)]
pub struct Changed<'a> {
    /// Sessions as the state has them, by interface: those that were made, changed or retagged.
    sessions: Rows,
    /// Ids of sessions that were deleted, and all interfaces of which something changed.
    deleted: BTreeSet<String>,
    interfaces: BTreeSet<String>,
    /// A filter that was made or mended.
    filter: Option<String>,
    /// A filter that was deleted.
    deleted_filters: Vec<String>,
    blueprint: &'a Blueprint,
    fleet: &'a Fleet,
}

impl<'a> Changed<'a> {
    /// Nothing yet.
    pub fn new(blueprint: &'a Blueprint, fleet: &'a Fleet) -> Self {
        Self {
            sessions: Rows::new(),
            deleted: BTreeSet::new(),
            interfaces: BTreeSet::new(),
            filter: None,
            deleted_filters: Vec::new(),
            blueprint,
            fleet,
        }
    }

    /// Adds what these calls did. `sessions` are all that were looked at before, `state` what is saved.
    pub fn with_calls(
        mut self,
        actions: &Actions,
        outcome: &Outcome,
        sessions: &[MirrorSession],
        state: &Rows,
    ) -> Self {
        let is_done = |interface: &str| !outcome.failures.contains_key(interface);
        let interfaces: BTreeMap<&str, &str> = sessions
            .iter()
            .map(|session| (session.id.as_str(), session.network_interface_id.as_str()))
            .collect();
        let retagged = actions.retag.iter().flat_map(|retag| &retag.session_ids);
        let retagged = retagged.filter_map(|id| interfaces.get(id.as_str()).copied());
        for interface in retagged.chain(outcome.done.keys().map(String::as_str)) {
            if let Some(row) = state.get(interface).filter(|_| is_done(interface)) {
                self.sessions.insert(interface.to_owned(), row.clone());
            }
        }
        let deleted = actions.delete.iter().filter(|(_, interface)| is_done(interface));
        self.with_deleted(deleted)
    }

    /// Adds sessions of the state, whatever was done to them.
    pub fn with_sessions(mut self, state: impl IntoIterator<Item = (String, planner::Row)>) -> Self {
        self.sessions.extend(state);
        self
    }

    /// Adds sessions that were deleted: id and interface.
    pub fn with_deleted<'d>(mut self, deleted: impl IntoIterator<Item = &'d (String, String)>) -> Self {
        for (id, interface) in deleted {
            self.deleted.insert(id.clone());
            self.interfaces.insert(interface.clone());
        }
        self
    }

    /// Adds the coverage's own filter, if it was made or mended.
    pub fn with_filter(mut self, filter: Option<String>) -> Self {
        self.filter = filter;
        self
    }

    /// Adds filters that were deleted.
    pub fn with_deleted_filters(mut self, filters: impl IntoIterator<Item = String>) -> Self {
        self.deleted_filters.extend(filters);
        self
    }

    /// Waits until the describe calls show all of it, but not for ever, and not once the apply is to stop. One look is enough
    /// where EC2 is consistent already; nothing changed: no call.
    pub async fn shown(mut self, account: &Account, stop: &Stop, diagnostics: &mut Diagnostics) {
        self.interfaces.extend(self.sessions.keys().cloned());
        let watch = async {
            let mut wait = FIRST_WAIT;
            while !self.is_shown(account).await? {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Ok::<_, Ec2Error>(())
        };
        let watched = tokio::select! {
            biased;
            () = stop.stopped() => return,
            watched = tokio::time::timeout(PATIENCE, watch) => watched,
        };
        match watched {
            Ok(Ok(())) => {}
            // The changes are made all the same.
            Ok(Err(error)) => tracing::warn!(%error, "it could not be looked whether EC2 shows the changes"),
            Err(_) => diagnostics.warning(
                "EC2 does not show all changes yet",
                format!(
                    "The calls succeeded, and after {} seconds describe calls still do not show all that they changed. Either EC2 is \
                     slow, or somebody else changed the same sessions meanwhile. The next plan shows which.",
                    PATIENCE.as_secs()
                ),
            ),
        }
    }

    async fn is_shown(&self, account: &Account) -> Result<bool, Ec2Error> {
        if !self.interfaces.is_empty() {
            let sessions = account.sessions_of_interfaces(&self.interfaces).await?;
            if !self.shows(&sessions) {
                return Ok(false);
            }
        }
        let watched: Vec<String> = self.filter.iter().chain(&self.deleted_filters).cloned().collect();
        let found = account.filters(&watched).await?.found;
        Ok(found.iter().all(|filter| {
            !self.deleted_filters.contains(&filter.id)
                && planner::filter_deviation(self.blueprint, filter).is_empty()
        }) && self
            .filter
            .as_ref()
            .is_none_or(|id| found.iter().any(|filter| filter.id == *id)))
    }

    /// Whether a plan from these sessions would find nothing to do.
    fn shows(&self, sessions: &[MirrorSession]) -> bool {
        if sessions.iter().any(|session| self.deleted.contains(&session.id)) {
            return false;
        }
        let is_ours = |session: &&MirrorSession| {
            let row = self.sessions.get(&session.network_interface_id);
            row.is_some_and(|row| row.id.as_ref() == Some(&session.id))
        };
        let own = planner::by_interface(sessions.iter().filter(is_ours), &self.sessions);
        let left = planner::reconcile(&self.sessions, self.blueprint, self.fleet, &own);
        left.is_empty() && left.vanished.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::{Member, Row};

    #[test]
    fn only_what_a_plan_would_leave_alone_is_shown() {
        let blueprint = Blueprint {
            name: "prod".into(),
            id_tag: "mc-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            ..Blueprint::default()
        };
        let fleet = Fleet::default();
        let made = MirrorSession {
            id: "tms-1".into(),
            network_interface_id: "eni-1".into(),
            traffic_mirror_target_id: "tmt-1".into(),
            traffic_mirror_filter_id: "tmf-1".into(),
            session_number: 1,
            virtual_network_id: Some(5),
            tags: blueprint.spec("eni-1", &Member::default()).tags,
            ..MirrorSession::default()
        };
        let row = Row {
            id: Some("tms-1".into()),
            traffic_mirror_target_id: Some("tmt-1".into()),
            session_number: Some(1),
            virtual_network_id: Some(5),
            ..Row::default()
        };
        let changed = Changed::new(&blueprint, &fleet)
            .with_sessions([("eni-1".to_owned(), row)])
            .with_deleted([&("tms-0".to_owned(), "eni-1".to_owned())]);
        assert!(changed.shows(std::slice::from_ref(&made)));
        assert!(!changed.shows(&[]), "not yet made");
        let stale = MirrorSession {
            id: "tms-0".into(),
            ..made.clone()
        };
        assert!(!changed.shows(&[made.clone(), stale.clone()]), "not yet deleted");
        assert!(!changed.shows(&[stale]), "the old one is not the new one");
        let unchanged = MirrorSession {
            session_number: 2,
            ..made.clone()
        };
        assert!(!changed.shows(&[unchanged]), "not yet changed");
        let untagged = MirrorSession {
            tags: Default::default(),
            ..made
        };
        assert!(!changed.shows(&[untagged]), "not yet tagged");
    }
}
