//! Writes and strictly reads times (protocol 2.2, 7.2). The clock itself is read by the callers.

use chrono::{DateTime, TimeDelta, Utc};

const JAKARTA: TimeDelta = TimeDelta::hours(7);

/// Formats `2025-06-01T10:15:30+07:00`.
pub(crate) fn jakarta(time: DateTime<Utc>) -> String {
    (time + JAKARTA)
        .format("%Y-%m-%dT%H:%M:%S+07:00")
        .to_string()
}

/// Formats `2025-06-01T03:15:30+00:00`, as the QRIS query spells it.
pub(crate) fn utc(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Formats with the payment link's fault: UTC clock, Jakarta label (protocol 4.11).
pub(crate) fn mislabelled(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+07:00").to_string()
}

/// Returns the day an `X-EXTERNAL-ID` counts for.
pub(crate) fn jakarta_day(time: DateTime<Utc>) -> i64 {
    (time + JAKARTA).timestamp().div_euclid(86_400)
}

/// Parses `yyyy-MM-ddTHH:mm:ssXXX` with a numeric offset: no fraction, no `Z`.
pub(crate) fn parse_header(text: &str) -> Option<DateTime<Utc>> {
    (text.len() == 25).then_some(())?;
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%:z")
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

/// Parses `YYYY-MM-DDTHH:mm:ss+07:00` and no other offset.
pub(crate) fn parse_jakarta(text: &str) -> Option<DateTime<Utc>> {
    text.ends_with("+07:00").then_some(())?;
    parse_header(text)
}

/// Parses unix seconds as text, ten digits.
pub(crate) fn parse_epoch(text: &str) -> Option<DateTime<Utc>> {
    crate::protocol::fields::is_digits(text, 10, 10).then_some(())?;
    DateTime::from_timestamp(text.parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_forms_are_read() {
        let time = DateTime::from_timestamp(1_748_747_730, 0).unwrap();
        assert_eq!(jakarta(time), "2025-06-01T10:15:30+07:00");
        assert_eq!(utc(time), "2025-06-01T03:15:30+00:00");
        assert_eq!(mislabelled(time), "2025-06-01T03:15:30+07:00");
        assert_eq!(parse_jakarta("2025-06-01T10:15:30+07:00"), Some(time));
        assert_eq!(parse_header("2025-06-01T03:15:30+00:00"), Some(time));
        assert_eq!(parse_epoch("1748747730"), Some(time));
        for wrong in [
            "2025-06-01T10:15:30.000+07:00",
            "2025-06-01T03:15:30Z",
            "2025-06-01 10:15:30+07:00",
            "2025-06-01T10:15:30+0700",
        ] {
            assert_eq!(parse_header(wrong), None, "{wrong}");
        }
        assert_eq!(parse_jakarta("2025-06-01T03:15:30+00:00"), None);
        assert_eq!(parse_epoch("1748747730000"), None);
    }
}
