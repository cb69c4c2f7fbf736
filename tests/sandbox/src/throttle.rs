//! Request throttling: a token bucket for each account, region and action.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::actions::mutates;
use crate::failure::Failure;
use crate::state::Millis;

/// A bucket's size and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Tokens in a full bucket.
    pub size: f64,
    /// Tokens that come back each second.
    pub per_second: f64,
}

const fn rate(size: f64, per_second: f64) -> Rate {
    Rate { size, per_second }
}

/// The documented rate of an action; the first row that fits.
fn documented(action: &str, unfiltered: bool) -> Rate {
    match action {
        "CreateTags" | "DeleteTags" => rate(100.0, 10.0),
        "RunInstances" | "StartInstances" => rate(5.0, 2.0),
        _ if mutates(action) => rate(50.0, 5.0),
        "DescribeInstances" | "DescribeNetworkInterfaces" if unfiltered => rate(50.0, 10.0),
        _ => rate(100.0, 20.0),
    }
}

/// All buckets; a new one is full.
#[derive(Debug, Default)]
pub struct Buckets {
    filled: HashMap<String, (f64, Millis)>,
}

impl Buckets {
    /// Takes a token, or answers `RequestLimitExceeded`.
    ///
    /// `overrides` holds rates by action name. `unfiltered` is a request with
    /// neither filters, ids nor a page size, which has a smaller bucket of its own.
    pub fn take(
        &mut self,
        (account, region, action): (&str, &str, &str),
        unfiltered: bool,
        overrides: &BTreeMap<String, Rate>,
        now: Millis,
    ) -> Result<(), Failure> {
        let rate = overrides
            .get(action)
            .copied()
            .unwrap_or_else(|| documented(action, unfiltered));
        let own = if unfiltered && documented(action, true) != documented(action, false) {
            " unfiltered"
        } else {
            ""
        };
        let (tokens, at) = self
            .filled
            .entry(format!("{account} {region} {action}{own}"))
            .or_insert((rate.size, now));
        let elapsed = now.saturating_sub(*at) as f64 / 1000.0;
        *tokens = (*tokens + elapsed * rate.per_second).min(rate.size);
        *at = now;
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(());
        }
        Err(Failure::new("RequestLimitExceeded", "Request limit exceeded.").with_status(503))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(buckets: &mut Buckets, action: &str, unfiltered: bool, now: Millis) -> usize {
        let mut take = || buckets.take(("1", "r", action), unfiltered, &BTreeMap::new(), now);
        std::iter::from_fn(|| take().ok()).count()
    }

    #[test]
    fn documented_sizes_and_rates() {
        for (action, unfiltered, size, in_two_seconds) in [
            ("DescribeTrafficMirrorSessions", true, 100, 40),
            ("DescribeInstances", false, 100, 40),
            ("DescribeInstances", true, 50, 20),
            ("CreateTrafficMirrorSession", false, 50, 10),
            ("CreateTags", false, 100, 20),
        ] {
            let mut buckets = Buckets::default();
            assert_eq!(burst(&mut buckets, action, unfiltered, 0), size, "{action}");
            assert_eq!(
                burst(&mut buckets, action, unfiltered, 2000),
                in_two_seconds,
                "{action}"
            );
        }
    }

    #[test]
    fn buckets_are_apart_and_can_be_set() {
        let mut buckets = Buckets::default();
        burst(&mut buckets, "CreateTrafficMirrorSession", false, 0);
        assert_eq!(burst(&mut buckets, "DeleteTrafficMirrorSession", false, 0), 50);
        let overrides = BTreeMap::from([("DescribeVpcs".to_owned(), rate(1.0, 0.0))]);
        let mut take = |account: &str| {
            buckets
                .take((account, "r", "DescribeVpcs"), false, &overrides, 9)
                .is_ok()
        };
        assert_eq!([take("1"), take("1"), take("2")], [true, false, true]);
    }
}
