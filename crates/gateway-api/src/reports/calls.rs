//! The calls that report on many orders at once, as they are documented.

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};

use crate::description::call::{Call, Parameter, keyed_errors, required_query, string};
use crate::http::error::ErrorCode;

const REPORT_PARAMETERS: &[Parameter] = &[required_query("date", "The day, in Jakarta.", date)];

const DAILY_REPORT: Call = Call {
    id: "read_daily_report",
    verb: "GET",
    path: "/v1/reports/daily",
    summary: "Retrieve the daily report",
    description: "By channel, for a day in Jakarta. Orders are counted on the day on which it happened to them, money on \
                  the day on which it was booked: the sum of all days is the sum of the books. A day is complete a minute after it ends.",
    needs_key: true,
    parameters: REPORT_PARAMETERS,
    body: None,
    replies: &[("200", "The figures of the day.", Some("DailyReport"))],
    errors: keyed_errors![],
};

/// All report calls.
pub(crate) const CALLS: &[Call] = &[DAILY_REPORT];

fn date() -> RefOr<Schema> {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .into()
}
