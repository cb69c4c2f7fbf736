//! Which processes these are: this one, and the core that started it.

use std::fs;

/// This process: its id, and its start.
pub fn own_process() -> String {
    let own = std::process::id();
    format!("{own}-{}", start_of(own).unwrap_or_default())
}

/// The core process that started this one: its id, and its start, since ids come back.
pub fn core_process() -> String {
    let core = parent_id();
    format!("{core}-{}", start_of(core).unwrap_or_default())
}

/// The name of the core's executable; none where the system does not show it.
pub fn core_program() -> Option<String> {
    let program = fs::read_link(format!("/proc/{}/exe", parent_id())).ok()?;
    Some(program.file_name()?.to_string_lossy().into_owned())
}

/// Whether the core process is OpenTofu, which calls itself by a version of its own.
pub fn core_is_tofu() -> bool {
    core_program().is_some_and(|program| is_tofu(&program))
}

/// Whether an executable of this name is OpenTofu.
pub fn is_tofu(program: &str) -> bool {
    program.contains("tofu")
}

/// What the core was asked to do: the words of its command line from the command on, for example `apply`, `-auto-approve`. None where
/// the system does not show it.
pub fn core_command() -> Option<Vec<Vec<u8>>> {
    let line = fs::read(format!("/proc/{}/cmdline", parent_id())).ok()?;
    Some(command_of(line.split(|byte| *byte == 0).skip(1)))
}

/// Words of a command line from the command on.
pub fn command_of<'a>(words: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    // An interpreter's command line has the program's path first.
    let is_command = |word: &&[u8]| !word.starts_with(b"-") && !word.contains(&b'/');
    words
        .filter(|word| !word.is_empty())
        .skip_while(|word| !is_command(word))
        .map(<[u8]>::to_vec)
        .collect()
}

/// When a process started, in the kernel's ticks since boot; none where there is no such process, or no way to know.
pub fn start_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The fields behind the command's name, which may contain anything: the state is the 3rd of all, the start the 22nd.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A process that was killed stays a zombie until its parent asks for it.
    let ended = ["Z", "X"].contains(&fields.next()?);
    fields.nth(18).filter(|_| !ended).map(str::to_owned)
}

/// Id of the core process, which started this one.
#[cfg(unix)]
pub fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

/// Elsewhere nothing tells it.
#[cfg(not(unix))]
pub fn parent_id() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn a_zombie_has_ended() {
        use super::start_of;
        use std::time::{Duration, Instant};
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
