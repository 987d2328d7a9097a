//! A shop's webhook endpoint: verifies, remembers and counts what arrives. It runs on a thread and
//! runtime of its own, so that nothing the test does can keep it from answering.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU16, Ordering},
        mpsc::channel,
    },
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::StatusCode,
    web::{self, Bytes, Data},
};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    shop::standard_webhooks::{SignedHeaders, verify},
    system::error::{Attempting, Trouble},
};

const PATH: &str = "/webhooks";
const POLL: Duration = Duration::from_millis(20);

/// One webhook that arrived.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The `webhook-id` header: the event's id.
    pub id: String,
    /// The event's type, such as `order.paid`.
    pub event_type: String,
    /// The whole body; null when it was not JSON.
    pub body: Value,
    /// Number of signatures it carried.
    pub signatures: usize,
    /// The result of checking signature and time; if they were not right, why.
    pub verified: Result<(), String>,
    /// The status that it was answered with.
    pub answered: u16,
    /// The trace it belongs to: the `traceparent` header.
    pub traceparent: Option<String>,
    /// Time of its arrival.
    pub received_at: DateTime<Utc>,
}

impl Delivery {
    /// Returns the order the event is about, as it was then.
    pub fn order(&self) -> &Value {
        self.body.pointer("/data/order").unwrap_or(&Value::Null)
    }

    /// Returns whether it is this event about this order.
    pub fn is(&self, event_type: &str, order_id: &str) -> bool {
        self.event_type == event_type && self.order().get("id") == Some(&Value::from(order_id))
    }
}

type Watcher = Box<dyn Fn(&Delivery) + Send + Sync>;

struct Inbox {
    secrets: Mutex<Vec<String>>,
    deliveries: Mutex<Vec<Delivery>>,
    answer: AtomicU16,
    watcher: Option<Watcher>,
}

/// The endpoint. Dropping it closes it.
pub struct WebhookReceiver {
    inbox: Arc<Inbox>,
    address: SocketAddr,
    server: ServerHandle,
}

impl std::fmt::Debug for WebhookReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookReceiver({})", self.address)
    }
}

impl WebhookReceiver {
    /// Starts an endpoint on this loopback port (0 takes a free one).
    pub fn start(port: u16) -> Result<Self, Trouble> {
        Self::start_watched(port, None)
    }

    pub(crate) fn start_watched(port: u16, watcher: Option<Watcher>) -> Result<Self, Trouble> {
        let inbox = Arc::new(Inbox {
            secrets: Mutex::default(),
            deliveries: Mutex::default(),
            answer: AtomicU16::new(StatusCode::OK.as_u16()),
            watcher,
        });
        let shared = Data::from(inbox.clone());
        let (started, starting) = channel();
        std::thread::spawn(move || {
            let serving = async {
                let server = HttpServer::new(move || {
                    App::new()
                        .app_data(shared.clone())
                        .route(PATH, web::post().to(receive))
                })
                .workers(1)
                .disable_signals()
                .shutdown_timeout(1)
                .bind((Ipv4Addr::LOCALHOST, port));
                let server = match server {
                    Ok(server) => server,
                    Err(error) => return started.send(Err(error)).is_ok(),
                };
                let address = server.addrs().first().copied();
                let running = server.run();
                let told = started.send(Ok((address, running.handle()))).is_ok();
                told && running.await.is_ok()
            };
            actix_rt::System::new().block_on(serving)
        });
        let attempt = format!("start the webhook receiver on port {port}");
        let answer = starting.recv().attempting(&attempt)?;
        let (address, server) = answer.attempting(&attempt)?;
        let address = address.ok_or("it has no address").attempting(&attempt)?;
        Ok(Self {
            inbox,
            address,
            server,
        })
    }

    /// Returns the address to send webhooks to.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Also accepts signatures made with this secret (`whsec_…`).
    pub fn trust(&self, secret: &str) {
        lock(&self.inbox.secrets).push(secret.to_owned());
    }

    /// No longer accepts signatures made with this secret.
    pub fn distrust(&self, secret: &str) {
        lock(&self.inbox.secrets).retain(|known| known != secret);
    }

    /// Answers every webhook with this status from now on.
    pub fn answer_with(&self, status: u16) {
        self.inbox.answer.store(status, Ordering::Relaxed);
    }

    /// Returns everything that arrived, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.inbox.deliveries).clone()
    }

    /// Returns the first delivery that fits, waiting for it if need be; `None` when `within` is
    /// over.
    pub async fn wait_for(
        &self,
        within: Duration,
        fits: impl Fn(&Delivery) -> bool,
    ) -> Option<Delivery> {
        let deadline = Instant::now() + within;
        loop {
            let found = lock(&self.inbox.deliveries)
                .iter()
                .find(|d| fits(d))
                .cloned();
            if found.is_some() || Instant::now() >= deadline {
                return found;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        // The command is queued by the call itself; nobody needs to wait for its answer.
        drop(self.server.stop(false));
    }
}

async fn receive(request: HttpRequest, body: Bytes, inbox: Data<Inbox>) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let signature = header("webhook-signature");
    let traceparent = Some(header("traceparent")).filter(|value| !value.is_empty());
    let headers = SignedHeaders {
        id: &id,
        timestamp: &timestamp,
        signature: &signature,
    };
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let verified = check(&lock(&inbox.secrets), headers, &body);
    let answered = match verified {
        Ok(()) => inbox.answer.load(Ordering::Relaxed),
        Err(_) => StatusCode::UNAUTHORIZED.as_u16(),
    };
    let event_type = parsed
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let delivery = Delivery {
        event_type: event_type.to_owned(),
        signatures: signature.split_whitespace().count(),
        id,
        body: parsed,
        verified,
        answered,
        traceparent,
        received_at: Utc::now(),
    };
    if let Some(watcher) = &inbox.watcher {
        watcher(&delivery);
    }
    lock(&inbox.deliveries).push(delivery);
    let status = StatusCode::from_u16(answered).unwrap_or(StatusCode::OK);
    HttpResponse::build(status).finish()
}

fn check(secrets: &[String], headers: SignedHeaders<'_>, body: &[u8]) -> Result<(), String> {
    let now = Utc::now().timestamp();
    let mut verdict = Err("no secret is known yet".to_owned());
    for secret in secrets {
        verdict = verify(secret, headers, body, now);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
