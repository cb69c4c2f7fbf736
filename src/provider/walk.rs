//! Whether what is read may be shared: only while core plans does nothing change between two readers.

use std::ops::RangeInclusive;

use super::core_process::{core_command, core_program, is_tofu};

/// The versions of Terraform that send `deferral_allowed` in the apply walk, and not while they plan. No OpenTofu does, whose versions
/// have the same numbers.
pub const TELLING: RangeInclusive<(u32, u32)> = (1, 9)..=(1, 17);

/// What can be known of the core that started this process, besides the version that it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Core {
    /// The name of its executable.
    program: Option<String>,
    /// What it was asked to do, for example `apply`.
    command: Option<String>,
}

impl Core {
    /// The core that runs. Where a system does not show its processes, nothing is known of it.
    pub(super) fn running() -> Self {
        let command = core_command().and_then(|words| words.into_iter().next());
        Self {
            program: core_program(),
            command: command.map(|word| String::from_utf8_lossy(&word).into_owned()),
        }
    }

    /// Whether the walk that begins is certainly not the one that applies. `hint` is `deferral_allowed` of ConfigureProvider.
    pub(super) fn only_plans(&self, version: (u32, u32), hint: bool) -> bool {
        let tells =
            TELLING.contains(&version) && self.program.as_ref().is_some_and(|program| !is_tofu(program));
        let command = self.command.as_deref();
        !hint
            && (tells
                || command.is_some_and(|command| ["plan", "refresh", "import", "query"].contains(&command)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_plans(program: &str, command: &str, version: (u32, u32), hint: bool) -> bool {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let core = Core {
            program: named(program),
            command: named(command),
        };
        core.only_plans(version, hint)
    }

    #[test]
    fn a_core_that_tells_is_believed() {
        for command in ["apply", "plan", "test", ""] {
            assert!(only_plans("terraform", command, (1, 15), false));
            assert!(!only_plans("terraform", command, (1, 15), true));
        }
    }

    #[test]
    fn of_others_only_a_command_that_never_applies_is_a_plan() {
        for (program, version) in [
            ("terraform", (1, 0)),
            ("terraform", (1, 18)),
            ("tofu", (1, 12)),
            ("", (1, 15)),
        ] {
            for command in ["apply", "destroy", "test", "console", ""] {
                assert!(
                    !only_plans(program, command, version, false),
                    "{program} {command}"
                );
            }
            assert!(only_plans(program, "plan", version, false));
        }
    }
}
