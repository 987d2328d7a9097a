//! Slow and malformed HTTP against every listener while the provider's callbacks go on: not one of
//! these fails, each attacking connection ends by its deadline, and nothing is held afterwards.
//! `LONG=1` attacks for a minute with five times the connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use devstack::Stack;

use crate::support::{
    Attack, Manner, Provider, QRIS, Shop, an_order, assert_books_balance, malformed, quick, shared,
    until,
};

/// What the documents promise for a head (5 s) or a body (3 s), and what a busy machine takes on top.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// A reply to what is malformed closes at once.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);
/// The provider gives up on a callback after ten seconds.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const BETWEEN_CALLBACKS: Duration = Duration::from_millis(50);
const ORDERS: usize = 12;
const SLOW_READER: &str = "a slow reader";
/// How much a process may grow under attack.
const GROWTH_KIB_MAX: u64 = 64 * 1024;
const DESCRIPTORS_LEFT_MAX: usize = 24;

fn is_long() -> bool {
    std::env::var_os("LONG").is_some()
}

fn address(url: &str) -> SocketAddr {
    url.replace("http://", "").parse().unwrap()
}

/// The listeners, each with a path that exists there.
fn listeners(stack: &Stack) -> [(SocketAddr, &'static str); 3] {
    [
        (address(&stack.callback_url(0)), QRIS),
        (address(&stack.checkout_url()), "/pay/static/checkout.js"),
        (address(&stack.api_url(0)), "/v1/orders"),
    ]
}

/// Every way to be slow.
fn manners(path: &str) -> Vec<Manner> {
    let manner = |name, opening: String, drip| Manner {
        name,
        opening: opening.into_bytes(),
        drip,
        reads_slowly: false,
    };
    let head = |fields: &str| format!("POST {path} HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
    let whole = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let json = "content-type: application/json\r\n";
    let mut all = vec![
        manner("silence", String::new(), b""),
        manner(
            "a slow head",
            format!("GET {path} HTTP/1.1\r\nhost: a\r\nx-"),
            b"a",
        ),
        manner(
            "many slow fields",
            format!("GET {path} HTTP/1.1\r\nhost: a\r\n"),
            b"x: y\r\n",
        ),
        manner(
            "a slow body",
            head(&format!("{json}content-length: 1000\r\n")),
            b" ",
        ),
        manner(
            "slow chunks",
            head(&format!("{json}transfer-encoding: chunked\r\n")),
            b"1\r\n \r\n",
        ),
        manner(
            "a body that is waited for with 100-continue",
            head(&format!(
                "{json}expect: 100-continue\r\ncontent-length: 1000\r\n"
            )),
            b"",
        ),
    ];
    all.push(Manner {
        reads_slowly: true,
        ..manner(SLOW_READER, whole, b"")
    });
    all
}

/// A second request on one connection is attacked only where the world can reach the listener.
fn second_request(path: &str) -> Manner {
    Manner {
        name: "a slow second request",
        opening: format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nx").into_bytes(),
        drip: b"a",
        reads_slowly: false,
    }
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    descriptors: usize,
    resident_kib: u64,
}

fn held(stack: &Stack, name: &str) -> Held {
    let pid = stack.pid(name).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.unwrap().trim().trim_end_matches(" kB");
    Held {
        descriptors: std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .count(),
        resident_kib: resident.trim().parse().unwrap(),
    }
}

/// Signed callbacks, one after the other, until told to stop; each must be taken.
async fn callbacks_go_on(stack: &Stack, stop: &AtomicBool) -> (usize, Duration) {
    let shop = Shop::of(stack);
    let provider = Provider::of(stack).on_new_connections();
    let mut bodies = Vec::new();
    for _ in 0..ORDERS {
        let order = shop.made(&an_order("qris")).await;
        bodies.push(
            Provider::success(&order["payments"][0], "25000.00")
                .to_string()
                .into_bytes(),
        );
    }
    let (mut sent, mut slowest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let body = &bodies[sent % ORDERS];
        let answer = provider.notify(QRIS, body, Utc::now()).await;
        assert_eq!(answer.status, 200, "callback {sent}: {}", answer.text());
        slowest = slowest.max(began.elapsed());
        sent += 1;
        tokio::time::sleep(BETWEEN_CALLBACKS).await;
    }
    (sent, slowest)
}

/// Sends every malformed request to every listener, over and over, until told to stop.
fn malformed_go_on(targets: [(SocketAddr, &'static str); 3], stop: &AtomicBool) -> usize {
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        for (target, path) in targets {
            for (name, bytes) in malformed(path) {
                refused(target, name, &bytes);
                sent += 1;
            }
        }
    }
    sent
}

/// One reply, 4xx, and the connection closed.
fn refused(target: SocketAddr, name: &str, bytes: &[u8]) {
    let mut stream = TcpStream::connect(target).unwrap();
    stream.set_read_timeout(Some(CLOSES_WITHIN)).unwrap();
    // The server may refuse before it has read all.
    stream.write_all(bytes).ok();
    let began = Instant::now();
    let mut seen = Vec::new();
    match stream.read_to_end(&mut seen) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{name} on {target}: still open after {error}"),
    }
    let text = String::from_utf8_lossy(&seen);
    let took = began.elapsed();
    assert!(took < CLOSES_WITHIN, "{name} on {target}: {took:?}");
    // A reset may outrun the reply; a reply must be a refusal.
    if !text.is_empty() {
        assert!(text.starts_with("HTTP/1.1 4"), "{name} on {target}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{name}: {text}");
    }
}

#[test]
fn what_is_malformed_is_refused_once_and_closed() {
    for (target, path) in listeners(shared()) {
        for (name, bytes) in malformed(path) {
            refused(target, name, &bytes);
        }
    }
}

#[actix_rt::test]
async fn slow_and_malformed_clients_cost_no_callback() {
    let (time, connections) = if is_long() { (60, 100) } else { (14, 20) };
    let mut stack = quick().start().await.unwrap();
    let names = ["gateway-api-1", "callback-worker-1"];
    let before = names.map(|name| held(&stack, name));
    let targets = listeners(&stack);
    let mut attacks = Vec::new();
    for (target, path) in targets {
        for manner in manners(path) {
            attacks.push(Attack::on(target, manner, connections));
        }
    }
    for (target, path) in &targets[..2] {
        attacks.push(Attack::on(*target, second_request(path), connections));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let sent = Arc::new(AtomicUsize::new(0));
    let (told, counted) = (Arc::clone(&stop), Arc::clone(&sent));
    let noise = std::thread::spawn(move || {
        counted.store(malformed_go_on(targets, &told), Ordering::Relaxed);
    });
    let clock = async {
        tokio::time::sleep(Duration::from_secs(time)).await;
        let during = names.map(|name| held(&stack, name));
        stop.store(true, Ordering::Relaxed);
        during
    };
    let (during, (callbacks, slowest)) =
        futures_util::future::join(clock, callbacks_go_on(&stack, &stop)).await;
    noise.join().unwrap();
    let mut all = 0;
    for attack in attacks {
        let what = attack.what.clone();
        let seen = attack.end();
        println!("{what}: {seen:?}");
        // Who reads slowly does not see when the server let go; the descriptors below tell.
        let slow_reader = what.starts_with(SLOW_READER);
        let in_time = seen.ended > 0 && seen.longest < ENDS_WITHIN;
        assert!(slow_reader || in_time, "{what}: {seen:?}");
        let broken = seen.statuses.iter().any(|status| status.starts_with('5'));
        assert!(!broken, "{what}: {seen:?}");
        all += seen.opened;
    }
    println!(
        "{callbacks} callbacks, the slowest after {slowest:?}, beside {all} slow connections and {} \
         malformed requests; {before:?} {during:?}",
        sent.load(Ordering::Relaxed)
    );
    assert!(
        callbacks > 20 && slowest < ANSWERED_WITHIN,
        "{callbacks} {slowest:?}"
    );
    for (place, name) in names.into_iter().enumerate() {
        let grown = during[place]
            .resident_kib
            .saturating_sub(before[place].resident_kib);
        assert!(grown < GROWTH_KIB_MAX, "{name} grew by {grown} KiB");
        let left = || held(&stack, name).descriptors;
        let most = before[place].descriptors + DESCRIPTORS_LEFT_MAX;
        until(ENDS_WITHIN, "descriptors are given back", async || {
            left() <= most
        })
        .await;
    }
    stack.check_alive().unwrap();
    assert_books_balance(&stack);
}
