//! The form of a region's name.

use super::model::Texts;
use crate::framework::{AttributePath, Diagnostic, Diagnostics};

/// Whether the text has the form of a region name: `eu-west-1`, `us-gov-east-1`, `mx-central-1`.
pub fn looks_like_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(letters)
        && parts
            .last()
            .is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
}

/// The error for a region that cannot be one.
pub fn not_a_region(region: &str) -> Diagnostic {
    Diagnostic::error(
        "Not an AWS region",
        format!(
            "{region:?} does not have the form of an AWS region. Use its code, for example \"eu-west-1\"."
        ),
    )
}

/// Checks the argument `regions`, as far as it is known. An empty text is for the check of lists to find.
pub fn check_regions(regions: &Texts, diagnostics: &mut Diagnostics) {
    for (index, region) in regions.known().into_iter().flatten().enumerate() {
        let region = region.as_str().filter(|region| !region.is_empty());
        if let Some(region) = region.filter(|region| !looks_like_region(region)) {
            diagnostics.push(not_a_region(region).at(AttributePath::root("regions").index(index)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_by_their_form() {
        for good in ["eu-west-1", "us-gov-east-1", "ap-southeast-10", "us-iso-east-1"] {
            assert!(looks_like_region(good), "{good}");
        }
        for bad in [
            "",
            "eu-west",
            "eu-west-1a",
            "EU-WEST-1",
            "nowhere",
            "eu--1",
            "http://x-y-1",
        ] {
            assert!(!looks_like_region(bad), "{bad}");
        }
    }
}
