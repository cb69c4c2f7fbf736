//! What the host says through environment variables.

use std::ffi::OsString;
#[cfg(any(unix, test))]
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{ServeConfig, ServeError};

/// The ports a host means when it names none.
#[cfg(any(not(unix), test))]
const DEFAULT_PORTS: (u16, u16) = (10_000, 25_000);

/// How an environment variable is looked up: the process's own environment, or
/// a test's. An empty variable counts as unset, as it does for go-plugin.
pub struct Environment<F>(F);

impl Environment<fn(&str) -> Option<OsString>> {
    /// This process's environment.
    pub fn of_process() -> Self {
        Environment(|name| std::env::var_os(name))
    }
}

/// Where the unix socket has to be, and whose it is.
#[cfg(any(unix, test))]
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SocketPlace {
    /// `PLUGIN_UNIX_SOCKET_DIR`; unset: the system's temporary directory.
    pub directory: Option<PathBuf>,
    /// `PLUGIN_UNIX_SOCKET_GROUP`: a group's name or number that may connect too.
    pub group: Option<String>,
}

impl<F: Fn(&str) -> Option<OsString>> Environment<F> {
    fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Fails unless the magic cookie has its value.
    pub fn check_cookie(&self, config: &ServeConfig) -> Result<(), ServeError> {
        match self.text(config.cookie_key) {
            Some(value) if value == config.cookie_value => Ok(()),
            _ => Err(ServeError::NotStartedByHost { host: config.host }),
        }
    }

    /// Fails unless `PLUGIN_PROTOCOL_VERSIONS` lists our version. A host so old
    /// that it does not negotiate sets nothing and takes what the line says.
    pub fn check_version(&self, config: &ServeConfig) -> Result<(), ServeError> {
        let Some(offered) = self.text("PLUGIN_PROTOCOL_VERSIONS") else {
            return Ok(());
        };
        let own = config.protocol_version;
        if offered
            .split(',')
            .any(|version| version.trim().parse() == Ok(own))
        {
            return Ok(());
        }
        Err(ServeError::NoSharedProtocol {
            host: config.host,
            offered,
            own,
        })
    }

    /// The certificate that the host will present, if it wants TLS at all.
    pub fn client_certificate(&self) -> Result<Option<CertificateDer<'static>>, ServeError> {
        self.text("PLUGIN_CLIENT_CERT")
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()))
            .transpose()
            .map_err(ServeError::ClientCertificate)
    }

    /// Whether the host understands a seventh field of the handshake line, which
    /// says whether the plugin multiplexes its broker's streams.
    pub fn asks_for_multiplexing(&self) -> bool {
        self.get("PLUGIN_MULTIPLEX_GRPC").is_some()
    }

    /// Where the unix socket has to be.
    #[cfg(any(unix, test))]
    pub fn socket_place(&self) -> SocketPlace {
        SocketPlace {
            directory: self.get("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            group: self.text("PLUGIN_UNIX_SOCKET_GROUP"),
        }
    }

    /// The lowest and the highest TCP port that the host allows.
    #[cfg(any(not(unix), test))]
    pub fn ports(&self) -> Result<(u16, u16), ServeError> {
        let port = |variable: &'static str, default| match self.text(variable) {
            None => Ok(default),
            Some(value) => value
                .trim()
                .parse()
                .map_err(|_| ServeError::Port { variable, value }),
        };
        let (min, max) = (
            port("PLUGIN_MIN_PORT", DEFAULT_PORTS.0)?,
            port("PLUGIN_MAX_PORT", DEFAULT_PORTS.1)?,
        );
        if min > max {
            return Err(ServeError::PortRange { min, max });
        }
        Ok((min, max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn config() -> ServeConfig {
        ServeConfig {
            host: "Host",
            address: "example.com/a/b".into(),
            protocol_version: 6,
            cookie_key: "COOKIE",
            cookie_value: "chocolate",
            reattach_variable: "REATTACH",
            ending: CancellationToken::new(),
        }
    }

    fn environment(
        variables: &[(&'static str, &'static str)],
    ) -> Environment<impl Fn(&str) -> Option<OsString>> {
        let variables = variables.to_vec();
        Environment(move |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(*value))
        })
    }

    #[test]
    fn the_cookie_must_match_exactly() {
        let check = |variables: &[_]| environment(variables).check_cookie(&config());
        assert!(check(&[("COOKIE", "chocolate")]).is_ok());
        for variables in [
            &[][..],
            &[("COOKIE", "")],
            &[("COOKIE", "Chocolate")],
            &[("COOKIE", "chocolate ")],
        ] {
            let error = check(variables).expect_err("no cookie, no service");
            assert!(
                error.to_string().starts_with("This program is a Host plugin."),
                "{error}"
            );
        }
    }

    #[test]
    fn a_shared_version_is_found_in_any_order() {
        let check =
            |versions| environment(&[("PLUGIN_PROTOCOL_VERSIONS", versions)]).check_version(&config());
        for versions in ["6", "5,6", "6,5", "7, 6 ,5", ""] {
            assert!(check(versions).is_ok(), "{versions}");
        }
        for versions in ["5", "4,5", "66", "six", ",", "-6"] {
            let message = check(versions).expect_err(versions).to_string();
            assert!(message.contains(&format!("version(s) {versions},")), "{message}");
            assert!(message.contains("speaks version 6 only"), "{message}");
        }
    }

    #[test]
    fn a_certificate_that_is_none_is_an_error_and_not_a_plain_server() {
        assert!(
            environment(&[])
                .client_certificate()
                .expect("no TLS wanted")
                .is_none()
        );
        assert!(
            environment(&[("PLUGIN_CLIENT_CERT", "")])
                .client_certificate()
                .expect("same")
                .is_none()
        );
        for text in [
            "nonsense",
            "-----BEGIN CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            environment(&[("PLUGIN_CLIENT_CERT", text)])
                .client_certificate()
                .expect_err(text);
        }
    }

    #[test]
    fn ports_come_from_the_host_or_default() {
        assert_eq!(environment(&[]).ports().expect("default"), (10_000, 25_000));
        let ports = |min, max| environment(&[("PLUGIN_MIN_PORT", min), ("PLUGIN_MAX_PORT", max)]).ports();
        assert_eq!(ports("1", "2").expect("range"), (1, 2));
        assert!(matches!(
            ports("3", "2"),
            Err(ServeError::PortRange { min: 3, max: 2 })
        ));
        assert!(matches!(
            ports("70000", "2"),
            Err(ServeError::Port {
                variable: "PLUGIN_MIN_PORT",
                ..
            })
        ));
        assert!(matches!(
            ports("1", "-1"),
            Err(ServeError::Port {
                variable: "PLUGIN_MAX_PORT",
                ..
            })
        ));
    }

    #[test]
    fn the_socket_is_put_where_the_host_says() {
        let place = environment(&[
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/x"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "staff"),
        ])
        .socket_place();
        assert_eq!(
            place,
            SocketPlace {
                directory: Some("/run/x".into()),
                group: Some("staff".into())
            }
        );
        assert_eq!(
            environment(&[("PLUGIN_UNIX_SOCKET_DIR", "")]).socket_place(),
            SocketPlace::default()
        );
    }
}
