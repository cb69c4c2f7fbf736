//! What macOS and Windows tell of processes, by way of sysinfo.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

/// How long a start counts as just looked up.
const MOMENT: Duration = Duration::from_millis(250);

/// When a process started, in Unix seconds; none where there is no such process. What was looked up a moment ago counts: a killed create
/// can leave thousands of sessions to ask about, and Windows lists all processes for one.
pub fn start_of(process: u32) -> Option<String> {
    type Starts = HashMap<u32, (Instant, Option<String>)>;
    static STARTS: LazyLock<Mutex<Starts>> = LazyLock::new(Mutex::default);
    let mut starts = STARTS.lock().unwrap_or_else(PoisonError::into_inner);
    starts.retain(|_, (seen, _)| seen.elapsed() < MOMENT);
    let (_, start) = starts
        .entry(process)
        .or_insert_with(|| (Instant::now(), start_now(process)));
    start.clone()
}

fn start_now(process: u32) -> Option<String> {
    look(process, ProcessRefreshKind::nothing(), |process| {
        // A process that was killed stays a zombie until its parent asks for it.
        let ended = [ProcessStatus::Zombie, ProcessStatus::Dead].contains(&process.status());
        (!ended).then(|| process.start_time().to_string())
    })
}

/// The executable of a process.
pub fn program_of(process: u32) -> Option<PathBuf> {
    let kind = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always);
    look(process, kind, |process| process.exe().map(PathBuf::from))
}

/// The command line of a process, the program first.
pub fn words_of(process: u32) -> Option<Vec<OsString>> {
    let kind = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
    let words = look(process, kind, |process| Some(process.cmd().to_vec()))?;
    // No process has none: the system does not show them, or it has ended.
    (!words.is_empty()).then_some(words)
}

/// Id of the process that started this one; 0 where that is not known.
pub fn parent_id() -> u32 {
    let parent = look(std::process::id(), ProcessRefreshKind::nothing(), Process::parent);
    parent.map_or(0, Pid::as_u32)
}

/// This boot of this machine, as far as its name and the clock tell: processes of another one are not to be taken for its own. Should
/// the clock be set, earlier ones count as another machine's, of which only their time tells. Empty where it is not known.
pub fn boot() -> String {
    let (Ok(host), Ok(boot)) = (System::host_name(), System::boot_time()) else {
        return String::new();
    };
    let digest = Sha256::digest(format!("{host} {boot}"));
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// There is one only.
pub fn namespace() -> String {
    "0".to_owned()
}

fn look<T>(process: u32, kind: ProcessRefreshKind, find: impl FnOnce(&Process) -> Option<T>) -> Option<T> {
    let id = Pid::from_u32(process);
    let mut system = System::new().ok()?;
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), true, kind.without_tasks());
    find(system.process(id)?)
}

/// On Linux, where both can be asked.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::process_files;
    use super::*;

    #[test]
    fn both_ways_tell_the_same() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        while words_of(child.id()).is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        for process in [child.id(), std::process::id(), parent_id()] {
            assert_eq!(program_of(process), process_files::program_of(process));
            assert_eq!(words_of(process), process_files::words_of(process));
        }
        assert_eq!(parent_id(), process_files::parent_id());
        let start = start_of(child.id());
        assert!(start.is_some() && start == start_of(child.id()));
        child.kill().unwrap();
        while process_files::start_of(child.id()).is_some() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(2 * MOMENT);
        assert_eq!(
            start_of(child.id()),
            None,
            "not waited for, and ended all the same"
        );
        child.wait().unwrap();
        assert_eq!(program_of(child.id()), None);
        assert_eq!(boot(), boot());
        assert!(!boot().is_empty() && !namespace().is_empty() && !boot().contains('-'));
    }
}
