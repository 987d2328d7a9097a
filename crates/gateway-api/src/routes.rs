//! The whole URL map: the merchant's listener and the payer's listener, nothing else.

use actix_web::web::{ServiceConfig, get, post, resource};

use crate::docs::{docs_page, errors_page};
use crate::error::not_found;
use crate::openapi::openapi_json;

mod checkout;
mod documents;
mod orders;

/// `GATEWAY_BIND`: merchant REST, internal (contract 4).
pub fn merchant(cfg: &mut ServiceConfig) {
    cfg.service(
        resource("/v1/orders")
            .route(post().to(orders::create))
            .route(get().to(orders::list)),
    )
    .service(resource("/v1/orders/{id}").route(get().to(orders::read)))
    .service(resource("/v1/orders/{id}/payments").route(post().to(orders::add_payment)))
    .service(resource("/v1/orders/{id}/cancel").route(post().to(orders::cancel)))
    .service(resource("/v1/orders/{id}/sync").route(post().to(orders::sync)))
    .service(resource("/v1/orders/{id}/qr.svg").route(get().to(orders::qr_svg)))
    .service(resource("/openapi.json").route(get().to(openapi_json)))
    .service(resource("/docs").route(get().to(docs_page)))
    .service(resource("/docs/errors").route(get().to(errors_page)))
    .service(resource("/docs/static/{name}").route(get().to(documents::asset)))
    .default_service(actix_web::web::to(not_found));
}

/// `CHECKOUT_BIND`: the payer's pages, public behind the ingress.
pub fn checkout(cfg: &mut ServiceConfig) {
    cfg.service(resource("/pay/static/{name}").route(get().to(documents::asset)))
        .service(resource("/pay/{id}").route(get().to(checkout::page)))
        .service(resource("/pay/{id}/qr.svg").route(get().to(checkout::qr_svg)))
        .service(resource("/pay/{id}/qr.png").route(get().to(checkout::qr_png)))
        .service(resource("/pay/{id}/status").route(get().to(checkout::status)))
        .service(resource("/pay/{id}/payments").route(post().to(checkout::choose)))
        .default_service(actix_web::web::to(checkout::nowhere));
}
