//! awc's connector: a TCP connection by the service that the caller brings, TLS where it is wanted, and the stream
//! that passes over interim responses on top.
//!
//! awc puts its own TLS over the stream of a connector and its codec straight over that; so TLS is made here, and awc
//! is told `http` ([`crate::HttpClient`] does that, and nobody else can).

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use actix_rt::net::ActixStream;
use actix_service::Service;
use actix_tls::connect::rustls_0_23::TlsConnector;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use awc::http::uri::{Parts, Scheme};
use futures_util::future::LocalBoxFuture;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::response_stream::ResponseStream;

/// The stream that carries an exchange, in the clear or not.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Unpin {}

impl<Io: AsyncRead + AsyncWrite + Unpin> Carrier for Io {}

/// The `Service` for [`awc::Connector::connector`].
pub(crate) struct Connector<S> {
    tcp: Rc<S>,
    tls: Option<Arc<ClientConfig>>,
}

impl<S> Clone for Connector<S> {
    fn clone(&self) -> Self {
        Self {
            tcp: Rc::clone(&self.tcp),
            tls: self.tls.clone(),
        }
    }
}

impl<S> Connector<S> {
    /// Creates a connector. With `tls`, every connection is encrypted, and `tcp` is asked for an `https` URI.
    pub(crate) fn new(tcp: Rc<S>, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { tcp, tls }
    }

    async fn connect<Io>(self, uri: Uri) -> Result<Box<dyn Carrier>, ConnectError>
    where
        S: Service<ConnectInfo<Uri>, Response = Connection<Uri, Io>, Error = ConnectError>,
        Io: ActixStream + 'static,
    {
        let Some(tls) = self.tls else {
            let connection = self.tcp.call(ConnectInfo::new(uri)).await?;
            return Ok(Box::new(connection.into_parts().0));
        };
        let connection = self.tcp.call(ConnectInfo::new(with_https(uri)?)).await?;
        let encrypted = TlsConnector::service(tls).call(connection).await;
        Ok(Box::new(
            encrypted.map_err(ConnectError::Io)?.into_parts().0,
        ))
    }
}

fn with_https(uri: Uri) -> Result<Uri, ConnectError> {
    let mut parts = Parts::from(uri);
    parts.scheme = Some(Scheme::HTTPS);
    Uri::from_parts(parts)
        .map_err(|error| ConnectError::Io(io::Error::new(io::ErrorKind::InvalidInput, error)))
}

impl<S, Io> Service<ConnectInfo<Uri>> for Connector<S>
where
    S: Service<ConnectInfo<Uri>, Response = Connection<Uri, Io>, Error = ConnectError> + 'static,
    Io: ActixStream + 'static,
{
    type Response = Connection<Uri, ResponseStream<Box<dyn Carrier>>>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, request: ConnectInfo<Uri>) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let uri = request.request().clone();
            let io = connector.connect(uri.clone()).await?;
            Ok(Connection::new(uri, ResponseStream::new(io)))
        })
    }
}
