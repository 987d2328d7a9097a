//! Logs to stdout, as JSON lines or as text. Lines are handed to a writer thread through a bounded
//! queue: when stdout is blocked, lines are dropped and counted, and no request ever waits.

mod writer;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub use self::writer::FlushOnDrop;
use self::writer::QueueWriter;
use crate::env::Reader;

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
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: an http or https address for traces.
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

/// Starts logging for the whole process and makes panics log their place, never their message.
/// Keep what is returned until the end of `main`: dropping it writes out what is still queued.
/// A second call changes nothing.
pub fn start(settings: &TelemetrySettings) -> FlushOnDrop {
    let (queue, flush) = QueueWriter::to_stdout();
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let base = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Json => base
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_span_list(false)
                    .with_writer(queue),
            )
            .try_init(),
        LogFormat::Text => base
            .with(fmt::layer().with_ansi(false).with_writer(queue))
            .try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
    log_panics_without_their_message();
    flush
}

/// A panic's message may hold a value that must not be logged; its place is enough to find it.
fn log_panics_without_their_message() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
