//! Sends the calls that come in large numbers as fast as EC2 takes them: one bucket for each account, region and action.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::Notify;

use super::call::Probe;
use super::error::ErrorKind;
use super::pace::{Pace, Sent};
use super::{Account, Action, Ec2Error, ErrorClass};

/// The gates of the process by where the calls go, account, region and action: coverages and provider blocks share them.
static GATES: LazyLock<Mutex<HashMap<Bucket, Arc<Gate>>>> = LazyLock::new(Mutex::default);

/// What EC2 counts together: the endpoint and the account, the region, the action. The account is empty when it is not known.
type Bucket = (String, String, Action);

/// Where calls of one bucket wait for their turn, first come, first served.
#[derive(Debug)]
struct Gate {
    pace: Mutex<Pace>,
    /// Held by the one whose turn is next.
    first: tokio::sync::Mutex<()>,
    /// Tells that one that something was heard.
    heard: Notify,
}

impl Gate {
    fn of(account: &Account, action: Action) -> Arc<Self> {
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = (account.counted_as(), account.region().to_owned(), action);
        let new = || {
            Arc::new(Self {
                pace: Mutex::new(Pace::new(Instant::now())),
                first: tokio::sync::Mutex::default(),
                heard: Notify::new(),
            })
        };
        Arc::clone(gates.entry(bucket).or_insert_with(new))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Pace, Instant) -> T) -> T {
        change(
            &mut self.pace.lock().unwrap_or_else(PoisonError::into_inner),
            Instant::now(),
        )
    }

    /// Ends when it is the caller's turn. The call then has to be made at once.
    async fn turn(&self) -> Turn<'_> {
        let _first = self.first.lock().await;
        loop {
            let heard = self.heard.notified();
            let ready = self.with(|pace, now| match pace.ready(now) {
                Some(at) if at <= now => Ok(pace.send(now)),
                later => Err(later),
            });
            match ready {
                Ok(sent) => {
                    return Turn {
                        gate: self,
                        sent: Some(sent),
                    };
                }
                Err(None) => heard.await,
                Err(Some(at)) => tokio::select! {
                    () = heard => {}
                    () = tokio::time::sleep_until(at.into()) => {}
                },
            }
        }
    }
}

/// A call that was let through the gate; when nothing is heard of it, it was given up.
struct Turn<'a> {
    gate: &'a Gate,
    sent: Option<Sent>,
}

impl Turn<'_> {
    fn answered(mut self, throttled: bool) {
        if let Some(sent) = self.sent.take() {
            self.gate.with(|pace, now| match throttled {
                true => pace.throttled(&sent, now),
                false => pace.got_through(&sent),
            });
            self.gate.heard.notify_one();
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.sent.is_some() {
            self.gate.with(|pace, _| pace.ended());
            self.gate.heard.notify_one();
        }
    }
}

impl Account {
    /// Makes a call when its turn comes, and again while it is throttled, as often as is configured.
    ///
    /// # Errors
    /// Those of the call, and [`ErrorKind::Stopped`] when it did not have its turn before the account was told to stop.
    pub(super) async fn paced<T, E, F>(
        &self,
        action: Action,
        attempt: impl Fn(Probe) -> F,
    ) -> Result<T, Ec2Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let gate = Gate::of(self, action);
        let mut attempts = self.max_attempts();
        loop {
            let turn = tokio::select! {
                biased;
                () = self.stopped() => return Err(self.not_sent(action)),
                turn = gate.turn() => turn,
            };
            let call = self.paced_call(action, attempts);
            let result = call.end(attempt(call.probe()).await);
            let throttled = matches!(&result, Err(error) if error.class() == ErrorClass::Throttled);
            turn.answered(throttled);
            attempts = attempts.saturating_sub(call.attempts().max(1));
            if !throttled || attempts == 0 {
                return result;
            }
        }
    }

    fn not_sent(&self, action: Action) -> Ec2Error {
        let message = "the run was interrupted before the call was made".to_owned();
        self.error(action, ErrorKind::Stopped, message)
    }
}
