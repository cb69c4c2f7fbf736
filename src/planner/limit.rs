//! A limit as it is configured: a number or a share.

use std::fmt;
use std::str::FromStr;

/// `"100"` or `"10%"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Count(u64),
    /// 0 to 100.
    Percent(u8),
}

/// The text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("a limit is a whole number (\"100\") or a percentage (\"10%\"), not an empty string")]
    Empty,
    #[error("a limit is a whole number (\"100\") or a percentage (\"10%\"), not {0:?}")]
    NotANumber(String),
    #[error("{0} is more than any account can have")]
    TooLarge(String),
    #[error("a percentage goes from 0% to 100%, and {0} is outside")]
    PercentOutOfRange(String),
}

impl Limit {
    /// How many of these it allows.
    ///
    /// A share is rounded down, but any share above 0% of anything is at least one: otherwise "10%" would stand in the way
    /// of a small fleet's every change, and a staged roll-out would never begin.
    pub fn allowed(self, of: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(0) => 0,
            // Divided first, so that no number overflows.
            Self::Percent(percent) => {
                let percent = usize::from(percent);
                let share = of / 100 * percent + of % 100 * percent / 100;
                share.max(1).min(of)
            }
        }
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(LimitError::Empty);
        }
        let (digits, is_percent) = match text.strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LimitError::NotANumber(text.to_owned()));
        }
        if is_percent {
            let percent = digits.parse().ok().filter(|percent: &u8| *percent <= 100);
            percent
                .map(Self::Percent)
                .ok_or_else(|| LimitError::PercentOutOfRange(text.to_owned()))
        } else {
            digits
                .parse()
                .map(Self::Count)
                .map_err(|_| LimitError::TooLarge(text.to_owned()))
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_percentages_are_read() {
        for (text, expected) in [
            ("0", Limit::Count(0)),
            ("100", Limit::Count(100)),
            ("0%", Limit::Percent(0)),
            ("10%", Limit::Percent(10)),
            ("100%", Limit::Percent(100)),
        ] {
            assert_eq!(text.parse(), Ok(expected));
            assert_eq!(expected.to_string(), text);
        }
    }

    #[test]
    fn the_error_says_what_is_wrong() {
        for (text, part) in [
            ("", "not an empty string"),
            ("ten", "not \"ten\""),
            ("%", "not \"%\""),
            ("-1", "not \"-1\""),
            ("+1", "not \"+1\""),
            (" 1", "not \" 1\""),
            ("1.5%", "not \"1.5%\""),
            ("10 %", "not \"10 %\""),
            ("10%%", "not \"10%%\""),
            ("101%", "101% is outside"),
            ("99999999999%", "is outside"),
            ("99999999999999999999", "more than any account"),
        ] {
            let error = text.parse::<Limit>().unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_share_is_rounded_down_to_at_least_one() {
        for (limit, of, expected) in [
            (Limit::Percent(10), 100, 10),
            (Limit::Percent(10), 109, 10),
            (Limit::Percent(10), 5, 1),
            (Limit::Percent(10), 0, 0),
            (Limit::Percent(0), 1000, 0),
            (Limit::Percent(100), 7, 7),
            (Limit::Percent(99), usize::MAX, usize::MAX / 100 * 99 + 14),
            (Limit::Count(3), 1, 3),
            (Limit::Count(0), 9, 0),
        ] {
            assert_eq!(limit.allowed(of), expected, "{limit} of {of}");
        }
    }

    proptest! {
        #[test]
        fn a_share_never_exceeds_the_whole_and_grows_with_it(percent in 0_u8..=100, of in 0_usize..100_000) {
            let limit = Limit::Percent(percent);
            prop_assert!(limit.allowed(of) <= of);
            prop_assert!(limit.allowed(of) <= limit.allowed(of + 1));
        }

        #[test]
        fn what_is_shown_is_read_back(count: u64, text in "[0-9%+ -]{0,6}") {
            prop_assert_eq!(Limit::Count(count).to_string().parse(), Ok(Limit::Count(count)));
            if let Ok(limit) = text.parse::<Limit>() {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }
    }
}
