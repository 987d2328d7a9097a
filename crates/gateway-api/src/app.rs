//! Wiring: settings become listeners. `main` calls it; it makes one of everything that threads share, and mounts the
//! URL map and the console. Returns when the process is told to stop and has drained.
//! Invariant: a listener opens only when all that its handlers need is there.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer, dev::Server, rt::net::TcpStream};
use ayolinx_core::ids::MerchantId;
use ayolinx_core::key_id::KeyId;
use chrono::TimeDelta;
use ledger::{Ledger, PepperStanding, Urgency};
use payment_flows::{
    FlowChoices, FlowParts, SendNotificationUrl, WiringError, keyring_of, ledger_of,
};
use prometheus::Registry;
use service_shell::build_info;
use service_shell::catch_panic::{self, PanicReply};
use service_shell::descriptors;
use service_shell::head;
use service_shell::http_metrics::{self, HttpMetrics};
use service_shell::one_request;
use service_shell::ops::{Health, Ops};
use service_shell::shutdown::{self, Shutdown};
use service_shell::silent_connections::{self, Connections};
use service_shell::unread_body;
use service_shell::{reply_headers, request_id};
use settings::ApiSettings;
use shares::Shares;
use socket2::SockRef;
use tokio::sync::Semaphore;

use self::listeners::{Listener, Reach, connections_of, on};
use crate::admission::callers::Callers;
use crate::admission::checkout_links::Links;
use crate::admission::create_limiter::Creates;
use crate::admission::order_watch::{WatchLimits, Watching};
use crate::admission::rate_limit::{self, RateLimit};
use crate::admission::report_limiter::LongReads;
use crate::admission::visits::Visits;
use crate::console::state::Console;
use crate::http::error::{panic_reply, problem_replies};
use crate::orders::abandoned_creates::note_places;
use crate::orders::export::stream::STALLED_AFTER;
use crate::pages::pictures::Pictures;
use crate::state::Api;

mod listeners;

const HEAD_DEADLINE: std::time::Duration = std::time::Duration::from_secs(5);
const KEEP_ALIVE: KeepAlive = KeepAlive::Timeout(std::time::Duration::from_secs(15));

/// The longest wait, before the listeners open, for the ledger's answer about links.
const LEARN_FIRST: std::time::Duration = std::time::Duration::from_secs(1);
/// Number of looks for lost keys: the database may be away when the process starts.
const LOOKS_MAX: u32 = 60;
const LOOK_PAUSE: std::time::Duration = std::time::Duration::from_secs(5);

/// The reason why the process cannot run. Printed once; exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that do not fit together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// A metric that is registered twice.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// An address that is taken, or a signal handler that cannot be set.
    #[error("{what}: {source}")]
    Io {
        /// The action that was attempted.
        what: String,
        /// The cause of the failure.
        source: std::io::Error,
    },
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StartError {
    let what = what.into();
    move |source| StartError::Io { what, source }
}

/// The parts from which server threads are made.
#[derive(Clone)]
struct Parts {
    flows: FlowParts,
    settings: Arc<ApiSettings>,
    metrics: HttpMetrics,
    rate_limit: RateLimit,
    creates: Arc<Creates>,
    notes: Shares<MerchantId>,
    callers: Arc<Callers>,
    key_notes: Arc<Semaphore>,
    watching: Arc<Watching>,
    visits: Arc<Visits>,
    pictures: Arc<Pictures>,
    links: Arc<Links>,
    long_reads: Arc<LongReads>,
    console: Console,
}

impl Parts {
    fn api(&self) -> Result<Api, WiringError> {
        let life = self.settings.shared.timings.order_default_expiry;
        Ok(Api {
            flows: self.flows.flows()?,
            rate_limit: self.rate_limit.clone(),
            peppers: self.settings.peppers.all().to_vec(),
            callers: Arc::clone(&self.callers),
            key_notes: Arc::clone(&self.key_notes),
            guard: self.settings.shared.webhooks.guard.clone(),
            default_expiry: TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX),
            creates: Arc::clone(&self.creates),
            notes: self.notes.clone(),
            watching: Arc::clone(&self.watching),
            visits: Arc::clone(&self.visits),
            pictures: Arc::clone(&self.pictures),
            links: Arc::clone(&self.links),
            long_reads: Arc::clone(&self.long_reads),
            proxies: self.settings.shared.trusted_proxies.clone(),
        })
    }

    fn listen(
        &self,
        address: SocketAddr,
        connections: usize,
        listener: Listener,
    ) -> Result<Server, StartError> {
        let Listener { routes, reach } = listener;
        let (threads, of_a_thread) = descriptors::of_a_thread(connections);
        // Fail here, once, rather than in every server thread.
        self.api()?;
        let parts = self.clone();
        let all = Connections::of(connections);
        let server = HttpServer::new(move || {
            let api = parts.api().map(Data::new);
            App::new()
                .wrap(from_fn(head::as_get))
                .wrap(from_fn(catch_panic::catch))
                .wrap(from_fn(problem_replies))
                .wrap(from_fn(rate_limit::tell))
                .wrap(from_fn(http_metrics::track))
                .wrap(from_fn(reply_headers::guard))
                .wrap(from_fn(request_id::assign))
                .wrap(from_fn(unread_body::hold))
                .wrap(from_fn(one_request::only))
                .wrap(from_fn(silent_connections::heard))
                .app_data(Data::new(PanicReply(panic_reply)))
                .app_data(Data::new(parts.metrics.clone()))
                .configure(|cfg| {
                    if let Ok(api) = api {
                        cfg.app_data(api);
                    }
                    cfg.app_data(Data::new(parts.console.clone()));
                    routes(cfg);
                })
        })
        .on_connect(move |io, connection| {
            give_up_on_stalled(io);
            all.accepted(io, connection);
            if reach == Reach::OneRequest {
                one_request::watch(connection);
            }
        })
        .workers(threads)
        .max_connections(of_a_thread)
        .client_request_timeout(HEAD_DEADLINE)
        .keep_alive(match reach {
            Reach::Shops => KEEP_ALIVE,
            Reach::OneRequest => KeepAlive::Disabled,
        })
        .shutdown_timeout(self.settings.shared.timings.shutdown_grace.as_secs())
        .disable_signals()
        .bind(address)
        .map_err(io(format!("cannot listen on {address}")))?;
        for bound in server.addrs() {
            tracing::info!(address = %bound, "listening");
        }
        Ok(server.run())
    }

    fn listen_all(&self, connections: usize) -> Result<Vec<Server>, StartError> {
        let on = on(&self.settings.listeners).into_iter();
        on.map(|(address, listener)| self.listen(address, connections, listener))
            .collect()
    }
}

/// Makes the system close a connection whose client takes nothing of what is sent: the framework would wait forever.
fn give_up_on_stalled(io: &dyn std::any::Any) {
    if let Some(stream) = io.downcast_ref::<TcpStream>() {
        let limit = SockRef::from(stream).set_tcp_user_timeout(Some(STALLED_AFTER));
        if let Err(error) = limit {
            tracing::debug!(%error, "a stalled connection will not be closed");
        }
    }
}

/// Pools of slots that all threads and shops share.
struct Places {
    creates: Arc<Creates>,
    notes: Shares<MerchantId>,
    long_reads: Arc<LongReads>,
}

impl Places {
    /// Makes pools without a holder and registers their metrics.
    fn register(
        registry: &Registry,
        connections: usize,
        provider_calls: usize,
    ) -> Result<Self, prometheus::Error> {
        let places = Self {
            creates: Arc::new(Creates::of(connections, provider_calls)),
            notes: note_places(),
            long_reads: Arc::default(),
        };
        places.creates.register(registry)?;
        places.notes.register(registry)?;
        places.long_reads.register(registry)?;
        Ok(places)
    }
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// [`StartError`].
pub async fn run(settings: ApiSettings) -> Result<(), StartError> {
    let settings = Arc::new(settings);
    let registry = Registry::new();
    build_info::register(&registry, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let keyring = keyring_of(&settings.encryption_keys)?;
    let checkout_origin = settings.urls.checkout.as_str().to_owned();
    let ledger = ledger_of(
        &settings.database,
        &settings.shared,
        keyring,
        &checkout_origin,
    );
    let open_files = descriptors::raise_limit();
    let flows = FlowParts::new(
        ledger.clone(),
        &settings.provider,
        &settings.shared,
        flow_choices(&settings, open_files),
        &registry,
    )?;
    let shutdown = Shutdown::on_signals().map_err(io("signal handlers"))?;
    let connections = connections_of(&settings.listeners, open_files);
    let provider_calls = descriptors::provider_calls_of(open_files);
    let places = Places::register(&registry, connections, provider_calls)?;
    let watching = begin_watching(&ledger, &shutdown, WatchLimits::of_connections(connections));
    watching.register(&registry)?;
    let parts = Parts {
        flows,
        settings: Arc::clone(&settings),
        metrics: HttpMetrics::register(&registry, "gateway")?,
        rate_limit: RateLimit::new(settings.rate_limit),
        creates: places.creates,
        notes: places.notes,
        callers: Arc::new(Callers::register(&registry)?),
        key_notes: Arc::new(Semaphore::new(1)),
        watching,
        visits: Arc::new(Visits::register(&registry)?),
        pictures: Arc::new(Pictures::register(&registry)?),
        links: begin_links(&ledger).await,
        long_reads: places.long_reads,
        console: Console::default(),
    };
    let (books, live_ledger) = (ledger.clone(), ledger.clone());
    let health = Health::new();
    let ops_address = settings.listeners.ops;
    let (ops, _) = Ops::new(registry, health.clone())
        .dead_when(move || live_ledger.beyond_help())
        .ready_when(move || ready(ledger.clone()))
        .listen(ops_address)
        .map_err(io(format!("cannot listen on {ops_address}")))?;
    let servers = parts.listen_all(connections)?;
    let peppers: Vec<KeyId> = settings
        .peppers
        .all()
        .iter()
        .map(KeyId::of_pepper)
        .collect();
    actix_web::rt::spawn(warn_of_lost_keys(books, peppers));
    let ending = shutdown::Ending {
        delay: settings.shared.timings.shutdown_delay,
        grace: settings.shared.timings.shutdown_grace,
    };
    shutdown::serve(servers, ops, &shutdown, &health, ending)
        .await
        .map_err(io("serving"))
}

fn flow_choices(settings: &ApiSettings, open_files: u64) -> FlowChoices {
    FlowChoices {
        send_notification_url: match settings.send_notification_url {
            settings::SendNotificationUrl::Always => SendNotificationUrl::Always,
            settings::SendNotificationUrl::Required => SendNotificationUrl::Required,
        },
        callback_origin: settings.urls.callback.as_str().to_owned(),
        redis_url: settings.redis_url.clone(),
        provider_calls_max: descriptors::provider_calls_of(open_files),
    }
}

/// Starts to notify payers' pages and held reads of changes.
fn begin_watching(ledger: &Ledger, shutdown: &Shutdown, limits: WatchLimits) -> Arc<Watching> {
    let watching = Arc::new(Watching::new(limits, shutdown.clone()));
    let (looking, ledger) = (Arc::clone(&watching), ledger.clone());
    actix_web::rt::spawn(async move { looking.look(ledger).await });
    watching
}

/// Learns from the ledger which links were made unsigned. Mostly it answers at once; while it is away, it is asked
/// again as the listeners open.
async fn begin_links(ledger: &Ledger) -> Arc<Links> {
    let context = ledger.context();
    let links = Arc::new(Links::new(Arc::clone(&context.keyring), &context.channels));
    let (learning, ledger) = (Arc::clone(&links), ledger.clone());
    let (learnt, first) = tokio::sync::oneshot::channel();
    actix_web::rt::spawn(async move { learning.keep_learning(&ledger, learnt).await });
    // It goes on where this gives up waiting.
    if tokio::time::timeout(LEARN_FIRST, first).await.is_err() {
        tracing::debug!("links that nobody signed wait for the database");
    }
    links
}

/// Logs once after the start how many API keys were made under a pepper that is no longer listed: to their shops the
/// keys look revoked.
async fn warn_of_lost_keys(ledger: Ledger, listed: Vec<KeyId>) {
    for _ in 0..LOOKS_MAX {
        let counted = ledger
            .at(Urgency::Spare)
            .transact(|tx| tx.count_keys_by_pepper())
            .await;
        if let Ok(counts) = counted {
            let lost = PepperStanding::of(&counts, &listed).unlisted;
            if !lost.is_empty() {
                let keys = PepperStanding::sum(&lost);
                let peppers: Vec<String> = lost.into_keys().collect();
                tracing::error!(
                    keys,
                    ?peppers,
                    "API keys are refused: their pepper is not listed"
                );
            }
            return;
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Checks that the database answers, is the primary, takes writes, and is as new as this binary.
async fn ready(ledger: Ledger) -> Result<(), String> {
    ledger.ready().await.map_err(|reason| reason.to_string())
}
