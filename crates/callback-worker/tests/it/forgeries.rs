//! Callbacks that are not the provider's: refused before storage is asked anything.

use callback_worker::verify::RejectReason;

use crate::http::{Headers, post};
use crate::provider::{
    BAD_SIGNATURE, BAD_SNAP_SIGNATURE, FLAT, PATHS, QRIS, SECRET, VA, foreign_key, key, now_text,
    signed, signed_by, snap_signed, value, with, without,
};
use crate::server::Server;

#[track_caller]
fn is_refused(server: &Server, target: &str, headers: &Headers, body: &[u8]) {
    post(server.address, target, headers, body).is(401, BAD_SIGNATURE);
    server.seen(|seen| {
        assert_eq!((seen.callbacks.len(), seen.token_lookups), (0, 0));
    });
}

#[test]
fn a_foreign_key_is_refused() {
    let server = Server::start();
    let headers = signed_by(foreign_key(), QRIS, FLAT.as_bytes(), &now_text());
    is_refused(&server, QRIS, &headers, FLAT.as_bytes());
    server.has_metric(r#"gateway_callbacks_total{outcome="bad_signature",path="qris"} 1"#);
}

#[test]
fn any_change_of_the_body_is_refused() {
    let server = Server::start();
    let headers = signed(QRIS, FLAT.as_bytes());
    for altered in [
        FLAT.replace("15000.00", "1500000.00"),
        FLAT.replace(r#""00""#, r#""06""#),
        FLAT.replace("BNC_QRIS", "BNC QRIS"),
        FLAT.replace('}', "}\u{a0}"),
        format!("\u{feff}{FLAT}"),
        format!("{FLAT}x"),
        FLAT.replace('/', "\\/").replace("payment", "p\\u0061yment"),
        String::new(),
    ] {
        is_refused(&server, QRIS, &headers, altered.as_bytes());
    }
}

#[test]
fn another_products_path_is_a_bad_signature() {
    let server = Server::start();
    for signed_for in PATHS {
        for sent_to in PATHS.into_iter().filter(|path| *path != signed_for) {
            is_refused(
                &server,
                sent_to,
                &signed(signed_for, FLAT.as_bytes()),
                FLAT.as_bytes(),
            );
        }
    }
}

#[test]
fn another_query_or_route_is_a_bad_signature() {
    let server = Server::start();
    let with_query = signed(&format!("{QRIS}?refNo=1"), FLAT.as_bytes());
    for target in [
        QRIS.to_owned(),
        format!("{QRIS}?refNo=2"),
        format!("{QRIS}?"),
        format!("{QRIS}?refNo=1&"),
    ] {
        is_refused(&server, &target, &with_query, FLAT.as_bytes());
    }
    for route in [
        "",
        "/",
        "/v1.0/qr/qr-mpm-notify/",
        "/callbacks/qris",
        "https://shop.example/v1.0/qr/qr-mpm-notify",
    ] {
        is_refused(
            &server,
            QRIS,
            &signed(route, FLAT.as_bytes()),
            FLAT.as_bytes(),
        );
    }
}

#[test]
fn missing_doubled_and_broken_headers_are_refused_without_a_crash() {
    let server = Server::start();
    let genuine = || signed(QRIS, FLAT.as_bytes());
    let signature = value(&genuine(), "X-SIGNATURE");
    let doubled = |name: &str| {
        let mut headers = genuine();
        headers.push((name.to_owned(), value(&headers, name).into_bytes()));
        headers
    };
    let mut cases = vec![
        Headers::new(),
        without(genuine(), "X-SIGNATURE"),
        without(genuine(), "X-TIMESTAMP"),
        doubled("X-SIGNATURE"),
        doubled("X-TIMESTAMP"),
        with(genuine(), "X-TIMESTAMP", b"\xff\xfe"),
        with(genuine(), "X-TIMESTAMP", b""),
        with(
            genuine(),
            "X-TIMESTAMP",
            now_text().replace("+07:00", "+08:00").as_bytes(),
        ),
    ];
    let cut = signature.get(..100).unwrap();
    for broken in [
        "",
        "=",
        "!!!!",
        "AAAA",
        cut,
        &signature.replace('=', ""),
        &format!("{signature}A"),
        &"A".repeat(4000),
    ] {
        cases.push(with(genuine(), "X-SIGNATURE", broken.as_bytes()));
    }
    cases.push(with(genuine(), "X-SIGNATURE", b"caf\xe9"));
    for headers in cases {
        is_refused(&server, QRIS, &headers, FLAT.as_bytes());
    }
}

#[test]
fn a_public_key_used_as_a_secret_signs_nothing() {
    let server = Server::start();
    let trimmed = key()
        .public_pem
        .replace("-----BEGIN PUBLIC KEY-----", "")
        .replace("-----END PUBLIC KEY-----", "");
    let headers = snap_signed(trimmed.trim(), "token", VA, FLAT.as_bytes());
    post(server.address, VA, &headers, FLAT.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    server.seen(|seen| assert_eq!((seen.callbacks.len(), seen.token_lookups), (0, 0)));
}

#[test]
fn the_kind_of_signature_is_chosen_by_authorization_alone() {
    let server = Server::start();
    let rsa_with_token = with(
        signed(QRIS, FLAT.as_bytes()),
        "Authorization",
        b"Bearer anything",
    );
    post(server.address, QRIS, &rsa_with_token, FLAT.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    let hmac_without_token = without(
        snap_signed(SECRET, "token", QRIS, FLAT.as_bytes()),
        "Authorization",
    );
    is_refused(&server, QRIS, &hmac_without_token, FLAT.as_bytes());
}

#[test]
fn a_rejected_callback_is_kept_once_a_second_without_its_authorization() {
    let server = Server::start();
    let headers = with(signed(VA, b"{}"), "Authorization", b"Bearer stolen-token");
    for _ in 0..5 {
        post(
            server.address,
            &format!("{VA}?x=1"),
            &headers,
            FLAT.as_bytes(),
        )
        .is(401, BAD_SNAP_SIGNATURE);
    }
    server.wait_for_rejected(1);
    server.seen(|seen| {
        assert!(seen.rejected.len() <= 2, "{} kept", seen.rejected.len());
        let kept = &seen.rejected[0];
        assert_eq!(
            (kept.reason, kept.path.as_str(), kept.query.as_deref()),
            (RejectReason::Signature, VA, Some("x=1"))
        );
        assert_eq!(&*kept.body, FLAT.as_bytes());
        assert!(kept.headers.iter().any(|(name, _)| name == "x-signature"));
        assert!(!format!("{kept:?}").contains("stolen-token"));
    });
}
