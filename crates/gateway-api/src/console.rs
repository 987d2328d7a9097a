//! The operator's console: pages made on the server for people who look after the money of all shops.
//! It is not there while there is no operator, knows no API keys, and says who did what in a log.
//! What it changes, it changes by the same transactions and flows as the API; what became of it is told
//! in its own words.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{ServiceConfig, get, post, resource, to};
use service_shell::proxies::TrustedProxies;
use tokio::sync::Semaphore;

mod audit_log;
mod channels;
mod chart;
mod error;
mod format;
mod forms;
mod hourly_volume;
mod layout;
mod orders;
mod overview;
mod refunds_and_reviews;
mod responses;
mod search;
mod session;
mod sign_in;
mod work_queues;

/// Passwords reckoned at once in one process: each takes 19 MiB and a core for a moment.
const HASHES_MAX: usize = 1;
/// Sign-ins that may wait for that.
const SIGN_INS_MAX: usize = 16;

/// What the console of one process shares.
#[derive(Clone)]
pub struct Console {
    proxies: TrustedProxies,
    hashes: Arc<Semaphore>,
    sign_ins: Arc<Semaphore>,
    hours: Arc<hourly_volume::Hours>,
}

impl Console {
    /// The console behind these proxies.
    #[must_use]
    pub fn new(proxies: TrustedProxies) -> Self {
        Self {
            proxies,
            hashes: Arc::new(Semaphore::new(HASHES_MAX)),
            sign_ins: Arc::new(Semaphore::new(SIGN_INS_MAX)),
            hours: Arc::default(),
        }
    }

    /// The address that a request comes from, behind our proxies; `None` where the connection does not say.
    #[must_use]
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let forwarded = request.headers().get_all(header::X_FORWARDED_FOR);
        let forwarded: Vec<&str> = forwarded.filter_map(|value| value.to_str().ok()).collect();
        let forwarded = forwarded.join(",");
        let peer = request.peer_addr()?.ip();
        Some(self.proxies.client_address(peer, Some(&forwarded)))
    }
}

/// `CONSOLE_BIND`: the operators' pages, internal.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/").route(get().to(overview::page)))
        .service(
            resource("/sign-in")
                .route(get().to(sign_in::sign_in_page))
                .route(post().to(sign_in::sign_in)),
        )
        .service(resource("/sign-out").route(post().to(sign_in::sign_out)))
        .service(resource("/search").route(get().to(search::page)))
        .service(resource("/orders/{id}").route(get().to(orders::page)))
        .service(resource("/orders/{id}/customer").route(post().to(orders::customer)))
        .service(resource("/orders/{id}/sync").route(post().to(orders::sync)))
        .service(resource("/orders/{id}/cancel").route(post().to(orders::cancel)))
        .service(resource("/orders/{id}/resolve").route(post().to(refunds_and_reviews::resolve)))
        .service(resource("/orders/{id}/refunds").route(post().to(refunds_and_reviews::ask)))
        .service(resource("/refunds/{id}/complete").route(post().to(refunds_and_reviews::complete)))
        .service(
            resource("/refunds/{id}/cancel").route(post().to(refunds_and_reviews::cancel_refund)),
        )
        .service(resource("/events/{id}/redeliver").route(post().to(orders::redeliver)))
        .service(resource("/lists/{list}").route(get().to(work_queues::page)))
        .service(resource("/quarantine/{id}/retry").route(post().to(work_queues::retry)))
        .service(resource("/quarantine/{id}/dismiss").route(post().to(work_queues::dismiss)))
        .service(resource("/channels").route(get().to(channels::channels)))
        .service(resource("/endpoints").route(get().to(channels::endpoints)))
        .service(resource("/endpoints/{id}/enable").route(post().to(channels::enable)))
        .service(resource("/endpoints/{id}/disable").route(post().to(channels::disable)))
        .service(resource("/keys").route(get().to(channels::keys)))
        .service(resource("/keys/{id}/revoke").route(post().to(channels::revoke)))
        .service(resource("/log").route(get().to(audit_log::page)))
        .service(resource("/static/{name}").route(get().to(sign_in::asset)))
        .default_service(to(sign_in::nowhere));
}
