//! The lines on stdout by which a host finds the server.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;

use super::ServeConfig;
use super::listener::Address;

/// The version of the handshake line itself.
const HANDSHAKE_VERSION: u32 = 1;

/// The handshake line, without its line break.
///
/// The sixth field is the server's leaf certificate, or nothing without TLS: its
/// bar stays. The seventh exists only for hosts that ask for it, since older ones
/// would read it as part of the sixth; we never multiplex.
pub fn handshake(
    protocol_version: u32,
    address: &Address,
    certificate: Option<&CertificateDer<'_>>,
    asks_for_multiplexing: bool,
) -> String {
    let certificate = certificate
        .map(|der| STANDARD_NO_PAD.encode(der))
        .unwrap_or_default();
    let multiplexing = if asks_for_multiplexing { "|false" } else { "" };
    let Address { network, address } = address;
    format!("{HANDSHAKE_VERSION}|{protocol_version}|{network}|{address}|grpc|{certificate}{multiplexing}")
}

/// What a developer reads in debug mode: how to make the host attach.
pub fn reattach(config: &ServeConfig, address: &Address, process_id: u32) -> String {
    let plugin = serde_json::json!({
        config.address.as_str(): {
            "Protocol": "grpc",
            "ProtocolVersion": config.protocol_version,
            "Pid": process_id,
            // The host must not end a process that a debugger may hold.
            "Test": true,
            "Addr": { "Network": address.network, "String": address.address },
        }
    });
    // Within single quotes a shell takes everything but the single quote as it is.
    let quoted = plugin.to_string().replace('\'', r"'\''");
    let prefix = if cfg!(windows) { "$env:" } else { "" };
    format!(
        "The plugin is running. Set this variable where {} runs, and it will use this process:\n\n\
         {prefix}{}='{quoted}'\n\nCtrl-C ends it.",
        config.host, config.reattach_variable,
    )
}

/// Writes one announcement to stdout at once.
pub fn announce(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{text}\n").as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn unix() -> Address {
        Address {
            network: "unix",
            address: "/tmp/o'clock/s".into(),
        }
    }

    #[test]
    fn the_handshake_line_has_six_fields() {
        let certificate = CertificateDer::from(vec![0xfb, 0xff, 0x00, 0x01]);
        assert_eq!(
            handshake(6, &unix(), Some(&certificate), false),
            "1|6|unix|/tmp/o'clock/s|grpc|+/8AAQ",
            "standard alphabet, no padding"
        );
        let tcp = Address {
            network: "tcp",
            address: "127.0.0.1:10001".into(),
        };
        assert_eq!(handshake(6, &tcp, None, false), "1|6|tcp|127.0.0.1:10001|grpc|");
        assert_eq!(
            handshake(6, &unix(), None, true),
            "1|6|unix|/tmp/o'clock/s|grpc||false"
        );
    }

    #[test]
    fn the_reattach_line_survives_a_shell() {
        let config = ServeConfig {
            host: "Host",
            address: "example.com/a/b".into(),
            protocol_version: 6,
            cookie_key: "COOKIE",
            cookie_value: "chocolate",
            reattach_variable: "REATTACH",
            ending: CancellationToken::new(),
        };
        let text = reattach(&config, &unix(), 42);
        let line = text
            .lines()
            .find(|line| line.starts_with("REATTACH="))
            .expect("one line");
        assert!(
            line.contains(r#""Pid":42"#) && line.contains(r"/tmp/o'\''clock/s"),
            "{line}"
        );
    }
}
