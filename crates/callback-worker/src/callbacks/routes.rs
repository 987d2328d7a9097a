//! The URLs the provider reaches, and nothing else: callbacks and the token endpoint, POST only.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::messages::paths;
use chrono::Utc;

use crate::callbacks::callback_path::CallbackPath;
use crate::callbacks::receive;
use crate::callbacks::replies;
use crate::callbacks::token_endpoint;

pub use crate::callbacks::edge::CallbackEdge;
pub use crate::callbacks::store::{CallbackStore, Reception};

/// Mounts the five paths for `App::configure`; everything else is 404, other methods 405, both JSON.
///
/// Needs `Data<CallbackEdge<S>>` in the app.
pub fn configure<S: CallbackStore>(cfg: &mut ServiceConfig) {
    for path in CallbackPath::ALL {
        let receive = move |request: HttpRequest, payload: Payload, edge: Data<CallbackEdge<S>>| {
            receive::receive(path, request, payload, edge, Utc::now())
        };
        cfg.service(
            web::resource(path.as_str())
                .route(web::post().to(receive))
                .default_service(web::to(method_not_allowed)),
        );
    }
    cfg.service(
        web::resource(paths::TOKEN)
            .route(web::post().to(token_endpoint::issue::<S>))
            .default_service(web::to(method_not_allowed)),
    );
    cfg.default_service(web::to(not_found));
}

async fn method_not_allowed() -> HttpResponse {
    replies::method_not_allowed()
}

async fn not_found() -> HttpResponse {
    replies::not_found()
}
