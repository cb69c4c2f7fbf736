//! What the core that started this process was asked to do.

use std::fs::{self, File};
use std::io::Read;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::provider::core_process::core_command;

/// Options of `apply` that may have their value in the next word.
const WITH_VALUE: [&[u8]; 15] = [
    b"var",
    b"var-file",
    b"target",
    b"target-file",
    b"exclude",
    b"exclude-file",
    b"invoke",
    b"replace",
    b"parallelism",
    b"lock-timeout",
    b"state",
    b"state-out",
    b"backup",
    b"json-into",
    b"deprecation",
];

/// How a saved plan begins: as a zip file, or as what OpenTofu makes of it where it encrypts plans.
const PLAN_BEGINS: [&[u8]; 2] = [b"PK\x03\x04", b"{\"meta\":"];
/// As many bytes as the longer one has, and more.
const LONGEST_BEGIN: u64 = 16;

/// Whether the core applies a saved plan, `terraform apply FILE`: its only plan is then the final one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SavedPlan {
    /// It does not.
    None,
    /// It does. When the file was written; none when that cannot be seen.
    Applied(Option<SystemTime>),
    /// What it does cannot be seen, for example because it runs as another user.
    Unseen,
}

impl SavedPlan {
    /// Of the core that started this process.
    pub fn of_core() -> Self {
        static FOUND: OnceLock<SavedPlan> = OnceLock::new();
        *FOUND.get_or_init(|| {
            let Some(words) = core_command() else {
                return Self::Unseen;
            };
            match applied_file(&words, is_plan) {
                // The core is in its directory by now, whatever -chdir says, and this process with it.
                Some(file) => {
                    let metadata = fs::metadata(path(file));
                    Self::Applied(metadata.and_then(|metadata| metadata.modified()).ok())
                }
                None => Self::None,
            }
        })
    }

    /// Whether it certainly does.
    pub fn is_applied(self) -> bool {
        matches!(self, Self::Applied(_))
    }
}

/// Whether it is a file that begins as a plan does. The value of an option that is not known here is none.
fn is_plan(file: &[u8]) -> bool {
    let file = path(file);
    // To open a pipe would wait for whoever writes into it.
    if !fs::metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut begin = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST_BEGIN).read_to_end(&mut begin));
    read.is_ok() && PLAN_BEGINS.iter().any(|plan| begin.starts_with(plan))
}

fn path(word: &[u8]) -> String {
    String::from_utf8_lossy(word).into_owned()
}

/// The file that `apply` names: the first plan that is neither an option nor the value of one.
fn applied_file(command: &[Vec<u8>], is_plan: impl Fn(&[u8]) -> bool) -> Option<&[u8]> {
    let mut words = command.iter().map(Vec::as_slice);
    if words.next()? != b"apply" {
        return None;
    }
    loop {
        let word = words.next()?;
        let Some(option) = word.strip_prefix(b"-") else {
            if is_plan(word) {
                return Some(word);
            }
            continue;
        };
        let option = option.strip_prefix(b"-").unwrap_or(option);
        if WITH_VALUE.contains(&option) {
            words.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::core_process::command_of;

    #[test]
    fn only_an_apply_with_a_file_applies_a_saved_plan() {
        let file = |line: &str| {
            let command = command_of(line.split(' ').map(str::as_bytes));
            applied_file(&command, |_| true).map(|file| String::from_utf8_lossy(file).into_owned())
        };
        let saved = Some("saved.tfplan".to_owned());
        assert_eq!(file("apply saved.tfplan"), saved);
        assert_eq!(file("-chdir=x apply -input=false -no-color saved.tfplan"), saved);
        assert_eq!(file("/opt/bin/terraform apply saved.tfplan"), saved);
        assert_eq!(file("apply -parallelism 3 -backup=x saved.tfplan"), saved);
        for line in [
            "apply",
            "apply -auto-approve",
            "apply -var region=eu-west-1",
            "apply -target-file targets.txt",
            "apply -json-into out.json",
            "apply -deprecation module:local -auto-approve",
            "apply -auto-approve --var-file prod.tfvars -target mirror_coverage.prod",
            "plan",
            "plan -out=saved.tfplan",
            "plan -out saved.tfplan",
            "test",
            "",
        ] {
            assert_eq!(file(line), None, "{line}");
        }
    }

    #[test]
    fn a_saved_plan_begins_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for (name, text) in [
            ("zipped", "PK\u{3}\u{4}\u{14}"),
            (
                "encrypted",
                r#"{"meta":{"key_provider.pbkdf2.k":"e"},"encrypted_data":"#,
            ),
            ("log", r#"{"@level":"info","@message":"OpenTofu 1.12.6"}"#),
            ("empty", ""),
        ] {
            fs::write(path(name), text).unwrap();
        }
        let plans =
            ["zipped", "encrypted", "log", "empty", "missing"].map(|name| is_plan(path(name).as_bytes()));
        assert_eq!(plans, [true, true, false, false, false]);
        assert!(!is_plan(folder.path().to_str().unwrap().as_bytes()));
        let (log, plan) = (path("log"), path("zipped"));
        let command = ["apply", "-new-option", &log, &plan].map(|word| word.as_bytes().to_vec());
        assert_eq!(applied_file(&command, is_plan), Some(plan.as_bytes()));
        assert_eq!(applied_file(&command[..3], is_plan), None);
    }
}
