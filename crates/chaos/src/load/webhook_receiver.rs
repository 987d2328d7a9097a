//! The shops' webhook endpoints: a bare HTTP server that verifies by the public Standard Webhooks
//! rules, journals every delivery with its own answer before giving it, and answers badly at seeded
//! rates: errors, redirects, deferrals, hangs, drips, resets.

mod verify;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use devstack::Trouble;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    time::{sleep, timeout},
};

use crate::tools::{
    clock::now_ms,
    http::{headers_of, split_head},
    journal::Journal,
    rng::Rng,
    timeline::{Kind, Timeline},
};

const REQUEST_MAX: usize = 1 << 20;
const REQUEST_WITHIN: Duration = Duration::from_secs(30);
const HANG: Duration = Duration::from_secs(8);

/// An answer to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Status(u16),
    Hang,
    Drip,
    Reset,
}

struct Shop {
    endpoint: String,
    secrets: Vec<String>,
}

struct Shared {
    shops: Mutex<Vec<Shop>>,
    rng: Mutex<Rng>,
    journal: Journal,
    timeline: Timeline,
    is_healthy: AtomicBool,
    is_hanging: AtomicBool,
    arrived: AtomicU64,
}

/// The endpoints, `/hook/0` and so on.
#[derive(Clone)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Sink {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// Fails when no port can be had.
    pub fn start(
        runtime: &Handle,
        seed: u64,
        journal: Journal,
        timeline: Timeline,
    ) -> Result<Self, Trouble> {
        let attempt = |error: std::io::Error| Trouble::new(format!("no webhook sink: {error}"));
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(attempt)?;
        listener.set_nonblocking(true).map_err(attempt)?;
        let address = listener.local_addr().map_err(attempt)?;
        let shared = Arc::new(Shared {
            shops: Mutex::default(),
            rng: Mutex::new(Rng::fork(seed, "sink")),
            journal,
            timeline,
            is_healthy: AtomicBool::new(true),
            is_hanging: AtomicBool::new(false),
            arrived: AtomicU64::new(0),
        });
        let serving = shared.clone();
        runtime.spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            loop {
                if let Ok((stream, _peer)) = listener.accept().await {
                    tokio::spawn(serving.clone().serve(stream));
                }
            }
        });
        Ok(Self { address, shared })
    }

    /// Returns the address at which it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds the endpoint of the next shop.
    pub fn add_shop(&self, endpoint: &str, secret: &str) {
        lock(&self.shared.shops).push(Shop {
            endpoint: endpoint.to_owned(),
            secrets: vec![secret.to_owned()],
        });
    }

    /// Adds the new secret of a shop; the older ones are still tried.
    pub fn rotate(&self, shop: usize, secret: &str) {
        if let Some(shop) = lock(&self.shared.shops).get_mut(shop) {
            shop.secrets.push(secret.to_owned());
        }
    }

    /// Returns every secret so far.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        let shops = lock(&self.shared.shops);
        shops.iter().flat_map(|shop| shop.secrets.clone()).collect()
    }

    /// Sets whether every delivery gets a prompt 200.
    pub fn set_healthy(&self, healthy: bool) {
        self.shared.is_healthy.store(healthy, Ordering::Relaxed);
    }

    /// Sets whether every delivery hangs.
    pub fn set_hanging(&self, hanging: bool) {
        self.shared.is_hanging.store(hanging, Ordering::Relaxed);
    }

    /// Counts the deliveries that have arrived.
    #[must_use]
    pub fn arrived(&self) -> u64 {
        self.shared.arrived.load(Ordering::Relaxed)
    }
}

impl Shared {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let Ok(Some((path, headers, body))) = timeout(REQUEST_WITHIN, read(&mut stream)).await
        else {
            return;
        };
        self.arrived.fetch_add(1, Ordering::Relaxed);
        let (line, is_verified) = self.line(&path, &headers, &body);
        let answer = self.answer(is_verified);
        let mut line = line;
        if let Value::Object(members) = &mut line {
            members.insert("answer".to_owned(), shown(answer));
        }
        self.journal.record(&line).await;
        self.give(stream, answer).await;
    }

    fn line(&self, path: &str, headers: &[(String, String)], body: &[u8]) -> (Value, bool) {
        let shops = lock(&self.shops);
        let number = path
            .rsplit('/')
            .next()
            .and_then(|text| text.parse::<usize>().ok());
        let shop = number.and_then(|number| shops.get(number));
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| known == name);
            found.map_or("", |(_, value)| value.as_str())
        };
        let signed = verify::Signed {
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
            body,
        };
        let secrets = shop.map_or(&[][..], |shop| shop.secrets.as_slice());
        let by = secrets
            .iter()
            .rposition(|secret| verify::verify(secret, &signed));
        let now = i64::try_from(now_ms() / 1_000).unwrap_or(0);
        let is_fresh = verify::is_fresh(&signed, now);
        let by_old = secrets
            .iter()
            .take(secrets.len().saturating_sub(1))
            .any(|secret| verify::verify(secret, &signed));
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let line = json!({
            "t": "delivery", "at_ms": now_ms(), "endpoint": shop.map(|shop| &shop.endpoint),
            "id": signed.id, "type": event.get("type"), "sha": hex(&Sha256::digest(body)),
            "body_id": event.get("id"),
            "order": event.pointer("/data/order/id"),
            "version": event.pointer("/data/order/version"),
            "status": event.pointer("/data/order/status"),
            "verified": by.is_some(), "fresh": is_fresh, "by_old_secret": by_old,
        });
        (line, by.is_some() && is_fresh)
    }

    fn answer(&self, is_verified: bool) -> Answer {
        if self.is_hanging.load(Ordering::Relaxed) {
            return Answer::Hang;
        }
        if !is_verified {
            return Answer::Status(401);
        }
        if self.is_healthy.load(Ordering::Relaxed) {
            return Answer::Status(200);
        }
        match lock(&self.rng).below(100) {
            0..12 => Answer::Status(500),
            12..15 => Answer::Status(302),
            15..18 => Answer::Status(429),
            18..22 => Answer::Hang,
            22..25 => Answer::Drip,
            25..30 => Answer::Reset,
            _ => Answer::Status(200),
        }
    }

    async fn give(&self, mut stream: TcpStream, answer: Answer) {
        let text = match answer {
            Answer::Status(status) => {
                let more = match status {
                    302 => "Location: http://127.0.0.1:9/\r\n",
                    429 => "Retry-After: 1\r\n",
                    _ => "",
                };
                format!(
                    "HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n"
                )
            }
            Answer::Hang => {
                sleep(HANG).await;
                return;
            }
            Answer::Reset => {
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok();
                return;
            }
            Answer::Drip => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".to_owned(),
        };
        let written = stream.write_all(text.as_bytes()).await;
        if answer == Answer::Status(200) && written.is_ok() {
            self.timeline.success(Kind::Webhook, now_ms());
        }
        if answer == Answer::Drip {
            for _byte in 0..20 {
                if stream.write_all(b".").await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(500)).await;
            }
        }
        stream.shutdown().await.ok();
    }
}

fn shown(answer: Answer) -> Value {
    match answer {
        Answer::Status(status) => json!(status),
        // A head of 200 with half a body: either reading of it is right.
        Answer::Drip => json!("drip"),
        Answer::Hang => json!("hang"),
        Answer::Reset => json!("reset"),
    }
}

type Request = (String, Vec<(String, String)>, Vec<u8>);

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0_u8; 16 * 1024];
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        let count = stream.read(&mut buffer).await.ok()?;
        if count == 0 || bytes.len() > REQUEST_MAX {
            return None;
        }
        bytes.extend(buffer.iter().take(count));
    }
}

fn parse(bytes: &[u8]) -> Option<Request> {
    let (lines, rest) = split_head(bytes)?;
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let headers = headers_of(lines.get(1..).unwrap_or_default());
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Ok(0), |(_, value)| value.parse::<usize>());
    let body = rest.get(..length.ok()?)?.to_vec();
    Some((path, headers, body))
}

/// Encodes bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
