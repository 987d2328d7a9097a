//! The provider's times: one spelling out, many spellings in (protocol 2.3, 7.2, 10 #11, #12, #16).

use chrono::{DateTime, FixedOffset, NaiveDateTime, SecondsFormat, TimeZone as _, Utc};

/// Jakarta, UTC+7 all year.
pub const JAKARTA: FixedOffset = match FixedOffset::east_opt(7 * 3600) {
    Some(offset) => offset,
    None => panic!("seven hours is an offset"),
};

const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// Formats as `2025-06-01T10:15:30+07:00`: `X-TIMESTAMP`, `validUpTo`, `expiredDate`, `expiryTime`.
#[must_use]
pub fn format_jakarta(time: DateTime<Utc>) -> String {
    // A leap second, as the library writes it, is a second that no clock of the provider shows.
    let whole = DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time);
    whole
        .with_timezone(&JAKARTA)
        .to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Formats as unix seconds: the e-wallet's `validUpTo`.
#[must_use]
pub fn format_unix_seconds(time: DateTime<Utc>) -> String {
    time.timestamp().to_string()
}

/// Reads ISO 8601 with any offset, `Z`, or none (then Jakarta), unix seconds and unix milliseconds.
/// `None` for everything else: an unreadable time is as good as an absent one.
#[must_use]
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_unix(text);
    }
    parse_with_offset(text)
        .or_else(|| parse_local(text))
        .filter(|time| !is_leap_second(*time))
}

/// Returns whether the time was written with `:60`, which is hardly ever a time: no rule says when
/// the next leap second is, and none has been since 2016.
#[must_use]
pub fn is_leap_second(time: DateTime<Utc>) -> bool {
    time.timestamp_subsec_nanos() >= NANOS_PER_SECOND
}

fn parse_unix(digits: &str) -> Option<DateTime<Utc>> {
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        9..=10 => DateTime::from_timestamp(number, 0),
        12..=13 => DateTime::from_timestamp_millis(number),
        _ => None,
    }
}

fn parse_with_offset(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

fn parse_local(text: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
        .ok()?;
    JAKARTA
        .from_local_datetime(&naive)
        .single()
        .map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_instant_is_read() {
        for text in [
            "2025-06-01T10:15:30+07:00",
            "2025-06-01T03:15:30+00:00",
            "2025-06-01T03:15:30Z",
            "2025-06-01T10:15:30.000+07:00",
            "2025-06-01T10:15:30+0700",
            "2025-06-01T10:15:30",
            "2025-06-01 10:15:30",
            " 2025-06-01T10:15:30+07:00 ",
            "1748747730",
            "1748747730000",
        ] {
            let read = parse_time(text).map(|time| time.timestamp());
            assert_eq!(read, Some(1_748_747_730), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "20250602",
            "soon",
            "99999999999999999999",
            "2025-13-01T00:00:00Z",
            "2025-06-01T10:15:60+07:00",
            "2025-06-01T10:15:60",
            "2016-12-31T23:59:60Z",
            "１",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn times_go_out_in_jakarta_to_the_second() {
        let time = DateTime::from_timestamp_millis(1_748_747_730_987).unwrap();
        assert_eq!(format_jakarta(time), "2025-06-01T10:15:30+07:00");
        assert_eq!(format_unix_seconds(time), "1748747730");
    }

    #[test]
    fn no_second_goes_out_that_does_not_exist() {
        let leap = DateTime::parse_from_rfc3339("2026-11-21T23:59:60Z").unwrap();
        assert_eq!(
            format_jakarta(leap.with_timezone(&Utc)),
            "2026-11-22T06:59:59+07:00"
        );
    }
}
