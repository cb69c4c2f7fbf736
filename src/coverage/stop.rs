//! When an apply has to stop: the user interrupts it, or its time is over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::model::{CoverageModel, TimeoutsBlock};
use crate::framework::Attr;

/// Tells calls when to stop.
#[derive(Debug)]
pub struct Stop {
    user: CancellationToken,
    /// Cancelled with `user`, and by the clock.
    any: CancellationToken,
    _clock: Option<AbortOnDropHandle<()>>,
}

impl Stop {
    /// Stops with `user`, and after `limit` from now on.
    pub fn new(user: &CancellationToken, limit: Option<Duration>) -> Self {
        let any = user.child_token();
        let clock = limit.map(|limit| {
            let any = any.clone();
            AbortOnDropHandle::new(tokio::spawn(async move {
                tokio::time::sleep(limit).await;
                any.cancel();
            }))
        });
        Self {
            user: user.clone(),
            any,
            _clock: clock,
        }
    }

    /// Whether no further call is to be made.
    pub fn is_stopped(&self) -> bool {
        self.any.is_cancelled()
    }

    /// Cancelled when no further call is to be made.
    pub fn token(&self) -> CancellationToken {
        self.any.clone()
    }

    /// Ends when no further call is to be made.
    pub async fn stopped(&self) {
        self.any.cancelled().await;
    }

    /// Whether the clock stopped it, and not the user.
    pub fn is_timeout(&self) -> bool {
        self.any.is_cancelled() && !self.user.is_cancelled()
    }
}

/// The time that the `timeouts` block gives an operation; none without one. What is no duration was refused by validation.
pub fn limit(model: &CoverageModel, operation: fn(&TimeoutsBlock) -> &Attr<String>) -> Option<Duration> {
    let text = operation(model.timeouts.known()?).as_str()?;
    humantime::parse_duration(text).ok()
}
