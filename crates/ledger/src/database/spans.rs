//! Spans of the ledger: one for each transaction, named after its purpose. They exist only when
//! traces are exported; the trace that causes an event is known in any case.

use std::any::type_name;
use std::time::Duration;

use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::error::LedgerError;

/// Makes the span of a transaction, named after the function that its work is written in.
pub(crate) fn transaction_of<Work>() -> Span {
    tracing::info_span!(
        target: "trace",
        "transaction",
        otel.name = format!("transaction {}", purpose(type_name::<Work>())),
        otel.kind = "client",
        otel.status_code = Empty,
        "error.type" = Empty,
        db.system.name = "postgresql",
        db.transaction = purpose(type_name::<Work>()),
        db.wait_us = Empty,
        db.run_us = Empty,
    )
}

/// Makes the span of a change that shares its transaction with others, from being queued until it
/// is answered.
pub(crate) fn shared(purpose: &'static str) -> Span {
    tracing::info_span!(
        target: "trace",
        "shared",
        otel.name = format!("shared {purpose}"),
        otel.kind = "client",
        otel.status_code = Empty,
        "error.type" = Empty,
        db.system.name = "postgresql",
        db.transaction = purpose,
        db.done_alone = Empty,
    )
}

/// Makes the span of a shared transaction; its links lead to what caused the changes.
pub(crate) fn group<'s>(causes: impl ExactSizeIterator<Item = &'s Span>) -> Span {
    let span = tracing::info_span!(
        target: "trace",
        parent: None,
        "group",
        otel.name = "transaction group",
        otel.kind = "client",
        db.system.name = "postgresql",
        db.transaction = "group",
        db.operation.batch.size = causes.len(),
    );
    if !span.is_disabled() {
        for cause in causes {
            span.add_link(cause.context().span().span_context().clone());
        }
    }
    span
}

/// Records the time that a transaction waited before it could begin.
pub(crate) fn waited(span: &Span, time: Duration) {
    span.record("db.wait_us", time.as_micros());
}

/// Records the time that a transaction took from its connection on.
pub(crate) fn ran(span: &Span, time: Duration) {
    span.record("db.run_us", time.as_micros());
}

/// Records the outcome of a transaction.
pub(crate) fn ended<T>(span: &Span, result: &Result<T, LedgerError>) {
    let Err(error) = result else { return };
    let kind = match error {
        // Answers as good as any.
        LedgerError::NotFound => return,
        LedgerError::Conflict(_) => "conflict",
        LedgerError::Unavailable(_) => "unavailable",
        LedgerError::Overloaded => "overloaded",
        LedgerError::Corrupt(_) => "corrupt",
    };
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}

/// Returns the `traceparent` of the current span.
pub(crate) fn cause() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let cause = span.span_context();
    cause.is_valid().then(|| {
        let flags = u8::from(cause.is_sampled());
        format!("00-{}-{}-{flags:02x}", cause.trace_id(), cause.span_id())
    })
}

/// Returns the last name of a path such as
/// `gateway_api::auth::authenticate_any::{{closure}}::{{closure}}`.
fn purpose(path: &'static str) -> &'static str {
    let path = path.trim_end_matches("::{{closure}}");
    let mut depth = 0_u32;
    let mut is_between_names = |letter| {
        match letter {
            '>' => depth = depth.saturating_add(1),
            '<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ':' && depth == 0
    };
    let name = match path.rfind(&mut is_between_names) {
        Some(colon) => path.get(colon.saturating_add(1)..).unwrap_or(path),
        None => path,
    };
    name.split('<').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_named_after_the_function_it_is_written_in() {
        let work = || ();
        fn name_of<Work>(_: &Work) -> &'static str {
            purpose(type_name::<Work>())
        }
        let expected = "a_transaction_is_named_after_the_function_it_is_written_in";
        assert_eq!(name_of(&work), expected);
        for (path, name) in [
            ("a::b::{{closure}}::{{closure}}", "b"),
            (
                "a::<impl a::Ledger>::begin<a::f::{{closure}}>::{{closure}}",
                "begin",
            ),
            ("a::<impl a::Ledger>::begin::{{closure}}", "begin"),
        ] {
            assert_eq!(purpose(path), name);
        }
    }
}
