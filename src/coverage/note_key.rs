//! [`Key`]: what a note is about.

use sha2::{Digest, Sha256};

/// The name of a note: what it is about, so that only the very same plan finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key made of these parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(
            digest
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }

    /// As it stands in names of files.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
