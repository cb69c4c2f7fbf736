//! The pace against a bucket as EC2 has it, in simulated time.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn new(size: f64, per_second: f64, at: Instant) -> Self {
        Self {
            size,
            per_second,
            tokens: size,
            at,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        self.tokens = (self.tokens + seconds(self.at, now) * self.per_second).min(self.size);
        self.at = now;
        let lets_through = self.tokens >= 1.0;
        if lets_through {
            self.tokens -= 1.0;
        }
        lets_through
    }
}

/// A call in flight.
struct Flying {
    sent: Sent,
    /// When it is at the bucket, until it is there.
    arrives: Option<Instant>,
    heard: Instant,
    through: bool,
}

impl Flying {
    fn due(&self) -> Instant {
        self.arrives.unwrap_or(self.heard)
    }
}

/// A program that makes calls and paces itself.
struct Client {
    pace: Pace,
    left: u64,
    latency: Duration,
    in_flight: Vec<Flying>,
    /// By what the latency of each call is multiplied, in turn.
    jitters: Vec<f64>,
    /// The part of its latency after which a call is at the bucket.
    way: f64,
    /// When the machine does nothing.
    stalls: Vec<(Instant, Instant)>,
    done: u64,
    throttled: u64,
    ended: Instant,
}

impl Client {
    fn new(calls: u64, latency: Duration, at: Instant) -> Self {
        Self {
            pace: Pace::new(at),
            left: calls,
            latency,
            in_flight: Vec::new(),
            jitters: vec![1.0],
            way: 0.0,
            stalls: Vec::new(),
            done: 0,
            throttled: 0,
            ended: at,
        }
    }

    /// When it next does something.
    fn due(&self, now: Instant) -> Option<Instant> {
        let flying = self.in_flight.iter().map(Flying::due).min();
        let ready = (self.left > 0).then(|| self.pace.ready(now)).flatten();
        flying.into_iter().chain(ready).min()
    }

    fn awake(&self, now: Instant) -> Instant {
        let stall = self
            .stalls
            .iter()
            .find(|(begins, ends)| *begins <= now && now < *ends);
        stall.map_or(now, |(_, ends)| *ends)
    }

    fn step(&mut self, now: Instant, bucket: &mut Bucket) {
        let next = (0..self.in_flight.len()).min_by_key(|index| self.in_flight[*index].due());
        if let Some(next) = next.filter(|index| self.in_flight[*index].due() <= now) {
            if self.in_flight[next].arrives.take().is_some() {
                self.in_flight[next].through = bucket.take(now);
                return;
            }
            let Flying { sent, through, .. } = self.in_flight.remove(next);
            if through {
                self.pace.got_through(&sent);
                self.done += 1;
                self.ended = now;
            } else {
                self.pace.throttled(&sent, now);
                self.throttled += 1;
                self.left += 1;
            }
        } else if self.left > 0 && self.pace.ready(now).is_some_and(|at| at <= now) {
            self.left -= 1;
            let sent = self.pace.send(now);
            let jitter = self.jitters[usize::try_from(sent.number).unwrap() % self.jitters.len()];
            let latency = self.latency.mul_f64(jitter);
            self.in_flight.push(Flying {
                sent,
                arrives: Some(now + latency.mul_f64(self.way)),
                heard: now + latency,
                through: false,
            });
        }
    }
}

/// Lets the clients run until they have nothing to do.
fn run(clients: &mut [Client], bucket: &mut Bucket, start: Instant) {
    let mut now = start;
    loop {
        let next = (0..clients.len())
            .filter_map(|index| Some((clients[index].due(now)?, index)))
            .min();
        let Some((at, index)) = next else { return };
        now = clients[index].awake(at.max(now));
        clients[index].step(now, bucket);
    }
}

fn alone(calls: u64, size: f64, per_second: f64, latency: u64) -> (f64, u64) {
    let start = Instant::now();
    let mut clients = [Client::new(calls, Duration::from_millis(latency), start)];
    run(&mut clients, &mut Bucket::new(size, per_second, start), start);
    (seconds(start, clients[0].ended), clients[0].throttled)
}

const RATES: [(f64, f64); 4] = [(50.0, 5.0), (12.5, 1.25), (500.0, 50.0), (100.0, 10.0)];

#[test]
fn a_thousand_calls_take_what_the_bucket_takes_at_any_rate() {
    for (size, per_second) in RATES {
        for latency in [1, 40, 150] {
            let (took, throttled) = alone(1000, size, per_second, latency);
            let ratio = took / ((1000.0 - size) / per_second);
            let case =
                format!("{size}, {per_second}, {latency} ms: {ratio} of the ideal, {throttled} throttled");
            assert!((1.0..1.1).contains(&ratio) && throttled < 50, "{case}");
        }
    }
}

/// Numbers from 0 to 1, the same for the same seed.
fn numbers(seed: u32) -> impl Iterator<Item = f64> {
    let mut state = 2 * seed + 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    })
}

/// A machine that does nothing for up to so many seconds, again and again.
fn stalls(longest: f64, gap: f64, seed: u32, start: Instant) -> Vec<(Instant, Instant)> {
    let mut random = numbers(seed);
    let mut ends = 0.0;
    std::iter::from_fn(|| {
        let begins = ends + random.next()? * gap;
        ends = begins + random.next()? * longest;
        Some((start + wait(begins), start + wait(ends)))
    })
    .take(100)
    .collect()
}

/// On busy machines calls overtake each other, and the bucket sees them in bunches. Times are those of one call.
#[test]
fn calls_that_come_late_are_not_throttled_more_often() {
    for (size, per_second) in RATES {
        for (latency, stall) in [(1.0, 0.0), (1.0, 3.0), (3.0, 3.0)] {
            let mut all = 0;
            for seed in 0..80 {
                let start = Instant::now();
                let mut clients = [Client::new(1000, wait(latency / per_second), start)];
                clients[0].jitters = numbers(seed).take(997).collect();
                clients[0].way = 0.5;
                clients[0].stalls = stalls(stall / per_second, 80.0 / per_second, seed + 1000, start);
                run(&mut clients, &mut Bucket::new(size, per_second, start), start);
                let [client] = &clients;
                let ratio = seconds(start, client.ended) / ((1000.0 - size) / per_second);
                let case = format!(
                    "{size}, {latency}, {stall}, {seed}: {ratio}, {}",
                    client.throttled
                );
                assert!((1.0..1.1).contains(&ratio) && client.throttled < 50, "{case}");
                all += client.throttled;
            }
            assert!(all < 27 * 80, "{size}, {latency}, {stall}: {all}");
        }
    }
}

#[test]
fn nothing_is_held_back_while_nothing_is_throttled() {
    let (took, throttled) = alone(1000, 1000.0, 1.0, 10);
    assert_eq!(throttled, 0);
    let rounds = 1000.0 / MOST_IN_FLIGHT as f64;
    assert!(took < 0.010 * (rounds + 20.0), "{took}");
}

#[test]
fn a_rate_that_changes_is_followed() {
    for (first, second) in [(5.0, 20.0), (20.0, 5.0), (50.0, 2.0), (2.0, 50.0)] {
        let start = Instant::now();
        let mut bucket = Bucket::new(50.0, first, start);
        let mut clients = [Client::new(500, Duration::from_millis(40), start)];
        run(&mut clients, &mut bucket, start);
        let [client] = &mut clients;
        let (middle, throttled) = (client.ended, client.throttled);
        bucket.per_second = second;
        client.left = 500;
        run(&mut clients, &mut bucket, middle);
        let [client] = &clients;
        // That it has risen is noticed after so many calls that none of them can have been let through by luck.
        let longest = 500.0 / second + 170.0 / first;
        let took = seconds(middle, client.ended);
        let throttled = client.throttled - throttled;
        assert!(
            took < longest && throttled < 40,
            "{first} to {second}: {took} s, {throttled}"
        );
    }
}

#[test]
fn what_a_rest_saved_is_spent_at_once() {
    let start = Instant::now();
    let mut bucket = Bucket::new(50.0, 5.0, start);
    let mut clients = [Client::new(300, Duration::from_millis(40), start)];
    run(&mut clients, &mut bucket, start);
    let [client] = &mut clients;
    let (rested, throttled) = (client.ended + Duration::from_secs(60), client.throttled);
    client.left = 300;
    run(&mut clients, &mut bucket, rested);
    let [client] = &clients;
    let ratio = seconds(rested, client.ended) / (250.0 / 5.0);
    assert!(
        ratio < 1.05 && client.throttled - throttled < 15,
        "{ratio}, {}",
        client.throttled - throttled
    );
}

#[test]
fn programs_that_share_a_bucket_lose_nothing_of_it() {
    for (size, per_second) in RATES {
        let start = Instant::now();
        let mut clients = [40, 150].map(|latency| Client::new(500, Duration::from_millis(latency), start));
        run(&mut clients, &mut Bucket::new(size, per_second, start), start);
        let ended = clients.iter().map(|client| client.ended).max().unwrap();
        let ratio = seconds(start, ended) / ((1000.0 - size) / per_second);
        let throttled: u64 = clients.iter().map(|client| client.throttled).sum();
        assert!(
            ratio < 1.25 && throttled < 150,
            "{size}, {per_second}: {ratio}, {throttled}"
        );
    }
}

proptest! {
    #[test]
    fn it_never_stalls(
        size in 5.0_f64..600.0,
        per_second in 0.2_f64..200.0,
        latency in 1_u64..500,
        full in 0.0_f64..=1.0,
        jitters in vec(0.0_f64..2.0, 1..50),
    ) {
        let start = Instant::now();
        let mut client = [Client::new(400, Duration::from_millis(latency), start)];
        client[0].jitters = jitters;
        let mut bucket = Bucket::new(size, per_second, start);
        bucket.tokens = full * size;
        run(&mut client, &mut bucket, start);
        let ideal = ((400.0 - full * size).max(0.0) / per_second).max(400.0 / MOST_IN_FLIGHT as f64 * latency as f64 / 1000.0);
        let took = seconds(start, client[0].ended);
        prop_assert_eq!(client[0].done, 400);
        prop_assert!(took < ideal * 1.5 + 20.0, "{took} s of {ideal} s");
        prop_assert!(client[0].throttled < 80, "{} throttled", client[0].throttled);
    }
}
