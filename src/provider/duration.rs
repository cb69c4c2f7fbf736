//! Durations as the AWS provider writes them: those of Go, `1h`, `1.5h`, `2h45m`, `30m15s`.

use std::time::Duration;

/// Each with its length in nanoseconds; what begins another comes after it.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// More digits than a nanosecond can have.
const DIGITS: usize = 18;

/// The duration that the text tells; none if it tells none.
pub fn duration(text: &str) -> Option<Duration> {
    let mut nanoseconds = 0_u128;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number);
        let (unit, length) = UNITS.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        nanoseconds = nanoseconds.checked_add(part(number, length)?)?;
        rest = &after[unit.len()..];
    }
    let nanoseconds = u64::try_from(nanoseconds).ok()?;
    (!text.is_empty()).then(|| Duration::from_nanos(nanoseconds))
}

/// `1.5` times the length.
fn part(number: &str, length: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let value = |digits: &str| match digits {
        "" => Some(0),
        _ => digits.parse::<u128>().ok(),
    };
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(DIGITS)];
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let whole = value(whole)?.checked_mul(length)?;
    whole.checked_add(value(fraction)?.checked_mul(length)? / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_go() {
        for (text, milliseconds) in [
            ("1h", 3_600_000),
            ("1.5h", 5_400_000),
            (".5h", 1_800_000),
            ("1.h", 3_600_000),
            ("0.25h30m", 2_700_000),
            ("2h45m", 9_900_000),
            ("30m15s", 1_815_000),
            ("900s", 900_000),
            ("900.0000000000000000001s", 900_000),
            ("900000ms", 900_000),
            ("900000000us", 900_000),
            ("900000000\u{b5}s", 900_000),
            ("900000000000ns", 900_000),
            ("0s", 0),
        ] {
            assert_eq!(
                duration(text),
                Some(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "1",
            "h",
            ".h",
            "1d",
            "1h30",
            "-1h",
            "1.5.1h",
            "1,5h",
            "1e3s",
            "\u{b2}h",
            "99999999999999999999h",
            "999999999999999999999999999999999999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
