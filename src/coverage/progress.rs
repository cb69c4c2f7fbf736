//! Tells in the log how far the calls of a long apply are.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often.
const INTERVAL: Duration = Duration::from_secs(10);

/// Calls of one kind for one coverage, counted.
#[derive(Debug)]
pub struct Progress<'a> {
    coverage: &'a str,
    /// create, change or delete.
    what: &'static str,
    total: usize,
    done: AtomicUsize,
    failed: AtomicUsize,
}

impl<'a> Progress<'a> {
    /// None of `total` calls has ended yet.
    pub fn new(coverage: &'a str, what: &'static str, total: usize) -> Self {
        Self {
            coverage,
            what,
            total,
            done: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        }
    }

    /// One call more has ended.
    pub fn count(&self, succeeded: bool) {
        let counter = if succeeded { &self.done } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for the work and meanwhile tells at INFO how far it is.
    pub async fn tell_during<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            result = work => result,
            never = self.tell() => match never {},
        }
    }

    async fn tell(&self) -> Infallible {
        let mut ended_before = 0;
        let mut told = Instant::now();
        loop {
            tokio::time::sleep(INTERVAL).await;
            let done = self.done.load(Ordering::Relaxed);
            let failed = self.failed.load(Ordering::Relaxed);
            let ended = done + failed;
            let rate = rate(ended - ended_before, told.elapsed());
            tracing::info!(
                coverage = self.coverage,
                operation = self.what,
                total = self.total,
                done,
                failed,
                per_second = rate,
                seconds_left = seconds_left(self.total - ended, rate),
                "sessions of the coverage are being worked on"
            );
            (ended_before, told) = (ended, Instant::now());
        }
    }
}

/// A second, to a tenth: of late, since the first calls of an apply are much faster than all that come after them.
fn rate(ended: usize, during: Duration) -> f64 {
    (ended as f64 / during.as_secs_f64() * 10.0).round() / 10.0
}

/// None while nothing ends.
fn seconds_left(calls: usize, rate: f64) -> Option<u64> {
    (rate > 0.0).then(|| (calls as f64 / rate).ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_rate_of_late() {
        let rate = rate(52, Duration::from_secs(10));
        assert_eq!(rate, 5.2);
        assert_eq!(seconds_left(900, rate), Some(174));
        assert_eq!(seconds_left(900, super::rate(0, INTERVAL)), None);
    }
}
