//! A shop's webhook endpoint that answers at once, slowly or never, as it is told while it runs.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use devstack::Trouble;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    runtime::Handle,
    time::sleep,
};

use crate::tools::http::read_message;

const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// A wait longer than that of any webhook.
const NEVER: Duration = Duration::from_secs(120);

#[derive(Debug, Default)]
struct Manner {
    answers_after_ms: AtomicU64,
    asked: AtomicU64,
}

/// The endpoint of some shops.
#[derive(Debug, Clone)]
pub(crate) struct SlowEndpoint {
    address: SocketAddr,
    manner: Arc<Manner>,
}

impl SlowEndpoint {
    /// Listens on a free port and answers at once.
    ///
    /// # Errors
    /// Fails when there is none.
    pub(crate) fn start(runtime: &Handle) -> Result<Self, Trouble> {
        let attempt = |error: std::io::Error| Trouble::new(format!("no endpoint: {error}"));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(attempt)?;
        listener.set_nonblocking(true).map_err(attempt)?;
        let address = listener.local_addr().map_err(attempt)?;
        let manner = Arc::new(Manner::default());
        let serving = Arc::clone(&manner);
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            while let Ok((stream, _peer)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&serving), stream));
            }
        });
        Ok(Self { address, manner })
    }

    /// Returns its address for a shop.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Makes it answer after this wait from now on.
    pub(crate) fn answer_after(&self, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.manner.answers_after_ms.store(ms, Ordering::Relaxed);
    }

    /// Makes it hang from now on.
    pub(crate) fn hang(&self) {
        self.answer_after(NEVER);
    }

    /// Counts the webhooks that have come, of any type.
    pub(crate) fn asked(&self) -> u64 {
        self.manner.asked.load(Ordering::Relaxed)
    }
}

async fn serve(manner: Arc<Manner>, mut stream: TcpStream) {
    let mut buffer = Vec::new();
    if read_message(&mut stream, &mut buffer).await.is_ok() {
        manner.asked.fetch_add(1, Ordering::Relaxed);
        let ms = manner.answers_after_ms.load(Ordering::Relaxed);
        sleep(Duration::from_millis(ms)).await;
        // The client may have given up.
        stream.write_all(TAKEN).await.ok();
    }
}
