//! Console: pages made on the server for operators, who look after the money of all shops. Its own listener calls
//! `routes`; it calls the ledger and the flows with the provider by the same transactions as the API, and reports
//! the outcome in its own words. It does not exist while there is no operator, and knows no API keys.
//! Invariant: every request asks the database for its operator, and every change is recorded in the log of actions.

use actix_web::web::{ServiceConfig, get, post, resource, to};

mod audit_log;
mod channels;
mod chart;
mod endpoints;
mod error;
mod format;
mod forms;
mod hourly_volume;
mod keys;
mod layout;
mod orders;
mod overview;
mod refunds_and_reviews;
mod responses;
mod search;
mod session;
mod sign_in;
pub mod state;
mod work_queues;

/// Mounts the operators' pages at `CONSOLE_BIND`, internal.
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
        .service(resource("/endpoints").route(get().to(endpoints::endpoints)))
        .service(resource("/endpoints/{id}/enable").route(post().to(endpoints::enable)))
        .service(resource("/endpoints/{id}/disable").route(post().to(endpoints::disable)))
        .service(resource("/keys").route(get().to(keys::keys)))
        .service(resource("/keys/{id}/revoke").route(post().to(keys::revoke)))
        .service(resource("/log").route(get().to(audit_log::page)))
        .service(resource("/static/{name}").route(get().to(sign_in::asset)))
        .default_service(to(sign_in::nowhere));
}
