//! The pure core stays pure: `planner` and `report` use no I/O, no SDK and none of the rooms above them.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Lines of the room that name something they must not know.
fn offences(room: &str, forbidden: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let files = sources(&root);
    assert!(!files.is_empty(), "src/{room} has moved");
    let mut found = Vec::new();
    for file in files {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if forbidden.iter().any(|word| code.contains(word)) {
                found.push(format!("{}:{}: {line}", file.display(), number + 1));
            }
        }
    }
    found
}

#[test]
fn the_pure_core_knows_no_io() {
    for room in ["planner", "report"] {
        let forbidden = [
            "tokio",
            "aws_sdk",
            "aws_config",
            "aws_smithy",
            "tonic",
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "crate::ec2",
            "crate::framework",
            "crate::provider",
            "crate::coverage",
            "crate::audit",
            "crate::interfaces",
            "crate::functions",
            "crate::actions",
        ];
        assert_eq!(offences(room, &forbidden), Vec::<String>::new());
    }
}

#[test]
fn only_the_account_knows_the_sdks() {
    for room in [
        "framework",
        "selection",
        "provider",
        "coverage",
        "interfaces",
        "audit",
        "functions",
        "actions",
    ] {
        assert_eq!(
            offences(room, &["aws_sdk", "aws_config", "aws_smithy"]),
            Vec::<String>::new()
        );
    }
}

/// Core calls a function before the provider is configured.
#[test]
fn functions_know_no_account() {
    let forbidden = [
        "tokio",
        "async",
        "crate::provider",
        "Account",
        "std::fs",
        "std::env",
        "std::net",
    ];
    assert_eq!(offences("functions", &forbidden), Vec::<String>::new());
}

#[test]
fn the_protocol_knows_no_aws() {
    assert_eq!(
        offences("framework", &["crate::ec2", "crate::planner", "crate::coverage"]),
        Vec::<String>::new()
    );
}
