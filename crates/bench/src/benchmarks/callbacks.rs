//! Callbacks at the real worker: signed ahead of time, each about a payment of its own, every
//! answer checked.

use std::{
    net::SocketAddr,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ayolinx_core::signing::{RsaSigningKey, SignedCallback, sign_callback};
use chaos::clock::jakarta_now;
use devstack::Trouble;
use tokio::{runtime::Handle, sync::Mutex, time::sleep};

use crate::{
    dataset::row_cloner::{Batch, Of},
    harness::shop::RUPIAH,
    tools::{
        errors::Wrong,
        figures::{a_second, micros},
        http::{Line, find},
    },
};

const ROUTE: &str = "/v1.0/qr/qr-mpm-notify";
const TAKEN: &[u8] = b"\"responseCode\":\"2005600\"";
const SIGNERS: u64 = 2;
/// Number of connections of an open load.
const LINES: usize = 256;

/// Requests as they go over the wire.
pub(crate) type Signed = Arc<Vec<Vec<u8>>>;

/// The result of a round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// Callbacks acknowledged a second.
    pub(crate) rate: u64,
    /// Replies that were no success.
    pub(crate) wrong: Wrong,
    /// Number of connections made.
    pub(crate) opened: u64,
    /// Latencies in microseconds, sorted.
    pub(crate) micros: Vec<u64>,
}

/// Signs one callback for each payment of a batch, each of which is paid in full.
///
/// # Errors
/// Fails when a signer dies.
pub(crate) fn sign(
    key: &Arc<RsaSigningKey>,
    batch: &Batch,
    to: SocketAddr,
) -> Result<Signed, Trouble> {
    let batch = *batch;
    let share = batch.count.div_ceil(SIGNERS);
    let signers: Vec<_> = (0..SIGNERS)
        .map(|signer| {
            let key = Arc::clone(key);
            let first = signer.saturating_mul(share).saturating_add(1);
            let last = first
                .saturating_add(share)
                .min(batch.count.saturating_add(1));
            std::thread::spawn(move || {
                let timestamp = jakarta_now();
                let one = |number| callback(&key, &batch.id(Of::Payment, number), to, &timestamp);
                (first..last).map(one).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut all = Vec::new();
    for signer in signers {
        let signed = signer.join();
        all.extend(signed.map_err(|_| Trouble::new("a signer died"))?);
    }
    Ok(Arc::new(all))
}

/// Builds one callback, signed as the provider signs it.
pub(crate) fn callback(
    key: &RsaSigningKey,
    payment: &str,
    to: SocketAddr,
    timestamp: &str,
) -> Vec<u8> {
    let body = format!(
        "{{\"additionalInfo\":{{\"channel\":\"BNC_QRIS\"}},\"originalReferenceNo\":\"M{payment}\",\
         \"originalPartnerReferenceNo\":\"{payment}\",\"latestTransactionStatus\":\"00\",\
         \"finishedTime\":\"{timestamp}\",\
         \"amount\":{{\"value\":\"{RUPIAH}.00\",\"currency\":\"IDR\"}}}}"
    );
    let signed = SignedCallback {
        route: ROUTE,
        body: body.as_bytes(),
        timestamp,
    };
    let (signature, length) = (sign_callback(key, &signed), body.len());
    format!(
        "POST {ROUTE} HTTP/1.1\r\nHost: {to}\r\nX-TIMESTAMP: {timestamp}\r\n\
         X-SIGNATURE: {signature}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Sends every callback over this many connections, each as soon as the last was answered.
///
/// # Errors
/// Fails when the load itself fails.
pub(crate) async fn closed(
    runtime: &Handle,
    signed: &Signed,
    to: SocketAddr,
    connections: usize,
) -> Result<Round, Trouble> {
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|_| runtime.spawn(client(Arc::clone(signed), Arc::clone(&next), to)))
        .collect();
    let mut round = Round::default();
    for client in clients {
        let ended = client.await;
        let one = ended.map_err(|error| Trouble::new(format!("a client died: {error}")))?;
        round.wrong.extend(&one.wrong);
        round.opened = round.opened.saturating_add(one.opened);
        round.micros.extend(one.micros);
    }
    let took = began.elapsed();
    round.micros.sort_unstable();
    let good = u64::try_from(round.micros.len()).unwrap_or(0);
    round.rate = a_second(good, took);
    Ok(round)
}

async fn client(signed: Signed, next: Arc<AtomicUsize>, to: SocketAddr) -> Round {
    let mut line = Line::to(to);
    let mut round = Round::default();
    while let Some(request) = signed.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        match taken(&mut line, request).await {
            Ok(()) => round.micros.push(micros(began.elapsed())),
            Err(status) => round.wrong.add(status),
        }
    }
    round.opened = line.opened;
    round
}

/// Sends a callback. An error is the status when it was not taken; 0 without a whole reply.
async fn taken(line: &mut Line, request: &[u8]) -> Result<(), u16> {
    let reply = line.ask(request).await.map_err(|_| 0_u16)?;
    match reply.status {
        200 if is_taken(reply.body) => Ok(()),
        status => Err(status),
    }
}

/// Returns whether the body of a `200` reports that the callback was taken in.
pub(crate) fn is_taken(body: &[u8]) -> bool {
    find(body, TAKEN).is_some()
}

/// The result of a steady load.
#[derive(Debug, Default)]
pub(crate) struct Steady {
    answered: AtomicU64,
    wrong: std::sync::Mutex<Wrong>,
}

impl Steady {
    /// Returns the callbacks that were not acknowledged.
    pub(crate) fn wrong(&self) -> Wrong {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.clone()
    }

    fn count(&self, taken: Result<(), u16>) {
        if let Err(status) = taken {
            let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
            wrong.add(status);
        }
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sends every callback at its time, at this many a second, whatever becomes of the others.
///
/// # Errors
/// Fails when the callbacks outlive the load by far.
pub(crate) async fn open(
    runtime: &Handle,
    signed: &Signed,
    to: SocketAddr,
    rate: u64,
) -> Result<Arc<Steady>, Trouble> {
    let steady = Arc::new(Steady::default());
    let lines: Vec<Line> = (0..LINES).map(|_| Line::to(to)).collect();
    let idle = Arc::new(Mutex::new(lines));
    let began = Instant::now();
    let mut sent = 0_usize;
    while sent < signed.len() {
        let due = micros(began.elapsed()).saturating_mul(rate) / 1_000_000;
        let due = usize::try_from(due).unwrap_or(usize::MAX).min(signed.len());
        while sent < due {
            let (signed, steady, idle) =
                (Arc::clone(signed), Arc::clone(&steady), Arc::clone(&idle));
            runtime.spawn(async move {
                let kept = idle.lock().await.pop();
                let mut line = kept.unwrap_or_else(|| Line::to(to));
                let request = signed.get(sent).map_or(&[][..], Vec::as_slice);
                steady.count(taken(&mut line, request).await);
                idle.lock().await.push(line);
            });
            sent = sent.saturating_add(1);
        }
        sleep(Duration::from_millis(2)).await;
    }
    let all = u64::try_from(signed.len()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if steady.answered.load(Ordering::Relaxed) >= all {
            return Ok(steady);
        }
        if Instant::now() > end {
            return Err(Trouble::new("callbacks were not answered for 30 s"));
        }
        sleep(Duration::from_millis(10)).await;
    }
}
