//! Chunks that nobody reads: the framework goes on reading the rest of a chunked body that was
//! dropped before its end, without any deadline, so a client that sends a byte at a time would keep
//! its connection for ever. A body that is still held when the reply ends is not read on: the
//! connection closes a second later.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::{InternalError, PayloadError};
use actix_web::http::header::TRANSFER_ENCODING;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::Stream;

/// The body, shared by its reader and by the reply that outlives the reader.
#[derive(Clone)]
struct Held(Rc<RefCell<Payload>>);

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

/// A reply's body that keeps the request's until it has been sent.
struct Holding {
    body: BoxBody,
    _held: Held,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Holds a chunked body until the reply is sent; middleware (for `middleware::from_fn`), outermost.
///
/// # Errors
/// Those of inner middlewares, with their reply.
pub async fn hold(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(TRANSFER_ENCODING) {
        return next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body);
    }
    let held = Held(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream {
        payload: Box::pin(held.clone()),
    });
    let holding = move |body: BoxBody| BoxBody::new(Holding { body, _held: held });
    match next.call(request).await {
        Ok(response) => Ok(response
            .map_into_boxed_body()
            .map_body(|_head, body| holding(body))),
        Err(error) => {
            let reply = error.error_response();
            let reply = reply.map_body(|_head, body| holding(body));
            Err(InternalError::from_response(error, reply).into())
        }
    }
}
