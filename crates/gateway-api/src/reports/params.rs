//! The query of `GET /v1/reports/daily`.

use chrono::NaiveDate;

use crate::http::error::ApiError;
use crate::http::query::Query;

pub(crate) const REPORT_PARAMETERS: &[&str] = &["date"];

/// Reads the day a report is about.
///
/// # Errors
/// 400 `malformed_request` when it is absent or no date as in RFC 3339.
pub fn parse_report_date(query: &str) -> Result<NaiveDate, ApiError> {
    let query = Query::parse(query, REPORT_PARAMETERS)?;
    let date = query.text("date").and_then(read_date);
    date.ok_or_else(|| {
        ApiError::malformed_request("query parameter date: must be a day as 2026-11-20")
    })
}

/// Reads exactly `YYYY-MM-DD`: chrono alone would accept fewer digits and signs too.
fn read_date(text: &str) -> Option<NaiveDate> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = is_shaped.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d"));
    date?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_and_nothing_else() {
        let day = parse_report_date("date=2028-02-29").unwrap();
        assert_eq!(day, NaiveDate::from_ymd_opt(2028, 2, 29).unwrap());
        for bad in [
            "",
            "date=",
            "date=2026-11-31",
            "date=2026-02-29",
            "date=2026-1-1",
            "date=20261120",
            "date=+026-01-01",
            "date=2026-11-20T00:00:00Z",
            "date=2026-11-20&date=2026-11-20",
            "date=2026-11-20&day=1",
            "date=today",
        ] {
            assert!(parse_report_date(bad).is_err(), "{bad}");
        }
    }
}
