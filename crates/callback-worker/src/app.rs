//! Wiring: settings become a listener, loops and an ops listener. Returns when the process is told
//! to stop and has drained.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use ledger::{Ledger, Retention};
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
use service_shell::pace::Pace;
use service_shell::shutdown::{self, Shutdown};
use service_shell::silent_connections::{self, Connections};
use service_shell::unread_body;
use service_shell::{reply_headers, request_id};
use settings::WorkerSettings;
use webhooks::WebhookSender;

use crate::callbacks::inbox::Inbox;
use crate::callbacks::metrics::CallbackMetrics;
use crate::callbacks::received_path;
use crate::callbacks::replies;
use crate::callbacks::routes::{self, CallbackEdge};
use crate::callbacks::snap_token::SnapClientKeys;
use crate::callbacks::verify::Verifier;
use crate::loops::{self, AllWork, Deliverer, DeliveryMetrics, Housekeeping, Tries};

const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Wait between two checks, at the end, of whether anything is still under way.
const DRAIN_PAUSE: Duration = Duration::from_millis(50);

/// Reasons why the process cannot run. Printed once; exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something does not fit together.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// Metrics are registered twice.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// An address is taken, or a signal handler cannot be set.
    #[error("{what}: {source}")]
    Io {
        /// The operation that was attempted.
        what: String,
        /// The cause of its failure.
        source: std::io::Error,
    },
}

fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StartError {
    let what = what.into();
    move |source| StartError::Io { what, source }
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// [`StartError`].
pub async fn run(settings: WorkerSettings) -> Result<(), StartError> {
    let settings = Arc::new(settings);
    let registry = Registry::new();
    build_info::register(&registry, env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))?;
    let keyring = keyring_of(&settings.encryption_keys)?;
    let checkout_origin = settings.checkout_public_url.as_str().to_owned();
    let ledger = ledger_of(
        &settings.database,
        &settings.shared,
        keyring,
        &checkout_origin,
    );
    let flows = flow_parts(&settings, &ledger, &registry)?;
    let health = Health::new();
    let shutdown = Shutdown::on_signals().map_err(io("signal handlers"))?;
    let beat = settings.shared.timings.sweep_interval;
    let webhooks = loops::webhook_pace(beat);
    let callbacks = listen(&settings, &ledger, &webhooks, &registry)?;
    let deliverer = Rc::new(deliverer(&settings, &ledger, webhooks, &registry)?);
    let kept = housekeeping(&settings, &deliverer, &registry)?;
    let gauges = crate::gauges::Gauges::register(&registry)?;
    let flows = Rc::new(flows.flows()?);
    let work = AllWork::new(&flows, beat, &registry)?;
    let ops_address = settings.listeners.ops;
    let (live_ledger, ready_ledger) = (ledger.clone(), ledger.clone());
    let gauge_ledger = ledger.clone();
    let (ops, _) = Ops::new(registry, health.clone())
        .dead_when(move || live_ledger.beyond_help())
        .ready_when(move || ready(ready_ledger.clone()))
        .before_scrape(move || gauges.clone().refresh(gauge_ledger.clone()))
        .listen(ops_address)
        .map_err(io(format!("cannot listen on {ops_address}")))?;
    let running = loops::start(&work, &deliverer, beat, &kept, &shutdown);
    let grace = settings.shared.timings.shutdown_grace;
    let ending = shutdown::Ending {
        delay: settings.shared.timings.shutdown_delay,
        grace,
    };
    let served = shutdown::serve(vec![callbacks], ops, &shutdown, &health, ending).await;
    drain(running, &work, &deliverer, grace).await;
    served.map_err(io("serving"))
}

/// Waits until steps, pieces of work and webhooks that have begun are done, at most for `grace`.
async fn drain(
    running: Vec<actix_web::rt::task::JoinHandle<()>>,
    work: &AllWork,
    deliverer: &Deliverer,
    grace: Duration,
) {
    let ending = async {
        for task in running {
            // A loop that panicked has ended as well.
            task.await.ok();
        }
        while work.under_way() > 0 || deliverer.under_way() > 0 {
            tokio::time::sleep(DRAIN_PAUSE).await;
        }
    };
    if tokio::time::timeout(grace, ending).await.is_err() {
        tracing::warn!("work under way did not end in time; its leases run out and others do it");
    }
}

fn flow_parts(
    settings: &WorkerSettings,
    ledger: &Ledger,
    registry: &Registry,
) -> Result<FlowParts, StartError> {
    let choices = FlowChoices {
        send_notification_url: match settings.send_notification_url {
            settings::SendNotificationUrl::Always => SendNotificationUrl::Always,
            settings::SendNotificationUrl::Required => SendNotificationUrl::Required,
        },
        callback_origin: settings.callback_public_url.as_str().to_owned(),
        redis_url: settings.redis_url.clone(),
        provider_calls_max: descriptors::provider_calls_of(descriptors::raise_limit()),
    };
    Ok(FlowParts::new(
        ledger.clone(),
        &settings.provider,
        &settings.shared,
        choices,
        registry,
    )?)
}

fn deliverer(
    settings: &WorkerSettings,
    ledger: &Ledger,
    pace: Pace,
    registry: &Registry,
) -> Result<Deliverer, StartError> {
    let timings = &settings.shared.timings;
    let guard = settings.shared.webhooks.guard.clone();
    let tries = Tries {
        sender: WebhookSender::new(guard, timings.webhook_timeout),
        schedule: timings.webhook.clone(),
        timeout: timings.webhook_timeout,
    };
    let metrics = DeliveryMetrics::register(registry)?;
    let deliverer = Deliverer::new(ledger.clone(), tries, metrics, pace);
    deliverer.register(registry)?;
    Ok(deliverer)
}

fn housekeeping(
    settings: &WorkerSettings,
    deliverer: &Deliverer,
    registry: &Registry,
) -> Result<Housekeeping, StartError> {
    let retention = Retention {
        history: settings.retention.history_months,
        inbox: settings.retention.inbox_months,
        outbox: settings.retention.outbox_months,
        payers: settings.retention.payer_months,
        creation_days: settings.retention.creation_days,
    };
    let disabled_for = deliverer.longest_delivery();
    Ok(Housekeeping::new(retention, disabled_for, registry)?)
}

fn listen(
    settings: &WorkerSettings,
    ledger: &Ledger,
    webhooks: &Pace,
    registry: &Registry,
) -> Result<Server, StartError> {
    let secrets = [
        Some(settings.provider.client_secret.clone()),
        settings.provider.client_secret_previous.clone(),
    ];
    let verifier = Verifier::new(
        settings.provider_public_keys.all().to_vec(),
        secrets.into_iter().flatten().collect(),
    );
    let counted = CallbackMetrics::register(registry, verifier.keys())?;
    let edge = Data::new(CallbackEdge::new(
        verifier,
        SnapClientKeys::new(&settings.snap_client_keys),
        Inbox::new(ledger.clone(), webhooks.clone()),
        counted,
    ));
    let metrics = HttpMetrics::register(registry, "callback")?;
    let address = settings.listeners.callback;
    // Of the rest of the descriptors as many are kept for webhooks as callbacks may have.
    let connections = descriptors::connections_of_each(descriptors::raise_limit(), 2);
    let (threads, of_a_thread) = descriptors::of_a_thread(connections);
    let all = Connections::of(connections);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(head::as_get))
            .wrap(from_fn(catch_panic::catch))
            .wrap(from_fn(http_metrics::track))
            .wrap(from_fn(reply_headers::guard))
            .wrap(from_fn(request_id::assign))
            .wrap(from_fn(received_path::tidy))
            .wrap(from_fn(unread_body::hold))
            .wrap(from_fn(one_request::only))
            .wrap(from_fn(silent_connections::heard))
            .app_data(Data::new(PanicReply(|_id| replies::panicked())))
            .app_data(Data::new(metrics.clone()))
            .app_data(edge.clone())
            .configure(routes::configure::<Inbox>)
    })
    .on_connect(move |io, connection| {
        all.accepted(io, connection);
        one_request::watch(connection);
    })
    .workers(threads)
    .max_connections(of_a_thread)
    .client_request_timeout(HEAD_DEADLINE)
    // The framework has no head deadline on a second request of a connection (reliability T5), and
    // this listener may be public: each connection carries one callback.
    .keep_alive(KeepAlive::Disabled)
    .shutdown_timeout(settings.shared.timings.shutdown_grace.as_secs())
    .disable_signals()
    .bind(address)
    .map_err(io(format!("cannot listen on {address}")))?;
    for bound in server.addrs() {
        tracing::info!(address = %bound, "listening");
    }
    Ok(server.run())
}

/// Returns `Ok` when the database answers, leads, takes writes, and is as new as this binary.
async fn ready(ledger: Ledger) -> Result<(), String> {
    ledger.ready().await.map_err(|reason| reason.to_string())
}
