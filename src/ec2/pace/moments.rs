//! What the pace remembers of calls.

use std::time::{Duration, Instant};

/// A call that found the bucket empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Empty {
    pub(super) at: Instant,
    pub(super) number: u64,
    /// How many of those that were sent later were throttled as well.
    pub(super) throttled: u64,
}

impl Empty {
    /// The calls that were sent between this one and that one and got through, and the seconds in between.
    pub(super) fn until(&self, call: &Sent) -> (f64, f64) {
        let others = call.number.saturating_sub(self.number + 1 + self.throttled);
        (others as f64, seconds(self.at, call.at))
    }
}

/// A measure: the calls between two that found the bucket empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Basis {
    /// The numbers of those two.
    pub(super) first: u64,
    pub(super) last: u64,
    /// Those between them that are known to have got through, and those that may have.
    pub(super) through: f64,
    pub(super) at_most: f64,
    /// Seconds between them.
    pub(super) seconds: f64,
}

/// The calls that a bucket let through at once, until it was first found empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Burst {
    /// The last one that was sent before that was heard.
    pub(super) until: u64,
    /// How many of them are known to have been throttled, the last of these, and the seconds until it was sent.
    throttled: u64,
    last: u64,
    seconds: f64,
}

impl Burst {
    pub(super) fn throttled(&mut self, call: &Sent, began: Instant) {
        self.throttled += 1;
        if call.number > self.last {
            self.last = call.number;
            self.seconds = seconds(began, call.at);
        }
    }

    /// What a full bucket holds, if it is filled by one call in each interval.
    pub(super) fn size(&self, interval: f64) -> f64 {
        let through = self.last.saturating_sub(self.throttled) as f64;
        (through - self.seconds / interval).max(1.0)
    }
}

/// A call that was sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::ec2) struct Sent {
    /// 1 for the first.
    pub(super) number: u64,
    pub(super) at: Instant,
    /// Whether it was sent as early as was allowed.
    pub(super) held: bool,
}

/// Seconds between two moments; none if the second is the earlier one.
pub(super) fn seconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64()
}

pub(super) fn wait(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
