//! Requests that may be repeated: what identifies one, and the reply that is given again.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use ledger::{Claim, Source};

use super::key::{Fingerprint, IdempotencyKey};
use crate::http::error::{ApiError, PROBLEM_JSON};
use crate::http::json::JsonTree;
use crate::orders::complete_create::OrderReply;

/// What of a claim the head of a request says.
pub(crate) struct Claiming {
    method: String,
    path: String,
    key: Option<IdempotencyKey>,
}

impl Claiming {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Ok(Self {
            method: request.method().as_str().to_owned(),
            path: request.path().to_owned(),
            key: IdempotencyKey::of(request)?,
        })
    }

    pub(crate) fn with(self, body: &JsonTree) -> Claim {
        let fingerprint = Fingerprint::of(&self.method, &self.path, body);
        Claim {
            endpoint: format!("{} {}", self.method, self.path),
            key: self.key.map(|key| key.as_str().to_owned()),
            fingerprint: *fingerprint.as_bytes(),
            source: Source::Merchant,
        }
    }
}

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
