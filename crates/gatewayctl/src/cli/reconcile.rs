//! What `reconcile` is told.

use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Reconcile {
    /// Payments made at or after this time (2026-11-21T00:00:00+07:00) or day in Jakarta (2026-11-21).
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) from: DateTime<Utc>,
    /// Payments made before this time, or day in Jakarta.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) to: DateTime<Utc>,
    /// So many questions under way at once; each channel's inquiries_per_second holds besides.
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) at_once: u8,
    /// Stop after so many minutes and say where to go on.
    #[arg(long, value_name = "MINUTES", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) deadline: u32,
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.with_timezone(&Utc));
    }
    let midnight = text
        .parse::<NaiveDate>()
        .ok()
        .and_then(|day| day.and_hms_opt(0, 0, 0));
    let jakarta = ayolinx_core::provider_time::JAKARTA;
    midnight
        .and_then(|time| jakarta.from_local_datetime(&time).single())
        .map(|time| time.with_timezone(&Utc))
        .ok_or_else(|| "a time such as 2026-11-21T00:00:00+07:00, or a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_jakarta() {
        let day = moment("2026-11-21").unwrap();
        assert_eq!(day, moment("2026-11-21T00:00:00+07:00").unwrap());
        assert!(moment("yesterday").is_err());
    }
}
