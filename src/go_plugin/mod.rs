//! How a host program starts this process, finds it, trusts it and ends it.
//!
//! HashiCorp's go-plugin library runs a plugin as a child process that serves
//! gRPC. This room is the child's side of that agreement and nothing more: it
//! knows no Terraform type, and what is particular to the host (its name, the
//! magic cookie, the protocol version) stands in [`ServeConfig`].
//!
//! # The life of a plugin
//!
//! 1. **Cookie.** The host sets one environment variable to a fixed value. It
//!    proves nothing about security: it tells "started by the host" from
//!    "started by a curious person", who gets a sentence instead of a server.
//! 2. **Version.** The host lists the protocol versions it speaks, in no order
//!    (`environment`).
//! 3. **Identity.** The host announces a certificate made for this one run. The
//!    server answers with one of its own, and from then on each side accepts
//!    exactly the other's certificate (`tls`). A host may leave this out; then
//!    the socket's directory, closed to every other user, is the protection.
//! 4. **Address.** One line on stdout says all of it (`announcement`). Nothing
//!    else may ever be written to stdout: the host parses it.
//! 5. **Service.** Beside the caller's routes the host finds the health service
//!    and the controller (`controller`).
//! 6. **End.** By the controller's Shutdown, by SIGTERM, or because the host is
//!    gone (`ending`).
//!
//! # Three decisions
//!
//! **A call outlives its connection.** hyper drops the handler of a call whose
//! connection breaks. A handler that creates things in a cloud must not be
//! dropped between a request and its answer, so each call runs in a task of its
//! own (`calls`), and the process waits for those tasks before it ends.
//!
//! **A plugin does not outlive its host.** A killed host cannot say Shutdown, and
//! its plugins would wait for it for ever. The process that started us is
//! gone when the parent's process id changes; that is looked up once in a
//! while. Work in flight is then told to stop and finishes the requests it has
//! sent, as far as `ending::Ending::grace` allows. A parent-death signal would
//! be quicker, but the kernel sends it when the parent's *thread* ends, and hosts
//! written in Go end threads as they like.
//!
//! **SIGINT is swallowed.** Ctrl-C reaches the whole process group. It is the
//! host's to interpret: it asks for an orderly stop over gRPC and then expects an
//! answer to the call in flight. SIGHUP keeps the disposition it was inherited
//! with, so that a host under `nohup` does not lose its plugin.

mod announcement;
mod calls;
mod connection;
mod controller;
mod ending;
mod environment;
mod error;
mod listener;
pub mod logs;
mod serve;
mod tls;

pub use error::ServeError;
pub use serve::serve;

use tokio_util::sync::CancellationToken;

/// What the host and the plugin agreed on beforehand.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// The host's name as its users know it; it appears in messages only.
    pub host: &'static str,
    /// The plugin's address in the host's own notation. [`Mode::Debug`] prints it
    /// as the key by which the host finds the plugin.
    pub address: String,
    /// The one protocol version that `routes` speak.
    pub protocol_version: u32,
    /// The environment variable that holds the magic cookie.
    pub cookie_key: &'static str,
    /// The value that variable must have.
    pub cookie_value: &'static str,
    /// The environment variable through which the host attaches to a plugin that
    /// is already running.
    pub reattach_variable: &'static str,
    /// Cancelled as soon as the process is about to end, whatever the reason:
    /// work in flight should begin nothing new and return what it has done.
    pub ending: CancellationToken,
}

/// Who starts the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The host: cookie, negotiation, handshake line, mutual TLS.
    Plugin,
    /// A developer, perhaps under a debugger: no cookie, no TLS, and a line that
    /// tells the host where to attach. Ends on Ctrl-C.
    Debug,
}
