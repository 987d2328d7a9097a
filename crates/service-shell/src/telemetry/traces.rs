//! Spans to an OpenTelemetry collector (OTLP over HTTP), in batches, from threads of their own: a
//! collector that is slow or away costs spans, never a request. Without a collector nothing is recorded
//! and nothing sent, but traces still go on from caller to webhook.

mod collector;
mod idle_span_filter;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchSpanProcessor, Sampler, SdkTracerProvider, Tracer},
};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use self::collector::{CollectorClient, EXPORT_WITHIN};
use crate::telemetry::traces::idle_span_filter::WithoutIdle;

const PATH: &str = "/v1/traces";

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
        // The library's words have the address in them, and that may have a password.
        .map_err(|_unusable| "not an address that spans can be sent to".to_owned())?;
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .build();
    let batches = BatchSpanProcessor::builder(exporter).build();
    Ok(SdkTracerProvider::builder()
        .with_span_processor(WithoutIdle::new(batches))
        .with_resource(resource)
        .build())
}

/// Returns a provider that gives spans ids, passes a caller's trace and flag on, and keeps nothing.
pub(super) fn passing_on() -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .build()
}

/// Creates the layer that turns tracing's spans into OpenTelemetry's.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> OpenTelemetryLayer<S, Tracer>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("gateway"))
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::mpsc::{Receiver, channel},
        time::Duration,
    };

    use tracing_subscriber::layer::SubscriberExt;

    use crate::telemetry::continues;

    use super::*;

    /// Starts a collector that accepts one batch; returns its address and where the request comes out.
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
            let parent = format!("00-{trace_id}-00f067aa0ba902b7-01");
            let span = tracing::info_span!("request", otel.name = "POST /things");
            continues(&span, Some(&parent));
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
