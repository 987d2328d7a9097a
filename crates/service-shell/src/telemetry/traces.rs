//! Spans to an OpenTelemetry collector (OTLP over HTTP), in batches, from threads of their own: a
//! collector that is slow or away costs spans, never a request.

mod collector;

use actix_web::http::header::HeaderMap;
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, Tracer},
};
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;

use self::collector::{CollectorClient, EXPORT_WITHIN};

const PATH: &str = "/v1/traces";
const TRACE_PARENT: &str = "traceparent";

/// Starts exporting to this collector (`OTEL_EXPORTER_OTLP_ENDPOINT`, without the path). An error
/// is a sentence about an endpoint that cannot be used.
pub(super) fn exporting_to(endpoint: &str, service: &str) -> Result<SdkTracerProvider, String> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(CollectorClient::start())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}{PATH}", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_WITHIN)
        .build()
        .map_err(|error| error.to_string())?;
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// The layer that turns tracing's spans into exported ones.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> OpenTelemetryLayer<S, Tracer>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("gateway"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
}

/// Makes the span part of the caller's trace when the request names one (W3C `traceparent`).
pub(crate) fn continue_trace(span: &Span, headers: &HeaderMap) {
    if !headers.contains_key(TRACE_PARENT) {
        return;
    }
    let parent: Context = TraceContextPropagator::new().extract(&Headers(headers));
    // It fails when no traces are exported, and then there is nothing to continue.
    span.set_parent(parent).ok();
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::mpsc::{Receiver, channel},
        time::Duration,
    };

    use actix_web::http::header::{HeaderName, HeaderValue};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// A collector that accepts one batch; returns its address and where the request comes out.
    fn collector() -> (String, Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let mut request = Vec::new();
            let mut chunk = [0_u8; 4096];
            while !is_whole(&request) {
                let count = stream.read(&mut chunk).unwrap();
                request.extend_from_slice(&chunk[..count]);
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                .unwrap();
            sender.send(request).unwrap();
        });
        (endpoint, receiver)
    }

    fn is_whole(request: &[u8]) -> bool {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let Some(head) = text
            .split("\r\n\r\n")
            .next()
            .filter(|h| h.len() < text.len())
        else {
            return false;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.unwrap().parse().unwrap();
        let head_end = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        request.len() >= head_end + 4 + length
    }

    #[test]
    fn spans_reach_the_collector_in_the_callers_trace() {
        let (endpoint, received) = collector();
        let provider = exporting_to(&format!("{endpoint}/"), "test-service").unwrap();
        let subscriber = tracing_subscriber::registry().with(layer(&provider));
        let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
        tracing::subscriber::with_default(subscriber, || {
            let mut headers = HeaderMap::new();
            let parent = format!("00-{trace_id}-00f067aa0ba902b7-01");
            headers.insert(
                HeaderName::from_static(TRACE_PARENT),
                HeaderValue::from_str(&parent).unwrap(),
            );
            let span = tracing::info_span!("request", otel.name = "POST /things");
            continue_trace(&span, &headers);
            drop(span.entered());
        });
        provider.shutdown().unwrap();
        let request = received.recv_timeout(Duration::from_secs(5)).unwrap();
        let text = String::from_utf8_lossy(&request);
        assert!(text.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{text}");
        assert!(
            text.contains("POST /things") && text.contains("test-service"),
            "{text}"
        );
        let id = u128::from_str_radix(trace_id, 16).unwrap().to_be_bytes();
        assert!(
            request.windows(16).any(|window| window == id),
            "the trace goes on"
        );
    }

    #[test]
    fn a_collector_that_is_away_costs_no_more_than_the_spans() {
        // No other test is given that port.
        let provider = exporting_to("http://127.0.0.1:1", "test-service").unwrap();
        let subscriber = tracing_subscriber::registry().with(layer(&provider));
        let began = std::time::Instant::now();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..1000 {
                drop(tracing::info_span!("request").entered());
            }
        });
        assert!(began.elapsed() < Duration::from_secs(2));
        provider.shutdown().ok();
    }
}
