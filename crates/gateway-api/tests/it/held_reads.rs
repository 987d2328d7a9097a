//! Reads held with `?wait=` against a real Postgres: what they cost it, and what they answer when it is away.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use devstack::run_sql;
use serde_json::Value;

use crate::service::{Service, Shop, alone};

/// What a busy machine may take.
const PATIENCE: Duration = Duration::from_secs(60);
const READS: usize = 200;
const BEGIN_AT_ONCE: usize = 20;
const ORDERS: usize = 3;

fn order(shop: &Shop, reference: &str) -> Value {
    let body = format!(
        r#"{{"reference":"{reference}","amount":{{"value":"150000.00","currency":"IDR"}}}}"#
    );
    let made = shop.post("/v1/orders", &body);
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

fn path(order: &Value) -> String {
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

/// A read that is held; its reply is read later.
fn hold(service: &Service, shop: &Shop, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(service.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
        shop.key
    );
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

fn reply(mut socket: TcpStream) -> (u16, Value) {
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

/// The sum of a metric's values whose labels have all these words.
fn metric(service: &Service, name: &str, words: &[&str]) -> u64 {
    let told = service.metrics();
    let lines = told.lines().filter(|line| line.starts_with(name));
    let lines = lines.filter(|line| words.iter().all(|word| line.contains(word)));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}

fn transactions(service: &Service) -> u64 {
    metric(service, "gateway_db_transactions_total{", &[])
}

fn held(service: &Service) -> u64 {
    metric(service, "gateway_share_held{", &["\"held_reads\""])
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it never came to pass: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn however_many_are_held_they_cost_one_look_a_step() {
    let service = alone("0", "");
    let shop = service.shop();
    let orders: Vec<Value> = (0..ORDERS)
        .map(|n| order(&shop, &format!("W-{n}")))
        .collect();
    let mut waiting: Vec<(usize, TcpStream)> = Vec::new();
    while waiting.len() < READS {
        // A few at a time, so that none is shed at the door.
        for number in 0..BEGIN_AT_ONCE {
            let of = number % ORDERS;
            let held = hold(&service, &shop, &format!("{}?wait=30", path(&orders[of])));
            waiting.push((of, held));
        }
        let begun = u64::try_from(waiting.len()).unwrap();
        until("all are held", || held(&service) == begun);
    }
    // Each has a key and its order looked up as it begins.
    until("all have begun", || {
        transactions(&service) >= u64::try_from(2 * READS).unwrap()
    });

    let (before, began) = (transactions(&service), Instant::now());
    until("some looks", || transactions(&service) >= before + 4);
    let looks = transactions(&service) - before;
    let steps = began.elapsed().as_secs() + 1;
    assert!(looks <= steps + 1, "{looks} transactions in {steps} steps");
    assert_eq!(held(&service), u64::try_from(READS).unwrap());

    let cancelled = shop.post(&format!("{}/cancel", path(&orders[0])), "");
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let (told, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(of, _)| *of == 0);
    for (_, socket) in told {
        let (status, order) = reply(socket);
        assert_eq!((status, &order["status"]), (200, &"cancelled".into()));
    }
    assert_eq!(held(&service), u64::try_from(others.len()).unwrap());
    drop(others);
}

#[test]
fn one_whose_watcher_cannot_read_gets_the_order_as_it_is_known() {
    let service = alone("0", "");
    let shop = service.shop();
    let order = order(&shop, "K-1");
    let before = transactions(&service);
    let waiting = hold(&service, &shop, &format!("{}?wait=15", path(&order)));
    // Its key, its order, and looks.
    until("it waits", || {
        held(&service) == 1 && transactions(&service) >= before + 4
    });
    let url = service.database_url();
    let locking = std::thread::spawn(move || {
        let lock = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)";
        drop(run_sql(&url, lock));
    });
    let is_locked = "SELECT count(*) FROM pg_locks JOIN pg_class ON pg_class.oid = relation \
                     WHERE relname = 'orders' AND mode = 'AccessExclusiveLock' AND granted";
    until("nothing can be read", || service.sql(is_locked) == "1");
    let known = reply(waiting);
    service.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );
    assert_eq!(known, (200, order));
    locking.join().unwrap();
}
