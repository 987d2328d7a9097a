//! Requests that may be repeated: what identifies one.

use actix_web::HttpRequest;
use ledger::{Claim, Source};

use super::key::{Fingerprint, IdempotencyKey};
use crate::http::error::ApiError;
use crate::http::json::JsonTree;

/// The parts of a claim that the head of a request carries.
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
