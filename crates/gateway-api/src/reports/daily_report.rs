//! The daily report: days are Jakarta's.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use ayolinx_core::provider_time::JAKARTA;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use ledger::LedgerError;

use super::view::DailyReport;
use crate::http::error::ApiError;
use crate::state::{Api, storage};

/// The longest time of a report: a day with very many orders may take longer than payers' reads
/// may.
const DEADLINE: Duration = Duration::from_secs(20);

/// Reports the orders and money of a day.
///
/// # Errors
/// 429 while the shop's own reports take so long, 503 when those of other shops do or the ledger is
/// away.
pub async fn daily_report(
    api: &Api,
    merchant: MerchantId,
    date: NaiveDate,
) -> Result<DailyReport, ApiError> {
    let (from, to) = jakarta_day(date).ok_or_else(|| ApiError::malformed_request("no such day"))?;
    let _place = api.long_reads.report(merchant, DEADLINE).await?;
    let ledger = api.ledger().for_merchant(merchant);
    let report = ledger
        .at(api.urgency_of_reads())
        .transact_within(DEADLINE, move |tx| tx.report(merchant, from, to))
        .await
        .map_err(storage)?;
    DailyReport::new(date, report).map_err(|error| storage(LedgerError::Corrupt(error.to_string())))
}

/// Returns the time at which a day begins in Jakarta, and the time at which the next one does.
fn jakarta_day(date: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let midnight = date.and_time(NaiveTime::MIN).and_local_timezone(JAKARTA);
    let from = midnight.single()?.with_timezone(&Utc);
    Some((from, from.checked_add_signed(TimeDelta::days(1))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_jakarta_begins_at_five_in_the_afternoon_of_the_day_before() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let (from, to) = jakarta_day(date).unwrap();
        assert_eq!(from.to_rfc3339(), "2026-11-19T17:00:00+00:00");
        assert_eq!(to.to_rfc3339(), "2026-11-20T17:00:00+00:00");
    }
}
