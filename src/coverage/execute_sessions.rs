//! Changes and creates sessions, and finds each a number that is free.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::FutureExt;
use uuid::Uuid;

use super::execute::{Executor, Outcome};
use super::failure::{Failure, FailureKind};
use super::uncertain::look_for;
use crate::ec2::{NewSession, SessionChange};
use crate::planner::{
    COVERAGE_ID_TAG, Create, FieldChange, MirrorSession, MirrorTarget, Modify, Owner, TargetKind,
};

/// How often, and how long apart, it is looked whether another coverage has freed a number.
const FREEING_ATTEMPTS: usize = 15;
const FREEING_WAIT: Duration = Duration::from_secs(1);
/// How often a number that somebody else took meanwhile is chosen anew.
const NUMBER_ATTEMPTS: usize = 5;

impl Executor<'_> {
    /// The plan may not know what kind a target is that is listed no longer: where it is no load balancer, the packet length is set
    /// by the call that leaves it.
    pub(super) async fn lengths_at_once<'c>(&self, changes: &'c [Modify]) -> Cow<'c, [Modify]> {
        let set_later = || {
            let changes = changes.iter();
            changes.filter(|change| change.packet_length_afterwards.is_some())
        };
        if set_later().next().is_none() {
            return Cow::Borrowed(changes);
        }
        let sessions = self.sessions.iter();
        let left: BTreeMap<&str, &String> = sessions
            .map(|session| (session.id.as_str(), &session.traffic_mirror_target_id))
            .collect();
        let targets: BTreeSet<&String> = set_later()
            .filter_map(|change| left.get(change.session_id.as_str()).copied())
            .collect();
        let targets: Vec<String> = targets.into_iter().cloned().collect();
        let found = self.account.targets(&targets).await.map(|found| found.found);
        let other_kind = |target: &MirrorTarget| {
            target
                .kind
                .is_some_and(|kind| kind != TargetKind::NetworkLoadBalancer)
        };
        let found = found.unwrap_or_default().into_iter().filter(other_kind);
        let others: BTreeSet<String> = found.map(|target| target.id).collect();
        let mut changes = changes.to_vec();
        for change in &mut changes {
            let target = left.get(change.session_id.as_str());
            if target.is_some_and(|target| others.contains(*target))
                && let Some(length) = change.packet_length_afterwards.take()
            {
                change.packet_length = FieldChange::Set(length);
            }
        }
        Cow::Owned(changes)
    }

    pub(super) async fn modify(&self, changes: &[Modify], outcome: &mut Outcome) {
        let mut changes: Vec<&Modify> = changes
            .iter()
            .filter(|change| !outcome.not_owned.contains(&change.session_id))
            .collect();
        // What moves away makes room for what moves in: who found a full target tries again while others get through.
        loop {
            let mut calls = Vec::with_capacity(changes.len());
            for change in &changes {
                calls.push(self.modify_one(change).boxed());
            }
            let results = self.in_parallel("change", calls).await;
            let is_full = |result: &Result<_, Failure>| {
                result
                    .as_ref()
                    .is_err_and(|failure| failure.kind == FailureKind::TargetFull)
            };
            let again: Vec<&Modify> = changes
                .iter()
                .zip(&results)
                .filter(|(_, result)| is_full(result))
                .map(|(change, _)| *change)
                .collect();
            let progress = results.iter().any(Result::is_ok);
            let goes_on = !again.is_empty() && progress && !self.stop.is_stopped();
            for (change, result) in changes.iter().zip(results) {
                if !(goes_on && is_full(&result)) {
                    outcome.note(&change.network_interface_id, result);
                }
            }
            if !goes_on {
                return;
            }
            changes = again;
        }
    }

    async fn modify_one(&self, change: &Modify) -> Result<MirrorSession, Failure> {
        let modified = self.modify_at_once(change).await?;
        let Some(length) = change.packet_length_afterwards else {
            return Ok(modified);
        };
        let length = SessionChange {
            id: change.session_id.clone(),
            packet_length: FieldChange::Set(length),
            ..SessionChange::default()
        };
        self.call("change", self.account.modify_session(&length)).await
    }

    async fn modify_at_once(&self, change: &Modify) -> Result<MirrorSession, Failure> {
        let wanted = session_change(change);
        let modify = || self.account.modify_session(&wanted);
        let failure = match self.patient_call("change", modify).await {
            Err(failure) if failure.kind == FailureKind::NumberTaken => failure,
            result => return result,
        };
        let Some(number) = change.session_number else {
            return Err(failure);
        };
        let interface = &change.network_interface_id;
        // Another coverage may be about to give this number away, perhaps for the one that this session has: out of the way.
        let Some(taken) = self.taken_by_coverages(interface, number).await else {
            return Err(failure);
        };
        let sessions = self.sessions.iter();
        let own_number = sessions
            .filter(|session| session.id == change.session_id)
            .map(|session| session.session_number)
            .next();
        if own_number.is_some() && own_number == taken.last().copied() {
            // An earlier apply moved it aside in vain, or whoever wants this number is moving aside: no higher for nothing.
            self.change_the_rest(wanted).await?;
        } else {
            self.move_aside(change, wanted, taken).await?;
        }
        self.wait_for_number(interface, number).await;
        let back = SessionChange {
            id: change.session_id.clone(),
            session_number: Some(number),
            ..SessionChange::default()
        };
        let result = self.call("change", self.account.modify_session(&back)).await;
        result.map_err(waited_in_vain)
    }

    /// Makes the other changes of a session that keeps its number for now.
    async fn change_the_rest(&self, wanted: SessionChange) -> Result<(), Failure> {
        let rest = SessionChange {
            session_number: None,
            ..wanted
        };
        let nothing = SessionChange {
            id: rest.id.clone(),
            ..SessionChange::default()
        };
        if rest == nothing {
            return Ok(());
        }
        self.call("change", self.account.modify_session(&rest))
            .await
            .map(drop)
    }

    /// Gives the session a number that nobody wants. A coverage of another process may have the same idea: then the next one.
    async fn move_aside(
        &self,
        change: &Modify,
        wanted: SessionChange,
        mut taken: BTreeSet<i64>,
    ) -> Result<(), Failure> {
        let interface = &change.network_interface_id;
        let region = self.account.region();
        let mut attempts = NUMBER_ATTEMPTS;
        loop {
            let spare = self.numbers.next(region, interface, &taken);
            let aside = SessionChange {
                session_number: spare,
                ..wanted.clone()
            };
            let moved = self.call("change", self.account.modify_session(&aside)).await;
            if let Some(spare) = spare {
                self.numbers.give_back(region, interface, spare);
                taken.insert(spare);
            }
            match moved {
                Err(failure) if failure.kind == FailureKind::NumberTaken && attempts > 1 => attempts -= 1,
                moved => return moved.map(drop),
            }
        }
    }

    /// All numbers of the interface, if the session that has `number` belongs to a coverage: one of this run may free it.
    async fn taken_by_coverages(&self, interface: &str, number: i64) -> Option<BTreeSet<i64>> {
        let sessions = self.account.sessions_of_interface(interface).await.ok()?;
        let holder = sessions.iter().find(|session| session.session_number == number);
        let of_coverage = holder.is_none_or(|session| Owner::of(&session.tags).is_some());
        of_coverage.then(|| sessions.iter().map(|session| session.session_number).collect())
    }

    /// Waits until no coverage has the number on the interface, but not for long.
    async fn wait_for_number(&self, interface: &str, number: i64) {
        for _ in 0..FREEING_ATTEMPTS {
            match self.taken_by_coverages(interface, number).await {
                Some(taken) if taken.contains(&number) && !self.stop.is_stopped() => {
                    tokio::time::sleep(FREEING_WAIT).await;
                }
                _ => return,
            }
        }
    }

    pub(super) async fn create(&self, creates: &[Create], outcome: &mut Outcome) {
        let mut taken: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for session in self.sessions {
            taken
                .entry(&session.network_interface_id)
                .or_default()
                .insert(session.session_number);
        }
        let mut calls = Vec::with_capacity(creates.len());
        for create in creates {
            let taken = taken
                .get(create.network_interface_id.as_str())
                .cloned()
                .unwrap_or_default();
            calls.push(self.create_one(create, taken).boxed());
        }
        for (create, result) in creates.iter().zip(self.in_parallel("create", calls).await) {
            outcome.note(&create.network_interface_id, result);
        }
    }

    async fn create_one(&self, create: &Create, mut taken: BTreeSet<i64>) -> Result<MirrorSession, Failure> {
        let interface = &create.network_interface_id;
        let mut attempts = NUMBER_ATTEMPTS;
        let mut has_waited = false;
        loop {
            if self.stop.is_stopped() {
                return Err(Failure::stopped("create", self.stop));
            }
            let chosen = || self.numbers.next(self.account.region(), interface, &taken);
            let Some(session_number) = create.session_number.or_else(chosen) else {
                return Err(Failure {
                    what: "create",
                    code: "NoSessionNumber".to_owned(),
                    message: "every session number of the interface is taken".to_owned(),
                    advice: "Delete a session of the interface.".to_owned(),
                    kind: FailureKind::Error,
                });
            };
            let new = NewSession {
                network_interface_id: interface.clone(),
                traffic_mirror_target_id: create.traffic_mirror_target_id.clone(),
                traffic_mirror_filter_id: create.traffic_mirror_filter_id.clone(),
                session_number,
                virtual_network_id: create.virtual_network_id,
                packet_length: create.packet_length,
                description: create.description.clone(),
                tags: create.tags.clone(),
                // Of this attempt only: EC2 may answer an older token with a session that is long deleted.
                client_token: Uuid::new_v4().to_string(),
            };
            let failure = match self
                .patient_call("create", || self.account.create_session(&new))
                .await
            {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            let is_uncertain =
                [FailureKind::OutcomeUnknown, FailureKind::TokenReused].contains(&failure.kind);
            if is_uncertain && let Some(session) = self.made_all_the_same(&new).await {
                return Ok(session);
            }
            if create.session_number.is_none() {
                self.numbers
                    .give_back(self.account.region(), interface, session_number);
            }
            if attempts == 1 {
                return Err(match has_waited {
                    true => waited_in_vain(failure),
                    false => failure,
                });
            }
            attempts -= 1;
            match failure.kind {
                FailureKind::NumberTaken => {}
                // With a token of its own.
                FailureKind::TokenReused => continue,
                _ => return Err(failure),
            }
            if let Some(number) = create.session_number {
                if self.taken_by_coverages(interface, number).await.is_none() {
                    return Err(failure);
                }
                self.wait_for_number(interface, number).await;
                // Once more, and no longer wait for it.
                attempts = 1;
                has_waited = true;
                continue;
            }
            taken.insert(session_number);
            if let Ok(sessions) = self.account.sessions_of_interface(interface).await {
                taken.extend(sessions.iter().map(|session| session.session_number));
            }
        }
    }

    /// The session that a call made which seemed to fail. A second one is never tried for before this look.
    async fn made_all_the_same(&self, new: &NewSession) -> Option<MirrorSession> {
        let mark = new.tags.get(COVERAGE_ID_TAG);
        let is_it = |session: &MirrorSession| {
            session.session_number == new.session_number
                && session.tags.get(COVERAGE_ID_TAG) == mark
                && self.sessions.iter().all(|older| older.id != session.id)
        };
        let look = || async {
            let sessions = self
                .account
                .sessions_of_interface(&new.network_interface_id)
                .await?;
            Ok(sessions.into_iter().find(is_it))
        };
        tokio::select! {
            found = look_for(look) => found,
            () = self.stop.stopped() => None,
        }
    }
}

/// The number was not freed: another one may be no help, since the other coverage may be about to give this one away.
fn waited_in_vain(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::NumberTaken => Failure {
            advice: "A session of another coverage has the number. If that coverage gives it away in this run, run terraform apply again; \
                     with depends_on between the two, first give one of them a number that is free, by an apply of its own. If it is \
                     replaced by this one, do it without create_before_destroy. Otherwise choose another session_number, or leave it out."
                .to_owned(),
            ..failure
        },
        _ => failure,
    }
}

fn session_change(change: &Modify) -> SessionChange {
    SessionChange {
        id: change.session_id.clone(),
        traffic_mirror_target_id: change.traffic_mirror_target_id.clone(),
        traffic_mirror_filter_id: change.traffic_mirror_filter_id.clone(),
        session_number: change.session_number,
        virtual_network_id: change.virtual_network_id.into(),
        packet_length: change.packet_length.clone(),
        description: change.description.clone(),
    }
}
