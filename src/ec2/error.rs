//! The one error of this room, in words for people.

use std::error::Error;
use std::sync::Arc;

use super::{Action, ErrorClass, class::classify};

/// Source of an error.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// A call that failed, or that could not be made.
///
/// `Display` is the cause in one line: AWS's own code and message. Neither it nor `Debug` holds a key, a token, a header
/// or the body of an answer. Cheap to clone: whoever waits for one call gets its failure.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .details.summary())]
pub struct Ec2Error {
    // Behind a pointer: a Result is as large as its larger side.
    details: Arc<Details>,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// No region anywhere.
    NoRegion,
    /// The provider block or the shared configuration files contradict themselves.
    Configuration,
    /// The credentials are of an account that is not allowed.
    WrongAccount,
    /// No credentials anywhere, or their source failed.
    NoCredentials,
    /// The call was never made: its caller was told to stop while it waited.
    Stopped,
    /// No answer at all.
    Unreachable,
    /// The answer did not come in time, or broke off: what was asked for may have been done.
    Interrupted,
    /// The answer is not the XML of the service's API.
    NotEc2 {
        /// Value of the Content-Type header.
        content_type: Option<String>,
    },
    /// The service answered with this error code.
    Service(String),
    /// The answer lacks something that the API model requires, named here.
    Incomplete(String),
    /// An argument that cannot be sent, named here.
    Argument(String),
}

#[derive(Debug, Clone)]
pub(super) struct Details {
    pub(super) action: Option<Action>,
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) url: Option<String>,
    pub(super) region: Option<String>,
    /// Whether the answer comes from an emulator that does not know the action.
    pub(super) is_not_offered: bool,
}

impl Details {
    pub(super) fn new(action: Option<Action>, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            action,
            kind,
            message: message.into(),
            request_id: None,
            status: None,
            url: None,
            region: None,
            is_not_offered: false,
        }
    }

    /// `CreateTrafficMirrorSession: Code: message (HTTP 400, request id …)`.
    fn summary(&self) -> String {
        let mut text = self
            .action
            .map(|action| format!("{action}: "))
            .unwrap_or_default();
        if let ErrorKind::Service(code) = &self.kind {
            text.push_str(code);
            text.push_str(if self.message.is_empty() { "" } else { ": " });
        }
        text.push_str(&self.message);
        let status = self.status.map(|status| format!("HTTP {status}"));
        let request = self.request_id.as_ref().map(|id| format!("request id {id}"));
        let notes: Vec<_> = status.into_iter().chain(request).collect();
        if !notes.is_empty() {
            text.push_str(&format!(" ({})", notes.join(", ")));
        }
        text
    }
}

impl Ec2Error {
    pub(super) fn new(details: Details, source: Option<BoxError>) -> Self {
        Self {
            details: Arc::new(details),
            source: source.map(Arc::from),
        }
    }

    /// The same failure without its source, for a cause that the SDK shares.
    pub(super) fn again(&self) -> Self {
        Self {
            details: self.details.clone(),
            source: None,
        }
    }

    /// The same error; where credentials are missing, it says of which profile. The SDK's own words do not.
    pub(super) fn of_profile(mut self, profile: Option<&str>) -> Self {
        if let (ErrorKind::NoCredentials, Some(profile)) = (&self.details.kind, profile) {
            let details = Arc::make_mut(&mut self.details);
            let message = std::mem::take(&mut details.message);
            details.message = format!("profile {profile:?} gives no credentials: {message}");
        }
        self
    }

    /// The action that failed; none when the failure came before any call.
    pub fn action(&self) -> Option<Action> {
        self.details.action
    }

    pub fn kind(&self) -> &ErrorKind {
        &self.details.kind
    }

    /// AWS's own code where AWS answered, else a word of the same form such as `Unreachable`. Never empty.
    pub fn code(&self) -> &str {
        match &self.details.kind {
            ErrorKind::NoRegion => "NoRegion",
            ErrorKind::Configuration => "Configuration",
            ErrorKind::WrongAccount => "WrongAccount",
            ErrorKind::NoCredentials => "NoCredentials",
            ErrorKind::Stopped => "Cancelled",
            ErrorKind::Unreachable => "Unreachable",
            ErrorKind::Interrupted => "Interrupted",
            ErrorKind::NotEc2 { .. } => "NotEc2",
            ErrorKind::Service(code) => code,
            ErrorKind::Incomplete(_) => "IncompleteAnswer",
            ErrorKind::Argument(_) => "InvalidArgument",
        }
    }

    /// The cause, without code and request id.
    pub fn message(&self) -> &str {
        &self.details.message
    }

    /// AWS's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.details.request_id.as_deref()
    }

    /// HTTP status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.details.status
    }

    /// The endpoint that was called.
    pub fn url(&self) -> Option<&str> {
        self.details.url.as_deref()
    }

    /// What the caller can do about it.
    pub fn class(&self) -> ErrorClass {
        match &self.details.kind {
            ErrorKind::NoRegion
            | ErrorKind::Configuration
            | ErrorKind::WrongAccount
            | ErrorKind::Argument(_) => ErrorClass::Configuration,
            ErrorKind::NoCredentials => ErrorClass::Credentials,
            ErrorKind::Unreachable | ErrorKind::Interrupted => ErrorClass::Unreachable,
            ErrorKind::NotEc2 { .. } | ErrorKind::Incomplete(_) => ErrorClass::NotEc2,
            ErrorKind::Stopped => ErrorClass::Other,
            ErrorKind::Service(code) => classify(code, &self.details.message, self.details.status),
        }
    }

    /// Whether the endpoint is of an emulator that does not offer the action, and never will: no failure that may pass.
    pub fn is_not_offered(&self) -> bool {
        self.details.is_not_offered
    }

    /// Whether a mutating call may have done what it was asked for although it failed: look before trying again.
    pub fn is_outcome_unknown(&self) -> bool {
        self.details.action.is_some_and(Action::is_mutating)
            && match self.details.kind {
                ErrorKind::Interrupted | ErrorKind::NotEc2 { .. } | ErrorKind::Incomplete(_) => true,
                ErrorKind::Service(_) => {
                    matches!(
                        self.class(),
                        ErrorClass::ServerFault | ErrorClass::ClientTokenReused
                    )
                }
                _ => false,
            }
    }

    /// Whether AWS does not accept the credentials, so that no further call can succeed. AuthFailure is also said of one resource, and
    /// a source that gave no credentials once may give them to the next call.
    pub fn is_of_credentials(&self) -> bool {
        self.class() == ErrorClass::Credentials
            && *self.kind() != ErrorKind::NoCredentials
            && (!self.code().eq_ignore_ascii_case("AuthFailure") || self.message().contains("credentials"))
    }

    /// Whether the next call of the same kind would fail alike, whatever it is about.
    pub(super) fn ends_all(&self) -> bool {
        self.is_of_credentials()
            || matches!(self.kind(), ErrorKind::Stopped | ErrorKind::Unreachable)
            || matches!(self.class(), ErrorClass::Configuration | ErrorClass::NotEc2)
    }

    /// The region that was called.
    pub fn region(&self) -> Option<&str> {
        self.details.region.as_deref()
    }
}
