//! The sandbox's clock: it can run faster than time, and jump ahead.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::state::Millis;

/// A clock that starts at the real time.
#[derive(Debug)]
pub struct Clock {
    anchor: Millis,
    since: Instant,
    speed: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            anchor: wall(),
            since: Instant::now(),
            speed: 1.0,
        }
    }
}

/// The real time, which signatures are checked against.
pub fn wall() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_millis() as Millis)
}

impl Clock {
    /// The sandbox's time.
    pub fn now(&self) -> Millis {
        self.anchor + (self.since.elapsed().as_secs_f64() * 1000.0 * self.speed) as Millis
    }

    /// Seconds of the sandbox in a real second.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Runs at another speed from now on.
    pub fn set_speed(&mut self, speed: f64) {
        (self.anchor, self.since, self.speed) = (self.now(), Instant::now(), speed.clamp(0.0, 1e6));
    }

    /// Jumps ahead.
    pub fn advance(&mut self, by: Millis) {
        self.anchor = self.anchor.saturating_add(by);
    }
}
