//! Text of others on its way into a report.

use std::borrow::Cow;

/// The text without characters that act instead of being read: control characters, line separators and those that turn the
/// direction of writing become a space or U+FFFD.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let replace = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if acts(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    Cow::Owned(text.chars().map(replace).collect())
}

fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// Plain text of at most `limit` bytes, and so of at most as many characters however a service counts them; what is cut
/// off ends in `…`.
pub fn limited(text: &str, limit: usize) -> String {
    const MARK: &str = "…";
    let text = plain(text);
    if text.len() <= limit {
        return text.into_owned();
    }
    let mut end = limit.saturating_sub(MARK.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", text[..end].trim_end())
}

/// Sentences made of parts, of which some may be empty.
pub fn sentences(parts: &[&str]) -> String {
    let mut whole = String::new();
    for part in parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
    {
        if !whole.is_empty() {
            whole.push(' ');
        }
        let mut letters = part.chars();
        whole.extend(letters.next().map(|first| first.to_uppercase().to_string()));
        whole.push_str(letters.as_str());
        if !part.ends_with(['.', '!', '?', ':']) {
            whole.push('.');
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn acting_characters_are_gone() {
        assert_eq!(
            plain("a\nb\u{0}c\u{202e}d\u{85}"),
            "a b\u{fffd}c\u{fffd}d\u{fffd}"
        );
        assert!(matches!(plain("ünï <b> 'q' 🦀"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_cut_off_is_marked() {
        assert_eq!(limited("abcdef", 6), "abcdef");
        assert_eq!(limited("abcdefg", 6), "abc…");
        assert_eq!(limited("ééé", 5), "é…");
    }

    #[test]
    fn parts_become_sentences() {
        assert_eq!(
            sentences(&["no session", "", "Apply again."]),
            "No session. Apply again."
        );
        assert_eq!(sentences(&["", " "]), "");
    }

    proptest! {
        #[test]
        fn a_limit_holds(text in any::<String>(), limit in 3_usize..300) {
            let cut = limited(&text, limit);
            prop_assert!(cut.len() <= limit);
            prop_assert!(!cut.chars().any(acts));
        }
    }
}
