//! Durations as the AWS provider writes them: those of Go, `1h`, `2h45m`, `30m15s`.

use std::time::Duration;

/// The duration that the text tells, in whole seconds; none if it tells none.
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at(digits);
        let (length, factor) = match unit.as_bytes() {
            [b'h', ..] => (1, 3600),
            [b'm', b's', ..] => return None,
            [b'm', ..] => (1, 60),
            [b's', ..] => (1, 1),
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = &unit[length..];
    }
    (!text.is_empty()).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_go() {
        for (text, seconds) in [
            ("1h", 3600),
            ("2h45m", 9900),
            ("30m15s", 1815),
            ("900s", 900),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "1",
            "h",
            "1d",
            "1h30",
            "-1h",
            "1.5h",
            "10ms",
            "99999999999999999999h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
