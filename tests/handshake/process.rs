//! The plugin's process as a host holds it.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What Terraform sets so that a provider knows who starts it.
pub const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

const PROGRAM: &str = env!("CARGO_BIN_EXE_terraform-provider-mirror");

/// A running plugin; killed when dropped.
pub struct Plugin {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<std::thread::JoinHandle<String>>,
    /// The handshake line, once read.
    pub line: String,
    /// The plugin's temporary directory.
    pub temporary: tempfile::TempDir,
}

/// A command with Terraform's environment, and nothing of ours.
fn command(arguments: &[&str], temporary: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_clear()
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
    let temporary = tempfile::tempdir().expect("a directory");
    let mut command = command(arguments, temporary.path());
    change(&mut command);
    let output = command.output().expect("the program runs");
    let left = std::fs::read_dir(temporary.path()).expect("readable").count();
    assert_eq!(left, 0, "nothing is left behind");
    output
}

/// Starts the plugin as a host does and reads its handshake line.
pub async fn start(change: impl FnOnce(&mut Command)) -> Plugin {
    let mut plugin = Plugin::spawn(&[], change);
    plugin.line = plugin.next_line().await;
    plugin
}

/// Starts the plugin below a shell, which plays the host, and tells where its
/// socket is.
pub async fn start_under_a_shell() -> (Child, PathBuf) {
    let temporary = std::env::temp_dir();
    let mut shell = Command::new("/bin/sh");
    // A command after it keeps the shell from becoming the plugin.
    shell
        .args(["-c", "\"$0\"; exit", PROGRAM])
        .env_clear()
        .env(COOKIE.0, COOKIE.1)
        .env("PLUGIN_PROTOCOL_VERSIONS", "6")
        .env("TMPDIR", temporary)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut shell = shell.spawn().expect("a shell");
    let stdout = BufReader::new(shell.stdout.take().expect("piped"));
    let (line, _) = read_line(stdout).await;
    (shell, PathBuf::from(line.split('|').nth(3).expect("a path")))
}

/// Waits for `condition`, and says whether it came to hold.
pub async fn eventually(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !condition() && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    condition()
}

async fn read_line(mut reader: BufReader<ChildStdout>) -> (String, BufReader<ChildStdout>) {
    let read = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("readable");
        (line, reader)
    });
    let (line, reader) = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("a line in time")
        .expect("no panic");
    (line.strip_suffix('\n').expect("a whole line").to_owned(), reader)
}

impl Plugin {
    /// Starts the program and reads nothing yet.
    pub fn spawn(arguments: &[&str], change: impl FnOnce(&mut Command)) -> Plugin {
        let temporary = tempfile::tempdir().expect("a directory");
        let mut command = command(arguments, temporary.path());
        change(&mut command);
        let mut child = command.spawn().expect("the program starts");
        let mut stderr = child.stderr.take().expect("piped");
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("UTF-8");
            text
        });
        let stdout = child.stdout.take().map(BufReader::new);
        Plugin {
            child,
            stdout,
            stderr: Some(stderr),
            line: String::new(),
            temporary,
        }
    }

    async fn next_line(&mut self) -> String {
        let (line, reader) = read_line(self.stdout.take().expect("not read to its end")).await;
        self.stdout = Some(reader);
        line
    }

    pub async fn line_that_starts_with(&mut self, start: &str) -> String {
        loop {
            let line = self.next_line().await;
            if line.starts_with(start) {
                return line;
            }
        }
    }

    /// The socket that the handshake line names.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(self.line.split('|').nth(3).expect("a path"))
    }

    /// The certificate that the handshake line carries.
    pub fn certificate(&self) -> Vec<u8> {
        use base64::Engine;
        let text = self.line.split('|').nth(5).expect("a sixth field");
        base64::engine::general_purpose::STANDARD_NO_PAD
            .decode(text)
            .expect("base64")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("/bin/sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &self.id().to_string()])
            .status()
            .expect("a shell");
        assert!(status.success());
    }

    /// The exit code, once it has ended by itself.
    pub async fn exit_code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What came on stdout after the lines read so far. The process must have ended.
    pub fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.stdout
            .take()
            .expect("read once")
            .read_to_string(&mut rest)
            .expect("UTF-8");
        rest
    }

    /// The whole log. The process must have ended.
    pub fn stderr(&mut self) -> String {
        self.stderr.take().expect("read once").join().expect("no panic")
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        // Either may fail, when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
