//! Lengths of time as people write them in settings: `250ms`, `2s`, `5m`, `1h`, `19h40m`.

use std::time::Duration;

/// The longest length of time a setting may name: 400 days.
pub const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// The form of a readable length of time; used in messages about malformed settings.
pub const EXPECTED: &str = "a length of time such as 250ms, 2s, 5m, 1h or 19h40m";

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a length of time: whole numbers each followed by a unit, the larger unit first, each unit
/// at most once. `None` when it is anything else or longer than [`LONGEST`].
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total_ms: u64 = 0;
    let mut smallest = u64::MAX;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (count, unit_ms, after) = one_part(rest)?;
        if unit_ms >= smallest {
            return None;
        }
        smallest = unit_ms;
        total_ms = total_ms.checked_add(count.checked_mul(unit_ms)?)?;
        rest = after;
    }
    let total = Duration::from_millis(total_ms);
    (total <= LONGEST).then_some(total)
}

fn one_part(text: &str) -> Option<(u64, u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, rest) = text.split_at_checked(digits)?;
    let letters = rest
        .find(|c: char| c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at_checked(letters)?;
    let (_, unit_ms) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((count.parse().ok()?, *unit_ms, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_as_written() {
        for (text, ms) in [
            ("0s", 0),
            ("250ms", 250),
            ("2s", 2_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("24h", 86_400_000),
            ("19h40m", 70_800_000),
            ("1d2h3m4s5ms", 93_784_005),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            " ",
            "5",
            "s",
            "5 s",
            "-5s",
            "1.5s",
            "5S",
            "5sec",
            "40m19h",
            "1h1h",
            "1s1m",
            "5s ",
            "٣s",
            "99999999999999999999s",
            "401d",
            "18446744073709551615ms",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
