//! Makes the calls that the planner listed. One interface's failure is one interface's failure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::convert::Rows;
use super::numbers::Numbers;
use super::read::row;
use crate::ec2::{Account, Ec2Error, ErrorClass, NewSession, SessionChange, What};
use crate::planner::{Actions, Create, MirrorSession, Modify, Retag};

/// Calls in flight at once: enough to fill EC2's bucket of mutating calls, few enough to end soon after Ctrl-C.
const CONCURRENCY: usize = 10;
/// How long a call in flight may take to end after Ctrl-C: retries under throttling take minutes.
const GRACE: Duration = Duration::from_secs(10);
/// How often a number that somebody else took meanwhile is chosen anew.
const NUMBER_ATTEMPTS: usize = 5;

/// Why a session is not as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was tried: create, change or delete.
    pub what: &'static str,
    /// AWS's own code, or `Cancelled`.
    pub code: String,
    pub message: String,
    /// What to do next.
    pub advice: String,
    pub kind: FailureKind,
}

/// What a failure means for the apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// It failed.
    Error,
    /// The interface no longer exists, so there is nothing to retry.
    Vanished,
    /// EC2 refuses the interface for good, so retrying would fail for ever.
    Refused,
    /// Another session of the interface has the number.
    NumberTaken,
}

impl Failure {
    fn of(what: &'static str, error: &Ec2Error) -> Self {
        Self {
            what,
            code: error.code().to_owned(),
            message: error.message().to_owned(),
            advice: error.advice(),
            kind: match error.class() {
                // A malformed id never named an interface that could have gone.
                ErrorClass::NotFound(What::NetworkInterface)
                    if what == "create" && !error.code().ends_with("Malformed") =>
                {
                    FailureKind::Vanished
                }
                ErrorClass::InterfaceUnsupported if what == "create" => FailureKind::Refused,
                ErrorClass::NumberInUse => FailureKind::NumberTaken,
                _ => FailureKind::Error,
            },
        }
    }

    /// Whether the apply failed: an interface that is gone or that EC2 refuses for good is no failure of the apply.
    pub fn is_error(&self) -> bool {
        !matches!(self.kind, FailureKind::Vanished | FailureKind::Refused)
    }

    fn cancelled(what: &'static str) -> Self {
        Self {
            what,
            code: "Cancelled".to_owned(),
            message: "the run was interrupted before this call had ended".to_owned(),
            advice: "Run terraform apply again to go on.".to_owned(),
            kind: FailureKind::Error,
        }
    }
}

/// What the calls led to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Sessions that were created, or changed without error, by interface.
    pub done: Rows,
    /// By interface.
    pub failures: BTreeMap<String, Failure>,
}

impl Outcome {
    fn note(&mut self, interface: &str, result: Result<MirrorSession, Failure>) {
        match result {
            Ok(session) => drop(self.done.insert(interface.to_owned(), row(&session, None))),
            Err(failure) => drop(self.failures.insert(interface.to_owned(), failure)),
        }
    }
}

/// Runs the calls, some at once, and returns their results in the same order.
async fn in_parallel<T>(calls: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    futures::stream::iter(calls).buffered(CONCURRENCY).collect().await
}

/// Executes actions for one coverage.
pub struct Executor<'a> {
    pub account: &'a Account,
    pub numbers: &'a Numbers,
    pub cancel: &'a CancellationToken,
    /// All sessions of the account, to know which numbers an interface has.
    pub sessions: &'a [MirrorSession],
}

impl Executor<'_> {
    /// Deletes, retags, modifies and creates, in this order: what is deleted makes room, what is retagged is owned
    /// before it is changed.
    pub async fn run(&self, actions: &Actions) -> Outcome {
        let mut outcome = Outcome::default();
        self.delete(&actions.delete, &mut outcome).await;
        let refused = self.retag(&actions.retag, &mut outcome).await;
        self.modify(&actions.modify, &refused, &mut outcome).await;
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
        for ((id, interface), result) in sessions.iter().zip(in_parallel(calls).await) {
            match result {
                Ok(()) => {
                    if let Some(number) = numbers.get(id.as_str()) {
                        self.numbers.give_back(self.account.region(), interface, *number);
                    }
                }
                Err(failure) => drop(outcome.failures.insert(interface.clone(), failure)),
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
    async fn call<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, Ec2Error>>,
    ) -> Result<T, Failure> {
        if self.cancel.is_cancelled() {
            return Err(Failure::cancelled(what));
        }
        let given_up = async {
            self.cancel.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            result = call => result.map_err(|error| Failure::of(what, &error)),
            () = given_up => Err(Failure::cancelled(what)),
        }
    }

    /// Changes tags, and returns the sessions for which that failed: what is not owned is not changed further.
    async fn retag(&self, retags: &[Retag], outcome: &mut Outcome) -> BTreeSet<String> {
        let mut refused = BTreeSet::new();
        let sessions = self.sessions.iter();
        let interfaces: HashMap<&str, &str> = sessions
            .map(|session| (session.id.as_str(), session.network_interface_id.as_str()))
            .collect();
        for retag in retags {
            if let Err(failure) = self.call("change", self.retag_once(retag)).await {
                for id in &retag.session_ids {
                    let interface = interfaces.get(id.as_str()).unwrap_or(&id.as_str()).to_string();
                    outcome.failures.insert(interface, failure.clone());
                }
                refused.extend(retag.session_ids.iter().cloned());
            }
        }
        refused
    }

    async fn retag_once(&self, retag: &Retag) -> Result<(), Ec2Error> {
        if !retag.set.is_empty() {
            self.account.create_tags(&retag.session_ids, &retag.set).await?;
        }
        if !retag.remove.is_empty() {
            self.account
                .delete_tags(&retag.session_ids, &retag.remove)
                .await?;
        }
        Ok(())
    }

    async fn modify(&self, changes: &[Modify], refused: &BTreeSet<String>, outcome: &mut Outcome) {
        let changes: Vec<&Modify> = changes
            .iter()
            .filter(|change| !refused.contains(&change.session_id))
            .collect();
        let mut calls = Vec::with_capacity(changes.len());
        for change in &changes {
            calls.push(self.modify_one(change).boxed());
        }
        for (change, result) in changes.iter().zip(in_parallel(calls).await) {
            outcome.note(&change.network_interface_id, result);
        }
    }

    async fn modify_one(&self, change: &Modify) -> Result<MirrorSession, Failure> {
        let change = session_change(change);
        self.call("change", self.account.modify_session(&change)).await
    }

    async fn create(&self, creates: &[Create], outcome: &mut Outcome) {
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
        for (create, result) in creates.iter().zip(in_parallel(calls).await) {
            outcome.note(&create.network_interface_id, result);
        }
    }

    async fn create_one(&self, create: &Create, mut taken: BTreeSet<i64>) -> Result<MirrorSession, Failure> {
        let interface = &create.network_interface_id;
        let mut attempts = NUMBER_ATTEMPTS;
        loop {
            if self.cancel.is_cancelled() {
                return Err(Failure::cancelled("create"));
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
            let failure = match self.call("create", self.account.create_session(&new)).await {
                Ok(session) => return Ok(session),
                Err(failure) => failure,
            };
            if create.session_number.is_none() {
                self.numbers
                    .give_back(self.account.region(), interface, session_number);
            }
            if failure.kind != FailureKind::NumberTaken || create.session_number.is_some() || attempts == 1 {
                return Err(failure);
            }
            attempts -= 1;
            taken.insert(session_number);
            if let Ok(sessions) = self.account.sessions_of_interface(interface).await {
                taken.extend(sessions.iter().map(|session| session.session_number));
            }
        }
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
