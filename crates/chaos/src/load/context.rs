//! The state that every party of a run shares: addresses, the shops, and the signal to stop.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::tools::{
    clock::now_ms,
    http::{Call, Reply},
    journal::Journal,
    timeline::Timeline,
};

/// A merchant of the run.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its index in the list.
    pub index: usize,
    /// `mer_…`.
    pub id: String,
    /// `gk_…`.
    pub api_key: String,
    /// `whe_…` of its webhook endpoint.
    pub endpoint: String,
}

/// Counts of the load.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests sent to the gateway, by shops and by the storm.
    pub requests: AtomicU64,
    /// Replies that promise something: 2xx.
    pub acknowledged: AtomicU64,
    /// Requests sent again because nothing was promised.
    pub retried: AtomicU64,
    /// Orders whose life is not over.
    pub lives: AtomicU64,
    /// Orders begun.
    pub begun: AtomicU64,
}

/// State shared by every task of the load.
#[derive(Debug)]
pub struct World {
    /// The run's seed.
    pub seed: u64,
    /// Addresses at which the API's replicas listen.
    pub apis: Vec<SocketAddr>,
    /// Addresses of the workers' callback listeners, without any proxy.
    pub workers: Vec<SocketAddr>,
    /// Address of the provider, without any proxy.
    pub sandbox: SocketAddr,
    /// The shops.
    pub shops: Vec<Shop>,
    /// The provider's private key (PEM), for callbacks made by hand.
    pub provider_key: String,
    /// The load's journal.
    pub journal: Journal,
    /// Successes.
    pub timeline: Timeline,
    /// Counts.
    pub counts: Counts,
    /// The time for which shops go on trying.
    pub patience: Duration,
    /// True when no new orders are to be made.
    pub closing: AtomicBool,
    next_request: AtomicU64,
}

/// A shop's request; one operation may take several requests.
#[derive(Debug, Clone)]
pub struct Request {
    /// Name of the operation in the journal.
    pub op: String,
    /// `create`, `switch`, `cancel`, `read`, `list`, `replay`, `mismatch`.
    pub what: &'static str,
    /// The shop's index.
    pub shop: usize,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The exact body.
    pub body: Option<String>,
}

impl World {
    /// Creates a world in which nothing has happened yet.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            seed: parts.seed,
            apis: parts.apis,
            workers: parts.workers,
            sandbox: parts.sandbox,
            shops: parts.shops,
            provider_key: parts.provider_key,
            journal: parts.journal,
            timeline: parts.timeline,
            counts: Counts::default(),
            patience: parts.patience,
            closing: AtomicBool::new(false),
            next_request: AtomicU64::new(1),
        })
    }

    /// Sends a request to the replica whose turn it is, both journaled.
    ///
    /// # Errors
    /// Returns the reason why there was no reply.
    pub async fn request(&self, request: &Request, replica: usize) -> Result<Reply, String> {
        let number = self.next_request.fetch_add(1, Ordering::Relaxed);
        let to = self
            .apis
            .get(replica.checked_rem(self.apis.len()).unwrap_or(0));
        let (Some(to), Some(shop)) = (to, self.shops.get(request.shop)) else {
            return Err("no such replica or shop".to_owned());
        };
        let mut call = Call::new(*to, request.method, &request.path)
            .header("Authorization", format!("Bearer {}", shop.api_key))
            .within(Duration::from_secs(8));
        if let Some(key) = &request.key {
            call = call.header("Idempotency-Key", key.clone());
        }
        if let Some(body) = &request.body {
            call = call.json(body.clone());
        }
        let line = json!({
            "t": "request", "n": number, "at_ms": now_ms(), "op": request.op, "what": request.what,
            "shop": shop.id, "method": request.method, "path": request.path, "key": request.key,
            "body": request.body, "replica": replica,
        });
        self.journal.record(&line).await;
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        let answered = call.send().await;
        self.journal.record(&reply_line(number, &answered)).await;
        if answered.as_ref().is_ok_and(|reply| reply.status < 300) {
            self.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
        answered
    }

    /// Returns whether no new orders are to be made.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// The parts of a [`World`].
#[derive(Debug)]
pub struct Parts {
    /// See [`World::seed`].
    pub seed: u64,
    /// See [`World::apis`].
    pub apis: Vec<SocketAddr>,
    /// See [`World::workers`].
    pub workers: Vec<SocketAddr>,
    /// See [`World::sandbox`].
    pub sandbox: SocketAddr,
    /// See [`World::shops`].
    pub shops: Vec<Shop>,
    /// See [`World::provider_key`].
    pub provider_key: String,
    /// See [`World::journal`].
    pub journal: Journal,
    /// See [`World::timeline`].
    pub timeline: Timeline,
    /// See [`World::patience`].
    pub patience: Duration,
}

fn reply_line(number: u64, answered: &Result<Reply, String>) -> Value {
    match answered {
        Err(reason) => json!({"t": "no_reply", "n": number, "at_ms": now_ms(), "why": reason}),
        Ok(reply) => json!({
            "t": "reply", "n": number, "at_ms": now_ms(), "status": reply.status,
            "content_type": reply.header("content-type"),
            "retry_after": reply.header("retry-after"),
            "replayed": reply.header("idempotent-replayed"),
            "body": String::from_utf8_lossy(&reply.body),
        }),
    }
}
