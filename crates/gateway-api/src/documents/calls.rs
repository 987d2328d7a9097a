//! The table of calls: what each takes, what it answers, what it may refuse for.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use super::page_calls::page_calls;
use crate::http::error::ErrorCode;
use crate::orders::params::list_orders::{LIMIT_MAX, WAIT_SECS_MAX};
use crate::refunds::calls::money_calls;
use crate::reports::calls::report_calls;
use crate::webhook_endpoints::calls::webhook_calls;

/// One call of the API.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Its `operationId`.
    pub id: &'static str,
    /// The HTTP method.
    pub verb: &'static str,
    /// The path with `{…}` for its parameters.
    pub path: &'static str,
    /// In a few words.
    pub summary: &'static str,
    /// What else is to be known; may be empty.
    pub description: &'static str,
    pub(crate) needs_key: bool,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<&'static str>,
    /// Status, meaning, schema.
    pub(crate) replies: &'static [(&'static str, &'static str, Option<&'static str>)],
    pub(crate) errors: &'static [ErrorCode],
}

/// One parameter of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `path`, `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) schema: fn() -> RefOr<Schema>,
}

pub(crate) const fn query(
    name: &'static str,
    meaning: &'static str,
    schema: fn() -> RefOr<Schema>,
) -> Parameter {
    Parameter {
        name,
        place: "query",
        meaning,
        schema,
    }
}

/// The place of a query parameter that must be there.
pub(crate) const REQUIRED_QUERY: &str = "query, required";

pub(crate) const fn required_query(
    name: &'static str,
    meaning: &'static str,
    schema: fn() -> RefOr<Schema>,
) -> Parameter {
    Parameter {
        place: REQUIRED_QUERY,
        ..query(name, meaning, schema)
    }
}

pub(crate) const ORDER_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The order's id.",
    schema: order_id,
};

pub(crate) const KEY_HEADER: Parameter = Parameter {
    name: "Idempotency-Key",
    place: "header",
    meaning: "Your own name for this request; the same key and body give the same reply again.",
    schema: key,
};

const LIST_PARAMETERS: &[Parameter] = &[
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
    query("limit", "How many, 50 when absent.", limit),
    query("cursor", "`next_cursor` of the page before.", text),
];

const WAIT_PARAMETERS: &[Parameter] = &[
    ORDER_ID,
    query(
        "wait",
        "Hold the reply up to so many seconds until the order changes.",
        wait,
    ),
    query(
        "version",
        "Hold until the version exceeds this; the present one when absent.",
        version,
    ),
];

const ORDER: Option<&str> = Some("Order");

/// What every call with a key may refuse for.
macro_rules! keyed_errors {
    ($($code:ident),* $(,)?) => {
        &[
            ErrorCode::MalformedRequest, ErrorCode::Unauthorized, ErrorCode::Forbidden, ErrorCode::RateLimited,
            ErrorCode::StorageUnavailable, $(ErrorCode::$code,)*
        ]
    };
}
pub(crate) use keyed_errors;

const CREATE_ORDER: Call = Call {
    id: "create_order",
    verb: "POST",
    path: "/v1/orders",
    summary: "Make an order",
    description: "With `payment` it is payable at once; without, the payer chooses on the checkout page.",
    needs_key: true,
    parameters: &[KEY_HEADER],
    body: Some("CreateOrder"),
    replies: &[
        (
            "201",
            "Made; `next_action` of its payment says what the payer does.",
            ORDER,
        ),
        (
            "202",
            "Made; the provider's answer is outstanding and being resolved.",
            ORDER,
        ),
    ],
    errors: keyed_errors![
        MalformedJson,
        BodyTooLarge,
        UnsupportedMediaType,
        ReferenceExists,
        RequestInProgress,
        ValidationFailed,
        IdempotencyKeyReused,
        ChannelUnavailable,
        ProviderRejected,
        ProviderUnavailable,
    ],
};

const LIST_ORDERS: Call = Call {
    id: "list_orders",
    verb: "GET",
    path: "/v1/orders",
    summary: "List orders, newest first",
    description: "Ask again with `cursor` = `next_cursor` until that is `null`. Where few orders fit several filters at \
        once, a page may hold fewer than `limit`, or none, although more follow.",
    needs_key: true,
    parameters: LIST_PARAMETERS,
    body: None,
    replies: &[("200", "A page.", Some("OrderPage"))],
    errors: keyed_errors![],
};

const READ_ORDER: Call = Call {
    id: "read_order",
    verb: "GET",
    path: "/v1/orders/{id}",
    summary: "Read an order, or wait for its next change",
    description: "",
    needs_key: true,
    parameters: WAIT_PARAMETERS,
    body: None,
    replies: &[("200", "The order.", ORDER)],
    errors: keyed_errors![NotFound],
};

const ADD_PAYMENT: Call = Call {
    id: "add_payment",
    verb: "POST",
    path: "/v1/orders/{id}/payments",
    summary: "Pay another way, or retry a failed payment",
    description: "Without `Idempotency-Key` the open payment of the same method and channel is returned.",
    needs_key: true,
    parameters: &[ORDER_ID, KEY_HEADER],
    body: Some("PaymentChoice"),
    replies: &[
        ("200", "The payment was open already.", ORDER),
        ("201", "Made.", ORDER),
        (
            "202",
            "Made; the provider's answer is outstanding and being resolved.",
            ORDER,
        ),
    ],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        RequestInProgress,
        OrderPaid,
        OrderNotPayable,
        ValidationFailed,
        IdempotencyKeyReused,
        ChannelUnavailable,
        ProviderRejected,
        ProviderUnavailable,
    ],
};

const CANCEL_ORDER: Call = Call {
    id: "cancel_order",
    verb: "POST",
    path: "/v1/orders/{id}/cancel",
    summary: "Cancel an order that is not paid",
    description: "QRIS is cancelled at the provider too. The body is absent or `{}`.",
    needs_key: true,
    parameters: &[ORDER_ID],
    body: None,
    replies: &[("200", "Cancelled.", ORDER)],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        OrderPaid,
        StateConflict,
        ValidationFailed,
        ProviderUnavailable,
    ],
};

const SYNC_ORDER: Call = Call {
    id: "sync_order",
    verb: "POST",
    path: "/v1/orders/{id}/sync",
    summary: "Ask the provider now and apply its answer",
    description: "At most once in 2 s per order. The body is absent or `{}`.",
    needs_key: true,
    parameters: &[ORDER_ID],
    body: None,
    replies: &[("200", "The order as it is now.", ORDER)],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        ValidationFailed,
        ProviderRejected,
        ProviderUnavailable,
    ],
};

/// Every call that is documented.
#[must_use]
pub fn calls() -> Vec<Call> {
    [
        CREATE_ORDER,
        LIST_ORDERS,
        READ_ORDER,
        ADD_PAYMENT,
        CANCEL_ORDER,
        SYNC_ORDER,
    ]
    .into_iter()
    .chain(money_calls())
    .chain(report_calls())
    .chain(webhook_calls())
    .chain(page_calls())
    .collect()
}

pub(crate) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

pub(crate) fn one_of(names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    string().enum_values(Some(names)).into()
}

pub(crate) fn integer(min: u32, max: u32) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .minimum(Some(min))
        .maximum(Some(max))
        .into()
}

pub(crate) fn text() -> RefOr<Schema> {
    string().min_length(Some(1)).into()
}

pub(crate) fn time() -> RefOr<Schema> {
    string()
        .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
            utoipa::openapi::KnownFormat::DateTime,
        )))
        .into()
}

fn order_id() -> RefOr<Schema> {
    string().pattern(Some("^ord_[0-9a-f]{32}$")).into()
}

fn key() -> RefOr<Schema> {
    string().pattern(Some("^[!-~]{1,255}$")).into()
}

pub(crate) fn order_status() -> RefOr<Schema> {
    one_of(
        ayolinx_core::states::OrderState::ALL
            .iter()
            .map(|state| state.as_str()),
    )
}

pub(crate) fn method() -> RefOr<Schema> {
    one_of(
        ayolinx_core::method::Method::ALL
            .iter()
            .map(|method| method.as_str()),
    )
}

pub(crate) fn limit() -> RefOr<Schema> {
    integer(1, u32::from(LIMIT_MAX))
}

fn wait() -> RefOr<Schema> {
    integer(0, u32::from(WAIT_SECS_MAX))
}

fn version() -> RefOr<Schema> {
    integer(0, i32::MAX.unsigned_abs())
}
