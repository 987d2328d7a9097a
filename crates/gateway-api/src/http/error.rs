//! The errors that a merchant sees when a call fails: problem+json (contract 4.4, RFC 9457). The only place that
//! knows status numbers. Every room makes these errors, and the wiring's middleware lets nothing else out.
//! Invariant: the inner cause goes to the log and never into a reply.

pub mod codes;
mod problem;
mod render;

use std::error::Error;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use service_shell::request_id::{self, RequestId};

pub use codes::{ErrorCode, FieldCode};
pub use problem::{FieldError, PROBLEM_JSON, Problem, ProviderAnswer};
pub use render::{not_found, panic_reply, problem_replies};

const REFUSED_TO_SAY: &str = "The payment provider refused to say; `provider` carries its code and message. Nothing changed.";

/// The failure of a call, with all that the caller learns about it.
pub struct ApiError(Box<Inner>);

struct Inner {
    code: ErrorCode,
    detail: String,
    errors: Vec<FieldError>,
    order_id: Option<String>,
    provider: Option<ProviderAnswer>,
    retry_after_secs: Option<u64>,
    allow: Option<String>,
    closes_connection: bool,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// Returns an error of this code; `detail` is read by people and must hold nothing internal.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            order_id: None,
            provider: None,
            retry_after_secs: code.default_retry_after_secs(),
            allow: None,
            closes_connection: false,
            cause: None,
        }))
    }

    /// Returns an error of this code whose detail is the code's general meaning.
    #[must_use]
    pub fn of(code: ErrorCode) -> Self {
        Self::new(code, code.meaning())
    }

    /// Returns 400 about the query, a header or the cursor.
    #[must_use]
    pub fn malformed_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::MalformedRequest, detail)
    }

    /// Returns 400 about the body's JSON.
    #[must_use]
    pub fn malformed_json(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::MalformedJson, detail)
    }

    /// Returns 422 with every field that is not right; `errors` must not be empty.
    #[must_use]
    pub fn validation_failed(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "1 field is not right".to_owned(),
            count => format!("{count} fields are not right"),
        };
        let mut error = Self::new(ErrorCode::ValidationFailed, detail);
        error.0.errors = errors;
        error
    }

    /// Returns 409: the reference is taken by `order_id`.
    #[must_use]
    pub fn reference_exists(order_id: impl fmt::Display) -> Self {
        Self::of(ErrorCode::ReferenceExists).with_order(order_id)
    }

    /// Returns 424 with the provider's answer when it refused the payment of `order_id`.
    #[must_use]
    pub fn provider_rejected(order_id: impl fmt::Display, answer: ProviderAnswer) -> Self {
        let mut error = Self::of(ErrorCode::ProviderRejected).with_order(order_id);
        error.0.provider = Some(answer);
        error
    }

    /// Returns 424 with the provider's answer when it refused to report the status of `order_id`.
    #[must_use]
    pub fn provider_refused_to_say(order_id: impl fmt::Display, answer: ProviderAnswer) -> Self {
        let mut error = Self::provider_rejected(order_id, answer);
        REFUSED_TO_SAY.clone_into(&mut error.0.detail);
        error
    }

    /// Returns 500 for a bug or a broken invariant; `cause` is logged with the request id.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(ErrorCode::InternalError).because(cause)
    }

    /// Names the order the error is about.
    #[must_use]
    pub fn with_order(mut self, order_id: impl fmt::Display) -> Self {
        self.0.order_id = Some(order_id.to_string());
        self
    }

    /// Sets `Retry-After`; never less than a second.
    #[must_use]
    pub fn retry_after_secs(mut self, secs: u64) -> Self {
        self.0.retry_after_secs = Some(secs.max(1));
        self
    }

    /// Keeps the inner reason for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Ends the connection after the reply: the rest of the request is not worth reading.
    #[must_use]
    pub fn closing_connection(mut self) -> Self {
        self.0.closes_connection = true;
        self
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// Returns the sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Returns the fields of a `validation_failed`.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// Returns the body. Also for replies that are kept and replayed: the bytes hold the first request's id.
    #[must_use]
    pub fn problem(&self, request_id: Option<&str>) -> Problem {
        let code = self.0.code;
        Problem {
            kind: format!("/docs/errors#{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            code: code.as_str().to_owned(),
            detail: self.0.detail.clone(),
            request_id: request_id.map(str::to_owned),
            errors: self.0.errors.clone(),
            order_id: self.0.order_id.clone(),
            provider: self.0.provider.clone(),
            safe_to_retry: code.safe_to_retry(),
        }
    }

    fn allowing(mut self, allow: Option<String>) -> Self {
        self.0.allow = allow;
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.0.code)
            .field("detail", &self.0.detail)
            .field("errors", &self.0.errors)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let request_id = request_id::current();
        render::respond(self, request_id.as_ref().map(RequestId::as_str))
    }
}

#[cfg(test)]
mod tests;
