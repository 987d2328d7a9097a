//! The ops listener: `GET /livez`, `/readyz`, `/metrics` on an address of its own, with a worker
//! thread of its own, so that it answers while the service's other threads are busy or stuck.

use std::{
    collections::BTreeSet,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    http::{KeepAlive, header::ContentType},
    middleware::from_fn,
    web,
};
use prometheus::{Registry, TextEncoder};
use tokio::time::timeout;

use crate::http::{head, one_request, reply_headers};

/// The longest time that a readiness check or a scrape hook takes before it counts as failed.
const HOOK_DEADLINE: Duration = Duration::from_secs(2);

/// Maximum number of probes and scrapes at once. Each has a connection of its own: the framework has no
/// deadline on the head of a second request, and a hanging one would keep the probes out.
const CONNECTIONS_MAX: usize = 64;

/// Reasons why the service is not ready. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<Reasons>>);

#[derive(Debug, Default)]
struct Reasons {
    unready: BTreeSet<&'static str>,
}

impl Health {
    /// Creates it as ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Marks it as not ready while this reason stands: no traffic should come here.
    pub fn unready(&self, reason: &'static str) {
        self.reasons().unready.insert(reason);
    }

    /// Removes a reason that no longer stands.
    pub fn ready_again(&self, reason: &'static str) {
        self.reasons().unready.remove(reason);
    }

    fn reasons(&self) -> MutexGuard<'_, Reasons> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Look = Arc<dyn Fn() -> Option<&'static str> + Send + Sync>;
type Hook<T> = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = T>>> + Send + Sync>;

/// The contents of the ops listener.
#[derive(Clone)]
pub struct Ops {
    registry: Registry,
    health: Health,
    dead_check: Option<Look>,
    ready_check: Option<Hook<Result<(), String>>>,
    before_scrape: Option<Hook<()>>,
}

impl Ops {
    /// Serves this registry and this health.
    pub fn new(registry: Registry, health: Health) -> Self {
        Self {
            registry,
            health,
            dead_check: None,
            ready_check: None,
            before_scrape: None,
        }
    }

    /// Asks `check` at each `/livez` why only a restart helps; as long as there is a reason, the service is
    /// not alive. It must not block.
    #[must_use]
    pub fn dead_when<F>(mut self, check: F) -> Self
    where
        F: Fn() -> Option<&'static str> + Send + Sync + 'static,
    {
        self.dead_check = Some(Arc::new(check));
        self
    }

    /// Also asks `check` at each `/readyz`; an error, whose text is shown there, or no answer within
    /// two seconds is "not ready".
    #[must_use]
    pub fn ready_when<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + 'static,
    {
        self.ready_check = Some(Arc::new(move || Box::pin(check())));
        self
    }

    /// Runs `refresh` before each scrape (at most two seconds), to set gauges that are computed and
    /// not counted.
    #[must_use]
    pub fn before_scrape<F, Fut>(mut self, refresh: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        self.before_scrape = Some(Arc::new(move || Box::pin(refresh())));
        self
    }

    /// Binds and returns the server, which runs once it is awaited or spawned, with its address.
    pub fn listen(self, address: SocketAddr) -> io::Result<(Server, SocketAddr)> {
        let ops = web::Data::new(self);
        let server = HttpServer::new(move || {
            App::new()
                .wrap(from_fn(head::as_get))
                .wrap(from_fn(reply_headers::guard))
                .wrap(from_fn(one_request::only))
                .app_data(ops.clone())
                .route("/livez", web::get().to(livez))
                .route("/readyz", web::get().to(readyz))
                .route("/metrics", web::get().to(metrics))
        })
        .on_connect(|_io, connection| one_request::watch(connection))
        .workers(1)
        .keep_alive(KeepAlive::Disabled)
        .max_connections(CONNECTIONS_MAX)
        .disable_signals()
        .shutdown_timeout(1)
        .bind(address)?;
        let bound = server.addrs().first().copied().unwrap_or(address);
        Ok((server.run(), bound))
    }
}

async fn livez(ops: web::Data<Ops>) -> HttpResponse {
    let reason = ops.dead_check.as_ref().and_then(|check| check());
    let reasons: Vec<String> = reason.into_iter().map(Into::into).collect();
    verdict("alive", &reasons)
}

async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    let mut reasons: Vec<String> = {
        let standing = ops.health.reasons();
        standing.unready.iter().map(|r| (*r).into()).collect()
    };
    if let Some(check) = &ops.ready_check {
        match timeout(HOOK_DEADLINE, check()).await {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => reasons.push(reason),
            Err(_elapsed) => reasons.push("the readiness check did not answer in time".into()),
        }
    }
    verdict("ready", &reasons)
}

fn verdict(good: &'static str, reasons: &[String]) -> HttpResponse {
    let mut reply = if reasons.is_empty() {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    reply.content_type(ContentType::plaintext());
    if reasons.is_empty() {
        return reply.body(format!("{good}\n"));
    }
    reply.body(format!("not {good}: {}\n", reasons.join("; ")))
}

async fn metrics(ops: web::Data<Ops>) -> HttpResponse {
    if let Some(refresh) = &ops.before_scrape
        && timeout(HOOK_DEADLINE, refresh()).await.is_err()
    {
        tracing::warn!("computed metrics were not refreshed in time");
    }
    match TextEncoder::new().encode_to_string(&ops.registry.gather()) {
        Ok(text) => HttpResponse::Ok()
            .content_type(prometheus::TEXT_FORMAT)
            .body(text),
        Err(error) => {
            tracing::error!(%error, "metrics could not be encoded");
            HttpResponse::InternalServerError().finish()
        }
    }
}
