//! Bodies that are too large, too slow or encoded, and requests that are for nobody.

use std::time::{Duration, Instant};

use crate::http::{headers, post, post_chunked, post_dripping, post_head, request};
use crate::provider::{FLAT, PATHS, QRIS, SUCCESS, TOKEN, VA, signed, with};
use crate::server::Server;

const LIMIT: usize = 64 * 1024;
const TOO_LARGE: &str = r#"{"responseCode":"4135600","responseMessage":"Body Too Large"}"#;

fn body_of(bytes: usize) -> Vec<u8> {
    let mut body = FLAT.as_bytes().to_vec();
    body.resize(bytes, b' ');
    body
}

#[test]
fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
    let server = Server::start();
    let fits = body_of(LIMIT);
    post(server.address, QRIS, &signed(QRIS, &fits), &fits).is(200, SUCCESS);
    post_chunked(server.address, QRIS, &signed(QRIS, &fits), &fits).is(200, SUCCESS);
    let larger = body_of(LIMIT + 1);
    post(server.address, QRIS, &signed(QRIS, &larger), &larger).is(413, TOO_LARGE);
    post_chunked(server.address, QRIS, &signed(QRIS, &larger), &larger).is(413, TOO_LARGE);
    assert_eq!(server.stored(), 2);
    server.has_metric(r#"gateway_callbacks_total{outcome="body_too_large",path="qris"} 2"#);
}

#[test]
fn an_announced_giant_is_refused_before_it_is_sent() {
    let server = Server::start();
    let announced = headers(&[("content-length", "99999999999")]);
    post_head(server.address, QRIS, &announced).is(413, TOO_LARGE);
}

#[test]
fn a_slow_body_ends_after_three_seconds() {
    let server = Server::start();
    for (path, code) in [(QRIS, "4085600"), (TOKEN, "4087300")] {
        let started = Instant::now();
        let answer = post_dripping(server.address, path);
        let expected = format!(r#"{{"responseCode":"{code}","responseMessage":"Body Too Slow"}}"#);
        answer.is(408, &expected);
        assert!(
            started.elapsed() > Duration::from_millis(2900),
            "{:?}",
            started.elapsed()
        );
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}

#[test]
fn encoded_bodies_are_refused_even_when_well_signed() {
    let server = Server::start();
    for encoding in ["gzip", "br", "deflate", "identity, gzip", ""] {
        let headers = with(
            signed(VA, FLAT.as_bytes()),
            "Content-Encoding",
            encoding.as_bytes(),
        );
        post(server.address, VA, &headers, FLAT.as_bytes()).is(
            415,
            r#"{"responseCode":"4155600","responseMessage":"Content-Encoding Not Accepted"}"#,
        );
    }
    let token = with(headers(&[]), "Content-Encoding", b"gzip");
    post(server.address, TOKEN, &token, b"{}").is(
        415,
        r#"{"responseCode":"4157300","responseMessage":"Content-Encoding Not Accepted"}"#,
    );
    let with_token = with(token, "Authorization", b"Bearer x");
    post(server.address, VA, &with_token, b"{}").is(
        415,
        r#"{"responseCode":"4152500","responseMessage":"Content-Encoding Not Accepted"}"#,
    );
    assert_eq!(server.stored(), 0);
    let identity = with(signed(VA, FLAT.as_bytes()), "Content-Encoding", b"Identity");
    post(server.address, VA, &identity, FLAT.as_bytes()).is(200, SUCCESS);
}

#[test]
fn a_chunked_callback_is_a_callback() {
    let server = Server::start();
    post_chunked(
        server.address,
        QRIS,
        &signed(QRIS, FLAT.as_bytes()),
        FLAT.as_bytes(),
    )
    .is(200, SUCCESS);
}

#[test]
fn other_methods_and_paths_are_answered_in_json() {
    let server = Server::start();
    for path in PATHS {
        for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = request(server.address, method, path);
            answer.is(
                405,
                r#"{"responseCode":"4050000","responseMessage":"Method Not Allowed"}"#,
            );
            assert!(
                answer.head.to_ascii_lowercase().contains("allow: post"),
                "{}",
                answer.head
            );
        }
    }
    let not_found = r#"{"responseCode":"4040000","responseMessage":"Not Found"}"#;
    for target in [
        "/",
        "/v1/qr/qr-mpm-notify",
        "/v1.0/qr/qr-mpm-notify/x",
        "/metrics",
        "/livez",
        "/v1.0/transfer-va/inquiry",
    ] {
        request(server.address, "GET", target).is(404, not_found);
        post(
            server.address,
            target,
            &signed(target, FLAT.as_bytes()),
            FLAT.as_bytes(),
        )
        .is(404, not_found);
    }
    assert_eq!(server.stored(), 0);
}
