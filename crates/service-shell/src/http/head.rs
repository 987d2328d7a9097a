//! HEAD wherever GET is (RFC 9110, 9.3.2): the same status and headers, no body. Routes know GET only.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Bytes;

/// The body that a GET would have had: its size is sent, but none of its bytes is made or sent.
struct Untold(BodySize);

impl MessageBody for Untold {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

/// Answers HEAD as GET; the middleware (for `middleware::from_fn`). Wrap it first, so that it is innermost:
/// the others see HEAD.
///
/// # Errors
/// Those of the routes, whose bodies the server leaves out.
pub async fn as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let is_head = *request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        allow_head(response.headers_mut());
    }
    if !is_head {
        return Ok(response);
    }
    Ok(response.map_body(|_head, body| BoxBody::new(Untold(body.size()))))
}

/// Adds HEAD to the allowed methods that include GET.
fn allow_head(headers: &mut HeaderMap) {
    let allowed: Vec<Method> = headers
        .get_all(ALLOW)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|method| method.trim().parse().ok())
        .collect();
    if allowed.contains(&Method::GET) && !allowed.contains(&Method::HEAD) {
        headers.append(ALLOW, HeaderValue::from_static("HEAD"));
    }
}
