//! The reply to a request that may be repeated: as it was made, or as it was kept.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use ledger::StoredReply;

use crate::http::error::PROBLEM_JSON;

/// A reply with an order, or the kept bytes of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// Set when these bytes were returned before.
    pub replayed: bool,
}

impl OrderReply {
    /// Returns the reply to a request that was made for the first time.
    pub(crate) fn fresh(stored: StoredReply) -> Self {
        Self {
            status: stored.status,
            body: stored.body,
            replayed: false,
        }
    }

    /// Returns the reply to a request that was made before and did nothing now.
    pub(crate) fn again(self) -> Self {
        Self {
            replayed: true,
            ..self
        }
    }
}

/// Converts the reply to HTTP.
pub(crate) fn kept_reply(reply: OrderReply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    let kind = if status.is_success() {
        "application/json"
    } else {
        PROBLEM_JSON
    };
    response.insert_header((header::CONTENT_TYPE, kind));
    if reply.replayed {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.body(reply.body)
}
