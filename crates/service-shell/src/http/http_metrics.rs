//! Counts and times requests by route pattern, method and status class. Never by path: ids in
//! labels would grow without end.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
    web::Data,
};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

const BUCKETS_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The metrics of one listener. Clones share them.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
    panics: IntCounter,
}

impl HttpMetrics {
    /// Registers `{prefix}_http_requests_total`, `{prefix}_http_request_duration_seconds`,
    /// `{prefix}_http_requests_in_flight` and `{prefix}_http_panics_total`. Fails when the registry
    /// has them already.
    pub fn register(registry: &Registry, prefix: &str) -> Result<Self, prometheus::Error> {
        let name = |end: &str| format!("{prefix}_http_{end}");
        let labels = ["route", "method", "status"];
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new(name("requests_total"), "Requests answered."),
                &labels,
            )?,
            seconds: HistogramVec::new(
                HistogramOpts::new(
                    name("request_duration_seconds"),
                    "Time from the head of a request to the head of its reply.",
                )
                .buckets(BUCKETS_SECONDS.to_vec()),
                &labels,
            )?,
            in_flight: IntGauge::new(name("requests_in_flight"), "Requests being answered.")?,
            panics: IntCounter::new(name("panics_total"), "Handlers that panicked.")?,
        };
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.seconds.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.panics.clone()))?;
        Ok(metrics)
    }

    /// Counts one handler that panicked.
    pub fn count_panic(&self) {
        self.panics.inc();
    }

    fn observe(&self, seen: &Seen, status: StatusCode) {
        let labels = [seen.route.as_str(), seen.method, class(status)];
        self.requests.with_label_values(&labels).inc();
        let seconds: Histogram = self.seconds.with_label_values(&labels);
        seconds.observe(seen.started.elapsed().as_secs_f64());
    }
}

struct Seen {
    route: String,
    method: &'static str,
    started: Instant,
}

/// A request in flight; its count ends on drop, also when its future is dropped half-way.
struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts and times requests; the middleware:
/// `.app_data(Data::new(metrics)).wrap(from_fn(http_metrics::track))`. Without the data it does
/// nothing.
pub async fn track<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(metrics) = request.app_data::<Data<HttpMetrics>>().cloned() else {
        return next.call(request).await;
    };
    let seen = Seen {
        route: request
            .match_pattern()
            .unwrap_or_else(|| "unmatched".to_owned()),
        method: method_label(request.method()),
        started: Instant::now(),
    };
    metrics.in_flight.inc();
    let _in_flight = InFlight(metrics.in_flight.clone());
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(reply) => reply.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    metrics.observe(&seen, status);
    outcome
}

pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
