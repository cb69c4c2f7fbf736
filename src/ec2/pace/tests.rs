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

/// A program that makes calls and paces itself.
struct Client {
    pace: Pace,
    left: u64,
    latency: Duration,
    /// Calls in flight: when they are heard of, and whether they got through.
    in_flight: Vec<(Instant, Sent, bool)>,
    /// By what the latency of each call is multiplied, in turn.
    jitters: Vec<f64>,
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
            done: 0,
            throttled: 0,
            ended: at,
        }
    }

    /// When it next does something.
    fn due(&self, now: Instant) -> Option<Instant> {
        let heard = self.in_flight.iter().map(|(at, ..)| *at).min();
        let ready = (self.left > 0).then(|| self.pace.ready(now)).flatten();
        heard.into_iter().chain(ready).min()
    }

    fn step(&mut self, now: Instant, bucket: &mut Bucket) {
        let heard = (0..self.in_flight.len()).min_by_key(|index| self.in_flight[*index].0);
        if let Some(heard) = heard.filter(|index| self.in_flight[*index].0 <= now) {
            let (_, sent, through) = self.in_flight.remove(heard);
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
            let heard = now + self.latency.mul_f64(jitter);
            self.in_flight.push((heard, sent, bucket.take(now)));
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
        now = at.max(now);
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
