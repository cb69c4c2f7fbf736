//! How fast calls of one action may follow each other: what EC2's token bucket lets through, found out by listening.
//!
//! EC2 gives each action of an account in a region a bucket: so many calls at once, then so many a second (EC2 developer guide,
//! "Request throttling"). Accounts differ, and other tools drink from the same bucket. Until the first throttled call nothing is
//! held back. That call says that the bucket is empty. Then one call at a time probes, after gaps that double, until one gets
//! through: that tells the rate roughly. From there on the calls become faster until one is throttled, and since the bucket is
//! empty at both moments, the calls that got through in between, over the time in between, are the rate. Calls are then sent a
//! little faster than that, so that a throttled call now and then keeps the measure right.

mod moments;

use std::time::{Duration, Instant};

use moments::{Basis, Burst, Empty, seconds, wait};

pub(super) use moments::Sent;

/// Calls in flight at first; what was sent already lets them become more.
const FIRST_IN_FLIGHT: u64 = 10;
/// The most calls of one action in flight in one region: at 150 ms each, 130 a second.
pub const MOST_IN_FLIGHT: u64 = 20;
/// From the first throttled call to the first probe.
const FIRST_GAP: Duration = Duration::from_millis(10);
/// How long a probe may take before another one is sent.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest wait between two calls, in seconds.
const SLOWEST: f64 = 10.0;
/// Seconds without a call, beyond a few waits, after which the bucket has filled by an unknown amount.
const REST: f64 = 2.0;
/// How much faster than measured calls are sent.
const EXCESS: f64 = 1.03;
/// Calls for which the bucket is left to fill once it was found empty, so that calls that come late do not find it so at once.
/// With [`EXCESS`], one call in 130 meets an empty bucket.
const RESERVE: f64 = 3.0;
/// So many calls in a row get through a bucket whose rate is measured right.
const LONGEST: f64 = 130.0;
/// Calls that a measure needs: it is right to about one call.
const ENOUGH: f64 = 8.0;
/// Calls after which a measure does not become better, and another one begins.
const PLENTY: f64 = 250.0;
/// Calls by which what got through may differ from what was to be expected; more means that the rate has changed.
const SURPRISE: f64 = 3.0;
/// Calls beyond those that a right measure explains that a bucket may have saved.
const SAVINGS: f64 = 50.0;
/// How often in a row a rate that was right cannot find the bucket empty.
const MISSES: u32 = 2;
/// By what the wait is multiplied after each call that got through, while the rate is looked for.
const SEEKING: f64 = 0.85;
/// How much faster than on the average so far calls may be sent meanwhile.
const SPURT: f64 = 3.0;
/// By what the wait is multiplied when no call was throttled for so long that the rate must be higher than measured.
const DOUBTING: f64 = 0.95;

/// The pace of one action in one region.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    stage: Stage,
    /// Seconds between two calls; of no use before the first throttled call.
    interval: f64,
    /// The same as it was last measured.
    measured: Option<f64>,
    /// When the next call may be sent. It stays behind while nobody asks: so much may be made up for at once.
    next: Instant,
    /// The first call and the last one.
    began: Instant,
    last_sent: Instant,
    /// Calls sent so far, and how many of them are in flight.
    sent: u64,
    in_flight: u64,
    /// The last call that was sent before the bucket was known to be empty: it and those before it say nothing new.
    stale: u64,
    /// When the bucket was empty: at the beginning of the measure, and the last time.
    since: Option<Empty>,
    last: Option<Empty>,
    /// What the interval was measured from.
    basis: Option<Basis>,
    /// How often in a row the bucket was found empty without a call in between that got through.
    misses: u32,
    /// Calls since the last throttled one that were sent as early as was allowed, and got through.
    calm: f64,
    /// As many as there can be of these if the measure is right.
    longest_calm: f64,
    /// Calls that a full bucket lets through at once, as far as is known.
    size: f64,
    /// The calls until the bucket was first found empty.
    burst: Burst,
    /// The last call that was sent before the beginning of the measure was heard of, as long as nothing else was.
    unheard: u64,
}

/// What is known of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing: no call was throttled yet.
    Free,
    /// The bucket is empty, and nothing got through since.
    Probing,
    /// Roughly how high it is at least.
    Seeking,
    /// It was measured.
    Measured,
}

impl Pace {
    /// Nothing is known yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Free,
            interval: 0.0,
            measured: None,
            next: now,
            began: now,
            last_sent: now,
            sent: 0,
            in_flight: 0,
            stale: 0,
            since: None,
            last: None,
            basis: None,
            misses: 0,
            calm: 0.0,
            longest_calm: 0.0,
            size: 0.0,
            burst: Burst::default(),
            unheard: 0,
        }
    }

    /// When the next call may be sent, unless something is heard before; none: not before something is heard.
    pub(super) fn ready(&self, now: Instant) -> Option<Instant> {
        if self.stage == Stage::Probing {
            let is_probing = self.sent > self.stale && self.in_flight > 0;
            let after = if is_probing {
                self.last_sent + PATIENCE
            } else {
                now
            };
            return Some(self.next.max(after));
        }
        let most = MOST_IN_FLIGHT.min(FIRST_IN_FLIGHT + self.sent / 16);
        (self.in_flight < most).then(|| self.next.max(now))
    }

    /// A call is sent.
    pub(super) fn send(&mut self, now: Instant) -> Sent {
        let mut held = false;
        match self.stage {
            Stage::Free if self.sent == 0 => self.began = now,
            Stage::Free => {}
            Stage::Probing => self.next = now + wait(self.interval),
            Stage::Seeking => {
                held = seconds(self.next, now) < self.interval;
                if seconds(self.last_sent, now) > REST + 3.0 * self.interval {
                    (self.since, self.last) = (None, None);
                }
                self.next = self.next.max(now) + wait(self.interval);
            }
            Stage::Measured => {
                let saved = seconds(self.next, now) / self.interval;
                held = saved < 1.0;
                if saved > self.size {
                    self.next = now.checked_sub(wait(self.size * self.interval)).unwrap_or(now);
                    if seconds(self.last_sent, now) > 3.0 * self.interval {
                        // The bucket was full for a while: what it lets through until it is empty again measures nothing.
                        (self.since, self.last) = (None, None);
                    }
                }
                self.next += wait(self.interval);
            }
        }
        self.sent += 1;
        self.in_flight += 1;
        self.last_sent = now;
        Sent {
            number: self.sent,
            at: now,
            held,
        }
    }

    /// A call ended without telling anything.
    pub(super) fn ended(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A call was not throttled, whatever else came of it.
    pub(super) fn got_through(&mut self, call: &Sent) {
        self.ended();
        if call.number <= self.stale {
            self.revise(call, true);
            return;
        }
        match self.stage {
            Stage::Probing => {
                self.stage = Stage::Seeking;
                if let Some(last) = &self.last {
                    let (others, seconds) = last.until(call);
                    self.space(seconds / (others + 1.0));
                }
                self.next = call.at + wait(self.interval);
            }
            Stage::Seeking if call.held => {
                let average = self.since.map_or((1.0, 0.0), |since| since.until(call));
                self.space((self.interval * SEEKING).max(average.1 / (average.0 + 1.0) / SPURT));
            }
            Stage::Measured if call.held => {
                self.calm += 1.0;
                if self.calm > self.longest_calm {
                    let most = self.measured.unwrap_or_default() / 2.0;
                    self.space((self.interval * DOUBTING).max(most));
                }
                if self.calm > self.longest_calm + SAVINGS {
                    // Whatever the bucket had saved is spent by now, so the rate has risen: its measure begins anew.
                    self.stage = Stage::Seeking;
                    (self.since, self.last) = (None, None);
                }
            }
            Stage::Free | Stage::Seeking | Stage::Measured => {}
        }
    }

    /// A call was throttled.
    pub(super) fn throttled(&mut self, call: &Sent, now: Instant) {
        self.ended();
        let empties = (self.since, self.last);
        self.note_empty(call);
        if call.number <= self.stale {
            self.revise(call, false);
            return;
        }
        self.stale = self.sent;
        self.calm = 0.0;
        let is_steady = empties.1.is_some_and(|last| last.until(call).0 >= ENOUGH);
        match (self.stage, empties) {
            (Stage::Probing, _) => {
                self.space(self.interval * 2.0);
                self.next = now + wait(self.interval);
            }
            (Stage::Seeking | Stage::Measured, (Some(since), Some(last))) => {
                self.measure(call, since, last);
                if self.stage == Stage::Probing {
                    self.next = now + wait(self.interval);
                }
            }
            (Stage::Measured, _) => {
                self.begin(call);
                self.space(self.measured.unwrap_or(self.interval));
            }
            (Stage::Free | Stage::Seeking, _) => {
                if self.stage == Stage::Free {
                    self.burst.until = self.sent;
                    self.burst.throttled(call, self.began);
                }
                self.begin(call);
                match self.measured {
                    Some(interval) => self.space(interval),
                    None => {
                        self.stage = Stage::Probing;
                        self.space(FIRST_GAP.as_secs_f64());
                        self.next = now + wait(self.interval);
                    }
                }
            }
        }
        if self.stage != Stage::Probing {
            // Nothing was saved when the bucket was empty; the calls sent since then have taken what came.
            let since_then = (self.sent - call.number + 1) as f64;
            let reserve = if is_steady { RESERVE } else { 0.0 };
            self.next = self
                .next
                .max(call.at + wait((since_then + reserve) * self.interval));
        }
    }

    /// Keeps what a throttled call tells of those moments that are known.
    fn note_empty(&mut self, call: &Sent) {
        if call.number <= self.burst.until {
            self.burst.throttled(call, self.began);
        }
        for empty in [&mut self.since, &mut self.last].into_iter().flatten() {
            if call.number <= empty.number {
                continue;
            }
            // Calls that are sent together arrive in any order: those that got through until the last throttled one are no rate.
            if call.number <= self.unheard {
                (empty.at, empty.number) = (call.at, call.number);
            } else {
                empty.throttled += 1;
            }
        }
    }

    /// Learns from a second moment at which the bucket is empty.
    fn measure(&mut self, call: &Sent, since: Empty, last: Empty) {
        self.unheard = 0;
        let (mut through, mut took) = since.until(call);
        let (recent, recently) = last.until(call);
        // Nothing was heard yet of so many that were sent earlier.
        let open = self.in_flight.saturating_sub(self.sent - call.number) as f64;
        let (before, took_before) = (through - recent, took - recently);
        let mut begun = since;
        if before >= ENOUGH {
            let expected = before / took_before * recently;
            let surprise = SURPRISE + recent / before;
            if recent - open - expected > surprise || expected - recent > surprise {
                (through, took, begun) = (recent, recently, last);
            }
        }
        self.misses = if recent < 1.0 { self.misses + 1 } else { 0 };
        if self.misses >= MISSES || recent < 1.0 && through < ENOUGH {
            // Much slower than thought: the search begins anew, from when the bucket was last known to be empty.
            self.stage = Stage::Probing;
            self.since = Some(Empty {
                throttled: last.throttled + 1,
                ..last
            });
            self.last = self.since;
            (self.measured, self.basis) = (None, None);
            self.space(self.interval * 2.0);
            return;
        }
        begun.throttled += 1;
        self.since = Some(begun);
        self.last = Some(Empty {
            at: call.at,
            number: call.number,
            throttled: 0,
        });
        self.basis = Some(Basis {
            first: begun.number,
            last: call.number,
            through: through - open,
            at_most: through,
            seconds: took,
        });
        self.conclude();
        if through >= PLENTY {
            self.since = self.last;
        }
    }

    /// Something is heard of a call that was sent before the last news.
    fn revise(&mut self, call: &Sent, got_through: bool) {
        if !matches!(self.stage, Stage::Seeking | Stage::Measured) {
            return;
        }
        if !got_through {
            // It took nothing.
            self.next = self.next.checked_sub(wait(self.interval)).unwrap_or(self.next);
        }
        let Some(basis) = &mut self.basis else { return };
        if (basis.first + 1..basis.last).contains(&call.number) {
            let (more, fewer) = if got_through { (1.0, 0.0) } else { (0.0, 1.0) };
            basis.at_most -= fewer;
            basis.through = (basis.through + more).min(basis.at_most);
            self.conclude();
        }
    }

    /// The interval from its basis.
    fn conclude(&mut self) {
        let Some(Basis {
            through,
            seconds: took,
            ..
        }) = self.basis
        else {
            return;
        };
        if through < ENOUGH {
            self.stage = Stage::Seeking;
            self.space(self.interval.max(took / through.max(1.0)));
            return;
        }
        self.stage = Stage::Measured;
        self.space(took / through / EXCESS);
        self.measured = Some(self.interval);
        self.longest_calm = (2.0 * through).clamp(10.0, LONGEST);
        self.size = self.burst.size(self.interval);
    }

    /// The measure begins with this call.
    fn begin(&mut self, call: &Sent) {
        self.since = Some(Empty {
            at: call.at,
            number: call.number,
            throttled: 0,
        });
        self.last = self.since;
        self.unheard = self.sent;
    }

    fn space(&mut self, interval: f64) {
        self.interval = interval.clamp(1e-6, SLOWEST);
    }
}

#[cfg(test)]
mod tests;
