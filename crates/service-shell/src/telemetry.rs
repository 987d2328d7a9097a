//! Logs to stdout, as JSON lines or as text, and traces to a collector. Lines are handed to a writer thread through a bounded
//! queue: when stdout is blocked, lines are dropped and counted, and no request ever waits.

pub(crate) mod traces;
mod writer;

use std::{path::Path, time::Duration};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use self::writer::{FlushOnDrop, QueueWriter};
use crate::env::Reader;

/// How long the end of the process waits for the last spans.
const TRACES_FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people at a terminal.
    Text,
}

/// What to log and how.
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

/// Keep it until the end of `main`: dropping it writes out what is still queued, within seconds.
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
/// their place, never their message. A second call changes nothing.
pub fn start(settings: &TelemetrySettings) -> Telemetry {
    let (queue, flush) = QueueWriter::to_stdout();
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let exporting = settings
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| traces::exporting_to(endpoint, &program_name()))
        .transpose();
    let (traces, refused) = match exporting {
        Ok(traces) => (traces, None),
        Err(refused) => (None, Some(refused)),
    };
    let base = tracing_subscriber::registry()
        .with(filter)
        .with(traces.as_ref().map(traces::layer));
    let lines = match settings.format {
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_writer(queue)
            .boxed(),
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(queue).boxed(),
    };
    if let Err(error) = base.with(lines).try_init() {
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
        traces,
        _logs: flush,
    }
}

/// What this process is called in traces.
fn program_name() -> String {
    let own = std::env::current_exe().ok();
    let name = own.as_deref().and_then(Path::file_name);
    name.map_or_else(
        || "unknown".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// A panic's message may hold a value that must not be logged; its place is enough to find it.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
