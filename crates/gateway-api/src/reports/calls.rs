//! The calls that tell of many orders at once.

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};

use crate::documents::calls::{
    Call, Parameter, keyed_errors, method, one_of, order_status, query, required_query, string,
    text, time,
};
use crate::http::error::ErrorCode;

const REPORT_PARAMETERS: &[Parameter] = &[required_query("date", "The day, in Jakarta.", date)];

const DAILY_REPORT: Call = Call {
    id: "read_daily_report",
    verb: "GET",
    path: "/v1/reports/daily",
    summary: "See what happened on a day",
    description: "By channel, for a day in Jakarta. Orders are counted on the day on which it happened to them, money on \
                  the day on which it was booked: the sum of all days is the sum of the books. A day is complete a minute after it ends.",
    needs_key: true,
    parameters: REPORT_PARAMETERS,
    body: None,
    replies: &[("200", "The figures of the day.", Some("DailyReport"))],
    errors: keyed_errors![],
};

const EXPORT_PARAMETERS: &[Parameter] = &[
    query("format", "`csv` when absent.", format),
    query(
        "bom",
        "`true`: the CSV begins with a byte order mark, by which Excel knows UTF-8.",
        yes_or_no,
    ),
    query("reference", "Exactly this reference.", text),
    query("status", "In this state.", order_status),
    query("method", "With a payment of this method.", method),
    query("channel", "With a payment by this channel.", text),
    query("created_from", "Made at or after.", time),
    query("created_to", "Made before.", time),
    query("paid_from", "Paid at or after.", time),
    query("paid_to", "Paid before.", time),
    query(
        "rrn",
        "With a receipt of this retrieval reference number.",
        text,
    ),
];

const EXPORT_ORDERS: Call = Call {
    id: "export_orders",
    verb: "GET",
    path: "/v1/orders/export",
    summary: "Take away all orders as one file",
    description: "Newest first, without a limit. `csv`: a header, then a line per order, where a \
                  cell that a spreadsheet could take for a formula begins with `'`; `ndjson`: an order as JSON per line. \
                  The reply is whole only if its last chunk came. Two at once per merchant, more are 429.",
    needs_key: true,
    parameters: EXPORT_PARAMETERS,
    body: None,
    replies: &[(
        "200",
        "The file.",
        Some("text/csv; charset=utf-8 | application/x-ndjson"),
    )],
    errors: keyed_errors![],
};

pub(crate) fn report_calls() -> [Call; 2] {
    [DAILY_REPORT, EXPORT_ORDERS]
}

fn format() -> RefOr<Schema> {
    one_of(["csv", "ndjson"])
}

fn yes_or_no() -> RefOr<Schema> {
    one_of(["true", "false"])
}

fn date() -> RefOr<Schema> {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .into()
}
