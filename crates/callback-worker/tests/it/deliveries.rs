//! Webhooks from the books to shops' servers: real Postgres, real sockets, the worker's own loop.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{EndpointId, EventId, MerchantId, OrderId};
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use callback_worker::loops::{Deliverer, DeliveryMetrics, Tries, deliver, webhook_pace};
use chrono::{DateTime, TimeDelta, Utc};
use devstack::{TestDatabase, WebhookReceiver};
use ledger::{
    Backlog, Claim, Context, EndpointChange, Ledger, LedgerError, LedgerSettings, NewEndpoint,
    NewOrder, Plans, RangeBegun, RedeliveryRange, Source, Tx, Urgency,
};
use prometheus::Registry;
use service_shell::shutdown::Shutdown;
use uuid::Uuid;
use webhooks::{UrlGuard, WebhookSecret, WebhookSender};

const TRY_TIMEOUT: Duration = Duration::from_secs(2);
const BEAT: Duration = Duration::from_millis(50);
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const OLD: &str = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk";
pub(crate) const NEW: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3";

/// A worker that delivers, and the books it works on.
pub(crate) struct Worker {
    ledger: Ledger,
    pub(crate) merchant: MerchantId,
    shutdown: Shutdown,
    pub(crate) deliverer: Rc<Deliverer>,
    _database: TestDatabase,
}

pub(crate) fn context() -> Context {
    let schedule = || Schedule::new(vec![TimeDelta::seconds(60)]).unwrap();
    Context {
        links: Links {
            checkout_origin: "https://pay.example.co.id".to_owned(),
        },
        keyring: Arc::new(Keyring::new(&[Secret::new("test key".to_owned())]).unwrap()),
        plans: Plans {
            lease: TimeDelta::seconds(30),
            expiry_grace: TimeDelta::seconds(300),
            resolve: schedule(),
            inquiry: schedule(),
            inquiry_slow: schedule(),
        },
        channels: Arc::new(ChannelTable::built_in(Environment::NonProduction)),
    }
}

impl Worker {
    async fn start(schedule: &str) -> Self {
        let worker = Self::still(schedule, TRY_TIMEOUT).await;
        deliver(&worker.deliverer, BEAT, &worker.shutdown);
        worker
    }

    /// One that looks for webhooks only when it is told to.
    pub(crate) async fn still(schedule: &str, timeout: Duration) -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let database = TestDatabase::create(|url| {
            ledger::migrate(url).unwrap();
            ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
        });
        let settings = LedgerSettings {
            database_url: database.services_url(),
            connections_max: 8,
            waiting_max: 256,
            deadline: Duration::from_secs(20),
        };
        let ledger = Ledger::new(&settings, context());
        let guard = UrlGuard::new::<&str>(&[], &["127.0.0.0/8"]).unwrap();
        let tries = Tries {
            sender: WebhookSender::new(guard, timeout),
            schedule: schedule.parse().unwrap(),
            timeout,
        };
        let deliverer = Rc::new(Deliverer::new(
            ledger.clone(),
            tries,
            DeliveryMetrics::register(&Registry::new()).unwrap(),
            webhook_pace(BEAT),
        ));
        let shutdown = Shutdown::new();
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        let worker = Self {
            ledger,
            merchant,
            shutdown,
            deliverer,
            _database: database,
        };
        worker
            .run(move |tx| tx.add_merchant(merchant, "Warung Budi"))
            .await;
        worker
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> T {
        self.ledger.at(Urgency::Write).transact(work).await.unwrap()
    }

    pub(crate) async fn endpoint(&self, url: &str, secret: &str) -> EndpointId {
        let id = EndpointId::from_uuid(Uuid::now_v7());
        let new = NewEndpoint {
            id,
            merchant_id: self.merchant,
            url: url.to_owned(),
            event_types: None,
            secret: Secret::new(secret.to_owned()),
        };
        self.run(move |tx| tx.add_endpoint(&new)).await;
        id
    }

    async fn change(&self, id: EndpointId, change: EndpointChange) {
        let merchant = self.merchant;
        self.run(move |tx| tx.change_endpoint(merchant, id, &change))
            .await;
    }

    async fn test_event(&self, endpoint: EndpointId) -> EventId {
        let merchant = self.merchant;
        self.run(move |tx| tx.send_test(merchant, endpoint))
            .await
            .id
    }

    /// An order that is made and cancelled: one event, to every endpoint.
    pub(crate) async fn cancelled_order(&self) {
        let merchant = self.merchant;
        let order = NewOrder {
            id: OrderId::from_uuid(Uuid::now_v7()),
            merchant_id: merchant,
            reference: Uuid::now_v7().simple().to_string(),
            amount: Amount::rupiah(150_000).unwrap(),
            expires_at: Utc::now() + TimeDelta::hours(1),
            description: None,
            customer: None,
            items: None,
            return_url: None,
            metadata: None,
            checkout_token: "opens-the-page".to_owned(),
            payment: None,
        };
        let claim = Claim {
            endpoint: "POST /v1/orders".to_owned(),
            key: None,
            fingerprint: [0; 32],
            source: Source::Merchant,
        };
        self.run(move |tx| {
            tx.begin_order(&order, &claim)?;
            tx.cancel_order(merchant, order.id, Source::Merchant)
        })
        .await
        .unwrap();
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(Instant::now() < deadline, "not in time: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.shutdown.trigger();
    }
}

/// A server that takes what is sent and never answers; counts those who wait.
pub(crate) fn hanging_shop() -> (String, Arc<Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let waiting: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let taken = Arc::clone(&waiting);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            taken.lock().unwrap().push(stream.unwrap());
        }
    });
    (url, waiting)
}

/// How many of the connections to the hanging shop are still held open by the worker.
fn open(waiting: &Mutex<Vec<TcpStream>>) -> usize {
    let mut streams = waiting.lock().unwrap();
    streams.retain_mut(|stream| {
        stream.set_nonblocking(true).unwrap();
        let mut received = [0; 4096];
        loop {
            match stream.read(&mut received) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    });
    streams.len()
}

pub(crate) fn receiver(secret: &str) -> WebhookReceiver {
    let receiver = WebhookReceiver::start(0).unwrap();
    receiver.trust(secret);
    receiver
}

/// How long the receiver's webhooks were on their way, shortest first.
fn delays(receiver: &WebhookReceiver) -> Vec<TimeDelta> {
    let mut delays: Vec<TimeDelta> = receiver
        .deliveries()
        .iter()
        .map(|delivery| {
            assert_eq!(delivery.verified, Ok(()));
            let at = delivery.body["timestamp"].as_str().unwrap();
            let happened = DateTime::parse_from_rfc3339(at).unwrap();
            delivery.received_at.signed_duration_since(happened)
        })
        .collect();
    delays.sort();
    delays
}

fn p99(delays: &[TimeDelta]) -> TimeDelta {
    delays[(delays.len() * 99).div_ceil(100) - 1]
}

async fn three_hundred_events(worker: &Worker, receiver: &WebhookReceiver) -> Vec<TimeDelta> {
    for _ in 0..300 {
        worker.cancelled_order().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    worker
        .until("300 webhooks", async || receiver.deliveries().len() >= 300)
        .await;
    delays(receiver)
}

#[actix_web::test]
async fn a_hanging_endpoint_delays_no_other_and_is_tried_once_at_a_time() {
    let worker = Worker::start("0s,1s,2s,5s,30s,1m,1m,1m,1m,1m,1m,1m").await;
    let alone = receiver(NEW);
    let endpoint = worker.endpoint(&alone.url(), NEW).await;
    let before = p99(&three_hundred_events(&worker, &alone).await);

    let beside = receiver(NEW);
    worker
        .change(
            endpoint,
            EndpointChange {
                url: Some(beside.url()),
                ..EndpointChange::default()
            },
        )
        .await;
    let (url, waiting) = hanging_shop();
    worker.endpoint(&url, OLD).await;
    let after = p99(&three_hundred_events(&worker, &beside).await);
    println!("p99 alone {before}, beside a hanging endpoint {after}");
    // A tenth, and what a busy machine moves by itself. Waiting for the hanging one would take
    // seconds.
    let slack = TimeDelta::milliseconds(250);
    assert!(after <= before + before / 10 + slack, "{before} {after}");

    assert!(open(&waiting) <= 16, "its places are bounded at all times");
    worker
        .until("one try at a time", async || open(&waiting) == 1)
        .await;
    let watched_until = Instant::now() + TRY_TIMEOUT;
    while Instant::now() < watched_until {
        assert!(open(&waiting) <= 1);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[actix_web::test]
async fn while_a_secret_rotates_a_shop_verifies_with_either() {
    let worker = Worker::start("0s,1s").await;
    let (knows_old, knows_new) = (receiver(OLD), receiver(NEW));
    let endpoint = worker.endpoint(&knows_old.url(), OLD).await;
    let merchant = worker.merchant;
    worker
        .run(move |tx| tx.rotate_secret(merchant, endpoint, &Secret::new(NEW.to_owned())))
        .await;
    for shop in [&knows_old, &knows_new] {
        let url = Some(shop.url());
        worker
            .change(
                endpoint,
                EndpointChange {
                    url,
                    ..EndpointChange::default()
                },
            )
            .await;
        let event = worker.test_event(endpoint).await.to_string();
        let arrived = shop.wait_for(PATIENCE, |one| one.id == event).await;
        assert_eq!(arrived.unwrap().verified, Ok(()));
    }
    for text in [OLD, NEW] {
        WebhookSecret::parse(text).unwrap();
    }
}

#[actix_web::test]
async fn after_410_everything_waits_until_the_endpoint_is_enabled() {
    let worker = Worker::start("0s,1s").await;
    let shop = receiver(NEW);
    shop.answer_with(410);
    let endpoint = worker.endpoint(&shop.url(), NEW).await;
    let event = worker.test_event(endpoint).await;
    let merchant = worker.merchant;
    worker
        .until("disabled", async || {
            let line = worker.run(move |tx| tx.endpoint(merchant, endpoint)).await;
            !line.enabled
        })
        .await;
    shop.answer_with(204);
    let on = EndpointChange {
        enabled: Some(true),
        ..EndpointChange::default()
    };
    worker.change(endpoint, on).await;
    let id = event.to_string();
    let arrived = shop
        .wait_for(PATIENCE, |one| one.id == id && one.answered == 204)
        .await;
    assert!(arrived.is_some());
    worker
        .until("recorded", async || {
            let lines = worker
                .run(move |tx| tx.deliveries_of(merchant, event))
                .await;
            lines[0].state == "delivered" && lines[0].tries.len() == 2
        })
        .await;
}

#[actix_web::test]
async fn what_was_given_up_is_sent_again_by_range() {
    let worker = Worker::start("0s").await;
    let shop = receiver(NEW);
    shop.answer_with(500);
    worker.endpoint(&shop.url(), NEW).await;
    for _ in 0..3 {
        worker.cancelled_order().await;
    }
    worker
        .until("dead", async || {
            worker.run(|tx| tx.queues(&Backlog::default())).await.0.dead == 3
        })
        .await;
    shop.answer_with(200);
    let merchant = worker.merchant;
    let range = RedeliveryRange {
        from: Utc::now() - TimeDelta::hours(1),
        to: Utc::now() + TimeDelta::hours(1),
        event_type: None,
    };
    let begun = worker
        .run(move |tx| tx.begin_redelivery(merchant, &range, Source::Merchant))
        .await;
    assert_eq!(begun, RangeBegun::Accepted(3));
    while let Some(leased) = worker.run(|tx| tx.lease_redelivery()).await {
        worker.run(move |tx| tx.step_redelivery(&leased)).await;
    }
    worker
        .until("delivered", async || {
            let arrived = shop.deliveries();
            arrived.iter().filter(|one| one.answered == 200).count() == 3
        })
        .await;
    worker
        .until("nothing under way", async || {
            worker.deliverer.under_way() == 0
        })
        .await;
}
