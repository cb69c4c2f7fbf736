//! How often a call is tried, and how long it may take.
//!
//! The SDK's standard strategy decides what is worth another try and how long to wait before it. It knows one number of
//! attempts, which for EC2 must be large: with thousands of sessions, throttling is the rule. An endpoint where nobody
//! listens has to be reported at once all the same, so the number is set anew after each attempt by what went wrong.

use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::class::classify;
use super::sdk_error::{error_code, never_connected};
use super::{ErrorClass, RetryMode};

/// What the failure of an attempt deserves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// Attempts in all.
    pub(super) attempts: u32,
    /// Wait before the second attempt; it doubles with each, is drawn between nothing and that, and ends at 20 seconds.
    pub(super) first_wait: Duration,
}

/// EC2 throttles: one attempt, and 25 retries, the default of the AWS provider's `max_retries`.
const THROTTLED: Patience = Patience {
    attempts: 26,
    first_wait: Duration::from_secs(1),
};
/// EC2 fails inside, or a connection breaks.
const SERVER_FAULT: Patience = Patience {
    attempts: 5,
    first_wait: Duration::from_millis(300),
};
/// Nobody listens, or whoever listens does not speak EC2.
const NOBODY_HOME: Patience = Patience {
    attempts: 3,
    first_wait: Duration::from_millis(200),
};
/// No answer comes in time: each attempt is long.
const TIMED_OUT: Patience = Patience {
    attempts: 2,
    first_wait: Duration::from_millis(200),
};

/// Attempts of a call unless something else is configured.
pub(super) const MAX_ATTEMPTS: u32 = THROTTLED.attempts;

/// This number of attempts, and up to 20 seconds between two.
pub(super) fn config(mode: RetryMode, attempts: u32) -> RetryConfig {
    let config = match mode {
        RetryMode::Standard => RetryConfig::standard(),
        RetryMode::Adaptive => RetryConfig::adaptive(),
    };
    Patience {
        attempts,
        ..THROTTLED
    }
    .of(config)
}

/// The SDK's own quota of retries is shared by all calls of a client and runs dry when many of them are throttled for
/// long, which in a large apply is no sign of trouble.
pub(super) fn partition() -> RetryPartition {
    RetryPartition::custom("terraform-provider-mirror")
        .token_bucket(TokenBucket::unlimited())
        .build()
}

/// A page of a thousand instances takes EC2 several seconds.
pub(super) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(60))
        .operation_attempt_timeout(Duration::from_secs(120))
        .build()
}

impl Patience {
    /// Whether the attempt was throttled.
    pub(super) fn is_for_throttling(self) -> bool {
        self == THROTTLED
    }

    /// Throttling is borne as long as is allowed, and a fault of the server if somebody chose that number; anything else no longer than it
    /// deserves, beside the attempts that were throttled.
    pub(super) fn at_most(self, allowed: u32, is_chosen: bool, throttled: u32) -> Self {
        let attempts = if self == THROTTLED || is_chosen && self == SERVER_FAULT {
            allowed
        } else {
            self.attempts.saturating_add(throttled).min(allowed)
        };
        Self { attempts, ..self }
    }

    pub(super) fn of(self, config: RetryConfig) -> RetryConfig {
        config
            .with_max_attempts(self.attempts)
            .with_initial_backoff(self.first_wait)
    }

    /// What the last attempt of a call deserves; none when it succeeded.
    pub(super) fn with(context: &InterceptorContext) -> Option<Self> {
        let error = context.output_or_error()?.err()?;
        if let Some(connector) = error.as_connector_error() {
            return Some(match (connector.is_timeout(), never_connected(connector)) {
                (true, _) => TIMED_OUT,
                (false, true) => NOBODY_HOME,
                (false, false) => SERVER_FAULT,
            });
        }
        if error.is_timeout_error() {
            return Some(TIMED_OUT);
        }
        if error.is_response_error() {
            return Some(SERVER_FAULT);
        }
        // A body that broke off is a broken connection; a whole one without an error code is not EC2's.
        let Some(body) = context.response().and_then(|response| response.body().bytes()) else {
            return Some(SERVER_FAULT);
        };
        let Some(code) = error_code(body) else {
            return Some(NOBODY_HOME);
        };
        Some(if classify(&code, "", None) == ErrorClass::Throttled {
            THROTTLED
        } else {
            SERVER_FAULT
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its documentation: "If omitted, the default value is 25."
    #[test]
    fn as_many_retries_as_the_aws_provider_makes() {
        assert_eq!(MAX_ATTEMPTS - 1, 25);
        assert_eq!(THROTTLED.at_most(MAX_ATTEMPTS, false, 0).attempts, MAX_ATTEMPTS);
    }
}
