//! What ends the process, and how long it may take.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{Mode, ServeError};

/// A reason to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The host called Shutdown.
    Shutdown,
    /// SIGTERM.
    Terminated,
    /// Ctrl-C, in debug mode only.
    Interrupted,
    /// The process that started this one is gone.
    HostGone,
}

impl Ending {
    /// How long calls in flight may take to return what they have done.
    ///
    /// A host kills the process two seconds after Shutdown. Whoever sends SIGTERM
    /// may be waiting for an answer all the more: it goes to whole process
    /// groups, and the host is about to save what the call returns.
    pub fn grace(self) -> Duration {
        match self {
            Ending::Shutdown => Duration::from_secs(1),
            Ending::Terminated | Ending::Interrupted | Ending::HostGone => Duration::from_secs(30),
        }
    }
}

/// Begins to watch for signals and for the host's end. Handlers are in place
/// when this returns: no signal falls through afterwards.
pub fn watch(mode: Mode, endings: &mpsc::UnboundedSender<Ending>) -> Result<(), ServeError> {
    system::watch(mode, endings).map_err(ServeError::Signals)
}

/// Passes Ctrl-C on in debug mode and swallows it under a host.
fn interrupted(mode: Mode, endings: &mpsc::UnboundedSender<Ending>) {
    match mode {
        Mode::Plugin => tracing::debug!("an interrupt is the host's to handle"),
        // The receiver is gone only when the process is ending anyway.
        Mode::Debug => {
            let _ = endings.send(Ending::Interrupted);
        }
    }
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::os::unix::process::parent_id;
    use std::time::Duration;

    use tokio::signal::unix::{SignalKind, signal};
    use tokio::sync::mpsc;

    use super::{Ending, interrupted};
    use crate::go_plugin::Mode;

    /// How often the parent is looked up: a system call of less than a
    /// microsecond, against a process that nobody needs any more.
    const PARENT_INTERVAL: Duration = Duration::from_millis(500);

    pub fn watch(mode: Mode, endings: &mpsc::UnboundedSender<Ending>) -> io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let parent = parent_id();
        let endings = endings.clone();
        tokio::spawn(async move {
            let mut parent_check = tokio::time::interval(PARENT_INTERVAL);
            loop {
                tokio::select! {
                    Some(()) = interrupt.recv() => interrupted(mode, &endings),
                    Some(()) = terminate.recv() => { let _ = endings.send(Ending::Terminated); }
                    // A developer's shell may end and leave the plugin to its debugger.
                    _ = parent_check.tick(), if mode == Mode::Plugin => {
                        if parent_id() != parent {
                            let _ = endings.send(Ending::HostGone);
                            return;
                        }
                    }
                }
            }
        });
        Ok(())
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    use tokio::sync::mpsc;

    use super::{Ending, interrupted};
    use crate::go_plugin::Mode;

    // Windows gives a process no new parent when its own ends: hosts there end their
    // plugins by themselves.
    pub fn watch(mode: Mode, endings: &mpsc::UnboundedSender<Ending>) -> io::Result<()> {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        let endings = endings.clone();
        tokio::spawn(async move {
            while let Some(()) = interrupt.recv().await {
                interrupted(mode, &endings);
            }
        });
        Ok(())
    }
}
