//! EC2's filters: `Filter.N.Name` and `Value.M` with `*`, `?` and `\`.

use serde::Deserialize;

use crate::failure::Failure;
use crate::state::Tags;

/// At most this many filters in a request.
const MOST_FILTERS: usize = 50;
/// At most this many values in all filters of a request: EC2's message speaks of "a single call".
const MOST_VALUES: usize = 200;
/// At most this many characters in a value.
const LONGEST_VALUE: usize = 255;

/// A filter as it stands in a request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Filter {
    /// What is compared.
    #[serde(default)]
    pub name: String,
    /// One of these must match.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Checks the documented limits.
pub fn within_limits(filters: &[Filter]) -> Result<(), Failure> {
    if filters.len() > MOST_FILTERS {
        return Err(Failure::new(
            "FilterLimitExceeded",
            format!("At most {MOST_FILTERS} filters are allowed"),
        ));
    }
    if filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MOST_VALUES {
        return Err(Failure::new(
            "FilterLimitExceeded",
            format!("The maximum number of filter values specified on a single call is {MOST_VALUES}"),
        ));
    }
    for filter in filters {
        if filter.name.is_empty() {
            return Err(Failure::missing_parameter("Filter.Name"));
        }
        if filter.values.is_empty() {
            return Err(Failure::invalid_parameter(format!(
                "The filter '{}' has no value",
                filter.name
            )));
        }
        if filter.values.iter().any(|v| v.chars().count() > LONGEST_VALUE) {
            let text = format!(
                "A value of the filter '{}' has more than {LONGEST_VALUE} characters",
                filter.name
            );
            return Err(Failure::invalid_parameter(text));
        }
    }
    Ok(())
}

impl Filter {
    /// Whether one of the resource's values matches one of the filter's.
    pub fn matches<S: AsRef<str>>(&self, found: &[S]) -> bool {
        found
            .iter()
            .any(|text| self.values.iter().any(|pattern| glob(pattern, text.as_ref())))
    }

    /// A `tag:KEY`, `tag-key` or `tag-value` filter; none if it is another.
    pub fn matches_tags(&self, tags: &Tags) -> Option<bool> {
        match self.name.as_str() {
            "tag-key" => Some(tags.keys().any(|key| self.matches(&[key]))),
            "tag-value" => Some(tags.values().any(|value| self.matches(&[value]))),
            name => {
                let key = name.strip_prefix("tag:")?;
                Some(tags.get(key).is_some_and(|value| self.matches(&[value])))
            }
        }
    }
}

/// Whether `text` fits `pattern`: `*` any characters, `?` one, `\` takes the next literally. Case-sensitive.
pub fn glob(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '\\']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to resume when a guess for the last star fails.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('\\') if p + 1 < pattern.len() => (pattern[p + 1] == text[t]).then_some(2),
            Some(literal) => (*literal == text[t]).then_some(1),
            None => None,
        };
        match (step, star) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            (None, Some((after, from))) => {
                star = Some((after, from + 1));
                p = after;
                t = from + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("abc", "abc", true),
            ("abc", "ABC", false),
            ("a*c", "abbbc", true),
            ("a*c", "abbbd", false),
            ("*", "", true),
            ("?", "", false),
            ("a?c", "abc", true),
            ("*b*b", "abab", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("a\\?b", "a?b", true),
            ("\\\\", "\\", true),
            ("*a", "aaab", false),
            ("ü?", "üü", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_star_heavy_pattern_is_quick() {
        assert!(!glob(&format!("{}b", "a*".repeat(60)), &"a".repeat(50_000)));
    }

    #[test]
    fn limits() {
        let filter = |n: usize| Filter {
            name: "vpc-id".into(),
            values: vec!["x".into(); n],
        };
        assert!(within_limits(&vec![filter(1); 50]).is_ok());
        assert_eq!(
            within_limits(&vec![filter(1); 51]).unwrap_err().code,
            "FilterLimitExceeded"
        );
        assert_eq!(
            within_limits(&[filter(201)]).unwrap_err().code,
            "FilterLimitExceeded"
        );
        assert_eq!(
            within_limits(&[filter(0)]).unwrap_err().code,
            "InvalidParameterValue"
        );
    }
}
