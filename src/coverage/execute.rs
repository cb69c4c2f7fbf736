//! Makes the calls that the planner listed. One interface's failure is one interface's failure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use super::failure::{Failure, FailureKind};
use super::numbers::Numbers;
use super::progress::Progress;
use super::stop::Stop;
use crate::ec2::{Account, Ec2Error, ErrorKind, MOST_IN_FLIGHT};
use crate::planner::{Actions, MirrorSession, Retag};

/// How long a call in flight may take to end after Ctrl-C: retries under throttling take minutes.
const GRACE: Duration = Duration::from_secs(10);
/// The waits between attempts for a target or filter that EC2 does not know yet.
const REFERENCE_WAITS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(4),
];

/// What the calls led to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sessions that were created, or changed without error, by interface.
    pub done: BTreeMap<String, MirrorSession>,
    /// By interface.
    pub failures: BTreeMap<String, Failure>,
    /// Ids of sessions that were deleted.
    pub deleted: BTreeSet<String>,
    /// Sessions whose tags could not be changed: what is not owned is not changed further.
    pub not_owned: BTreeSet<String>,
}

impl Outcome {
    pub(super) fn note(&mut self, interface: &str, result: Result<MirrorSession, Failure>) {
        match result {
            Ok(session) => drop(self.done.insert(interface.to_owned(), session)),
            Err(failure) => self.note_failure(interface, failure),
        }
    }

    /// The first error of an interface is told: what comes after it may be its consequence.
    fn note_failure(&mut self, interface: &str, failure: Failure) {
        let before = self.failures.get(interface);
        if !before.is_some_and(Failure::is_error) {
            self.failures.insert(interface.to_owned(), failure);
        }
    }
}

async fn counted_by<T>(
    progress: &Progress<'_>,
    index: usize,
    call: BoxFuture<'_, Result<T, Failure>>,
) -> (usize, Result<T, Failure>) {
    let result = call.await;
    progress.count(result.is_ok());
    (index, result)
}

/// Executes actions for one coverage.
pub struct Executor<'a> {
    /// The coverage's name, for the log.
    pub coverage: &'a str,
    /// Calls that wait for their turn are given up with `stop`.
    pub account: Account,
    pub numbers: &'a Numbers,
    pub stop: &'a Stop,
    /// All sessions of the account, to know which numbers an interface has.
    pub sessions: &'a [MirrorSession],
    /// Set once a target or filter was waited for in vain: nobody else waits for it.
    pub is_reference_gone: AtomicBool,
    /// The failure of a call whose credentials AWS did not accept: no further call is made.
    pub hopeless: OnceLock<Failure>,
}

impl Executor<'_> {
    /// Deletes, retags, modifies and creates, in this order: what is deleted makes room, what is retagged is owned
    /// before it is changed.
    pub async fn run(&self, actions: &Actions) -> Outcome {
        let mut outcome = Outcome::default();
        self.delete(&actions.delete, &mut outcome).await;
        outcome.not_owned = self.retag(&actions.retag, &mut outcome).await;
        let changes = self.lengths_at_once(&actions.modify).await;
        self.modify(&changes, &mut outcome).await;
        self.create(&actions.create, &mut outcome).await;
        outcome
    }

    /// Deletes these sessions (id and interface).
    pub async fn delete(&self, sessions: &[(String, String)], outcome: &mut Outcome) {
        let mut calls = Vec::with_capacity(sessions.len());
        for (id, _) in sessions {
            calls.push(self.delete_one(id).boxed());
        }
        let numbers: HashMap<&str, i64> = self
            .sessions
            .iter()
            .map(|session| (session.id.as_str(), session.session_number))
            .collect();
        for ((id, interface), result) in sessions.iter().zip(self.in_parallel("delete", calls).await) {
            match result {
                Ok(()) => {
                    outcome.deleted.insert(id.clone());
                    if let Some(number) = numbers.get(id.as_str()) {
                        self.numbers.give_back(self.account.region(), interface, *number);
                    }
                }
                Err(failure) => outcome.note_failure(interface, failure),
            }
        }
    }

    async fn delete_one(&self, id: &str) -> Result<(), Failure> {
        self.call("delete", self.account.delete_session(id))
            .await
            .map(drop)
    }

    /// Makes a call unless the run was interrupted. One in flight then gets a while to end; after that it is given up, and the
    /// next refresh tells what came of it: every session carries its owner's id from its creation on.
    pub(super) async fn call<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, Ec2Error>>,
    ) -> Result<T, Failure> {
        if self.stop.is_stopped() {
            return Err(Failure::stopped(what, self.stop));
        }
        if let Some(failure) = self.hopeless.get() {
            let failure = failure.clone();
            return Err(Failure { what, ..failure });
        }
        let given_up = async {
            self.stop.stopped().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            result = call => result.map_err(|error| self.failure(what, &error)),
            () = given_up => Err(Failure::stopped(what, self.stop)),
        }
    }

    fn failure(&self, what: &'static str, error: &Ec2Error) -> Failure {
        if *error.kind() == ErrorKind::Stopped {
            return Failure::stopped(what, self.stop);
        }
        let failure = Failure::of(what, error);
        if error.is_of_credentials() {
            self.hopeless.get_or_init(|| failure.clone());
        }
        failure
    }

    /// Makes a call that may come before EC2 knows the target or filter that it names, which another resource of this run has made:
    /// then it is made again, for a few seconds.
    pub(super) async fn patient_call<T, F>(
        &self,
        what: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Ec2Error>>,
    {
        for wait in REFERENCE_WAITS {
            let failure = match self.call(what, call()).await {
                Err(failure) if failure.kind == FailureKind::ReferenceMissing => failure,
                result => return result,
            };
            if self.is_reference_gone.load(Ordering::Relaxed) {
                return Err(failure);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.stopped() => break,
            }
        }
        let result = self.call(what, call()).await;
        if let Err(failure) = &result
            && failure.kind == FailureKind::ReferenceMissing
        {
            self.is_reference_gone.store(true, Ordering::Relaxed);
        }
        result
    }

    /// Makes the calls, as many at once as may be in flight, and returns their results in the same order. The log is told how
    /// far they are.
    pub(super) async fn in_parallel<T>(
        &self,
        what: &'static str,
        calls: Vec<BoxFuture<'_, Result<T, Failure>>>,
    ) -> Vec<Result<T, Failure>>
    where
        T: Send,
    {
        let progress = Progress::new(self.coverage, what, calls.len());
        let mut counted = Vec::with_capacity(calls.len());
        for (index, call) in calls.into_iter().enumerate() {
            counted.push(counted_by(&progress, index, call).boxed());
        }
        let at_once = usize::try_from(MOST_IN_FLIGHT).unwrap_or(1);
        // One that waits for its next attempt does not hold up those behind it.
        let all = futures::stream::iter(counted).buffer_unordered(at_once).collect();
        let mut results: Vec<_> = progress.tell_during(all).await;
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Changes tags, and returns the sessions for which that failed.
    async fn retag(&self, retags: &[Retag], outcome: &mut Outcome) -> BTreeSet<String> {
        let mut refused = BTreeSet::new();
        let sessions = self.sessions.iter();
        let interfaces: HashMap<&str, &str> = sessions
            .map(|session| (session.id.as_str(), session.network_interface_id.as_str()))
            .collect();
        let mut calls = Vec::with_capacity(retags.len());
        for retag in retags {
            let change = self
                .account
                .change_tags(&retag.session_ids, &retag.set, &retag.remove);
            calls.push(self.call("change", change.map(Ok)).boxed());
        }
        for (retag, result) in retags.iter().zip(self.in_parallel("change", calls).await) {
            let failed: Vec<(String, Failure)> = match result {
                Ok(tagged) => {
                    let refused = tagged.refused.into_iter();
                    refused
                        .map(|(id, error)| (id, self.failure("change", &error)))
                        .collect()
                }
                Err(failure) => {
                    let ids = retag.session_ids.iter().cloned();
                    ids.map(|id| (id, failure.clone())).collect()
                }
            };
            for (id, failure) in failed {
                let interface = interfaces.get(id.as_str()).unwrap_or(&id.as_str()).to_string();
                outcome.note_failure(&interface, failure);
                refused.insert(id);
            }
        }
        refused
    }
}
