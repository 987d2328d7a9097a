//! The calls about refunds and money under review, as they are documented.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::description::call::{Call, KEY_HEADER, ORDER_ID, Parameter, keyed_errors, string};
use crate::http::error::ErrorCode;

const REFUND_ID: Parameter = Parameter {
    name: "id",
    place: "path",
    meaning: "The refund's id.",
    schema: refund_id,
};

const ASK_REFUND: Call = Call {
    id: "ask_refund",
    verb: "POST",
    path: "/v1/orders/{id}/refunds",
    summary: "Create a refund",
    description: "The provider has no call for it: somebody gives the money back and completes the refund with \
                  evidence, or the provider announces it. Nothing is booked before. Without `amount`: all that is left.",
    needs_key: true,
    parameters: &[ORDER_ID, KEY_HEADER],
    body: Some("AskRefund"),
    replies: &[("201", "Recorded; `manual_required`.", Some("Refund"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        RequestInProgress,
        StateConflict,
        ValidationFailed,
        IdempotencyKeyReused,
    ],
};

const LIST_REFUNDS: Call = Call {
    id: "list_refunds",
    verb: "GET",
    path: "/v1/orders/{id}/refunds",
    summary: "List the refunds of an order",
    description: "",
    needs_key: true,
    parameters: &[ORDER_ID],
    body: None,
    replies: &[("200", "All of them.", Some("RefundList"))],
    errors: keyed_errors![NotFound],
};

const COMPLETE_REFUND: Call = Call {
    id: "complete_refund",
    verb: "POST",
    path: "/v1/refunds/{id}/complete",
    summary: "Complete a refund",
    description: "Books it; `order.refunded` is sent. The same evidence again changes nothing.",
    needs_key: true,
    parameters: &[REFUND_ID],
    body: Some("CompleteRefund"),
    replies: &[("200", "Completed.", Some("Refund"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        StateConflict,
        ValidationFailed,
    ],
};

const CANCEL_REFUND: Call = Call {
    id: "cancel_refund",
    verb: "POST",
    path: "/v1/refunds/{id}/cancel",
    summary: "Cancel a refund",
    description: "What it asked for can be asked for again. Told again, it changes nothing. A completed refund cannot \
                  be cancelled: its money went back. The body is absent or `{}`. One of which less is left than it asks is cancelled by itself.",
    needs_key: true,
    parameters: &[REFUND_ID],
    body: None,
    replies: &[("200", "Cancelled.", Some("Refund"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        StateConflict,
        ValidationFailed,
    ],
};

const RESOLVE_REVIEW: Call = Call {
    id: "resolve_review",
    verb: "POST",
    path: "/v1/orders/{id}/resolve",
    summary: "Resolve an order under review",
    description: "`accept`: paid with the amount that came; `refund`: it was given back; `reject`: there was no payment. \
                  The order then is where it would be without that money. Told again, it changes nothing.",
    needs_key: true,
    parameters: &[ORDER_ID],
    body: Some("ResolveReview"),
    replies: &[("200", "Decided.", Some("Order"))],
    errors: keyed_errors![
        MalformedJson,
        NotFound,
        BodyTooLarge,
        UnsupportedMediaType,
        StateConflict,
        ValidationFailed,
    ],
};

/// All refund and review calls.
pub(crate) const CALLS: &[Call] = &[
    ASK_REFUND,
    LIST_REFUNDS,
    COMPLETE_REFUND,
    CANCEL_REFUND,
    RESOLVE_REVIEW,
];

fn refund_id() -> RefOr<Schema> {
    string().pattern(Some("^rfd_[0-9a-f]{32}$")).into()
}
