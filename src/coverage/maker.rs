//! Who makes the sessions of a create: so that the leavings of a killed create are told from a create that runs.
//!
//! Sessions of a create in flight carry this process, the core that started it, and until when it may run. A create is over for good as
//! soon as one of the two is gone: without the provider nobody goes on, without core nobody saves its state. That can be looked up
//! where the same processes are seen, hence in the same PID namespace since the same boot. Elsewhere, on another machine or
//! in another container, only the time tells.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::provider::core_process::{self, core_process, own_process, start_of};

/// How much longer than its time a create may seem to run: calls in flight, the wait for describe calls, clocks that differ.
const SLACK: Duration = Duration::from_secs(15 * 60);

/// What is known of the process that made a pending session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// It still runs: its sessions are its own.
    Runs,
    /// It is gone: nobody will ever have these sessions in a state.
    Gone,
    /// It ran where this process cannot look, and may go on until then (Unix seconds): its sessions are its own.
    Elsewhere { until: u64 },
}

/// The mark of this process, whose create takes `limit` at most:
/// `BOOT-NAMESPACE-PROCESS-START-CORE-START-UNTIL`.
pub fn mark(limit: Duration) -> String {
    // Whoever gives it the longest time that can be written gives it any time.
    let until = now().saturating_add(limit.saturating_add(SLACK).as_secs());
    format!(
        "{}-{}-{}-{}-{until:x}",
        boot(),
        namespace(),
        own_process(),
        core_process()
    )
}

/// Whether the process with this mark is within its time. A machine that slept may wake up when others have taken its sessions over.
pub fn is_in_time(mark: &str) -> bool {
    Mark::read(mark).is_some_and(|mark| mark.until > now())
}

/// What has become of the process with this mark. What is no mark may be anybody's at any time.
pub fn of(mark: &str) -> Maker {
    of_at(mark, now())
}

fn of_at(mark: &str, now: u64) -> Maker {
    let Some(mark) = Mark::read(mark) else {
        return Maker::Elsewhere { until: u64::MAX };
    };
    match (mark.is_visible(), mark.runs(), mark.until) {
        (true, true, _) => Maker::Runs,
        (true, false, _) => Maker::Gone,
        (false, _, until) if until > now => Maker::Elsewhere { until },
        (false, ..) => Maker::Gone,
    }
}

/// Whether the process of a create whose core is gone is about to end: it may still finish a call.
pub fn is_ending(mark: &str) -> bool {
    Mark::read(mark).is_some_and(|mark| mark.is_visible() && !mark.runs() && mark.process.runs())
}

struct Mark<'a> {
    boot: &'a str,
    namespace: &'a str,
    process: Process<'a>,
    core: Process<'a>,
    until: u64,
}

impl<'a> Mark<'a> {
    fn read(mark: &'a str) -> Option<Self> {
        let parts: Vec<&str> = mark.split('-').collect();
        let [boot, namespace, process, start, core, core_start, until] = parts[..] else {
            return None;
        };
        Some(Self {
            boot,
            namespace,
            process: Process(process, start),
            core: Process(core, core_start),
            until: u64::from_str_radix(until, 16).ok()?,
        })
    }

    /// Whether its processes are seen from here while they run.
    fn is_visible(&self) -> bool {
        let is_known = [self.boot, self.namespace, self.process.1, self.core.1];
        is_known.iter().all(|part| !part.is_empty()) && (self.boot, self.namespace) == (boot(), namespace())
    }

    fn runs(&self) -> bool {
        self.process.runs() && self.core.runs()
    }
}

/// Id and start.
struct Process<'a>(&'a str, &'a str);

impl Process<'_> {
    fn runs(&self) -> bool {
        let start = self.0.parse().ok().and_then(start_of);
        start.is_some_and(|start| start == self.1)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// Read once: a killed create can leave thousands of sessions to ask about.
fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(core_process::boot)
}

fn namespace() -> &'static str {
    static NAMESPACE: OnceLock<String> = OnceLock::new();
    NAMESPACE.get_or_init(core_process::namespace)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn own() -> String {
        mark(Duration::from_secs(3600))
    }

    #[test]
    fn this_process_runs_and_one_that_ended_is_gone() {
        assert_eq!(of(&own()), Maker::Runs);
        let id = format!("-{}-", std::process::id());
        // No process has an id beyond the kernel's limit of 2^22.
        let ended = own().replacen(&id, "-4194305-", 1);
        assert_eq!(of(&ended), Maker::Gone);
        assert!(!is_ending(&ended));
        let orphan = own().replacen(&core_process(), "4194305-1", 1);
        assert_eq!(of(&orphan), Maker::Gone);
        assert!(is_ending(&orphan), "without its core");
        assert!(!is_ending(&own()));
    }

    #[test]
    fn elsewhere_only_the_time_tells() {
        let mark = own();
        let (_, until) = mark.rsplit_once('-').unwrap();
        let until = u64::from_str_radix(until, 16).unwrap();
        assert!(until.abs_diff(now() + 3600 + SLACK.as_secs()) < 60);
        let start = format!("-{}-", start_of(std::process::id()).unwrap());
        for elsewhere in [
            format!("x{mark}"),
            mark.replacen(&format!("-{}-", namespace()), "-1-", 1),
            // A system that does not tell when processes started.
            mark.replacen(&start, "--", 1),
        ] {
            assert_eq!(
                of_at(&elsewhere, until - 1),
                Maker::Elsewhere { until },
                "{elsewhere}"
            );
            assert_eq!(of_at(&elsewhere, until), Maker::Gone, "{elsewhere}");
            assert!(!is_ending(&elsewhere));
        }
        assert!(is_in_time(&mark) && !is_in_time(&mark.replace(&format!("{until:x}"), "1")));
        assert_eq!(of_at(&mark, until), Maker::Runs, "what is seen needs no clock");
        assert!(
            is_in_time(&super::mark(Duration::MAX)),
            "a limit may be as long as can be written"
        );
        for no_mark in ["", "1", "a-b-c-d-e-f-g"] {
            assert_eq!(of(no_mark), Maker::Elsewhere { until: u64::MAX });
        }
    }
}
