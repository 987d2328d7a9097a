//! The client: one exchange a connection, no redirect followed, no header of awc's own.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::net::ActixStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::header::HOST;
use awc::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use awc::http::{Method, Uri};
use awc::{Client, ClientRequest};
use rustls::ClientConfig;

use crate::connector::Connector;

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Not an absolute `http` or `https` URL with a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnusableUrl;

impl std::fmt::Display for UnusableUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not an absolute http or https URL")
    }
}

impl std::error::Error for UnusableUrl {}

/// The client that makes requests; of one thread, as awc's clients are.
///
/// Deadlines are the caller's: only connecting is bounded here.
#[derive(Clone)]
pub struct HttpClient {
    plain: Client,
    encrypted: Client,
}

impl HttpClient {
    /// Creates a client that connects by `tcp` and, for `https`, by `tls`, of which only HTTP/1.1
    /// is offered (awc's h2 has a known flaw without a fix in its series). `connect_within` bounds
    /// lookup, connection and handshake together. A process-wide rustls crypto provider must be
    /// installed.
    pub fn new<S, Io>(tcp: S, mut tls: ClientConfig, connect_within: Duration) -> Self
    where
        S: Service<ConnectInfo<Uri>, Response = Connection<Uri, Io>, Error = ConnectError>
            + 'static,
        Io: ActixStream + 'static,
    {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tcp = Rc::new(tcp);
        Self {
            plain: client(Connector::new(Rc::clone(&tcp), None), connect_within),
            encrypted: client(Connector::new(tcp, Some(Arc::new(tls))), connect_within),
        }
    }

    /// Creates a client as [`Self::new`] does, with the system's resolver and connections to
    /// wherever it leads.
    #[must_use]
    pub fn to_anywhere(tls: ClientConfig, connect_within: Duration) -> Self {
        let tcp = actix_tls::connect::Connector::default().service();
        Self::new(tcp, tls, connect_within)
    }

    /// Begins a GET; see [`Self::post`].
    ///
    /// # Errors
    /// [`UnusableUrl`].
    pub fn get(&self, url: &Uri) -> Result<ClientRequest, UnusableUrl> {
        self.request(Method::GET, url)
    }

    /// Begins a POST on a connection of its own; the request says `Connection: close`.
    ///
    /// # Errors
    /// [`UnusableUrl`].
    pub fn post(&self, url: &Uri) -> Result<ClientRequest, UnusableUrl> {
        self.request(Method::POST, url)
    }

    fn request(&self, method: Method, url: &Uri) -> Result<ClientRequest, UnusableUrl> {
        let authority = url.authority().ok_or(UnusableUrl)?;
        let (client, own_port) = match url.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => (&self.plain, HTTP_PORT),
            Some(scheme) if *scheme == Scheme::HTTPS => (&self.encrypted, HTTPS_PORT),
            _ => return Err(UnusableUrl),
        };
        let host = authority.host();
        let port = authority.port_u16().unwrap_or(own_port);
        let named = if port == own_port {
            host.to_owned()
        } else {
            format!("{host}:{port}")
        };
        let target = target(url, host, port)?;
        Ok(client
            .request(method, target)
            .force_close()
            .insert_header((HOST, named)))
    }
}

/// Returns the URI in awc's form: the connector knows whether it encrypts, so the port is named.
fn target(url: &Uri, host: &str, port: u16) -> Result<Uri, UnusableUrl> {
    let authority = Authority::try_from(format!("{host}:{port}")).map_err(|_| UnusableUrl)?;
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority);
    parts.path_and_query = url
        .path_and_query()
        .cloned()
        .or_else(|| Some(PathAndQuery::from_static("/")));
    Uri::from_parts(parts).map_err(|_| UnusableUrl)
}

fn client<S, Io>(connector: Connector<S>, connect_within: Duration) -> Client
where
    S: Service<ConnectInfo<Uri>, Response = Connection<Uri, Io>, Error = ConnectError> + 'static,
    Io: ActixStream + 'static,
{
    let connector = awc::Connector::new()
        .connector(connector)
        .timeout(connect_within)
        .limit(0);
    Client::builder()
        .connector(connector)
        .disable_redirects()
        .disable_timeout()
        .no_default_headers()
        .finish()
}
