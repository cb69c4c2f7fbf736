//! Where the host connects: a unix socket in a private directory, or, on systems
//! whose hosts know none, a TCP port of the loopback interface.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::ServeError;
use super::environment::Environment;

/// A listener's address as the handshake line writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `unix` or `tcp`.
    pub network: &'static str,
    /// A path, or address and port.
    pub address: String,
}

/// A connection of either kind, before TLS.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A listener of either kind.
pub enum Listener {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    // Used on other systems, built and tested on all.
    #[cfg_attr(unix, allow(dead_code))]
    Tcp(TcpListener),
}

impl Listener {
    /// Waits for one connection.
    pub async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        Ok(match self {
            #[cfg(unix)]
            Listener::Unix(listener) => Box::new(listener.accept().await?.0),
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        })
    }
}

/// A listener, its address, and what has to go when the process ends.
pub struct Bound {
    /// Ready to accept.
    pub listener: Listener,
    /// For the announcement.
    pub address: Address,
    /// The socket's own directory, removed on drop.
    pub directory: Option<tempfile::TempDir>,
}

/// Binds what hosts on this system expect.
pub async fn bind<F>(environment: &Environment<F>) -> Result<Bound, ServeError>
where
    F: Fn(&str) -> Option<std::ffi::OsString>,
{
    #[cfg(unix)]
    return unix::bind(&environment.socket_place());
    #[cfg(not(unix))]
    return tcp(environment.ports()?).await;
}

/// Takes the first free port of the range.
#[cfg(any(not(unix), test))]
async fn tcp((min, max): (u16, u16)) -> Result<Bound, ServeError> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in min..=max {
        match TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => {
                let address = listener
                    .local_addr()
                    .map_err(|source| ServeError::NoFreePort { min, max, source })?
                    .to_string();
                return Ok(Bound {
                    listener: Listener::Tcp(listener),
                    address: Address {
                        network: "tcp",
                        address,
                    },
                    directory: None,
                });
            }
            Err(error) => last = error,
        }
    }
    Err(ServeError::NoFreePort {
        min,
        max,
        source: last,
    })
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::path::{Path, PathBuf};

    use tokio::net::UnixListener;

    use super::{Address, Bound, Listener};
    use crate::go_plugin::ServeError;
    use crate::go_plugin::environment::SocketPlace;

    /// Binds a socket in a fresh directory that only this user may enter (and the
    /// host's group, where it names one).
    pub fn bind(place: &SocketPlace) -> Result<Bound, ServeError> {
        if let Some(directory) = &place.directory {
            return bind_in(directory, "PLUGIN_UNIX_SOCKET_DIR", place.group.as_deref());
        }
        let group = place.group.as_deref();
        bind_in(&std::env::temp_dir(), "TMPDIR", group).or_else(|error| {
            // Build systems make deep temporary directories, and a socket's path is short.
            // Nobody asked for that directory in particular.
            bind_in(Path::new("/tmp"), "TMPDIR", group).map_err(|_| error)
        })
    }

    fn bind_in(parent: &Path, variable: &'static str, group: Option<&str>) -> Result<Bound, ServeError> {
        let directory = private_directory(parent).map_err(|source| ServeError::SocketDirectory {
            parent: parent.to_owned(),
            source,
        })?;
        let path = directory.path().join("s");
        let address = printable(&path, variable)?;
        let listener = UnixListener::bind(&path).map_err(|source| ServeError::Bind {
            path: path.clone(),
            variable,
            source,
        })?;
        if let Some(group) = group {
            share_with(group, directory.path(), &path)?;
        }
        Ok(Bound {
            listener: Listener::Unix(listener),
            address: Address {
                network: "unix",
                address,
            },
            directory: Some(directory),
        })
    }

    fn private_directory(parent: &Path) -> io::Result<tempfile::TempDir> {
        let parent: PathBuf = std::path::absolute(parent)?;
        tempfile::Builder::new()
            .prefix("plugin-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
    }

    /// The path as the handshake line carries it: fields end at a bar, the line at
    /// its break.
    fn printable(path: &Path, variable: &'static str) -> Result<String, ServeError> {
        path.to_str()
            .filter(|text| !text.contains(['|', '\n', '\r']))
            .map(str::to_owned)
            .ok_or_else(|| ServeError::SocketPath {
                path: path.to_owned(),
                variable,
            })
    }

    /// Lets a group's members reach the socket and connect, but list nothing.
    fn share_with(group: &str, directory: &Path, socket: &Path) -> Result<(), ServeError> {
        let failed = |source| ServeError::SocketGroup {
            group: group.to_owned(),
            source,
        };
        let id = match group.parse::<u32>() {
            Ok(number) => number,
            Err(_) => nix::unistd::Group::from_name(group)
                .map_err(|error| failed(error.into()))?
                .ok_or_else(|| ServeError::UnknownGroup(group.to_owned()))?
                .gid
                .as_raw(),
        };
        for (path, mode) in [(socket, 0o660), (directory, 0o710)] {
            chown(path, None, Some(id)).map_err(failed)?;
            fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::os::unix::fs::MetadataExt;

        fn place(directory: &Path, group: Option<&str>) -> SocketPlace {
            SocketPlace {
                directory: Some(directory.to_owned()),
                group: group.map(str::to_owned),
            }
        }

        #[tokio::test]
        async fn the_directory_is_private_and_goes_with_the_listener() {
            let parent = tempfile::tempdir().expect("a directory");
            let bound = bind(&place(parent.path(), None)).expect("bound");
            let own = bound.directory.as_ref().expect("a directory").path().to_owned();
            assert_eq!(own.parent(), Some(parent.path()));
            assert_eq!(fs::metadata(&own).expect("metadata").mode() & 0o777, 0o700);
            assert_eq!(bound.address.address, own.join("s").to_string_lossy());
            drop(bound);
            assert!(!own.exists());
        }

        #[tokio::test]
        async fn a_group_reaches_the_socket() {
            let parent = tempfile::tempdir().expect("a directory");
            let own_group = fs::metadata(parent.path()).expect("metadata").gid();
            let name = nix::unistd::Group::from_gid(own_group.into())
                .expect("groups")
                .map(|group| group.name);
            for group in [Some(own_group.to_string()), name].into_iter().flatten() {
                let bound = bind(&place(parent.path(), Some(&group))).expect("bound");
                let own = bound.directory.as_ref().expect("a directory").path().to_owned();
                let mode = |path: &Path| fs::metadata(path).expect("metadata").mode() & 0o777;
                assert_eq!((mode(&own), mode(&own.join("s"))), (0o710, 0o660), "{group}");
            }
            let error = bind(&place(parent.path(), Some("no such group")))
                .err()
                .expect("an unknown group");
            assert!(matches!(error, ServeError::UnknownGroup(_)), "{error}");
            assert_eq!(
                fs::read_dir(parent.path()).expect("readable").count(),
                0,
                "nothing is left behind"
            );
        }

        #[tokio::test]
        async fn paths_that_cannot_serve_are_named() {
            let parent = tempfile::tempdir().expect("a directory");
            let bar = parent.path().join("a|b");
            let long = parent.path().join("x".repeat(120));
            fs::create_dir(&bar).expect("made");
            fs::create_dir(&long).expect("made");
            let error = |directory: &Path| bind(&place(directory, None)).err().expect("refused");
            assert!(matches!(error(&bar), ServeError::SocketPath { .. }));
            assert!(matches!(error(&long), ServeError::Bind { .. }));
            assert!(matches!(
                error(&parent.path().join("absent")),
                ServeError::SocketDirectory { .. }
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tcp_takes_the_first_free_port_of_the_range() {
        let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = taken.local_addr().expect("an address").port();
        let error = tcp((port, port)).await.err().expect("the only port is taken");
        assert!(matches!(error, ServeError::NoFreePort { .. }), "{error}");
        let bound = tcp((port, u16::MAX)).await.expect("one is free");
        assert!(
            bound.address.address.starts_with("127.0.0.1:"),
            "{:?}",
            bound.address
        );
        let (accepted, _) = tokio::join!(
            bound.listener.accept(),
            tokio::net::TcpStream::connect(&bound.address.address)
        );
        accepted.expect("a connection");
    }
}
