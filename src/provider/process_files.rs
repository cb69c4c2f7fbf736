//! What Linux tells of processes in `/proc`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// When a process started, in the kernel's ticks since boot; none where there is no such process.
pub fn start_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The fields behind the command's name, which may contain anything: the state is the 3rd of all, the start the 22nd.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A process that was killed stays a zombie until its parent asks for it.
    let ended = ["Z", "X"].contains(&fields.next()?);
    fields.nth(18).filter(|_| !ended).map(str::to_owned)
}

/// The executable of a process.
pub fn program_of(process: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/exe")).ok()
}

/// The command line of a process, the program first.
pub fn words_of(process: u32) -> Option<Vec<OsString>> {
    let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    // No process has none: it is about to begin or has ended.
    let line = line.strip_suffix(b"\0")?;
    let words = line.split(|byte| *byte == 0);
    Some(words.map(|word| OsString::from_vec(word.to_vec())).collect())
}

/// Id of the process that started this one.
pub fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// This boot of this machine; empty where that is not known.
pub fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.chars().take(8).collect()
}

/// The PID namespace: each container has one of its own, and sees no processes of the others. Empty where that is not known.
pub fn namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect();
    digits(&link.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_zombie_has_ended() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert!(start_of(child.id()).is_some());
        child.kill().unwrap();
        let killed = Instant::now();
        while start_of(child.id()).is_some() && killed.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            start_of(child.id()),
            None,
            "not waited for, and ended all the same"
        );
        child.wait().unwrap();
    }
}
