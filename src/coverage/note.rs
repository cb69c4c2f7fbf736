//! Notes from a plan to the final plan of the same run.
//!
//! Terraform plans twice: while planning, and in another process of the provider when it applies. Before Terraform 1.16
//! nothing that the first plan decides reaches the second one, which sees the same prior state, private data and
//! configuration. So a plan leaves what it saw in a directory that is private to the user, and the final plan finds it in one of two
//! ways. Where one core process runs both, it is the note that another provider process of this core left, and nobody uses it a second
//! time. Where the core applies a saved plan, it is the last note that was left before the file was written. Without a note the final
//! plan decides by itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::note_key::Key;
use super::private_directory::{self, forget_old, text_of};
use crate::provider::core_process::{core_process, own_process};

/// How long a note is kept: as long as a saved plan may reasonably wait.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3600);
/// How many notes of one key are kept.
const KEPT_OF_KEY: usize = 8;
/// How much later than its notes a plan is written to its file, at most: a note that is older belongs to another plan.
const WRITTEN_WITHIN: Duration = Duration::from_secs(15 * 60);
/// An archive keeps the times of its files in whole seconds.
const ROUNDED: Duration = Duration::from_secs(1);

/// Who may use the notes.
#[derive(Debug, Clone)]
pub struct Notes {
    directory: PathBuf,
    core: String,
    own: String,
}

/// A note: its file is called `KEY.CORE.MAKER`, and with `.TAKER` behind that once it is taken.
#[derive(Debug)]
struct Note {
    path: PathBuf,
    core: String,
    maker: String,
    taker: Option<String>,
    left: SystemTime,
}

impl Notes {
    /// Those of this user, for this process.
    pub fn of_user() -> io::Result<Self> {
        Ok(Self {
            directory: private_directory::directory()?,
            core: core_process(),
            own: own_process(),
        })
    }

    /// Leaves a note. It takes the place of one that this process left before.
    pub fn leave(&self, key: &Key, text: &str) -> io::Result<()> {
        private_directory::make(&self.directory)?;
        forget_old(&self.directory, KEPT);
        // Written beside and moved, so that nobody reads half a note.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        let name = format!("{}.{}.{}", key.as_str(), self.core, self.own);
        file.persist(self.directory.join(name))
            .map_err(|error| error.error)?;
        for older in self.all(key).into_iter().rev().skip(KEPT_OF_KEY) {
            // Another process may have been quicker.
            let _ = fs::remove_file(older.path);
        }
        Ok(())
    }

    /// Leaves an empty note if there are others, which this plan makes void.
    pub fn supersede(&self, key: &Key) -> io::Result<()> {
        match self.all(key).is_empty() {
            true => Ok(()),
            false => self.leave(key, ""),
        }
    }

    /// Takes the note that another provider process of this core left. It is then this process's alone, which may read it again.
    pub fn take(&self, key: &Key) -> Option<String> {
        let notes = self.all(key);
        let of_core = || notes.iter().rev().filter(|note| note.core == self.core);
        if let Some(taken) = of_core().find(|note| note.taker.as_ref() == Some(&self.own)) {
            return text_of(&taken.path);
        }
        let note = of_core().find(|note| note.taker.is_none() && note.maker != self.own)?;
        let mut path = note.path.clone().into_os_string();
        path.push(format!(".{}", self.own));
        // Whoever else takes it at this moment fails here.
        fs::rename(&note.path, &path).ok()?;
        text_of(Path::new(&path))
    }

    /// The note of the plan that was written to a file then; the last one where that is not known.
    pub fn of_saved_plan(&self, key: &Key, written: Option<SystemTime>) -> Option<String> {
        let is_of = |note: &&Note| {
            written
                .is_none_or(|written| note.left <= end_of(written) && note.left + WRITTEN_WITHIN >= written)
        };
        text_of(&self.all(key).iter().rev().find(is_of)?.path)
    }

    /// The notes of a key, the oldest first.
    fn all(&self, key: &Key) -> Vec<Note> {
        // A directory that somebody else could have prepared is not trusted.
        if !private_directory::is_private(&self.directory).unwrap_or(false) {
            return Vec::new();
        }
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut notes: Vec<Note> = entries.filter_map(|entry| note(&entry, key)).collect();
        notes.sort_by_key(|note| note.left);
        notes
    }
}

/// The last moment that may be meant.
fn end_of(written: SystemTime) -> SystemTime {
    let since = written.duration_since(SystemTime::UNIX_EPOCH);
    match since.is_ok_and(|since| since.subsec_nanos() == 0) {
        true => written + ROUNDED,
        false => written,
    }
}

fn note(entry: &fs::DirEntry, key: &Key) -> Option<Note> {
    let name = entry.file_name().into_string().ok()?;
    let mut parts = name.strip_prefix(key.as_str())?.strip_prefix('.')?.split('.');
    Some(Note {
        core: parts.next()?.to_owned(),
        maker: parts.next()?.to_owned(),
        taker: parts.next().map(str::to_owned),
        path: entry.path(),
        left: entry.metadata().ok()?.modified().ok()?,
    })
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
