//! Starts `ec2-sandbox` and talks to its control endpoint.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use terraform_provider_mirror::ec2::{Account, AccountConfig, Endpoints, Secret};

/// A running sandbox; it ends with this value.
pub struct Sandbox {
    child: Child,
    pub url: String,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Both fail only when the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("EC2_SANDBOX") {
        return path.into();
    }
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("ec2-sandbox")
}

impl Sandbox {
    pub fn start(options: &[&str]) -> Self {
        let binary = binary();
        let mut child = Command::new(&binary)
            .args(["--listen", "127.0.0.1:0", "--no-throttle"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; cargo build -p ec2-sandbox", binary.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url }
    }

    /// The fleet that the sandbox's documentation lists.
    pub fn sample() -> Self {
        let fleet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox/fleets/sample.yaml");
        Self::start(&["--fleet", fleet.to_str().unwrap()])
    }

    pub fn config(&self) -> AccountConfig {
        AccountConfig {
            region: Some("eu-west-1".into()),
            access_key: Some(Secret::new("AKIASANDBOX000000000")),
            secret_key: Some(Secret::new("sandbox")),
            endpoints: Endpoints {
                ec2: Some(self.url.clone()),
                sts: Some(self.url.clone()),
                elbv2: Some(self.url.clone()),
            },
            ..AccountConfig::default()
        }
    }

    pub async fn account(&self) -> Account {
        let account = Account::connect(self.config()).await.unwrap();
        // Each look of a test is to see what the test did.
        account.begin_apply();
        account
    }

    fn control(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        let length = body.len();
        let head = format!("{method} /_sandbox{path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\n");
        let type_and_length = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        stream
            .write_all((head + &type_and_length + body).as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    pub fn fault(&self, fault: &str) {
        self.control("POST", "/faults", fault);
    }

    /// How often the sandbox got calls of the action.
    pub fn calls(&self, action: &str) -> u64 {
        let ledger = self.control("GET", "/ledger?calls=false", "");
        ledger["actions"][action]["calls"].as_u64().unwrap_or_default()
    }
}
