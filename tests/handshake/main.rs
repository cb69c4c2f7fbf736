//! The built provider as a host meets it: a process, a line on stdout, a socket.
//! Nothing here knows what the provider serves beside go-plugin's own services.

mod host;
mod process;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use host::{Client, Identity};
use process::{Plugin, start};
use serde_json::Value;

#[tokio::test]
async fn the_line_names_a_private_socket_and_the_certificate() {
    let client = Identity::new();
    let plugin = start(|command| client.announce(command)).await;

    let fields: Vec<&str> = plugin.line.split('|').collect();
    assert_eq!(fields.len(), 6, "{}", plugin.line);
    assert_eq!((&fields[..3], fields[4]), (&["1", "6", "unix"][..], "grpc"));
    let certificate = STANDARD_NO_PAD
        .decode(fields[5])
        .expect("standard base64 without padding");
    assert_eq!(certificate[0], 0x30, "a DER sequence");

    let socket = std::path::Path::new(fields[3]);
    assert!(socket.starts_with(plugin.temporary.path()));
    let directory = socket.parent().expect("a directory");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(directory)
        .expect("it exists")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn without_a_client_certificate_the_sixth_field_is_empty_and_the_socket_is_plain() {
    let plugin = start(|_| ()).await;
    assert!(plugin.line.ends_with("|grpc|"), "{}", plugin.line);
    assert_eq!(
        Client::plain(&plugin).await.expect("connected").health().await,
        Ok("SERVING")
    );
}

#[tokio::test]
async fn the_socket_is_put_where_the_host_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let plugin = start(|command| {
        command.env("PLUGIN_UNIX_SOCKET_DIR", directory.path());
    })
    .await;
    assert!(plugin.socket().starts_with(directory.path()), "{}", plugin.line);
}

#[test]
fn started_by_hand_it_says_what_it_is() {
    for cookie in [None, Some(""), Some("wrong")] {
        let output = process::run(&[], |command| {
            match cookie {
                None => command.env_remove(process::COOKIE.0),
                Some(value) => command.env(process::COOKIE.0, value),
            };
        });
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        let message = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(
            message.contains("Terraform plugin") && message.contains("--help"),
            "{message}"
        );
    }
}

#[test]
fn no_shared_version_is_an_error_that_names_both() {
    let output = process::run(&[], |command| {
        command.env("PLUGIN_PROTOCOL_VERSIONS", "5,4");
    });
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        message.contains("5,4") && message.contains("version 6 only"),
        "{message}"
    );
}

#[tokio::test]
async fn a_shared_version_is_found_in_any_order() {
    for versions in ["6,5", "5,6"] {
        let plugin = start(|command| {
            command.env("PLUGIN_PROTOCOL_VERSIONS", versions);
        })
        .await;
        assert!(plugin.line.starts_with("1|6|"), "{}", plugin.line);
    }
}

#[test]
fn a_certificate_that_is_none_starts_no_server() {
    let output = process::run(&[], |command| {
        command.env("PLUGIN_CLIENT_CERT", "no certificate");
    });
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(1), &b""[..])
    );
    assert!(String::from_utf8_lossy(&output.stderr).contains("PLUGIN_CLIENT_CERT"));
}

#[tokio::test]
async fn the_announced_client_is_served() {
    let client = Identity::new();
    let plugin = start(|command| client.announce(command)).await;
    let connection = Client::trusting(&plugin, Some(&client))
        .await
        .expect("the right client connects");
    assert_eq!(connection.health().await, Ok("SERVING"));
}

#[tokio::test]
async fn nobody_else_reaches_any_method() {
    let client = Identity::new();
    let mut plugin = start(|command| client.announce(command)).await;
    let impostors = [
        ("no certificate", None),
        ("a certificate of its own", Some(Identity::new())),
        (
            "the right certificate and another key",
            Some(client.with_another_key()),
        ),
    ];
    for (what, impostor) in &impostors {
        // Shutdown leaves a trace wherever it arrives.
        shutdown_by(Client::trusting(&plugin, impostor.as_ref()).await)
            .await
            .expect_err(what);
    }
    shutdown_by(Client::plain(&plugin).await)
        .await
        .expect_err("no TLS at all");

    let connection = Client::trusting(&plugin, Some(&client))
        .await
        .expect("still accepting");
    assert_eq!(connection.health().await, Ok("SERVING"));
    assert!(plugin.is_running());
}

/// Calls Shutdown, if there is a connection at all.
async fn shutdown_by(client: Result<Client, String>) -> Result<(), String> {
    client?.shutdown().await
}

#[tokio::test]
async fn a_silent_client_keeps_nobody_waiting() {
    let client = Identity::new();
    let plugin = start(|command| client.announce(command)).await;
    let _silent = tokio::net::UnixStream::connect(plugin.socket())
        .await
        .expect("connected");
    // Well before the silent one's time is up.
    let beside = tokio::time::timeout(Duration::from_secs(5), Client::trusting(&plugin, Some(&client)));
    let connection = beside.await.expect("in time").expect("connected");
    assert_eq!(connection.health().await, Ok("SERVING"));
}

#[tokio::test]
async fn shutdown_ends_the_process_though_a_call_is_open() {
    let client = Identity::new();
    let mut plugin = start(|command| client.announce(command)).await;
    let connection = Client::trusting(&plugin, Some(&client)).await.expect("connected");
    let _open = connection
        .watch()
        .await
        .expect("a stream that ends with the server only");
    let directory = plugin.socket().parent().expect("a directory").to_owned();

    let asked = Instant::now();
    connection.shutdown().await.expect("answered before the end");
    assert_eq!(plugin.exit_code().await, Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "the host kills after 2 s"
    );
    assert!(!directory.exists());
    assert_eq!(plugin.rest_of_stdout(), "");
}

#[tokio::test]
async fn an_interrupt_is_the_hosts_to_handle() {
    let client = Identity::new();
    let mut plugin = start(|command| client.announce(command)).await;
    let connection = Client::trusting(&plugin, Some(&client)).await.expect("connected");
    for _ in 0..3 {
        plugin.signal("INT");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(plugin.is_running());
    assert_eq!(connection.health().await, Ok("SERVING"));
}

#[tokio::test]
async fn sigterm_ends_it_cleanly() {
    let client = Identity::new();
    let mut plugin = start(|command| client.announce(command)).await;
    let connection = Client::trusting(&plugin, Some(&client)).await.expect("connected");
    assert_eq!(connection.health().await, Ok("SERVING"));
    let directory = plugin.socket().parent().expect("a directory").to_owned();
    plugin.signal("TERM");
    assert_eq!(plugin.exit_code().await, Some(0));
    assert!(!directory.exists());
}

#[tokio::test]
async fn it_does_not_outlive_its_host() {
    let (mut shell, socket) = process::start_under_a_shell().await;
    let directory = socket.parent().expect("a directory").to_owned();
    assert!(directory.exists());
    shell.kill().expect("killed as a host is");
    shell.wait().expect("gone");
    let ended = process::eventually(|| !directory.exists()).await;
    if !ended {
        // Or it would outlive the tests, too.
        shutdown_by(Client::plain_at(&socket).await)
            .await
            .expect("it still serves");
    }
    assert!(ended, "the orphan must end and clean up");
}

#[tokio::test]
async fn debug_mode_says_where_to_attach_and_ends_on_ctrl_c() {
    let mut plugin = Plugin::spawn(&["-debug"], |command| {
        command.env_remove(process::COOKIE.0);
    });
    let line = plugin.line_that_starts_with("TF_REATTACH_PROVIDERS=").await;
    let quoted = line
        .strip_prefix("TF_REATTACH_PROVIDERS='")
        .and_then(|rest| rest.strip_suffix('\''));
    let providers: Value = serde_json::from_str(quoted.expect("quoted for a shell")).expect("JSON");
    let (address, provider) = providers
        .as_object()
        .expect("a map")
        .iter()
        .next()
        .expect("one provider");
    // Without a host, so that Terraform and OpenTofu each take it for their own registry's.
    assert_eq!(address, "mirror-toolkit/mirror");
    assert_eq!(provider["Protocol"], "grpc");
    assert_eq!(provider["ProtocolVersion"], 6);
    assert_eq!(provider["Pid"], plugin.id());
    assert_eq!(provider["Test"], true);
    assert_eq!(provider["Addr"]["Network"], "unix");

    let socket = std::path::Path::new(provider["Addr"]["String"].as_str().expect("a path")).to_owned();
    let connection = Client::plain_at(&socket).await.expect("no TLS");
    assert_eq!(connection.health().await, Ok("SERVING"));
    plugin.signal("INT");
    assert_eq!(plugin.exit_code().await, Some(0));
    assert!(!socket.exists());
}

#[tokio::test]
async fn logs_are_lines_that_the_host_can_read() {
    let client = Identity::new();
    let mut plugin = start(|command| {
        client.announce(command);
        command
            .env("TF_LOG", "off")
            .env("TF_LOG_PROVIDER", "")
            .env("TF_LOG_PROVIDER_MIRROR", "trace");
    })
    .await;
    // A refused client makes a library's error part of a line.
    shutdown_by(Client::plain(&plugin).await)
        .await
        .expect_err("no TLS");
    let connection = Client::trusting(&plugin, Some(&client)).await.expect("connected");
    connection.shutdown().await.expect("answered");
    assert_eq!(plugin.exit_code().await, Some(0));

    let log = plugin.stderr();
    assert!(log.lines().count() >= 3, "{log}");
    for line in log.lines() {
        let entry: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["@level", "@message", "@timestamp", "@module"] {
            assert!(entry[key].is_string(), "{key} in {line}");
        }
        assert!(
            entry
                .as_object()
                .is_some_and(|keys| !keys.values().any(|value| value.is_object())),
            "{line}"
        );
    }
    assert!(log.contains(r#""@module":"mirror.go_plugin"#), "{log}");
}

#[tokio::test]
async fn off_is_silence_and_the_special_variable_comes_first() {
    let mut plugin = start(|command| {
        command
            .env("TF_LOG", "trace")
            .env("TF_LOG_PROVIDER_MIRROR", "OFF");
    })
    .await;
    Client::plain(&plugin)
        .await
        .expect("connected")
        .shutdown()
        .await
        .expect("answered");
    assert_eq!(plugin.exit_code().await, Some(0));
    assert_eq!(plugin.stderr(), "");
}

#[test]
fn the_command_line_answers_people() {
    let answer = |arguments: &[&str]| {
        let output = process::run(arguments, |command| {
            command.env_remove(process::COOKIE.0);
        });
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("UTF-8"),
            String::from_utf8(output.stderr).expect("UTF-8"),
        )
    };
    let (code, stdout, stderr) = answer(&["--version"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains(env!("CARGO_PKG_VERSION")), "{stdout}");

    let (code, stdout, stderr) = answer(&["--help"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(
        stdout.contains("-debug") && stdout.contains("--version"),
        "{stdout}"
    );

    for unknown in ["--frobnicate", "frobnicate"] {
        let (code, stdout, stderr) = answer(&[unknown]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        assert!(
            stderr.contains("frobnicate") && stderr.contains("--help"),
            "{stderr}"
        );
    }
}
