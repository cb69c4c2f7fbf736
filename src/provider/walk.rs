//! Whether what is read may be shared: only while core plans does nothing change between two readers.

use std::ops::RangeInclusive;

use super::core_process::{core_command, core_is_tofu};

/// The versions of Terraform that send `deferral_allowed` in the apply walk, and not while they plan. No OpenTofu does, whose versions
/// have the same numbers.
pub const TELLING: RangeInclusive<(u32, u32)> = (1, 9)..=(1, 17);

/// What can be known of the core that started this process, besides the version that it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Core {
    /// Whether it is OpenTofu.
    is_tofu: Option<bool>,
    /// What it was asked to do, for example `apply`.
    command: Option<String>,
}

impl Core {
    /// The core that runs. Where a system does not show its processes, nothing is known of it.
    pub(super) fn running() -> Self {
        let command = core_command().and_then(|words| words.into_iter().next());
        Self {
            is_tofu: core_is_tofu(),
            command: command.map(|word| String::from_utf8_lossy(&word).into_owned()),
        }
    }

    /// Whether the walk that begins is certainly not the one that applies. `hint` is `deferral_allowed` of ConfigureProvider.
    pub(super) fn only_plans(&self, version: (u32, u32), hint: bool) -> bool {
        let tells = TELLING.contains(&version) && self.is_tofu == Some(false);
        let command = self.command.as_deref();
        !hint
            && (tells
                || command.is_some_and(|command| ["plan", "refresh", "import", "query"].contains(&command)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERRAFORM: Option<bool> = Some(false);
    const TOFU: Option<bool> = Some(true);

    fn only_plans(is_tofu: Option<bool>, command: &str, version: (u32, u32), hint: bool) -> bool {
        let command = (!command.is_empty()).then(|| command.to_owned());
        let core = Core { is_tofu, command };
        core.only_plans(version, hint)
    }

    #[test]
    fn a_core_that_tells_is_believed() {
        for command in ["apply", "plan", "test", ""] {
            assert!(only_plans(TERRAFORM, command, (1, 15), false));
            assert!(!only_plans(TERRAFORM, command, (1, 15), true));
        }
    }

    #[test]
    fn of_others_only_a_command_that_never_applies_is_a_plan() {
        for (core, version) in [
            (TERRAFORM, (1, 0)),
            (TERRAFORM, (1, 18)),
            (TOFU, (1, 12)),
            (None, (1, 15)),
        ] {
            for command in ["apply", "destroy", "test", "console", ""] {
                assert!(!only_plans(core, command, version, false), "{core:?} {command}");
            }
            assert!(only_plans(core, "plan", version, false));
        }
    }
}
