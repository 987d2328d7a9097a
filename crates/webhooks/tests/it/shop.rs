//! A shop's server: a bare TCP listener that records requests and answers as told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use webhooks::{Delivery, DeliveryOutcome, UrlGuard, WebhookSecret, WebhookSender};

/// Event used by every test.
pub(crate) const EVENT_ID: &str = "evt_0193a0000000700080000000000000aa";
/// Its body.
pub(crate) const BODY: &[u8] =
    br#"{"id":"evt_0193a0000000700080000000000000aa","type":"order.paid"}"#;

/// A listening shop; each request it read to the end arrives on `requests`.
pub(crate) struct Shop {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Receiver<String>,
}

impl Shop {
    /// Answers every connection by `answer`, one thread each.
    pub(crate) fn start(answer: impl Fn(TcpStream) + Send + Clone + 'static) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    /// Two shops on one port, at 127.0.0.2 and at 127.0.0.1. A port that is free at the one may be
    /// taken at the other, so pairs are tried until one is whole.
    pub(crate) fn start_pair(answer: impl Fn(TcpStream) + Send + Clone + 'static) -> (Self, Self) {
        let pair = || {
            let first = TcpListener::bind("127.0.0.2:0").unwrap();
            let port = first.local_addr().unwrap().port();
            TcpListener::bind(("127.0.0.1", port)).map(|second| (first, second))
        };
        let (first, second) = (0..100).find_map(|_| pair().ok()).unwrap();
        (
            Self::listening(first, answer.clone()),
            Self::listening(second, answer),
        )
    }

    fn listening(
        listener: TcpListener,
        answer: impl Fn(TcpStream) + Send + Clone + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, sender) = (answer.clone(), sender.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    if let Some(request) = read_request(&mut stream) {
                        let _tests_may_have_ended = sender.send(request);
                        answer(stream);
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook?shop=1", self.address)
    }

    /// The next request, or none within a second.
    pub(crate) fn next_request(&self) -> Option<String> {
        self.requests.recv_timeout(Duration::from_secs(1)).ok()
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut received = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length")
                .and_then(|v| v.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(n) => received.extend_from_slice(&chunk[..n]),
        }
    }
}

/// The value of a header in a request's text.
pub(crate) fn header(request: &str, name: &str) -> Option<String> {
    let head = request.split("\r\n\r\n").next()?;
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// An answer that sends fixed text and closes.
pub(crate) fn says(text: &'static str) -> impl Fn(TcpStream) + Send + Clone + 'static {
    move |mut stream| stream.write_all(text.as_bytes()).unwrap()
}

/// Permits loopback, as a shop in the same cluster would be.
pub(crate) fn loopback_guard() -> UrlGuard {
    UrlGuard::new::<&str>(&[], &["127.0.0.0/8"]).unwrap()
}

pub(crate) fn secrets() -> Vec<WebhookSecret> {
    vec![
        WebhookSecret::generate([1; 32]),
        WebhookSecret::generate([2; 32]),
    ]
}

pub(crate) fn noon() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-21T12:00:00+07:00")
        .unwrap()
        .to_utc()
}

pub(crate) fn sender(guard: UrlGuard) -> WebhookSender {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    WebhookSender::new(guard, Duration::from_millis(800))
}

/// One try to `url` from a sender that permits loopback.
pub(crate) async fn try_once(url: &str) -> DeliveryOutcome {
    let secrets = secrets();
    let delivery = Delivery {
        url,
        event_id: EVENT_ID,
        body: BODY,
        secrets: &secrets,
        traceparent: None,
    };
    sender(loopback_guard()).send(&delivery, noon()).await
}
