//! One request a connection, for listeners that the world can reach: the framework says `connection: close`
//! in its first reply, but goes on with what the client sent before it saw that (pipelining).

use std::cell::Cell;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

/// The mark of a connection that has had its request.
#[derive(Debug, Default)]
struct Had(Cell<bool>);

/// Makes the connection answer only one request; for `HttpServer::on_connect`.
pub fn watch(connection: &mut Extensions) {
    connection.insert(Had::default());
}

/// Refuses, with an empty 400, what a watched connection sends after its first request; it reaches no
/// handler. Middleware (for `middleware::from_fn`), outermost.
///
/// # Errors
/// Those of inner middlewares.
pub async fn only(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let had = request.conn_data::<Had>().map(|had| had.0.replace(true));
    if had == Some(true) {
        let refused = HttpResponse::BadRequest().force_close().finish();
        return Ok(request.into_response(refused));
    }
    let reply = next.call(request).await?;
    Ok(reply.map_into_boxed_body())
}
