//! A point in time, to the second, written as RFC 3339 in UTC.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The text is no RFC 3339 time.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    #[error("it is no RFC 3339 time")]
    Parse(#[from] time::error::Parse),
    #[error("the time lies out of the years 0 to 9999")]
    Range,
}

/// A point in time. It reads every RFC 3339 text, drops fractions of seconds and writes itself as `2026-03-01T12:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The time so many seconds after 1970 began.
    ///
    /// # Errors
    ///
    /// When the year has not four digits.
    pub fn from_seconds(seconds: i64) -> Result<Self, TimestampError> {
        let time = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| TimestampError::Range)?;
        (0..=9999)
            .contains(&time.year())
            .then_some(Self(time))
            .ok_or(TimestampError::Range)
    }

    /// Seconds since 1970 began.
    pub fn seconds(self) -> i64 {
        self.0.unix_timestamp()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second) = self.0.to_hms();
        let month = u8::from(month);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time = OffsetDateTime::parse(text, &Rfc3339)?;
        Self::from_seconds(
            time.checked_to_offset(UtcOffset::UTC)
                .ok_or(TimestampError::Range)?
                .unix_timestamp(),
        )
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_moment_is_the_same() {
        for text in [
            "2026-03-01T12:00:00Z",
            "2026-03-01T13:00:00.999+01:00",
            "2026-03-01T00:00:00-12:00",
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), "2026-03-01T12:00:00Z");
            assert_eq!(time.seconds(), 1_772_366_400);
        }
    }

    #[test]
    fn other_text_is_an_error() {
        for text in [
            "",
            "now",
            "2026-03-01",
            "2026-13-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_read_back(seconds in 0_i64..253_402_300_800) {
            let time = Timestamp::from_seconds(seconds).unwrap();
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }
}
