//! Which processes these are: this one, and the core that started it.

#[cfg(target_os = "linux")]
use super::process_files as system;
#[cfg(not(target_os = "linux"))]
use super::process_table as system;

pub use system::{boot, namespace, parent_id, start_of};

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
    let program = system::program_of(parent_id())?;
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
    let words = system::words_of(parent_id())?;
    Some(command_of(
        words.iter().skip(1).map(|word| word.as_encoded_bytes()),
    ))
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
