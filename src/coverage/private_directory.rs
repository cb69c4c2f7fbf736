//! A directory that is the user's own, and the files in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest file that is read: the fleet of a plan stays under 1 MB at 10,000 interfaces.
const MAX_BYTES: u64 = 16 << 20;

/// Where it is.
#[cfg(unix)]
pub fn directory() -> io::Result<PathBuf> {
    Ok(std::env::temp_dir().join(format!("terraform-provider-mirror-{}", user_id()?)))
}

/// A file of our own tells our user id without a call to the C library.
#[cfg(unix)]
fn user_id() -> io::Result<u32> {
    use std::os::unix::fs::MetadataExt;
    Ok(tempfile::tempfile()?.metadata()?.uid())
}

/// Makes it, unless it is there.
#[cfg(unix)]
pub fn make(directory: &Path) -> io::Result<()> {
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

/// Whether nobody else could have prepared it.
#[cfg(unix)]
pub fn is_private(directory: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::symlink_metadata(directory)?;
    Ok(metadata.is_dir() && metadata.uid() == user_id()? && metadata.mode() & 0o077 == 0)
}

// Elsewhere the temporary directory is the user's own.

/// Where it is.
#[cfg(not(unix))]
pub fn directory() -> io::Result<PathBuf> {
    Ok(std::env::temp_dir().join("terraform-provider-mirror"))
}

/// Makes it, unless it is there.
#[cfg(not(unix))]
pub fn make(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

/// Whether it is there.
#[cfg(not(unix))]
pub fn is_private(directory: &Path) -> io::Result<bool> {
    Ok(directory.is_dir())
}

/// The text of a file of a sensible length. What only bears the name of one, a pipe for example, would never end.
pub fn text_of(path: &Path) -> Option<String> {
    let is_note = |metadata: fs::Metadata| metadata.is_file() && metadata.len() <= MAX_BYTES;
    if !fs::symlink_metadata(path).is_ok_and(is_note) {
        return None;
    }
    let mut text = String::new();
    let file = fs::File::open(path).ok()?;
    io::Read::read_to_string(&mut io::Read::take(file, MAX_BYTES), &mut text).ok()?;
    Some(text)
}

/// Removes files that were kept long enough.
pub fn forget_old(directory: &Path, kept: Duration) {
    let is_old = |entry: &fs::DirEntry| {
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map(|modified| modified.elapsed());
        age.is_ok_and(|age| age.is_ok_and(|age| age > kept))
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::planner::Fleet;

    #[test]
    fn old_files_are_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Duration::from_secs(3600);
        for (name, age) in [("old", 2 * kept), ("new", Duration::ZERO)] {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        forget_old(directory.path(), kept);
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
}
