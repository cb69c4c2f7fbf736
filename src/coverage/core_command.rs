//! What the core that started this process was asked to do.

use std::fs;

use super::process::parent_id;

/// Whether the core applies a saved plan, `terraform apply FILE`: its only plan is then the final one. What cannot be seen, as
/// on systems without `/proc`, is taken for no.
pub fn applies_saved_plan() -> bool {
    let line = fs::read(format!("/proc/{}/cmdline", parent_id())).unwrap_or_default();
    is_apply_of_file(line.split(|byte| *byte == 0).skip(1))
}

/// Options come before the file, and those of `apply` have their value in the same word.
fn is_apply_of_file<'a>(arguments: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut words = arguments.filter(|word| !word.is_empty() && !word.starts_with(b"-"));
    words.next() == Some(b"apply") && words.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_apply_with_a_file_applies_a_saved_plan() {
        let is = |line: &str| is_apply_of_file(line.split(' ').map(str::as_bytes));
        assert!(is("apply saved.tfplan"));
        assert!(is("-chdir=x apply -input=false -no-color saved.tfplan"));
        for line in [
            "apply",
            "apply -auto-approve",
            "plan",
            "plan -out=saved.tfplan",
            "test",
            "",
        ] {
            assert!(!is(line), "{line}");
        }
    }
}
