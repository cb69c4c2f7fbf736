use std::io;
use std::path::PathBuf;

/// Why the plugin could not serve. Every message is meant for the person who
/// reads the host's output, and no error carries key material.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The magic cookie is absent or wrong.
    #[error(
        "This program is a {host} plugin. {host} starts it by itself when a configuration asks for it; \
         run by hand it has nothing to do.\nWith --help it says what else it can do."
    )]
    NotStartedByHost {
        /// The host's name.
        host: &'static str,
    },
    /// The host speaks other protocol versions than this plugin.
    #[error(
        "{host} offers the plugin protocol version(s) {offered}, and this plugin speaks version {own} only. \
         Use a release of {host} that speaks version {own}, or another release of this plugin."
    )]
    NoSharedProtocol {
        /// The host's name.
        host: &'static str,
        /// What `PLUGIN_PROTOCOL_VERSIONS` said.
        offered: String,
        /// The version served here.
        own: u32,
    },
    /// `PLUGIN_CLIENT_CERT` holds no certificate. Serving without TLS instead
    /// would give the host less than it asked for.
    #[error("PLUGIN_CLIENT_CERT is set but holds no certificate in PEM form")]
    ClientCertificate(#[source] rustls::pki_types::pem::Error),
    /// The server's own key or certificate could not be made.
    #[error("the server's certificate could not be made")]
    ServerCertificate(#[source] rcgen::Error),
    /// The TLS library refused the configuration.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// An environment variable that must be a port number is none.
    #[error("{variable} is {value:?}, which is no TCP port (0 to 65535)")]
    Port {
        /// The variable's name.
        variable: &'static str,
        /// What it holds.
        value: String,
    },
    /// `PLUGIN_MIN_PORT` is above `PLUGIN_MAX_PORT`.
    #[error("PLUGIN_MIN_PORT ({min}) is above PLUGIN_MAX_PORT ({max})")]
    PortRange {
        /// Lower end.
        min: u16,
        /// Upper end.
        max: u16,
    },
    /// Every port of the range is taken.
    #[error("no TCP port from {min} to {max} is free on 127.0.0.1")]
    NoFreePort {
        /// Lower end.
        min: u16,
        /// Upper end.
        max: u16,
        /// What the last attempt said.
        source: io::Error,
    },
    /// No directory for the socket could be made.
    #[error("no directory for the plugin's socket could be made in {}", .parent.display())]
    SocketDirectory {
        /// Where it was to be.
        parent: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path cannot stand in the handshake line.
    #[error(
        "the socket's path {path:?} has a character that the handshake line cannot carry: set {variable} to a \
         directory whose name is plain UTF-8 without '|' and line breaks"
    )]
    SocketPath {
        /// The path.
        path: PathBuf,
        /// The variable that chose it.
        variable: &'static str,
    },
    /// The socket could not be bound.
    #[error(
        "the plugin's socket {} could not be bound (a socket's path may have about 100 bytes: set {variable} to a \
         shorter directory if this one is longer)",
        .path.display()
    )]
    Bind {
        /// The socket's path.
        path: PathBuf,
        /// The variable that chose the directory.
        variable: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// `PLUGIN_UNIX_SOCKET_GROUP` names no group of this system.
    #[error("PLUGIN_UNIX_SOCKET_GROUP is {0:?}, and there is no such group")]
    UnknownGroup(String),
    /// The socket could not be handed to the group.
    #[error("the plugin's socket could not be given to the group {group:?}")]
    SocketGroup {
        /// The group, as the environment named it.
        group: String,
        /// What the system said.
        source: io::Error,
    },
    /// stdout is closed: nobody will ever find the server.
    #[error("the server's address could not be written to standard output")]
    Announce(#[source] io::Error),
    /// No signal handler could be installed.
    #[error("signals cannot be handled")]
    Signals(#[source] io::Error),
    /// The gRPC server ended by itself.
    #[error("the gRPC server failed")]
    Server(#[source] tonic::transport::Error),
    /// The gRPC server ended by itself and said nothing.
    #[error("the gRPC server ended unexpectedly")]
    ServerEnded,
}
