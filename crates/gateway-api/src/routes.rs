//! The whole URL map: the merchant's listener and the payer's listener, nothing else.

use actix_web::web::{ServiceConfig, delete, get, patch, post, resource};

use crate::channels::routes as channels;
use crate::checkout::routes as checkout;
use crate::documents::docs::{docs_page, errors_page};
use crate::documents::openapi::openapi_json;
use crate::events::routes as events;
use crate::http::error::not_found;
use crate::orders::export::routes as export;
use crate::orders::routes as orders;
use crate::pages::routes as files;
use crate::refunds::routes as refunds;
use crate::reports::routes as reports;
use crate::webhook_endpoints::routes as webhook_endpoints;

/// Mounts the listener at `GATEWAY_BIND`: merchant REST, internal (contract 4).
pub fn merchant(cfg: &mut ServiceConfig) {
    cfg.service(
        resource("/v1/orders")
            .route(post().to(orders::create))
            .route(get().to(orders::list)),
    )
    // Before the orders by id, which it looks like.
    .service(resource("/v1/orders/export").route(get().to(export::export)))
    .service(resource("/v1/orders/{id}").route(get().to(orders::read)))
    .service(resource("/v1/orders/{id}/payments").route(post().to(orders::add_payment)))
    .service(resource("/v1/orders/{id}/cancel").route(post().to(orders::cancel)))
    .service(resource("/v1/orders/{id}/sync").route(post().to(orders::sync)))
    .service(resource("/v1/orders/{id}/timeline").route(get().to(orders::timeline)))
    .service(resource("/v1/orders/{id}/qr.svg").route(get().to(orders::qr_svg)))
    .service(resource("/v1/orders/{id}/qr.png").route(get().to(orders::qr_png)))
    .service(resource("/v1/orders/{id}/resolve").route(post().to(refunds::resolve)))
    .service(
        resource("/v1/orders/{id}/refunds")
            .route(post().to(refunds::ask))
            .route(get().to(refunds::list)),
    )
    .service(resource("/v1/refunds/{id}/complete").route(post().to(refunds::complete)))
    .service(resource("/v1/refunds/{id}/cancel").route(post().to(refunds::cancel)))
    .service(resource("/v1/channels").route(get().to(channels::list)))
    .service(resource("/v1/reports/daily").route(get().to(reports::daily)))
    .configure(webhooks)
    .service(resource("/openapi.json").route(get().to(openapi_json)))
    .service(resource("/docs").route(get().to(docs_page)))
    .service(resource("/docs/errors").route(get().to(errors_page)))
    .service(resource("/docs/static/{name}").route(get().to(files::asset)))
    .default_service(actix_web::web::to(not_found));
}

fn webhooks(cfg: &mut ServiceConfig) {
    cfg.service(resource("/v1/events").route(get().to(events::list)))
        .service(resource("/v1/events/redeliver").route(post().to(events::redeliver_range)))
        .service(resource("/v1/events/{id}").route(get().to(events::read)))
        .service(resource("/v1/events/{id}/deliveries").route(get().to(events::deliveries)))
        .service(resource("/v1/events/{id}/redeliver").route(post().to(events::redeliver)))
        .service(
            resource("/v1/webhook-endpoints")
                .route(post().to(webhook_endpoints::create))
                .route(get().to(webhook_endpoints::list)),
        )
        .service(
            resource("/v1/webhook-endpoints/{id}")
                .route(get().to(webhook_endpoints::read))
                .route(patch().to(webhook_endpoints::change))
                .route(delete().to(webhook_endpoints::remove)),
        )
        .service(
            resource("/v1/webhook-endpoints/{id}/rotate-secret")
                .route(post().to(webhook_endpoints::rotate)),
        )
        .service(
            resource("/v1/webhook-endpoints/{id}/test").route(post().to(webhook_endpoints::test)),
        );
}

/// Mounts the listener at `CHECKOUT_BIND`: the payer's pages, public behind the ingress.
pub fn checkout(cfg: &mut ServiceConfig) {
    cfg.service(resource("/pay/static/{name}").route(get().to(files::asset)))
        .service(resource("/pay/{id}").route(get().to(checkout::page)))
        .service(resource("/pay/{id}/qr.svg").route(get().to(checkout::qr_svg)))
        .service(resource("/pay/{id}/qr.png").route(get().to(checkout::qr_png)))
        .service(resource("/pay/{id}/status").route(get().to(checkout::status)))
        .service(resource("/pay/{id}/events").route(get().to(checkout::events)))
        .service(resource("/pay/{id}/payments").route(post().to(checkout::choose)))
        .default_service(actix_web::web::to(checkout::nowhere));
}
