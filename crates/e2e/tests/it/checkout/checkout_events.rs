//! A payer's page hears of the payment by a stream of events, on raw sockets: at once, from whichever
//! replica, so many and no more, without a database connection each, and not beyond the process's end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Http, Sandbox, Shop, an_order, quick, shared};

/// What a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Streams that an order may have.
const OF_AN_ORDER: usize = 8;

struct Stream {
    socket: TcpStream,
    seen: String,
}

impl Stream {
    /// Asks for the order's events at this listener.
    fn open(listener: &str, order: &Value) -> Self {
        let url = order["checkout_url"].as_str().unwrap();
        let (base, query) = url.split_once('?').unwrap();
        let (_, path) = base.split_once("/pay/").unwrap();
        let mut socket = TcpStream::connect(listener.replace("http://", "")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("GET /pay/{path}/events?{query} HTTP/1.1\r\nhost: a\r\n\r\n");
        socket.write_all(head.as_bytes()).unwrap();
        let seen = String::new();
        Self { socket, seen }
    }

    /// Reads until this was said; panics when the stream ends before.
    fn hears(&mut self, words: &str) {
        while !self.seen.contains(words) {
            assert!(self.read(), "it ended before {words}: {}", self.seen);
        }
    }

    /// Reads until the server closes; all that was said.
    fn end(mut self) -> String {
        while self.read() {}
        self.seen
    }

    fn read(&mut self) -> bool {
        let mut chunk = [0_u8; 4096];
        match self.socket.read(&mut chunk) {
            Ok(0) => false,
            Ok(count) => {
                self.seen
                    .push_str(&String::from_utf8_lossy(&chunk[..count]));
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("still open: {error}; {}", self.seen),
        }
    }
}

#[actix_rt::test]
async fn tell_where_the_order_stands_and_then_that_it_is_paid() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let order = shop.made(&an_order("qris")).await;
    let mut stream = Stream::open(&stack.checkout_url(), &order);
    stream.hears("\"status\":\"pending\"");
    let head = stream.seen.to_ascii_lowercase();
    for header in [
        "200 ok",
        "content-type: text/event-stream",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    sandbox.pay(&order["payments"][0]).await;
    stream.hears("\"status\":\"paid\"");
    let all = stream.end();
    assert_eq!(all.matches("\"status\":\"pending\"").count(), 1, "{all}");
}

#[actix_rt::test]
async fn of_one_order_are_bounded_and_the_page_then_asks() {
    let stack = shared();
    let shop = Shop::of(stack);
    let order = shop.made(&an_order("qris")).await;
    let other = shop.made(&an_order("qris")).await;
    let mut open = Vec::new();
    for _ in 0..OF_AN_ORDER {
        let mut stream = Stream::open(&stack.checkout_url(), &order);
        stream.hears("\"status\":\"pending\"");
        open.push(stream);
    }
    let refused = Stream::open(&stack.checkout_url(), &order).end();
    assert!(refused.starts_with("HTTP/1.1 204 "), "{refused}");
    // Another order's payer is not concerned.
    Stream::open(&stack.checkout_url(), &other).hears("\"status\":\"pending\"");
}

#[actix_rt::test]
async fn hold_no_database_connection_and_end_with_the_process() {
    let mut stack = quick()
        .env("SHUTDOWN_GRACE_MS", "20000")
        .start()
        .await
        .unwrap();
    let shop = Shop::of(&stack);
    let mut open = Vec::new();
    // More than the pool has connections.
    for _ in 0..10 {
        let order = shop.made(&an_order("qris")).await;
        for _ in 0..OF_AN_ORDER {
            let mut stream = Stream::open(&stack.checkout_url(), &order);
            stream.hears("\"status\":\"pending\"");
            open.push(stream);
        }
    }
    shop.made(&an_order("qris")).await;
    let ready = format!("{}/readyz", stack.ops_url("gateway-api-1").unwrap());
    Http::new().get(&ready).await.expect(200);

    let began = Instant::now();
    stack.stop("gateway-api-1").unwrap();
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(15),
        "the grace was used up: {took:?}"
    );
    for stream in open {
        assert!(!stream.end().contains("\"status\":\"paid\""));
    }
}
