//! Which processes these are: this one, and the core that started it.

use std::path::Path;

#[cfg(target_os = "linux")]
use super::process_files as system;
#[cfg(not(target_os = "linux"))]
use super::process_table as system;

pub use system::{boot, namespace, parent_id, start_of};

/// This process: its id, and its start.
pub fn own_process() -> String {
    let own = std::process::id();
    format!("{own}-{}", start_of(own).unwrap_or_default())
}

/// The core process that started this one: its id, and its start, since ids come back.
pub fn core_process() -> String {
    let core = parent_id();
    format!("{core}-{}", start_of(core).unwrap_or_default())
}

/// The registry whose name is in the path of every provider that OpenTofu installs by a source address without a host, whether
/// from there, a mirror or a cache (OpenTofu documentation, "Provider Installation").
const TOFU_REGISTRY: &str = "registry.opentofu.org";

/// The name of the core's executable; none where the system does not show it.
fn core_program() -> Option<String> {
    let program = system::program_of(parent_id())?;
    Some(program.file_name()?.to_string_lossy().into_owned())
}

/// Whether the core process is OpenTofu, which calls itself by a version of its own; none where the system does not show it.
/// Somebody may have called its executable `terraform`: then it shows by where it installed this one.
pub fn core_is_tofu() -> Option<bool> {
    let own = std::env::current_exe().unwrap_or_default();
    let program = core_program();
    is_installed_by_tofu(&own)
        .then_some(true)
        .or_else(|| Some(program?.contains("tofu")))
}

/// Whether a provider that lies there was installed by OpenTofu.
fn is_installed_by_tofu(provider: &Path) -> bool {
    provider
        .components()
        .any(|part| part.as_os_str() == TOFU_REGISTRY)
}

/// What the core was asked to do: the words of its command line from the command on, for example `apply`, `-auto-approve`. None where
/// the system does not show it.
pub fn core_command() -> Option<Vec<Vec<u8>>> {
    let words = system::words_of(parent_id())?;
    Some(command_of(
        words.iter().skip(1).map(|word| word.as_encoded_bytes()),
    ))
}

/// Words of a command line from the command on.
pub fn command_of<'a>(words: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    // An interpreter's command line has the program's path first.
    let is_command = |word: &&[u8]| !word.starts_with(b"-") && !word.contains(&b'/');
    words
        .filter(|word| !word.is_empty())
        .skip_while(|word| !is_command(word))
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_provider_lies_tells_of_its_core() {
        let end = "example/mirror/0.1.0/linux_amd64/terraform-provider-mirror";
        let lies =
            |host: &str| is_installed_by_tofu(Path::new(&format!("/work/.terraform/providers/{host}/{end}")));
        assert!(lies("registry.opentofu.org"));
        assert!(!lies("registry.terraform.io") && !lies("mirror.example.org"));
        assert!(!is_installed_by_tofu(Path::new("")));
    }
}
