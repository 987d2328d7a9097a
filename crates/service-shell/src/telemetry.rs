//! Logs to stdout, as JSON lines or as text, and traces to a collector. Lines are handed to a writer thread through a
//! bounded queue. Every service and the rooms beside call it; it calls the configuration. Invariant: when stdout or
//! the collector is blocked, lines and spans are dropped, and no request ever waits.

mod json_format;
pub(crate) mod span_names;
mod traces;
mod w3c;
mod writer;

use std::{path::Path, time::Duration};

use actix_web::http::header::HeaderMap;
use opentelemetry::{Context, trace::TraceContextExt};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt::{self, MakeWriter},
    layer::{Filter, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use self::span_names::{BEGINNING, INNER};
use self::writer::{FlushOnDrop, QueueWriter};
use crate::configuration::env::Reader;
use crate::telemetry::json_format::{JsonLines, LineContext};

/// Longest wait of the process's end for the last spans.
const TRACES_FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// The format of logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text for people at a terminal.
    Text,
}

/// The settings of logs and traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// `LOG_FORMAT`: `json` (default) or `text`.
    pub format: LogFormat,
    /// `RUST_LOG`: directives such as `info,ledger=debug`; default `info`.
    pub filter: String,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: where traces go, as OTLP over HTTP
    /// (`http://collector:4318`); absent, none are sent.
    pub otlp_endpoint: Option<String>,
}

impl TelemetrySettings {
    /// Reads `LOG_FORMAT`, `RUST_LOG` and `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn read(reader: &Reader<'_>) -> Self {
        let format = reader.parsed_with("LOG_FORMAT", "json or text", |text| match text {
            "json" => Some(LogFormat::Json),
            "text" => Some(LogFormat::Text),
            _ => None,
        });
        let directives = "log directives such as info or info,actix_web=warn";
        let filter = reader.parsed_with("RUST_LOG", directives, |text| {
            EnvFilter::try_new(text).ok().map(|_| text.to_owned())
        });
        let endpoint = "an http or https address";
        let otlp_endpoint = reader.parsed_with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint, |text| {
            let known = text.starts_with("http://") || text.starts_with("https://");
            known.then(|| text.to_owned())
        });
        Self {
            format: format.unwrap_or(LogFormat::Json),
            filter: filter.unwrap_or_else(|| "info".to_owned()),
            otlp_endpoint,
        }
    }
}

/// Guard of logs and traces. Keep it until the end of `main`: dropping it writes out the queue, within seconds.
#[must_use]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    _logs: FlushOnDrop,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take()
            && let Err(error) = traces.shutdown_with_timeout(TRACES_FLUSH_WITHIN)
        {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Starts logs, and traces when an endpoint is set, for the whole process, and makes panics log
/// their location, never their message. A second call changes nothing.
pub fn start(settings: &TelemetrySettings) -> Telemetry {
    let (queue, flush) = QueueWriter::to_stdout();
    let exporting = settings
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| traces::exporting_to(endpoint, &program_name()))
        .transpose();
    let (traces, refused) = match exporting {
        Ok(traces) => (traces, None),
        Err(refused) => (None, Some(refused)),
    };
    let is_exported = traces.is_some();
    let traces = traces.unwrap_or_else(traces::passing_on);
    let subscriber = subscriber(settings, queue, &traces, is_exported);
    if let Err(error) = subscriber.try_init() {
        tracing::debug!(%error, "logging was started before");
    }
    log_panics_without_their_message();
    if let Some(error) = refused {
        tracing::error!(
            error,
            "OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: no traces are sent"
        );
    }
    Telemetry {
        traces: Some(traces),
        _logs: flush,
    }
}

fn subscriber<W>(
    settings: &TelemetrySettings,
    out: W,
    traces: &SdkTracerProvider,
    is_exported: bool,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'line> MakeWriter<'line> + Send + Sync + 'static,
{
    let spans = traces::layer(traces).with_filter(filter_fn(move |it| is_ours(it, is_exported)));
    let base = tracing_subscriber::registry().with(spans);
    let shown = events_shown(&settings.filter);
    let lines = match settings.format {
        LogFormat::Json => fmt::layer()
            .event_format(JsonLines)
            .fmt_fields(fmt::format::debug_fn(|_, _, _| Ok(())))
            .with_writer(out)
            .with_filter(shown.or(filter_fn(move |it| is_ours(it, is_exported))))
            .boxed(),
        LogFormat::Text => fmt::layer()
            .with_ansi(false)
            .with_writer(out)
            .with_filter(shown.or(filter_fn(|it| is_ours(it, false))))
            .boxed(),
    };
    base.with(lines)
}

/// Returns whether a span is ours: one that begins something, and with an exporter any other as well.
fn is_ours(it: &Metadata<'_>, is_exported: bool) -> bool {
    it.is_span() && (it.target() == BEGINNING || (is_exported && it.target() == INNER))
}

fn events_shown<S>(directives: &str) -> impl Filter<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    filter.and(filter_fn(|it| it.is_event()))
}

/// Makes a new span part of the trace that caused it, given as a `traceparent`; without one it begins a
/// trace. Lines under the span name its trace. Call it before any work under the span.
pub fn continues(span: &Span, cause: Option<&str>) {
    let cause = cause.and_then(|parent| w3c::parse(parent, None));
    if let Some(cause) = cause {
        adopt(span, cause);
    }
    LineContext::new(None, span.context().span().span_context()).remember(span);
}

/// Does the same for a request: its cause comes from the caller's headers.
pub(crate) fn continues_callers(span: &Span, headers: &HeaderMap, request_id: &str) {
    if let Some(cause) = given(headers) {
        adopt(span, cause);
    }
    LineContext::new(Some(request_id), span.context().span().span_context()).remember(span);
}

/// Returns the `traceparent` that says "caused by this span".
pub fn trace_parent_of(span: &Span) -> Option<String> {
    w3c::written(span.context().span().span_context())
}

fn adopt(span: &Span, cause: opentelemetry::trace::SpanContext) {
    // It fails when logging was not started, and then there is nothing to continue.
    span.set_parent(Context::new().with_remote_span_context(cause))
        .ok();
}

/// Reads the caller's trace. Two parents count as none; several states are one list.
fn given(headers: &HeaderMap) -> Option<opentelemetry::trace::SpanContext> {
    let mut parents = headers.get_all(w3c::TRACE_PARENT);
    let parent = parents.next().filter(|_| parents.next().is_none())?;
    let states: Result<Vec<&str>, _> = headers
        .get_all(w3c::TRACE_STATE)
        .map(|value| value.to_str())
        .collect();
    let state = states.unwrap_or_default().join(",");
    w3c::parse(parent.to_str().ok()?, Some(&state))
}

/// Returns the name of this process in traces.
fn program_name() -> String {
    let own = std::env::current_exe().ok();
    let name = own.as_deref().and_then(Path::file_name);
    name.map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Logs panics by location: a panic's message may hold a value that must not be logged.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn settings(filter: &str) -> TelemetrySettings {
        TelemetrySettings {
            format: LogFormat::Json,
            filter: filter.to_owned(),
            otlp_endpoint: None,
        }
    }

    fn a_beginning() -> Span {
        let span = tracing::info_span!(
            target: "trace_begins",
            parent: None,
            "request",
            otel.name = format!("POST {}", "/v1/orders"),
            http.route = "/v1/orders",
        );
        continues(&span, None);
        span
    }

    /// Measures the time of a thousand runs, in microseconds.
    fn micros_of<T>(mut what: impl FnMut() -> T) -> u128 {
        let began = Instant::now();
        for _ in 0..10_000 {
            std::hint::black_box(what());
        }
        began.elapsed().as_micros() / 10
    }

    #[test]
    fn without_a_collector_spans_cost_next_to_nothing() {
        let traces = traces::passing_on();
        let subscriber = subscriber(&settings("info"), std::io::sink, &traces, false);
        tracing::subscriber::with_default(subscriber, || {
            let inner = micros_of(|| {
                let span =
                    tracing::info_span!(target: "trace", "transaction", name = "x".repeat(99));
                assert!(span.is_disabled());
                span.in_scope(|| ());
            });
            let begun = micros_of(a_beginning);
            println!("a thousand inner spans: {inner} us; spans that begin something: {begun} us");
            assert!(inner < 5_000 && begun < 500_000, "{inner} {begun}");
        });
    }

    #[test]
    fn whatever_the_filter_shows_what_begins_has_a_trace() {
        for filter in ["off", "error", "info"] {
            let traces = traces::passing_on();
            let subscriber = subscriber(&settings(filter), std::io::sink, &traces, false);
            tracing::subscriber::with_default(subscriber, || {
                let first = trace_parent_of(&a_beginning()).unwrap();
                assert_ne!(first, trace_parent_of(&a_beginning()).unwrap());
                assert!(first.ends_with("-00"), "nobody keeps it: {first}");
                let span = tracing::info_span!(target: "trace_begins", "webhook");
                continues(
                    &span,
                    Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                );
                let goes_on = trace_parent_of(&span).unwrap();
                assert!(
                    goes_on.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"),
                    "{goes_on}"
                );
                assert!(
                    goes_on.ends_with("-01"),
                    "the caller's decision stays: {goes_on}"
                );
            });
        }
    }
}
