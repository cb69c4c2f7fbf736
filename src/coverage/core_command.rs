//! What the core that started this process was asked to do.

use std::fs;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::provider::core_process::core_command;

/// Options of `apply` that may have their value in the next word.
const WITH_VALUE: [&[u8]; 13] = [
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
];

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
            match applied_file(&words) {
                // The core is in its directory by now, whatever -chdir says, and this process with it.
                Some(file) => {
                    let file = String::from_utf8_lossy(file).into_owned();
                    Self::Applied(fs::metadata(file).and_then(|metadata| metadata.modified()).ok())
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

/// The file that `apply` names: the first word that is neither an option nor the value of one.
fn applied_file(command: &[Vec<u8>]) -> Option<&[u8]> {
    let mut words = command.iter().map(Vec::as_slice);
    if words.next()? != b"apply" {
        return None;
    }
    loop {
        let word = words.next()?;
        let Some(option) = word.strip_prefix(b"-") else {
            return Some(word);
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
            applied_file(&command).map(|file| String::from_utf8_lossy(file).into_owned())
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
}
