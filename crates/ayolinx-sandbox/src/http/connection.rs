//! Ends a connection in ways HTTP handlers cannot: FIN or RST without a reply, or after raw bytes.
//! A duplicate of each accepted socket is kept beside the connection; a response whose body fails at once
//! makes the server drop the connection before it has written the head.

use std::any::Any;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, rt};
use futures_util::stream;

/// Duplicate of the client's socket.
struct Socket(TcpStream);

/// The ending of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Orderly close.
    Fin,
    /// Reset.
    Rst,
}

/// Keeps a duplicate of the socket; for `HttpServer::on_connect`.
pub(crate) fn keep_socket(io: &dyn Any, extensions: &mut Extensions) {
    let duplicate = io
        .downcast_ref::<rt::net::TcpStream>()
        .map(|stream| stream.as_fd().try_clone_to_owned());
    match duplicate {
        Some(Ok(descriptor)) => {
            extensions.insert(Socket(TcpStream::from(descriptor)));
        }
        Some(Err(error)) => {
            tracing::warn!(%error, "cannot duplicate a socket: faults on it will not bite");
        }
        None => {}
    }
}

/// Writes `raw`, then ends the connection; the client sees nothing else.
pub(crate) fn cut(request: &HttpRequest, ending: Ending, raw: &[u8]) -> HttpResponse {
    if let Some(Socket(stream)) = request.conn_data::<Socket>() {
        let mut writer = stream;
        let written = writer.write_all(raw);
        let armed = match ending {
            Ending::Fin => Ok(()),
            Ending::Rst => socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)),
        };
        if let Err(error) = written.and(armed) {
            tracing::warn!(%error, "a connection fault did not bite");
        }
    }
    HttpResponse::Ok().streaming(stream::iter([Err::<Bytes, io::Error>(io::Error::other(
        "connection cut on purpose",
    ))]))
}
