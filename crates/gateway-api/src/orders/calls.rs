//! The calls about orders, as they are documented.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::params::list_orders::WAIT_SECS_MAX;
use crate::description::call::{
    Call, KEY_HEADER, ORDER_ID, Parameter, document, integer, keyed_errors, limit, one_of, query,
    read, text, time,
};
use crate::http::error::ErrorCode;

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

const CREATE_ORDER: Call = Call {
    id: "create_order",
    verb: "POST",
    path: "/v1/orders",
    summary: "Create an order",
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
    summary: "List orders",
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
    summary: "Retrieve an order",
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
    summary: "Add a payment to an order",
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
    summary: "Cancel an order",
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
    summary: "Sync an order with the provider",
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

const TIMELINE: Call = read(
    "read_order_timeline",
    "/v1/orders/{id}/timeline",
    "See everything that happened to an order",
    &[ORDER_ID],
    &[("200", "Oldest first.", Some("Timeline"))],
);

const QR_SVG: Call = Call {
    needs_key: true,
    parameters: &[ORDER_ID],
    errors: keyed_errors![NotFound],
    ..document(
        "read_order_qr_svg",
        "/v1/orders/{id}/qr.svg",
        "Get the QR of an order's payable QRIS payment as SVG",
        &[("200", "The picture.", Some("image/svg+xml"))],
    )
};

const QR_PNG: Call = Call {
    needs_key: true,
    parameters: &[
        ORDER_ID,
        query("size", "Width and height in pixels, 512 when absent.", size),
    ],
    errors: keyed_errors![NotFound],
    ..document(
        "read_order_qr_png",
        "/v1/orders/{id}/qr.png",
        "Get the QR of an order's payable QRIS payment as PNG",
        &[("200", "The picture.", Some("image/png"))],
    )
};

/// The calls that make, read and change orders.
pub(crate) const CALLS: &[Call] = &[
    CREATE_ORDER,
    LIST_ORDERS,
    READ_ORDER,
    ADD_PAYMENT,
    CANCEL_ORDER,
    SYNC_ORDER,
];

/// The call that reads an order's timeline.
pub(crate) const TIMELINE_CALLS: &[Call] = &[TIMELINE];

/// The calls that read an order's QR pictures.
pub(crate) const QR_CALLS: &[Call] = &[QR_SVG, QR_PNG];

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

fn wait() -> RefOr<Schema> {
    integer(0, u32::from(WAIT_SECS_MAX))
}

fn version() -> RefOr<Schema> {
    integer(0, i32::MAX.unsigned_abs())
}

fn size() -> RefOr<Schema> {
    integer(64, 1024)
}
