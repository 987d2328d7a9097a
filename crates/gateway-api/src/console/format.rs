//! Money and time as operators read them.

use ayolinx_core::money::Amount;
use chrono::{DateTime, FixedOffset, Utc};

use crate::pages::rupiah::rupiah;

const JAKARTA_OFFSET_SECONDS: i32 = 7 * 3600;

/// Converts a time to Jakarta's zone.
pub(super) fn jakarta(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(JAKARTA_OFFSET_SECONDS) {
        Some(offset) => at.with_timezone(&offset),
        None => at.fixed_offset(),
    }
}

/// Formats a time in Jakarta: `2026-11-22 07:30:12`.
pub(super) fn when(at: DateTime<Utc>) -> String {
    jakarta(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Formats a time in Jakarta, `2026-11-22 07:30:12`, or returns a dash.
pub(super) fn when_or_never(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), when)
}

/// Formats an amount: `Rp150.000`, or `-Rp150.000`.
pub(super) fn whole_rupiah(whole: i64) -> String {
    let sign = if whole < 0 { "-" } else { "" };
    match Amount::rupiah(whole.saturating_abs()) {
        Ok(amount) => format!("{sign}{}", rupiah(amount)),
        Err(_too_much) => format!("Rp{whole}"),
    }
}

/// Returns a word of the database for people: `unknown_reference` becomes `unknown reference`.
pub(super) fn plain(word: &str) -> String {
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_and_time_are_those_of_jakarta() {
        let at = DateTime::parse_from_rfc3339("2026-11-21T18:00:05Z").unwrap();
        assert_eq!(when(at.with_timezone(&Utc)), "2026-11-22 01:00:05");
        assert_eq!(whole_rupiah(150_000), "Rp150.000");
        assert_eq!(whole_rupiah(-1_000), "-Rp1.000");
    }
}
