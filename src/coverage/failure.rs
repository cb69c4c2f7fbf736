//! Why a session is not as planned.

use super::stop::Stop;
use crate::ec2::{Ec2Error, ErrorClass, Limit, What};
use crate::planner::{Reason, Skip};

/// Code of a session that was to be taken over and is no longer what `adopt` describes. The state names it, as planned, and it is not the
/// coverage's.
pub const NOT_ADOPTED: &str = "NotAdopted";

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
    /// The interface no longer exists, or the session that was to be changed, so there is nothing to retry.
    Vanished,
    /// The session that was to be taken over is another coverage's by now: the next plan makes another one.
    Lost,
    /// EC2 refuses the interface for good, so retrying would fail for ever.
    Refused,
    /// The interface turned out to be a sensor's: the next plan skips it.
    Sensor,
    /// Another session of the interface has the number.
    NumberTaken,
    /// EC2 does not know the target or the filter, or does not know it yet.
    ReferenceMissing,
    /// The target has as many sources as it takes.
    TargetFull,
    /// It failed, and may have been done all the same.
    OutcomeUnknown,
    /// Its token was used before, with other parameters.
    TokenReused,
}

impl Failure {
    pub(super) fn of(what: &'static str, error: &Ec2Error) -> Self {
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
                // The session is gone, with its interface as a rule: the next refresh tells.
                ErrorClass::NotFound(What::Session)
                    if what == "change" && !error.code().ends_with("Malformed") =>
                {
                    FailureKind::Vanished
                }
                ErrorClass::NotFound(What::Target | What::Filter)
                    if what != "delete" && !error.code().ends_with("Malformed") =>
                {
                    FailureKind::ReferenceMissing
                }
                ErrorClass::InterfaceUnsupported if what == "create" => FailureKind::Refused,
                ErrorClass::NumberInUse => FailureKind::NumberTaken,
                ErrorClass::LimitExceeded(Limit::SourcesPerTarget | Limit::SessionsPerTarget) => {
                    FailureKind::TargetFull
                }
                ErrorClass::ClientTokenReused => FailureKind::TokenReused,
                _ if error.is_outcome_unknown() => FailureKind::OutcomeUnknown,
                _ => FailureKind::Error,
            },
        }
    }

    /// A session that a target forbids which was not known when the session was planned.
    pub(super) fn late(refusal: &Skip) -> Self {
        let (kind, advice) = match refusal.reason {
            Reason::Sensor => (
                FailureKind::Sensor,
                "Nothing is to be done: the next plan skips it. Set include_sensors = true to mirror sensors too.",
            ),
            Reason::OverrideRefused => (
                FailureKind::Error,
                "Correct the tag, or list the target in target_ids of override.",
            ),
            _ => (
                FailureKind::Error,
                "Add a target, move the sensor to an instance type that takes more sources, use a load balancer, or set placement to \
                 prefer_same_az.",
            ),
        };
        Self {
            what: "create",
            code: refusal.reason.to_string(),
            message: refusal.detail.clone(),
            advice: advice.to_owned(),
            kind,
        }
    }

    /// A session that was to be taken over, and is not: another coverage has it, or `adopt` no longer describes it.
    pub(super) fn lost(session: &str, holder: Option<&str>) -> Self {
        let (code, message) = match holder {
            Some(holder) => (
                "TakenOver",
                format!("coverage {holder:?} has taken session {session} over"),
            ),
            None => (
                NOT_ADOPTED,
                format!("session {session} is no longer what adopt describes"),
            ),
        };
        Self {
            what: "change",
            code: code.to_owned(),
            message,
            advice: "Run terraform apply again: it makes a session of this coverage's own.".to_owned(),
            kind: FailureKind::Lost,
        }
    }

    /// Whether the apply failed: an interface that is gone, that EC2 refuses for good or that is a sensor's is no failure of the
    /// apply.
    pub fn is_error(&self) -> bool {
        !matches!(
            self.kind,
            FailureKind::Vanished | FailureKind::Lost | FailureKind::Refused | FailureKind::Sensor
        )
    }

    /// Whether a session was to be made for an interface that no longer exists.
    pub(super) fn is_of_gone_interface(&self) -> bool {
        self.kind == FailureKind::Vanished && self.what == "create"
    }

    pub(super) fn stopped(what: &'static str, stop: &Stop) -> Self {
        let (code, message, advice) = match stop.is_timeout() {
            true => (
                "TimedOut",
                "the time that timeouts gives was over before this call had ended",
                "Raise timeouts, or run terraform apply again to go on.",
            ),
            false => (
                "Cancelled",
                "the run was interrupted before this call had ended",
                "Run terraform apply again to go on.",
            ),
        };
        Self {
            what,
            code: code.to_owned(),
            message: message.to_owned(),
            advice: advice.to_owned(),
            kind: FailureKind::Error,
        }
    }
}
