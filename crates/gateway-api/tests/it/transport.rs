//! What goes wrong before a body means anything: paths, methods, types, sizes, speed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::edge::{address, call, get, post, send_raw};

const GOOD: &[u8] = br#"{"reference":"A","amount":{"value":"20000","currency":"IDR"}}"#;

#[test]
fn a_good_order_passes() {
    let reply = post("/v1/orders", GOOD);
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (201, r#"{"reference":"A"}"#)
    );
    assert!(reply.header("x-request-id").is_some());
}

#[test]
fn an_unknown_path_is_a_problem() {
    for path in [
        "/",
        "/v1",
        "/v1/order",
        "/v1/orders/",
        "/v2/orders",
        "/v1/orders/x/y/z",
    ] {
        let reply = get(path);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
}

#[test]
fn an_id_that_does_not_parse_is_not_found() {
    for id in [
        "ord_zzz",
        "ord_",
        "01934c5e7a107bbb8ccc0123456789ab",
        "evt_01934c5e7a107bbb8ccc0123456789ab",
        "%00",
    ] {
        let reply = get(&format!("/v1/orders/{id}"));
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (404, "not_found"),
            "{id}"
        );
    }
    assert_eq!(
        get("/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab").status,
        200
    );
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    for (method, path, allow) in [
        ("DELETE", "/v1/orders", vec!["GET", "POST"]),
        ("PUT", "/v1/orders", vec!["GET", "POST"]),
        ("GET", "/v1/webhook-endpoints", vec!["POST"]),
    ] {
        let reply = call(method, path, &[], b"");
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (405, "method_not_allowed"),
            "{path}"
        );
        let mut named: Vec<_> = reply.header("allow").unwrap().split(", ").collect();
        named.sort_unstable();
        assert_eq!(named, allow);
    }
}

#[test]
fn only_plain_json_is_read() {
    for headers in [
        vec![],
        vec!["content-type: text/plain"],
        vec!["content-type: application/x-www-form-urlencoded"],
        vec!["content-type: application/json; charset=utf-16"],
        vec!["content-type: application/json", "content-encoding: gzip"],
        vec!["content-type: application/json", "content-type: text/plain"],
    ] {
        let reply = call("POST", "/v1/orders", &headers, GOOD);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (415, "unsupported_media_type"),
            "{headers:?}"
        );
    }
    let reply = call(
        "POST",
        "/v1/orders",
        &["content-type: application/json; charset=UTF-8"],
        GOOD,
    );
    assert_eq!(reply.status, 201);
}

#[test]
fn a_body_of_more_than_64_kib_is_refused_announced_or_not() {
    let exact = padded(64 * 1024);
    assert_eq!(post("/v1/orders", &exact).status, 201);
    let much_more = post("/v1/orders", &padded(5 * 1024 * 1024));
    assert_eq!(much_more.problem(), "body_too_large");
    let more = padded(64 * 1024 + 1);
    let reply = post("/v1/orders", &more);
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (413, "body_too_large")
    );

    let mut chunked = b"POST /v1/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in more.chunks(4096) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let reply = send_raw(&chunked);
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (413, "body_too_large")
    );
}

/// A good order of exactly `bytes` bytes.
fn padded(bytes: usize) -> Vec<u8> {
    let mut body = GOOD.to_vec();
    body.resize(bytes, b' ');
    body
}

#[test]
fn a_slow_body_is_cut_off_after_three_seconds() {
    let mut stream = TcpStream::connect(address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let started = Instant::now();
    let head = "POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 400"), "{reply}");
    assert!(reply.contains("malformed_request"), "{reply}");
    let took = started.elapsed();
    assert!(
        took >= Duration::from_secs(3) && took < Duration::from_secs(6),
        "{took:?}"
    );
}

#[test]
fn a_refused_body_does_not_become_the_next_request() {
    let smuggled = "GET /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n";
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    let reply = send_raw(request.as_bytes());
    assert_eq!(reply.status, 415);
    assert!(!reply.body.contains("HTTP/1.1 200"), "{reply:?}");
}

#[test]
fn a_key_that_is_not_visible_ascii_is_malformed() {
    let long = format!("idempotency-key: {}", "k".repeat(256));
    for header in [
        "idempotency-key:",
        "idempotency-key: a b",
        "idempotency-key: \u{e9}",
        long.as_str(),
    ] {
        let reply = call(
            "POST",
            "/v1/orders",
            &["content-type: application/json", header],
            GOOD,
        );
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_request"),
            "{header}"
        );
    }
}

#[test]
fn queries_are_strict() {
    for path in [
        "/v1/orders?foo=1",
        "/v1/orders?limit=0",
        "/v1/orders?limit=201",
        "/v1/orders?limit=10&limit=10",
        "/v1/orders?status=done",
        "/v1/orders?cursor=abc",
        "/v1/orders?created_from=now",
        "/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab?wait=31",
        "/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab?wait=abc",
        "/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab?wait=1&x=2",
    ] {
        let reply = get(path);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_request"),
            "{path}"
        );
    }
    assert_eq!(get("/v1/orders?limit=200&status=paid").status, 200);
}

#[test]
fn an_empty_body_is_enough_where_nothing_is_asked() {
    let path = "/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab/cancel";
    assert_eq!(call("POST", path, &[], b"").status, 200);
    assert_eq!(
        call("POST", path, &["content-type: text/plain"], b"").status,
        200
    );
    assert_eq!(post(path, b"{}").status, 200);
    let reply = post(path, br#"{"reason":"x"}"#);
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (422, "validation_failed")
    );
    assert_eq!(post(path, b"[]").problem(), "malformed_json");
    assert_eq!(
        call("POST", path, &[], b"{}").problem(),
        "unsupported_media_type"
    );
}

#[test]
fn panics_and_broken_things_say_nothing_of_the_inside() {
    for path in ["/panics", "/breaks"] {
        let reply = get(path);
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (500, "internal_error"),
            "{path}"
        );
        assert!(!reply.body.contains("secret"), "{reply:?}");
    }
}

#[test]
fn the_frameworks_own_errors_are_problems_too() {
    assert_eq!(get("/typed/x").problem(), "not_found");
    assert_eq!(post("/json", b"{").problem(), "malformed_request");
}

#[test]
fn a_conflict_in_flight_says_when_to_come_back() {
    let reply = get("/busy");
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (409, "request_in_progress")
    );
    assert_eq!(reply.header("retry-after"), Some("1"));
}

#[test]
fn a_well_formed_request_id_is_kept() {
    let reply = call("GET", "/nowhere", &["x-request-id: shop-1.A_b"], b"");
    assert_eq!(reply.header("x-request-id"), Some("shop-1.A_b"));
    assert_eq!(reply.json()["request_id"], "shop-1.A_b");
    reply.problem();
    let reply = call("GET", "/nowhere", &["x-request-id: a b"], b"");
    assert_ne!(reply.header("x-request-id"), Some("a b"));
    reply.problem();
}
