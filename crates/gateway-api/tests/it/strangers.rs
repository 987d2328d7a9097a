//! What strangers cost the books: nothing that they could send without a link of ours.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ayolinx_core::api_key::ApiKey;
use serde_json::Value;

use crate::edge::{Reply, send_raw_to};
use crate::service::{Service, Shop, alone, far_from_its_database};

/// As an order's links were before they were signed.
const UNSIGNED: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn call(address: SocketAddr, method: &str, path: &str) -> Reply {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: 0\r\n\r\n"
    );
    send_raw_to(address, request.as_bytes())
}

/// An order whose payer chooses: its id and the token of its link.
fn order(service: &Service, reference: &str) -> (String, String) {
    let shop = service.shop();
    let body = format!(
        r#"{{"reference":"{reference}","amount":{{"value":"150000.00","currency":"IDR"}}}}"#
    );
    let made = shop.post("/v1/orders", &body);
    assert_eq!(made.status, 201, "{made:?}");
    let made: Value = made.json();
    let link = made["checkout_url"].as_str().unwrap();
    let (_, token) = link.split_once("?t=").unwrap();
    (made["id"].as_str().unwrap().to_owned(), token.to_owned())
}

const CALLS: [(&str, &str); 7] = [
    ("GET", ""),
    ("HEAD", ""),
    ("GET", "/qr.svg"),
    ("GET", "/qr.png"),
    ("GET", "/status"),
    ("GET", "/events"),
    ("POST", "/payments"),
];

/// Near the right token and far from it: cut, longer, altered in one place, in other letters, as tokens
/// were before, another order's, none.
fn wrong_tokens(right: &str, anothers: &str) -> Vec<String> {
    let mut wrong: Vec<String> = (0..right.len())
        .map(|at| {
            let is_a = right.as_bytes()[at] == b'A';
            let mut altered = right.to_owned();
            altered.replace_range(at..=at, if is_a { "B" } else { "A" });
            altered
        })
        .collect();
    wrong.extend(
        (0..right.len())
            .step_by(6)
            .map(|end| right.chars().take(end).collect()),
    );
    wrong.extend([
        format!("{right}A"),
        format!("{right}="),
        right.to_lowercase(),
        right.chars().rev().collect(),
        UNSIGNED.to_owned(),
        UNSIGNED.to_uppercase(),
        "f".repeat(64),
        anothers.to_owned(),
        "%00".repeat(43),
    ]);
    wrong
}

#[test]
fn a_link_that_is_not_ours_is_refused_without_a_transaction() {
    let service = alone("2", "");
    let (id, token) = order(&service, "one");
    let (other, anothers) = order(&service, "two");
    let page = service.checkout();
    let shown = call(page, "GET", &format!("/pay/{id}?t={token}"));
    assert_eq!(shown.status, 200, "{shown:?}");
    let nobody = "ord_0193aaaaaaaaa7aaa8aaaaaaaaaaaaaa";
    let unknown = call(page, "GET", &format!("/pay/{nobody}?t={token}"));
    assert_eq!(unknown.status, 404);
    let before = service.transactions();
    assert!(before > 0);
    let wrong = wrong_tokens(&token, &anothers);
    for (index, token) in wrong.iter().enumerate() {
        // Each token on some calls, each call with many tokens.
        for (method, under) in CALLS.iter().skip(index % 3).step_by(3) {
            let order = if index % 5 == 0 { nobody } else { &id };
            let path = format!("/pay/{order}{under}?t={token}");
            let refused = call(page, method, &path);
            assert_eq!(refused.status, 404, "{method} {path}: {refused:?}");
            if *method != "HEAD" {
                assert_eq!(refused.body, unknown.body, "{method} {path}");
            }
        }
    }
    assert_eq!(service.transactions(), before, "strangers were looked up");
    for (method, under, status) in [
        ("GET", "", 200),
        ("HEAD", "", 200),
        ("GET", "/status", 200),
        ("GET", "/qr.svg", 404),
        ("POST", "/payments", 303),
    ] {
        let path = format!("/pay/{other}{under}?t={anothers}");
        assert_eq!(call(page, method, &path).status, status, "{method} {path}");
    }
    assert!(service.transactions() > before, "the count does not count");
}

fn with_key(service: &Service, key: &str) -> Reply {
    let request = format!(
        "GET /v1/orders?limit=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: Bearer {key}\r\n\r\n"
    );
    send_raw_to(service.address(), request.as_bytes())
}

fn drawn_key() -> String {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    ApiKey::from_random(random).expose().to_owned()
}

#[test]
fn a_wrong_key_costs_one_look_and_a_flood_of_them_thirty_a_second() {
    let service = alone("2", "");
    let known = service.shop();
    assert_eq!(known.get("/v1/orders").status, 200);
    let before = service.transactions();
    let wrong = drawn_key();
    for _ in 0..100 {
        let refused = with_key(&service, &wrong);
        assert_eq!(refused.status, 401, "{refused:?}");
    }
    assert_eq!(service.transactions(), before + 1);
    // Both keys were strangers once, and whoever is one has the urgency of strangers.
    let metrics = service.metrics();
    let looks: u64 = (metrics.lines())
        .filter(|line| line.starts_with("gateway_db_transactions_total{"))
        .filter_map(|line| line.split_once("urgency=\"public\"} "))
        .map(|(_, count)| count.parse::<u64>().unwrap())
        .sum();
    assert_eq!(looks, 2, "{metrics}");

    let began = Instant::now();
    let mut put_off = 0;
    for _ in 0..300 {
        let refused = with_key(&service, &drawn_key());
        assert!([401, 429].contains(&refused.status), "{refused:?}");
        put_off += usize::from(refused.status == 429);
        if refused.status == 429 {
            assert_eq!(refused.problem(), "rate_limited");
            assert!(refused.header("retry-after").is_some(), "{refused:?}");
        }
    }
    let looked_up = service.transactions() - before - 1;
    let most = 30 * (began.elapsed().as_secs() + 2);
    assert!(looked_up <= most, "{looked_up} in {:?}", began.elapsed());
    assert_eq!(looked_up, 300 - u64::try_from(put_off).unwrap());
    // From the very address that floods, a key that is known still works.
    assert_eq!(known.get("/v1/orders").status, 200);
}

#[test]
fn a_key_over_its_limit_costs_no_transaction() {
    let service = alone("2", "");
    let shop = service.shop();
    assert_eq!(shop.get("/v1/orders").status, 200);
    let before = service.transactions();
    let (mut served, mut put_off) = (0, 0);
    // As many as it takes to be put off on any machine: two are let in a second.
    while put_off < 20 {
        match shop.get("/v1/orders").status {
            200 => served += 1,
            429 => put_off += 1,
            other => panic!("{other}"),
        }
    }
    // The look at the key, and the list.
    assert_eq!(service.transactions(), before + 2 * served);
}

#[test]
fn a_revoked_key_is_refused_at_its_next_request() {
    let service = alone("2", "");
    let shop = service.shop();
    assert_eq!(shop.get("/v1/orders").status, 200);
    service.sql("UPDATE api_keys SET revoked_at = now()");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let refused = shop.get("/v1/orders").status;
        if refused != 429 {
            assert_eq!(refused, 401);
            break;
        }
        assert!(Instant::now() < deadline, "put off for ever");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_link_of_before_opens_while_strangers_take_turns() {
    let service = alone(
        "2",
        "INSERT INTO checkout_links VALUES (true, now() + interval '1 hour')",
    );
    let (id, token) = order(&service, "before");
    let page = service.checkout();
    service.sql(&format!(
        "UPDATE orders SET checkout_token = '{UNSIGNED}' WHERE reference = 'before'"
    ));
    let opened = |token: &str| call(page, "GET", &format!("/pay/{id}?t={token}"));
    assert_eq!(opened(UNSIGNED).status, 200);
    assert_eq!(opened(&"0".repeat(64)).status, 404);
    // What one of our keys signed is not enough: it must be the order's link.
    assert_eq!(opened(&token).status, 404);
}

/// Asks for a page over and over, from many connections at once, until the end of the scope.
struct Flood {
    is_over: AtomicBool,
    asked: AtomicUsize,
    shown: AtomicUsize,
}

impl Flood {
    fn of(&self, page: SocketAddr, path: &str) {
        while !self.is_over.load(Ordering::Relaxed) {
            let status = call(page, "GET", path).status;
            assert!([200, 503].contains(&status), "{status}");
            self.asked.fetch_add(1, Ordering::Relaxed);
            if status == 503 {
                // Whoever only turned round at once would be after the processor, and not the database.
                thread::sleep(Duration::from_millis(100));
            }
            self.shown
                .fetch_add(usize::from(status == 200), Ordering::Relaxed);
        }
    }
}

/// One payer's link, asked for from 200 connections, with the database 8 ms away.
#[test]
fn a_payer_who_asks_for_his_page_without_end_keeps_no_shop_and_no_other_payer_from_theirs() {
    let service = far_from_its_database(Duration::from_millis(8));
    let page = service.checkout();
    let (id, token) = order(&service, "his");
    let (other, others) = order(&service, "other");
    let shops: Vec<Shop> = (0..4).map(|_| service.shop()).collect();
    let flood = Flood {
        is_over: AtomicBool::new(false),
        asked: AtomicUsize::new(0),
        shown: AtomicUsize::new(0),
    };
    let path = format!("/pay/{id}?t={token}");
    let done = thread::scope(|scope| {
        for _ in 0..200 {
            scope.spawn(|| flood.of(page, &path));
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        while flood.asked.load(Ordering::Relaxed) < 100 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let creates = shops.iter().map(|shop| {
            scope.spawn(|| {
                let create = |number: usize| {
                    let body = format!(
                        r#"{{"reference":"INV-{number}","amount":{{"value":"1000.00","currency":"IDR"}}}}"#
                    );
                    shop.post("/v1/orders", &body).status
                };
                (0..8).map(create).collect::<Vec<u16>>()
            })
        });
        let mut working: Vec<_> = creates.collect();
        let anothers = format!("/pay/{other}?t={others}");
        working.push(scope.spawn(move || {
            (0..8)
                .map(|_| call(page, "GET", &anothers).status + 1)
                .collect()
        }));
        let done: Vec<_> = working.into_iter().map(|one| one.join()).collect();
        flood.is_over.store(true, Ordering::Relaxed);
        done
    });
    let statuses: Vec<u16> = done.into_iter().flat_map(|one| one.unwrap()).collect();
    assert_eq!(statuses, vec![201; 40], "{statuses:?}");
    assert!(flood.shown.load(Ordering::Relaxed) > 0);
}
