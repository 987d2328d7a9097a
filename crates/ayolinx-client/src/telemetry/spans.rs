//! The traces of a call to the provider: the call with its outcome, and under it each request that
//! was sent for it. They are there only when somebody exports them.

use tracing::Span;
use tracing::field::Empty;

use crate::outcome::Outcome;
use crate::telemetry::call_name::Exchange;

/// Creates the span of a call: token, request and their repeats.
pub(crate) fn call(what: Exchange<'_>, reference: &str) -> Span {
    tracing::info_span!(
        target: "trace",
        "provider",
        otel.name = format!("provider {}", what.call),
        otel.kind = "client",
        otel.status_code = Empty,
        "error.type" = Empty,
        provider.call = what.call,
        provider.channel = what.channel,
        provider.response_code = Empty,
        payment.id = reference,
        outcome = Empty,
    )
}

/// Records the outcome of a call.
pub(crate) fn ended<T>(span: &Span, outcome: &Outcome<T>) {
    if span.is_disabled() {
        return;
    }
    span.record("outcome", outcome.name());
    if let Some(reply) = outcome.reply() {
        span.record("provider.response_code", &reply.code);
    }
    if !matches!(outcome, Outcome::Accepted(_)) {
        span.record("error.type", outcome.name());
        span.record("otel.status_code", "ERROR");
    }
}

/// Creates the span of one request. The provider's paths have no ids in them.
pub(crate) fn post(path: &str) -> Span {
    tracing::info_span!(
        target: "trace",
        "post",
        otel.name = format!("POST {path}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = "POST",
        url.template = path,
        http.response.status_code = Empty,
    )
}
