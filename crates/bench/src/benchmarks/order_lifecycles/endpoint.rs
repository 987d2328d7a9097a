//! The shops' webhook endpoint, as cheap as can be: it answers 200 and reports to whoever waits for
//! an order that `order.paid` came.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use devstack::Trouble;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::oneshot,
};

use crate::tools::http::{find, quoted_after, read_message};

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<HashMap<String, oneshot::Sender<Instant>>>,
    arrived: AtomicU64,
}

/// The endpoint of webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Endpoint {
    /// Listens on a free port.
    ///
    /// # Errors
    /// Fails when there is none.
    pub(crate) fn start(runtime: &Handle) -> Result<Self, Trouble> {
        let attempt = |error: std::io::Error| Trouble::new(format!("no endpoint: {error}"));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(attempt)?;
        listener.set_nonblocking(true).map_err(attempt)?;
        let address = listener.local_addr().map_err(attempt)?;
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            while let Ok((stream, _peer)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&serving), stream));
            }
        });
        Ok(Self { address, shared })
    }

    /// Returns its address for a shop.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Registers for the moment at which `order.paid` of this order arrives.
    pub(crate) fn expect(&self, order: &str) -> oneshot::Receiver<Instant> {
        let (tell, told) = oneshot::channel();
        self.shared.waiting().insert(order.to_owned(), tell);
        told
    }

    /// Counts the webhooks that have arrived, of any type.
    pub(crate) fn arrived(&self) -> u64 {
        self.shared.arrived.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Instant>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn took(&self, body: &[u8]) {
        self.arrived.fetch_add(1, Ordering::Relaxed);
        if find(body, b"\"type\":\"order.paid\"").is_none() {
            return;
        }
        let order = quoted_after(body, b"\"order\":{\"id\":\"").unwrap_or_default();
        if let Some(tell) = self.waiting().remove(order) {
            // The receiver may have given up.
            tell.send(Instant::now()).ok();
        }
    }
}

async fn serve(shared: Arc<Shared>, mut stream: TcpStream) {
    let mut buffer = Vec::new();
    while let Ok(extent) = read_message(&mut stream, &mut buffer).await {
        shared.took(buffer.get(extent.body..extent.end).unwrap_or_default());
        if stream.write_all(TAKEN).await.is_err() {
            return;
        }
        buffer.drain(..extent.end.min(buffer.len()));
    }
}
