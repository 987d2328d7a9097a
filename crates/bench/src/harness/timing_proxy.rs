//! A proxy before the provider: it passes requests on and notes how long each create was under way
//! there, by the payment it names, so that the provider's time can be taken off each create's own.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use devstack::Trouble;
use tokio::{
    io::{self, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
};

use crate::tools::{
    figures::micros,
    http::{quoted_after, read_message},
};

type Times = Arc<Mutex<HashMap<String, u64>>>;

/// A proxy before one address.
#[derive(Debug, Clone)]
pub(crate) struct TimingProxy {
    address: SocketAddr,
    times: Times,
}

impl TimingProxy {
    /// Listens on a free port.
    ///
    /// # Errors
    /// Fails when there is none.
    pub(crate) fn start(runtime: &Handle, provider: SocketAddr) -> Result<Self, Trouble> {
        let attempt = |error: std::io::Error| Trouble::new(format!("no proxy: {error}"));
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(attempt)?;
        listener.set_nonblocking(true).map_err(attempt)?;
        let address = listener.local_addr().map_err(attempt)?;
        let times = Times::default();
        let kept = Arc::clone(&times);
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            while let Ok((stream, _peer)) = listener.accept().await {
                let times = Arc::clone(&kept);
                tokio::spawn(async move {
                    // A connection that breaks shows as a create that fails.
                    pass_on(stream, provider, &times).await.ok();
                });
            }
        });
        Ok(Self { address, times })
    }

    /// Returns its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how long the provider had this payment's create, in microseconds.
    pub(crate) fn took(&self, payment: &str) -> Option<u64> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.get(payment).copied()
    }
}

async fn pass_on(mut from: TcpStream, provider: SocketAddr, times: &Times) -> io::Result<()> {
    from.set_nodelay(true)?;
    let mut to = TcpStream::connect(provider).await?;
    to.set_nodelay(true)?;
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        let request = read_message(&mut from, &mut asked).await?;
        let began = Instant::now();
        to.write_all(asked.get(..request.end).unwrap_or_default())
            .await?;
        let reply = read_message(&mut to, &mut answered).await?;
        let took = micros(began.elapsed());
        let body = asked.get(request.body..request.end).unwrap_or_default();
        if let Some(payment) = quoted_after(body, b"\"partnerReferenceNo\":\"") {
            let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
            times.entry(payment.to_owned()).or_insert(took);
        }
        from.write_all(answered.get(..reply.end).unwrap_or_default())
            .await?;
        asked.drain(..request.end.min(asked.len()));
        answered.drain(..reply.end.min(answered.len()));
    }
}
