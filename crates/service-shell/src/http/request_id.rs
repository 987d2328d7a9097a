//! One id per request: taken from the caller's `X-Request-Id` when it is well-formed, else new. It
//! is in the request's extensions, in the reply's header, in the tracing span, and available as
//! [`current`] wherever the request is being worked on.

use std::fmt;

use actix_web::{
    Error, HttpMessage,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{HeaderName, HeaderValue},
    middleware::Next,
};
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::{http::http_metrics::method_label, telemetry::continues_callers};

/// The header that carries the id, both ways.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

/// The id of one request: 1 to 128 of `[A-Za-z0-9._-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Returns the id, if the text is well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = (1..=LONGEST).contains(&text.len());
        (fits && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// Creates a new, unique id.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Returns the id of the request that the current task is working on. Spawned tasks have none.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Assigns the id: `.wrap(from_fn(request_id::assign))`. Wrap it last, so that it is outermost.
pub async fn assign<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = given(&request).unwrap_or_else(RequestId::random);
    request.extensions_mut().insert(id.clone());
    let span = span_of(&request, &id);
    continues_callers(&span, request.headers(), id.as_str());
    let outcome = CURRENT
        .scope(id.clone(), next.call(request))
        .instrument(span.clone())
        .await;
    let status = match &outcome {
        Ok(reply) => reply.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_str());
        span.record("otel.status_code", "ERROR");
    }
    let header = HeaderValue::from_str(id.as_str())?;
    match outcome {
        Ok(mut reply) => {
            reply.headers_mut().insert(HEADER, header);
            Ok(reply)
        }
        Err(error) => {
            let mut reply = error.error_response();
            reply.headers_mut().insert(HEADER, header);
            Err(InternalError::from_response(error, reply).into())
        }
    }
}

/// Creates the span, named by route pattern: a path has ids, and some paths have tokens.
fn span_of(request: &ServiceRequest, id: &RequestId) -> Span {
    let route = request.match_pattern();
    let route = route.as_deref().unwrap_or("unmatched");
    let method = match method_label(request.method()) {
        "other" => "_OTHER",
        known => known,
    };
    tracing::info_span!(
        target: "trace_begins",
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        "error.type" = tracing::field::Empty,
        request_id = id.as_str(),
        merchant.id = tracing::field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    )
}

/// Records the merchant on the trace whose request the current task is working on.
pub fn note_merchant(id: impl fmt::Display) {
    Span::current().record("merchant.id", tracing::field::display(id));
}

fn given(request: &ServiceRequest) -> Option<RequestId> {
    let mut values = request.headers().get_all(HEADER);
    let only = values.next().filter(|_| values.next().is_none())?;
    RequestId::parse(only.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_ids_are_kept() {
        for good in ["a", "A-1_b.c", &"x".repeat(128)] {
            assert!(RequestId::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a b", "a\n", "é", "a/b", &"x".repeat(129)] {
            assert!(RequestId::parse(bad).is_none(), "{bad}");
        }
    }
}
