//! Turns every failure of the merchant API into problem+json: our own errors, the framework's plain
//! texts, and panics. Merchant routes are wrapped in [`problem_replies`]; nothing else writes error bodies.

use std::error::Error;

use actix_web::HttpResponse;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header;
use actix_web::middleware::Next;
use service_shell::request_id::{self, RequestId};

use super::{ApiError, ErrorCode, PROBLEM_JSON};

/// Makes every 4xx and 5xx leave as problem+json, and logs it when it is our fault. Middleware, for
/// `middleware::from_fn`.
///
/// Stands inside `request_id::assign`, outside `catch_panic::catch` and every other middleware that
/// may refuse. Replies that have their own body type (HTML pages, replayed problems) pass untouched.
///
/// # Errors
/// Those of inner middlewares, with their reply made ready.
pub async fn problem_replies(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match next.call(request).await {
        Ok(response) => {
            let (request, reply) = response.map_into_boxed_body().into_parts();
            Ok(ServiceResponse::new(request, as_problem(reply)))
        }
        Err(error) => {
            let reply = as_problem(error.error_response());
            Err(InternalError::from_response(error, reply).into())
        }
    }
}

/// Serves paths that do not exist; the default service.
///
/// # Errors
/// Always [`ErrorCode::NotFound`].
pub async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::of(ErrorCode::NotFound))
}

/// Returns the reply to a caller whose handler panicked; for `catch_panic::PanicReply`.
#[must_use]
pub fn panic_reply(request_id: Option<&RequestId>) -> HttpResponse {
    let error = ApiError::of(ErrorCode::InternalError);
    respond(&error, request_id.map(RequestId::as_str))
}

/// Returns the reply for `error`.
pub(crate) fn respond(error: &ApiError, request_id: Option<&str>) -> HttpResponse {
    let mut reply = HttpResponse::build(error.0.code.status());
    reply.content_type(PROBLEM_JSON);
    reply.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(secs) = error.0.retry_after_secs {
        reply.insert_header((header::RETRY_AFTER, secs));
    }
    if let Some(allow) = &error.0.allow {
        reply.insert_header((header::ALLOW, allow.as_str()));
    }
    if error.0.code == ErrorCode::Unauthorized {
        reply.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    if error.0.closes_connection {
        reply.force_close();
    }
    let body = serde_json::to_vec(&error.problem(request_id)).unwrap_or_default();
    reply.body(body)
}

fn as_problem(reply: HttpResponse) -> HttpResponse {
    let status = reply.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return reply;
    }
    if let Some(ours) = reply.error().and_then(|error| error.as_error::<ApiError>()) {
        log(ours);
        return reply;
    }
    if !is_plain(&reply) {
        return reply;
    }
    let mut error = ApiError::of(ErrorCode::of_status(status)).allowing(allowed(&reply));
    if let Some(cause) = reply.error() {
        error = error.because(cause.to_string());
    }
    log(&error);
    let request_id = request_id::current();
    respond(&error, request_id.as_ref().map(RequestId::as_str))
}

/// Returns whether the framework wrote it: no body type, or plain text.
fn is_plain(reply: &HttpResponse) -> bool {
    match reply.headers().get(header::CONTENT_TYPE) {
        None => true,
        Some(kind) => kind.as_bytes().starts_with(b"text/plain"),
    }
}

fn allowed(reply: &HttpResponse) -> Option<String> {
    let values = reply.headers().get_all(header::ALLOW);
    let methods: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    (!methods.is_empty()).then(|| methods.join(", "))
}

fn log(error: &ApiError) {
    let code = error.0.code.as_str();
    match error.0.code {
        ErrorCode::InternalError => {
            tracing::error!(
                error.code = code,
                error.cause = chain(error),
                "a request failed"
            );
        }
        other if other.status().is_server_error() => {
            tracing::warn!(
                error.code = code,
                error.cause = chain(error),
                "a request was put off"
            );
        }
        _ => {}
    }
}

fn chain(error: &ApiError) -> String {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = inner.source();
    }
    words.join(": ")
}
