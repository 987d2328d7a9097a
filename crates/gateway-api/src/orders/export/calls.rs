//! The call that exports all orders, as it is documented.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::description::call::{Call, Parameter, keyed_errors, one_of, query, text, time};
use crate::http::error::ErrorCode;
use crate::orders::calls::{method, order_status};

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
    summary: "Export orders",
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

/// All export calls.
pub(crate) const CALLS: &[Call] = &[EXPORT_ORDERS];

fn format() -> RefOr<Schema> {
    one_of(["csv", "ndjson"])
}

fn yes_or_no() -> RefOr<Schema> {
    one_of(["true", "false"])
}
