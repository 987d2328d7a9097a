//! Notifies merchants: claims due deliveries, sends them concurrently, records each answer at once.
//! A delivery under way holds its lease and a place of its endpoint and shop, and endpoints that keep failing have
//! places of their own, so that slow endpoints delay no other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use ledger::{DeliveryNext, Fronts, LeasedDelivery, Ledger, LedgerError, TryResult, Urgency};
use prometheus::Registry;
use service_shell::pace::{Did, Pace};
use service_shell::telemetry;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;
use webhooks::{Delivery, DeliveryOutcome, WebhookSchedule, WebhookSecret, WebhookSender};

use super::delivery_metrics::{DeliveryMetrics, EndpointState};
use crate::loops::in_flight::UnderWay;

/// Time that a lease leaves, beyond the attempt, to record it.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// The means of a webhook's attempts.
pub struct Tries {
    /// The sender of each attempt.
    pub sender: WebhookSender,
    /// The schedule of further attempts.
    pub schedule: WebhookSchedule,
    /// The longest time that one attempt takes.
    pub timeout: Duration,
}

/// Sends webhooks from one thread.
pub struct Deliverer {
    ledger: Ledger,
    tries: Tries,
    lease: TimeDelta,
    metrics: DeliveryMetrics,
    under_way: Rc<UnderWay>,
    fronts: Cell<Fronts>,
    troubled_fronts: Cell<Fronts>,
}

impl Deliverer {
    /// Creates a deliverer that looks for webhooks at this pace.
    #[must_use]
    pub fn new(ledger: Ledger, tries: Tries, metrics: DeliveryMetrics, pace: Pace) -> Self {
        let lease = tries.timeout.saturating_add(LEASE_MARGIN);
        Self {
            ledger,
            tries,
            lease: TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX),
            metrics,
            under_way: UnderWay::new(pace),
            fronts: Cell::default(),
            troubled_fronts: Cell::default(),
        }
    }

    /// Registers the metrics of the places.
    ///
    /// # Errors
    /// Returns an error when they are registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.under_way.register(registry)
    }

    /// Returns the pace at which webhooks are looked for, by which a look can also be nudged.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        self.under_way.pace()
    }

    /// Returns the longest time from an event to its last attempt: attempts follow the schedule, and each may take
    /// its full timeout.
    #[must_use]
    pub fn longest_delivery(&self) -> Duration {
        let tries = u32::try_from(self.tries.schedule.tries()).unwrap_or(u32::MAX);
        let trying = self.tries.timeout.saturating_mul(tries);
        self.tries.schedule.longest().saturating_add(trying)
    }

    /// Returns the number of attempts under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.all()
    }

    /// Claims what is due at endpoints that answer and starts sending it; does not wait for the
    /// answers.
    ///
    /// # Errors
    /// Returns an error when nothing can be claimed.
    pub async fn run_once(self: &Rc<Self>) -> Result<Did, LedgerError> {
        let Some(room) = self.under_way.room(EndpointState::Healthy) else {
            return Ok(Did::Nothing);
        };
        let (lease, until) = (self.lease, self.lease_ends());
        let fronts = self.fronts.take();
        self.fronts.set(fronts.after_failure());
        let (leased, fronts) = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.lease_deliveries_from(fronts, &room, lease))
            .await?;
        self.fronts.set(fronts);
        self.start(leased, until, EndpointState::Healthy).await
    }

    /// Does the work of [`Deliverer::run_once`] for endpoints whose last attempts all failed.
    ///
    /// # Errors
    /// Returns an error when nothing can be claimed.
    pub async fn run_troubled_once(self: &Rc<Self>) -> Result<Did, LedgerError> {
        let Some(room) = self.under_way.room(EndpointState::Troubled) else {
            return Ok(Did::Nothing);
        };
        let (lease, until) = (self.lease, self.lease_ends());
        let fronts = self.troubled_fronts.take();
        self.troubled_fronts.set(fronts.after_failure());
        if fronts.know_of_nothing_due() {
            self.troubled_fronts.set(fronts);
            return Ok(Did::Nothing);
        }
        let (leased, fronts) = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.lease_troubled_from(fronts, &room, lease))
            .await?;
        self.troubled_fronts.set(fronts);
        self.start(leased, until, EndpointState::Troubled).await
    }

    /// Returns the time, by this process's own clock, when the leases that are taken now end.
    fn lease_ends(&self) -> Instant {
        let now = Instant::now();
        let lease = self.lease.to_std().unwrap_or_default();
        now.checked_add(lease).unwrap_or(now)
    }

    async fn start(
        self: &Rc<Self>,
        leased: Vec<LeasedDelivery>,
        until: Instant,
        state: EndpointState,
    ) -> Result<Did, LedgerError> {
        let (mut did, mut without) = (Did::Nothing, Vec::new());
        for delivery in leased {
            let Ok(place) = self.under_way.place(state, &delivery) else {
                without.push((delivery.event_id, delivery.endpoint_id, delivery.token));
                continue;
            };
            did = Did::Something;
            let deliverer = Rc::clone(self);
            let span = span_of(&delivery);
            let tried = async move {
                deliverer.deliver(delivery, until, state).await;
                drop(place);
            };
            actix_web::rt::spawn(tried.instrument(span));
        }
        // A look may claim more of one shop than there are places; the next look passes the shop over.
        if !without.is_empty() {
            let fronts = match state {
                EndpointState::Healthy => &self.fronts,
                EndpointState::Troubled => &self.troubled_fronts,
            };
            let mut looked_from = fronts.take();
            for (_, endpoint, _) in &without {
                looked_from.note_put_back(*endpoint);
            }
            fronts.set(looked_from);
            let books = self.ledger.at(Urgency::Write);
            let put_back = books.transact(move |tx| tx.put_back_deliveries(&without));
            put_back.await?;
        }
        Ok(did)
    }

    async fn deliver(&self, delivery: LeasedDelivery, until: Instant, state: EndpointState) {
        let began = Instant::now();
        let outcome = self.send(&delivery).await;
        let took = began.elapsed();
        let result = self.judge(&delivery, &outcome, took);
        note(&Span::current(), &result);
        self.metrics.tried(state, &result.outcome, took);
        if result.next == DeliveryNext::Delivered {
            self.metrics.delivered(delivery.event_id);
        }
        tracing::info!(
            event.id = %delivery.event_id,
            endpoint.id = %delivery.endpoint_id,
            "event.type" = delivery.event_type,
            try_no = delivery.tries.saturating_add(1),
            outcome = result.outcome,
            status = result.status,
            duration_ms = result.duration_ms,
            "webhook tried"
        );
        if result.next == DeliveryNext::Dead {
            tracing::error!(event.id = %delivery.event_id, endpoint.id = %delivery.endpoint_id, "webhook gave up: redeliver it when the endpoint works");
        }
        let recorded = self.ledger.settle_delivery_by(&delivery, &result, until);
        match recorded.await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(event.id = %delivery.event_id, "a webhook took so long that its lease was taken over: what became of it is not recorded");
            }
            Err(error) => {
                tracing::warn!(error = %error, "a webhook's outcome was not recorded: it is sent again");
            }
        }
    }

    async fn send(&self, delivery: &LeasedDelivery) -> DeliveryOutcome {
        let secrets: Vec<WebhookSecret> = delivery
            .secrets
            .iter()
            .filter_map(|secret| WebhookSecret::parse(secret.expose()).ok())
            .collect();
        let event_id = delivery.event_id.to_string();
        let traceparent = telemetry::trace_parent_of(&Span::current());
        let message = Delivery {
            url: &delivery.url,
            event_id: &event_id,
            body: &delivery.body,
            secrets: &secrets,
            traceparent: traceparent.as_deref(),
        };
        self.tries.sender.send(&message, Utc::now()).await
    }

    fn judge(
        &self,
        delivery: &LeasedDelivery,
        outcome: &DeliveryOutcome,
        took: Duration,
    ) -> TryResult {
        let (outcome, status, wish) = match outcome {
            DeliveryOutcome::Delivered { status } => ("delivered", Some(*status), None),
            DeliveryOutcome::Gone => ("gone", Some(410), None),
            DeliveryOutcome::RetryAfter { status, after } => {
                ("put_off", Some(*status), Some(*after))
            }
            DeliveryOutcome::Status { status } => ("http_status", Some(*status), None),
            DeliveryOutcome::Failed { reason } => (reason.as_str(), None, None),
            DeliveryOutcome::Refused(_) => ("url_refused", None, None),
        };
        let next = match outcome {
            "delivered" => DeliveryNext::Delivered,
            "gone" => DeliveryNext::EndpointGone,
            _ => self.again(delivery, wish),
        };
        TryResult {
            next,
            outcome: outcome.to_owned(),
            status,
            duration_ms: i32::try_from(took.as_millis()).unwrap_or(i32::MAX),
        }
    }

    /// Decides on the next attempt: by the schedule, and not before the shop wishes.
    fn again(&self, delivery: &LeasedDelivery, wish: Option<Duration>) -> DeliveryNext {
        let next_try = u32::try_from(delivery.tries).unwrap_or(0).saturating_add(2);
        let (random, _) = Uuid::new_v4().as_u64_pair();
        match self.tries.schedule.delay_before(next_try, random) {
            None => DeliveryNext::Dead,
            Some(delay) => {
                let delay = delay.max(wish.unwrap_or_default());
                DeliveryNext::RetryAfter(TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX))
            }
        }
    }
}

/// Creates the span of an attempt, which continues the trace that caused its event.
fn span_of(delivery: &LeasedDelivery) -> Span {
    let span = tracing::info_span!(
        target: "trace_begins",
        parent: None,
        "webhook",
        otel.name = format!("webhook {}", delivery.event_type),
        otel.kind = "client",
        otel.status_code = Empty,
        "error.type" = Empty,
        http.request.method = "POST",
        http.response.status_code = Empty,
        http.request.resend_count = delivery.tries,
        event.id = %delivery.event_id,
        "event.type" = delivery.event_type,
        endpoint.id = %delivery.endpoint_id,
        outcome = Empty,
    );
    telemetry::continues(&span, delivery.traceparent.as_deref());
    span
}

fn note(span: &Span, result: &TryResult) {
    span.record("outcome", &result.outcome);
    if let Some(status) = result.status {
        span.record("http.response.status_code", status);
    }
    if result.next != DeliveryNext::Delivered {
        span.record("error.type", &result.outcome);
        span.record("otel.status_code", "ERROR");
    }
}
