//! What the provider's processes of one walk tell each other: core runs one for each provider block.
//!
//! It is a file in the user's private directory, one for each core process, to which each adds its words. Words of a process that ended
//! before this one began are of an earlier walk of the same core. Where the file cannot be had, each process is by itself.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::private_directory;
use crate::provider::core_process::{core_process, own_process, parent_id, start_of};

/// How often, and how long apart, the file is asked for that another process has: it never has it for long.
const ATTEMPTS: usize = 100;
const WAIT: Duration = Duration::from_millis(10);
/// How long the file of a core is kept that may have ended.
const KEPT: Duration = Duration::from_secs(3 * 24 * 3600);
/// Longest file that is read.
const MAX_BYTES: u64 = 64 << 20;

/// What a plan has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// An object that exists, by its id.
    Here(String),
    /// The coverage `name` takes over sessions of these objects.
    Takes { name: String, from: BTreeSet<String> },
    /// The coverage `name` takes over these sessions.
    Adopts {
        name: String,
        sessions: BTreeSet<String>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    process: String,
    /// In milliseconds since 1970.
    at: u128,
    word: Word,
}

/// The file, for one process.
#[derive(Debug)]
pub struct Ledger {
    own: String,
    began: u128,
    file: Option<File>,
    /// How far it is read.
    read: u64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::of(own_process())
    }
}

impl Ledger {
    fn of(own: String) -> Self {
        Self {
            own,
            began: now(),
            file: None,
            read: 0,
        }
    }

    /// Opens it, for nobody else until it is dropped.
    pub fn open(&mut self) -> Open<'_> {
        let is_open = self.locked().unwrap_or_else(|error| {
            tracing::warn!(%error, "what other processes of the provider plan is not known");
            false
        });
        Open {
            ledger: self,
            is_open,
        }
    }

    fn locked(&mut self) -> io::Result<bool> {
        // Without an id, the core is anybody's.
        if parent_id() == 0 {
            return Ok(false);
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(file()?),
        };
        for _ in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    fn rest(&mut self) -> io::Result<String> {
        let mut text = String::new();
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(self.read))?;
            file.take(MAX_BYTES).read_to_string(&mut text)?;
            self.read = file.stream_position()?;
        }
        Ok(text)
    }

    /// Whether a line is another process's of the same walk.
    fn concerns(&self, line: &Line) -> bool {
        line.process != self.own && (line.at >= self.began || runs(&line.process))
    }
}

/// The file while no other process has it.
pub struct Open<'a> {
    ledger: &'a mut Ledger,
    is_open: bool,
}

impl Open<'_> {
    /// What other processes have said since it was last read.
    pub fn read(&mut self) -> Vec<Word> {
        if !self.is_open {
            return Vec::new();
        }
        let rest = self.ledger.rest().unwrap_or_default();
        let lines = rest.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line| self.ledger.concerns(line))
            .map(|line: Line| line.word)
            .collect()
    }

    /// Says this to the others.
    pub fn write(&mut self, word: &Word) {
        let line = Line {
            process: self.ledger.own.clone(),
            at: now(),
            word: word.clone(),
        };
        let Some(file) = self.ledger.file.as_mut().filter(|_| self.is_open) else {
            return;
        };
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|line| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, "other processes of the provider do not know what is planned");
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.ledger.file.as_ref().filter(|_| self.is_open) {
            // Closing the file at the end of the process lets it go too.
            let _ = file.unlock();
        }
    }
}

fn file() -> io::Result<File> {
    let directory = private_directory::directory()?;
    private_directory::make(&directory)?;
    private_directory::forget_old(&directory, KEPT);
    let path = directory.join(format!("run.{}", core_process()));
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// Whether the process runs of which this is the id and start.
fn runs(process: &str) -> bool {
    let (id, start) = process.split_once('-').unwrap_or_default();
    let found = id.parse().ok().and_then(start_of);
    !start.is_empty() && found.as_deref() == Some(start)
}

fn now() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_process_said_is_read_once_unless_it_is_of_an_earlier_walk() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let ledger = |own: &str| Ledger {
            file: Some(
                OpenOptions::new()
                    .read(true)
                    .append(true)
                    .open(file.path())
                    .unwrap(),
            ),
            ..Ledger::of(own.to_owned())
        };
        let here = |id: &str| Word::Here(id.to_owned());
        // No process has an id beyond the kernel's limit of 2^22.
        let mut ended = ledger("4194305-1");
        ended.open().write(&here("a"));
        std::thread::sleep(Duration::from_millis(5));
        let mut mine = ledger("4194305-2");
        ended.open().write(&here("b"));
        let mut running = ledger(&own_process());
        running.open().write(&here("c"));
        assert_eq!(mine.open().read(), [here("b"), here("c")]);
        mine.open().write(&here("d"));
        assert_eq!(mine.open().read(), [], "its own");
        assert_eq!(running.open().read().last(), Some(&here("d")));
        let open = mine.open();
        assert!(!running.open().is_open, "nobody else's meanwhile");
        drop(open);
        assert!(running.open().is_open);
    }
}
