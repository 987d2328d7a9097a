//! The well-behaved shop and its payers: creates over QRIS, reads, lists, checkout pages,
//! callbacks, webhooks, and payments whose callback is lost. Everything comes at its time, whatever
//! becomes of the rest, and is measured from the moment it was due.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ayolinx_core::signing::RsaSigningKey;
use chaos::clock::jakarta_now;
use devstack::Trouble;
use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use super::samples::{Kind, Sample};
use crate::{
    benchmarks::{
        callbacks::{callback, is_taken},
        order_lifecycles::{Endpoint, pay},
    },
    harness::shop::{Open, Shop},
    tools::{figures::micros, http::Line},
};

/// Orders per second, each with its page, its payment and its webhook.
///
/// Few beside the loads of others: an effect of several failures in a row must not be hidden by the
/// successes of this shop between them.
const ORDERS_A_SECOND: u64 = 4;
const READS_A_SECOND: u64 = 10;
const LISTS_A_SECOND: u64 = 5;
/// Number of orders of which one loses its callback.
const ONE_LOST_OF: u64 = 5;
const TICK: Duration = Duration::from_millis(5);
/// The longest wait for an answer: a later one has failed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The addresses of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doors {
    /// The merchant API.
    pub(crate) api: SocketAddr,
    /// The checkout pages.
    pub(crate) checkout: SocketAddr,
    /// The listener that the provider calls back.
    pub(crate) worker: SocketAddr,
    /// The provider.
    pub(crate) sandbox: SocketAddr,
}

/// The time that the shop waits for what comes by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Wait for `order.paid` after a callback.
    pub(crate) webhook: Duration,
    /// Wait for `order.paid` after a payment whose callback was lost.
    pub(crate) healing: Duration,
}

impl Patience {
    /// Returns a patience that is longer by this.
    pub(crate) fn and(self, more: Duration) -> Self {
        Self {
            webhook: self.webhook.saturating_add(more),
            healing: self.healing.saturating_add(more),
        }
    }
}

/// The shop.
#[derive(Debug)]
pub(crate) struct Victim {
    shop: Shop,
    doors: Doors,
    endpoint: Endpoint,
    key: RsaSigningKey,
    number: AtomicU64,
    last: Mutex<Option<Open>>,
    idle: Mutex<Vec<Line>>,
    samples: Mutex<Vec<Sample>>,
}

/// A thing that a shop asks for at its time.
#[derive(Debug, Clone, Copy)]
enum Act {
    Order,
    Read,
    List,
}

impl Victim {
    /// Creates this shop, whose webhooks come to that endpoint.
    pub(crate) fn new(shop: Shop, endpoint: Endpoint, doors: Doors, key: RsaSigningKey) -> Self {
        Self {
            shop,
            doors,
            endpoint,
            key,
            number: AtomicU64::new(1),
            last: Mutex::default(),
            idle: Mutex::default(),
            samples: Mutex::default(),
        }
    }

    /// Creates one order apart from the measurement, and returns its time.
    ///
    /// # Errors
    /// Fails when it is not created.
    pub(crate) async fn probe(&self) -> Result<Duration, Trouble> {
        let began = Instant::now();
        let open = self.shop.open(self.doors.api, &self.reference()).await?;
        *lock(&self.last) = Some(open);
        Ok(began.elapsed())
    }

    /// Lives until this moment, which may be put off, and then waits for the end of what was begun,
    /// which has deadlines.
    ///
    /// # Errors
    /// Fails when the load itself dies.
    pub(crate) async fn live(
        self: Arc<Self>,
        runtime: Handle,
        until: watch::Receiver<Instant>,
        patience: Patience,
    ) -> Result<Vec<Sample>, Trouble> {
        lock(&self.samples).clear();
        let began = Instant::now();
        let mut under_way = JoinSet::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut plan = [
            (Act::Order, ORDERS_A_SECOND, 0_u64),
            (Act::Read, READS_A_SECOND, 0),
            (Act::List, LISTS_A_SECOND, 0),
        ];
        while Instant::now() < *until.borrow() {
            ticks.tick().await;
            let now = micros(began.elapsed());
            for (act, a_second, sent) in &mut plan {
                let gap = 1_000_000_u64.checked_div(*a_second).unwrap_or(1_000_000);
                while sent.saturating_mul(gap) <= now {
                    let late = Duration::from_micros(sent.saturating_mul(gap));
                    let due = began.checked_add(late).unwrap_or(began);
                    under_way.spawn_on(
                        Arc::clone(&self).act((*act, *sent), due, patience),
                        &runtime,
                    );
                    *sent = sent.saturating_add(1);
                }
            }
        }
        while let Some(ended) = under_way.join_next().await {
            ended.map_err(|error| Trouble::new(format!("the shop died: {error}")))?;
        }
        Ok(std::mem::take(&mut *lock(&self.samples)))
    }

    async fn act(self: Arc<Self>, (act, number): (Act, u64), due: Instant, patience: Patience) {
        let api = self.doors.api;
        match act {
            Act::Order => self.order(number, due, patience).await,
            Act::Read => {
                let order = lock(&self.last).as_ref().map(|open| open.order.clone());
                let path = format!("/v1/orders/{}", order.unwrap_or_default());
                let request = self.shop.look(api, &path);
                self.asked_of_api(Kind::Read, due, &request, 200).await;
            }
            Act::List => {
                let request = self.shop.look(api, "/v1/orders?limit=20");
                self.asked_of_api(Kind::List, due, &request, 200).await;
            }
        }
    }

    /// Runs one order from the create to the webhook.
    async fn order(&self, number: u64, due: Instant, patience: Patience) {
        let request = self.shop.create(self.doors.api, &self.reference());
        let made = self.asked_of_api(Kind::Create, due, &request, 201).await;
        let Some(open) = made.as_deref().and_then(Open::of) else {
            return;
        };
        *lock(&self.last) = Some(open.clone());
        let is_lost = number % ONE_LOST_OF == ONE_LOST_OF.saturating_sub(1);
        let paid = async {
            match is_lost {
                true => self.paid_in_silence(&open, patience.healing).await,
                false => self.paid(&open, patience.webhook).await,
            }
        };
        tokio::join!(self.page(&open), paid);
    }

    async fn page(&self, open: &Open) {
        let (due, to) = (Instant::now(), self.doors.checkout);
        let request = format!("GET {} HTTP/1.1\r\nHost: {to}\r\n\r\n", open.page);
        let mut line = Line::to(to);
        let ended = ask(&mut line, request.as_bytes(), 200).await;
        self.record(Kind::Page, due, ended.err());
    }

    async fn paid(&self, open: &Open, within: Duration) {
        let told = self.endpoint.expect(&open.order);
        let (due, to) = (Instant::now(), self.doors.worker);
        let request = callback(&self.key, &open.payment, to, &jakarta_now());
        let mut line = Line::to(to);
        let ended = match ask(&mut line, &request, 200).await {
            Ok(body) if !is_taken(&body) => Err(200),
            other => other.map(drop),
        };
        self.record(Kind::Callback, due, ended.err());
        if ended.is_ok() {
            self.told(Kind::Webhook, told, within).await;
        }
    }

    /// Pays without a callback: the provider is set to lose it.
    async fn paid_in_silence(&self, open: &Open, within: Duration) {
        let told = self.endpoint.expect(&open.order);
        let (due, to) = (Instant::now(), self.doors.sandbox);
        let mut line = Line::to(to);
        match ask(&mut line, &pay(to, &open.payment, "{}"), 200).await {
            Ok(_) => self.told(Kind::Healing, told, within).await,
            Err(status) => self.record(Kind::Healing, due, Some(status)),
        }
    }

    async fn told(&self, kind: Kind, told: oneshot::Receiver<Instant>, within: Duration) {
        let due = Instant::now();
        match timeout(within, told).await {
            Ok(Ok(at)) => {
                let took = micros(at.saturating_duration_since(due));
                self.push(Sample {
                    kind,
                    due,
                    micros: took,
                    failed: None,
                });
            }
            _ => self.record(kind, due, Some(0)),
        }
    }

    /// Sends a request to the API and returns the body when this status came.
    async fn asked_of_api(
        &self,
        kind: Kind,
        due: Instant,
        request: &[u8],
        status: u16,
    ) -> Option<Vec<u8>> {
        let kept = lock(&self.idle).pop();
        let mut line = kept.unwrap_or_else(|| Line::to(self.doors.api));
        let ended = ask(&mut line, request, status).await;
        // A line without an answer is in the middle of something.
        if !matches!(ended, Err(0)) {
            lock(&self.idle).push(line);
        }
        self.record(kind, due, ended.as_ref().err().copied());
        ended.ok()
    }

    fn record(&self, kind: Kind, due: Instant, failed: Option<u16>) {
        self.push(Sample {
            kind,
            due,
            micros: micros(due.elapsed()),
            failed,
        });
    }

    fn push(&self, sample: Sample) {
        lock(&self.samples).push(sample);
    }

    fn reference(&self) -> String {
        format!("B-{}", self.number.fetch_add(1, Ordering::Relaxed))
    }
}

/// Returns the body, or the status that came instead of this one; 0 without a whole answer in time.
async fn ask(line: &mut Line, request: &[u8], status: u16) -> Result<Vec<u8>, u16> {
    match timeout(ANSWERED_WITHIN, line.ask(request)).await {
        Ok(Ok(reply)) if reply.status == status => Ok(reply.body.to_vec()),
        Ok(Ok(reply)) => Err(reply.status),
        Ok(Err(_)) | Err(_) => Err(0),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
