//! The TCP connector that connects only to addresses the guard has judged.
//!
//! awc's own resolver hook never sees literal addresses, and a name may resolve otherwise than at
//! registration; so literals, every resolved address and the connected peer are all checked here.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection, Resolve};
use awc::http::Uri;
use futures_util::future::LocalBoxFuture;

use crate::url_guard::{Target, UrlGuard, UrlRefused};

/// Resolves names by the system's resolver, off the event loop.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn lookup<'a>(
        &'a self,
        host: &'a str,
        port: u16,
    ) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn std::error::Error>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// A `Service` for [`awc::Connector::connector`].
#[derive(Clone)]
pub(crate) struct GuardedConnector {
    guard: UrlGuard,
    resolver: Rc<dyn Resolve>,
}

impl GuardedConnector {
    pub(crate) fn new(guard: UrlGuard, resolver: Rc<dyn Resolve>) -> Self {
        Self { guard, resolver }
    }

    async fn connect(self, uri: &Uri) -> Result<TcpStream, ConnectError> {
        let target = Target::of_uri(uri).ok_or_else(|| refused(UrlRefused::Malformed))?;
        let addresses = self.resolve(&target, uri).await?;
        for address in &addresses {
            self.guard.admit(&target, address.ip()).map_err(refused)?;
        }
        let mut last_error = ConnectError::NoRecords;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return self.confirm_peer(stream, &target, address.ip()),
                Err(error) => last_error = ConnectError::Io(error),
            }
        }
        Err(last_error)
    }

    async fn resolve(&self, target: &Target, uri: &Uri) -> Result<Vec<SocketAddr>, ConnectError> {
        match target.literal() {
            Some(address) => Ok(vec![SocketAddr::new(address, target.port)]),
            None => {
                let found = self
                    .resolver
                    .lookup(uri.host().unwrap_or_default(), target.port)
                    .await;
                let addresses = found.map_err(ConnectError::Resolver)?;
                // The port is the URL's, whatever the resolver says.
                Ok(addresses
                    .iter()
                    .map(|a| SocketAddr::new(a.ip(), target.port))
                    .collect())
            }
        }
    }

    fn confirm_peer(
        &self,
        stream: TcpStream,
        target: &Target,
        checked: IpAddr,
    ) -> Result<TcpStream, ConnectError> {
        let peer = stream.peer_addr().map_err(ConnectError::Io)?.ip();
        if peer != checked {
            return Err(refused(UrlRefused::OtherPeer));
        }
        self.guard.admit(target, peer).map_err(refused)?;
        Ok(stream)
    }
}

impl Service<ConnectInfo<Uri>> for GuardedConnector {
    type Response = Connection<Uri, TcpStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, request: ConnectInfo<Uri>) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let uri = request.request().clone();
            let stream = connector.connect(&uri).await?;
            Ok(Connection::new(uri, stream))
        })
    }
}

fn refused(why: UrlRefused) -> ConnectError {
    ConnectError::Resolver(Box::new(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connect(guard: &UrlGuard, uri: &str) -> Result<(), ConnectError> {
        let connector = GuardedConnector::new(guard.clone(), Rc::new(SystemResolver));
        let request = ConnectInfo::new(uri.parse::<Uri>().unwrap());
        connector.call(request).await.map(|_| ())
    }

    #[track_caller]
    fn is_refused(outcome: Result<(), ConnectError>) {
        match outcome {
            Err(ConnectError::Resolver(why)) => {
                assert!(why.downcast_ref::<UrlRefused>().is_some(), "{why}")
            }
            other => panic!("{other:?}"),
        }
    }

    /// Leaves the URL check out on purpose: the connector must hold alone.
    #[actix_rt::test]
    async fn literals_that_no_resolver_sees_are_refused_by_the_connector_itself() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let closed = UrlGuard::new::<&str>(&[], &[]).unwrap();
        for host in [
            "127.0.0.1",
            "evil@127.0.0.1",
            "2130706433",
            "0x7f.1",
            "127.1",
            "0177.0.0.1",
            "localhost",
        ] {
            is_refused(connect(&closed, &format!("http://{host}:{port}/")).await);
        }
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "something connected");
    }

    #[actix_rt::test]
    async fn an_allowed_literal_connects() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let guard = UrlGuard::new::<&str>(&[], &["127.0.0.0/8"]).unwrap();
        connect(
            &guard,
            &format!("http://{}/", listener.local_addr().unwrap()),
        )
        .await
        .unwrap();
    }

    #[actix_rt::test]
    async fn a_peer_other_than_the_checked_address_is_refused() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let guard = UrlGuard::new::<&str>(&[], &["127.0.0.0/8"]).unwrap();
        let connector = GuardedConnector::new(guard, Rc::new(SystemResolver));
        let uri: Uri = format!("http://{}/", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let target = Target::of_uri(&uri).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let outcome = connector.confirm_peer(stream, &target, "127.0.0.2".parse().unwrap());
        is_refused(outcome.map(|_| ()));
    }
}
