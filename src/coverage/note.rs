//! A note from a plan to the final plan of the same run.
//!
//! Terraform plans an update twice: while planning, and in another process of the provider when it applies. Before
//! Terraform 1.16 nothing that the first plan decides reaches the second one. Where the first plan could not know the
//! selection and left everything as it was, the second must do the same. So the first leaves a note for the same core
//! process in a private directory, and the second, which sees that nothing was refreshed in its own process, takes it.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Leaves the note that the object with this id is held.
pub fn leave(id: &str) -> io::Result<()> {
    let directory = directory();
    private_directory(&directory)?;
    fs::write(directory.join(id), b"held")
}

/// Whether the note is there; it is used once.
pub fn take(id: &str) -> bool {
    let directory = directory();
    // A directory that somebody else could have prepared is not trusted.
    is_private(&directory).unwrap_or(false) && fs::remove_file(directory.join(id)).is_ok()
}

/// One directory for each core process: its process id alone comes back in time, with its start it does not.
fn directory() -> PathBuf {
    let core = parent_id();
    let started = fs::read_to_string(format!("/proc/{core}/stat"))
        .ok()
        // The fields behind the command's name, which may contain anything: the start time is the 22nd of all.
        .and_then(|stat| Some(stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned()))
        .unwrap_or_default();
    std::env::temp_dir().join(format!("terraform-provider-mirror-{core}-{started}"))
}

#[cfg(unix)]
fn parent_id() -> u32 {
    std::os::unix::process::parent_id()
}

#[cfg(not(unix))]
fn parent_id() -> u32 {
    0
}

#[cfg(unix)]
fn private_directory(directory: &PathBuf) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ if is_private(directory)? => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the directory is not private",
        )),
    }
}

#[cfg(unix)]
fn is_private(directory: &PathBuf) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(directory)?;
    // A file of our own tells our user id without a call to the C library.
    let ours = tempfile::tempfile()?.metadata()?.uid();
    Ok(metadata.is_dir() && metadata.uid() == ours && metadata.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn private_directory(directory: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(not(unix))]
fn is_private(directory: &PathBuf) -> io::Result<bool> {
    Ok(directory.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_used_once() {
        let id = format!("mc-test-{}", std::process::id());
        assert!(!take(&id));
        leave(&id).unwrap();
        assert!(take(&id));
        assert!(!take(&id));
    }
}
