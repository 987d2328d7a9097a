//! Requests that may be repeated: what identifies one, and the reply that is given again.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use ledger::{Claim, Source};

use crate::error::{ApiError, PROBLEM_JSON};
use crate::idempotency::{Fingerprint, IdempotencyKey};
use crate::json::JsonTree;
use crate::usecases::settle::OrderReply;

/// What of a claim the head of a request says.
pub(super) struct Claiming {
    method: String,
    path: String,
    key: Option<IdempotencyKey>,
}

impl Claiming {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            key: IdempotencyKey::of(request)?,
        })
    }

    pub(super) fn with(self, body: &JsonTree) -> Claim {
        let fingerprint = Fingerprint::of(&self.method, &self.path, body);
        Claim {
            endpoint: format!("{} {}", self.method, self.path),
            key: self.key.map(|key| key.as_str().to_owned()),
            fingerprint: *fingerprint.as_bytes(),
            source: Source::Merchant,
        }
    }
}

pub(super) fn kept_reply(reply: OrderReply) -> HttpResponse {
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
