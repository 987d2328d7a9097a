//! A panic in a handler becomes an ordinary error reply. Without this, actix closes the connection
//! and the caller gets no answer at all.

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt;

use crate::http::{
    http_metrics::HttpMetrics,
    request_id::{self, RequestId},
};

/// A function that writes the reply to a request whose handler panicked. Put it into the app's
/// data; without it the reply is an empty 500.
#[derive(Clone, Copy)]
pub struct PanicReply(pub fn(Option<&RequestId>) -> HttpResponse);

/// Catches panics; the middleware:
/// `.app_data(Data::new(PanicReply(f))).wrap(from_fn(catch_panic::catch))`. Wrap it first, so that
/// it is innermost and the others see the reply. The process's panic hook logs the panic's
/// location; its message is not shown to anybody.
pub async fn catch<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let reply = request.app_data::<Data<PanicReply>>().cloned();
    let metrics = request.app_data::<Data<HttpMetrics>>().cloned();
    let attempt = AssertUnwindSafe(async move { next.call(request).await });
    let Ok(outcome) = attempt.catch_unwind().await else {
        if let Some(metrics) = metrics {
            metrics.count_panic();
        }
        let id = request_id::current();
        let reply = reply.map_or_else(
            || HttpResponse::InternalServerError().finish(),
            |reply| (reply.0)(id.as_ref()),
        );
        return Err(InternalError::from_response("a handler panicked", reply).into());
    };
    outcome
}
