//! Who makes the sessions of a create: so that the leavings of a killed create are told from a create that runs.
//!
//! Sessions of a create in flight carry this process and the core that started it. A create is over for good as soon as one of
//! the two is gone: without the provider nobody goes on, without core nobody saves its state.

use std::fs;
use std::sync::OnceLock;

use super::note;

/// What is known of the process that made a pending session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// It still runs: its sessions are its own.
    Runs,
    /// It is gone: nobody will ever have these sessions in a state.
    Gone,
    /// It ran on another machine, or this one cannot tell.
    Unknown,
}

/// The mark of this process: `BOOT-PROCESS-START-CORE-START`.
pub fn mark() -> String {
    let own = std::process::id();
    format!("{}-{own}-{}-{}", boot(), started(own), note::core_process())
}

/// What has become of the process with this mark.
pub fn of(mark: &str) -> Maker {
    let parts: Vec<&str> = mark.split('-').collect();
    let [its_boot, process, start, core, core_start] = parts[..] else {
        return Maker::Unknown;
    };
    if boot().is_empty() || its_boot != boot() {
        return Maker::Unknown;
    }
    match runs(process, start) && runs(core, core_start) {
        true => Maker::Runs,
        false => Maker::Gone,
    }
}

/// Whether the process of a create whose core is gone is about to end: it may still finish a call.
pub fn is_ending(mark: &str) -> bool {
    let mut parts = mark.split('-');
    let its_boot = parts.next();
    its_boot == Some(boot())
        && of(mark) == Maker::Gone
        && matches!((parts.next(), parts.next()), (Some(process), Some(start)) if runs(process, start))
}

/// This boot of this machine; empty where that is not known. Read once: a killed create can leave thousands of sessions to ask
/// about.
fn boot() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.chars().take(8).collect()
    })
}

fn runs(process: &str, start: &str) -> bool {
    process
        .parse()
        .is_ok_and(|process| !start.is_empty() && started(process) == start)
}

fn started(process: u32) -> String {
    note::start_of(process).unwrap_or_default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_one_that_ended_is_gone() {
        let mark = mark();
        assert_eq!(of(&mark), Maker::Runs);
        let own = format!("-{}-", std::process::id());
        // No process has an id beyond the kernel's limit of 2^22.
        let ended = mark.replacen(&own, "-4194305-", 1);
        assert_eq!(of(&ended), Maker::Gone);
        assert!(!is_ending(&ended));
        assert_eq!(of(&format!("x{mark}")), Maker::Unknown, "another boot");
        assert_eq!(of(""), Maker::Unknown);
    }

    #[test]
    fn without_its_core_a_process_is_about_to_end() {
        let mark = mark();
        let (front, _) = mark.rsplit_once('-').unwrap();
        let orphan = format!("{front}-1");
        assert_eq!(of(&orphan), Maker::Gone);
        assert!(is_ending(&orphan));
        assert!(!is_ending(&mark));
    }
}
