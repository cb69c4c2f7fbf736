//! Notes from a plan to the final plan of the same run.
//!
//! Terraform plans twice: while planning, and in another process of the provider when it applies. Before Terraform 1.16
//! nothing that the first plan decides reaches the second one, which sees the same prior state, private data and
//! configuration. Two things have to reach it all the same: that the first plan could not know the selection of an update and
//! left everything as it was, and the fleet that the first plan of a create saw. A plan leaves them as notes in a directory
//! that is private to the user; without a note the final plan decides by itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::process::own_process;

/// How long a note is kept: as long as a saved plan may reasonably wait.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3600);

/// Longer than any note: the fleet of a plan stays under 1 MB at 10,000 interfaces.
const MAX_BYTES: u64 = 16 << 20;

/// How notes begin that only another provider process may use, and those that one has taken.
const FROM: &str = "from ";
const FOR: &str = "for ";

/// The name of a note: what it is about, so that only the very same plan finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key made of these parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(
            digest
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}

/// Leaves a note.
pub fn leave(key: &Key, text: &str) -> io::Result<()> {
    let directory = directory()?;
    make_private(&directory)?;
    forget_old(&directory);
    // Written beside and moved, so that nobody reads half a note.
    let mut file = tempfile::NamedTempFile::new_in(&directory)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.persist(directory.join(&key.0))
        .map_err(|error| error.error)?;
    Ok(())
}

/// Reads a note.
pub fn read(key: &Key) -> Option<String> {
    let directory = directory().ok()?;
    // A directory that somebody else could have prepared is not trusted.
    if !is_private(&directory).ok()? {
        return None;
    }
    text_of(&directory.join(&key.0))
}

/// The text of a file of a sensible length. What only bears the name of one, a pipe for example, would never end.
fn text_of(path: &Path) -> Option<String> {
    let is_note = |metadata: fs::Metadata| metadata.is_file() && metadata.len() <= MAX_BYTES;
    if !fs::symlink_metadata(path).is_ok_and(is_note) {
        return None;
    }
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    io::Read::read_to_string(&mut io::Read::take(file, MAX_BYTES), &mut text).ok()?;
    Some(text)
}

/// Leaves a note for another provider process of the same core.
pub fn leave_for_another(key: &Key, text: &str) -> io::Result<()> {
    leave(key, &format!("{FROM}{}\n{text}", own_process()))
}

/// Takes the note that another provider process left. It is then this process's alone, which may read it again.
pub fn take(key: &Key) -> Option<String> {
    let note = read(key)?;
    let text = taken(&note, &own_process())?;
    if note.starts_with(FROM)
        && let Err(error) = leave(key, &format!("{FOR}{}\n{text}", own_process()))
    {
        // Whoever comes later could use it once more.
        tracing::warn!(%error, "a note could not be marked as used");
    }
    Some(text.to_owned())
}

/// The text of a note, if it is meant for the process.
fn taken<'a>(note: &'a str, process: &str) -> Option<&'a str> {
    let (head, text) = note.split_once('\n')?;
    let from_another = head.strip_prefix(FROM).is_some_and(|maker| maker != process);
    let is_taken = head.strip_prefix(FOR) == Some(process);
    (from_another || is_taken).then_some(text)
}

/// Most notes are never asked for: their plan was not applied.
fn forget_old(directory: &Path) {
    let is_old = |entry: &fs::DirEntry| {
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map(|modified| modified.elapsed());
        age.is_ok_and(|age| age.is_ok_and(|age| age > KEPT))
    };
    for entry in fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(is_old)
    {
        // Another process may have been quicker.
        let _ = fs::remove_file(entry.path());
    }
}

/// Removes a note that nobody needs any more.
pub fn remove(key: &Key) {
    if let Ok(directory) = directory() {
        // Most often there is none.
        let _ = fs::remove_file(directory.join(&key.0));
    }
}

#[cfg(unix)]
fn directory() -> io::Result<PathBuf> {
    Ok(std::env::temp_dir().join(format!("terraform-provider-mirror-{}", user_id()?)))
}

/// A file of our own tells our user id without a call to the C library.
#[cfg(unix)]
fn user_id() -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

#[cfg(unix)]
fn make_private(directory: &Path) -> io::Result<()> {
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
fn is_private(directory: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(directory)?;
    Ok(metadata.is_dir() && metadata.uid() == user_id()? && metadata.mode() & 0o077 == 0)
}

// Elsewhere the temporary directory is the user's own.
#[cfg(not(unix))]
fn directory() -> io::Result<PathBuf> {
    Ok(std::env::temp_dir().join("terraform-provider-mirror"))
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

#[cfg(not(unix))]
fn is_private(directory: &Path) -> io::Result<bool> {
    Ok(directory.is_dir())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::planner::Fleet;

    #[test]
    fn a_note_is_found_by_its_key_alone() {
        let parts: [&[u8]; 2] = [b"test", &std::process::id().to_be_bytes()];
        let key = Key::of(&parts);
        assert_eq!(read(&key), None);
        leave(&key, "text").unwrap();
        leave(&key, "later text").unwrap();
        assert_eq!(read(&key).as_deref(), Some("later text"));
        assert_eq!(read(&Key::of(&parts[..1])), None);
        remove(&key);
        assert_eq!(read(&key), None);
    }

    #[test]
    fn a_note_is_for_one_other_process() {
        assert_eq!(taken("from a\ntext\n", "b"), Some("text\n"));
        assert_eq!(
            taken("from a\ntext", "a"),
            None,
            "a process leaves no notes for itself"
        );
        assert_eq!(
            taken("for b\ntext", "b"),
            Some("text"),
            "and may ask again for what it took"
        );
        assert_eq!(taken("for b\ntext", "c"), None, "used once");
        assert_eq!(taken("text", "b"), None);
        let key = Key::of(&[b"another", &std::process::id().to_be_bytes()]);
        leave_for_another(&key, "text").unwrap();
        assert_eq!(take(&key), None);
        leave(&key, "from somebody\ntext").unwrap();
        assert_eq!(
            (take(&key).as_deref(), take(&key).as_deref()),
            (Some("text"), Some("text"))
        );
        assert_eq!(taken(&read(&key).unwrap(), "somebody else"), None);
        remove(&key);
    }

    #[test]
    fn old_notes_are_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        for (name, age) in [("old", KEPT * 2), ("new", Duration::ZERO)] {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        forget_old(directory.path());
        let left: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["new"]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text_or_no_note(bytes in vec(any::<u8>(), 0..200), is_fleet: bool) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("note");
            let magic: &[u8] = if is_fleet { b"mirror1:" } else { b"" };
            fs::write(&path, [magic, &bytes].concat()).unwrap();
            if let Some(text) = text_of(&path) {
                prop_assert!(Fleet::decode(&text).is_err());
            }
        }
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_file_or_too_long_is_no_note() {
        let directory = tempfile::tempdir().unwrap();
        let long = directory.path().join("long");
        fs::File::create(&long).unwrap().set_len(1 << 40).unwrap();
        let endless = directory.path().join("endless");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        let pipe = directory.path().join("pipe");
        std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        for path in [&long, &endless, &pipe, &directory.path().to_owned()] {
            assert_eq!(text_of(path), None, "{}", path.display());
        }
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Key::of(&[b"ab", b"c"]), Key::of(&[b"a", b"bc"]));
    }
}
