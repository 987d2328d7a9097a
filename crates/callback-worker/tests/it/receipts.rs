//! Genuine callbacks: stored as they came, answered as documented.

use ayolinx_core::json_style::minify;
use callback_worker::verify::{Freshness, MatchedBody, MatchedRoute, SignatureKind};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::http::post;
use crate::provider::{
    BAD_SIGNATURE, DEBIT, FLAT, LINK, PATHS, QRIS, SNAP_VA, SNAP_VA_REPLY, SUCCESS, VA, key,
    next_key, now_text, signed, signed_at, signed_by, timestamp_at, with,
};
use crate::server::Server;

fn pretty(body: &str) -> String {
    body.replace(',', ",\n  ").replace(':', " : ")
}

#[test]
fn every_path_takes_the_flat_shape() {
    let server = Server::start();
    for path in PATHS {
        post(
            server.address,
            path,
            &signed(path, FLAT.as_bytes()),
            FLAT.as_bytes(),
        )
        .is(200, SUCCESS);
    }
    server.seen(|seen| {
        let paths: Vec<&str> = seen
            .callbacks
            .iter()
            .map(|callback| callback.path.as_str())
            .collect();
        assert_eq!(paths, PATHS);
        assert!(
            seen.callbacks
                .iter()
                .all(|callback| callback.kind == SignatureKind::NonSnap)
        );
    });
}

#[test]
fn every_path_takes_the_snap_va_shape_and_its_own_path_repeats_its_fields() {
    let server = Server::start();
    for path in PATHS {
        let headers = signed(path, SNAP_VA.as_bytes());
        let reply = if path == VA { SNAP_VA_REPLY } else { SUCCESS };
        post(server.address, path, &headers, SNAP_VA.as_bytes()).is(200, reply);
    }
    assert_eq!(server.stored(), 4);
}

#[test]
fn a_callback_is_stored_as_it_came_with_what_was_found() {
    let server = Server::start();
    let timestamp = now_text();
    let headers = with(
        signed_at(DEBIT, FLAT.as_bytes(), &timestamp),
        "X-Extra",
        b"caf\xe9",
    );
    post(server.address, DEBIT, &headers, FLAT.as_bytes()).is(200, SUCCESS);
    server.seen(|seen| {
        let callback = &seen.callbacks[0];
        assert_eq!(&*callback.body, FLAT.as_bytes());
        assert_eq!(
            callback.minified_sha256,
            <[u8; 32]>::from(Sha256::digest(FLAT.as_bytes()))
        );
        assert_eq!(callback.matched_route, MatchedRoute::Mounted);
        assert_eq!(callback.matched_body, MatchedBody::Received);
        assert_eq!(callback.freshness, Freshness::Fresh);
        assert_eq!(callback.timestamp_text, timestamp);
        let header = |name: &str| {
            callback
                .headers
                .iter()
                .find(|(found, _)| found == name)
                .unwrap()
                .1
                .as_str()
        };
        assert_eq!(header("x-timestamp"), timestamp);
        assert_eq!(header("x-extra"), "caf\u{fffd}");
        let notification = callback.notification.as_ref().unwrap();
        assert_eq!(
            notification.our_reference.as_deref(),
            Some("0193a000000070008000000000000001")
        );
    });
    server.has_metric(r#"gateway_callbacks_total{outcome="applied",path="debit"} 1"#);
    server.has_metric(
        r#"gateway_callback_signatures_total{body="received",kind="non_snap",path="debit",route="mounted"} 1"#,
    );
}

#[test]
fn an_rsa_signature_is_over_the_received_bytes_and_duplicates_are_found_without_white_space() {
    let server = Server::start();
    let spaced = pretty(FLAT);
    let as_sent = signed(QRIS, spaced.as_bytes());
    let as_minified = signed(QRIS, &minify(spaced.as_bytes()));
    post(server.address, QRIS, &as_sent, spaced.as_bytes()).is(200, SUCCESS);
    post(server.address, QRIS, &as_minified, spaced.as_bytes()).is(401, BAD_SIGNATURE);
    post(server.address, QRIS, &as_minified, FLAT.as_bytes()).is(200, SUCCESS);
    server.seen(|seen| {
        let digest = <[u8; 32]>::from(Sha256::digest(FLAT.as_bytes()));
        assert_eq!(seen.callbacks.len(), 2);
        for callback in &seen.callbacks {
            assert_eq!(callback.matched_body, MatchedBody::Received);
            assert_eq!(callback.minified_sha256, digest);
        }
        assert_eq!(&*seen.callbacks[0].body, spaced.as_bytes());
    });
    server.has_metric(r#"gateway_callbacks_total{outcome="duplicate",path="qris"} 1"#);
}

#[test]
fn a_query_may_be_signed_or_left_out_of_the_signature() {
    let server = Server::start();
    for path in PATHS {
        let target = format!("{path}?refNo=INV-1&x=%2F");
        post(
            server.address,
            &target,
            &signed(path, FLAT.as_bytes()),
            FLAT.as_bytes(),
        )
        .is(200, SUCCESS);
        post(
            server.address,
            &target,
            &signed(&target, FLAT.as_bytes()),
            FLAT.as_bytes(),
        )
        .is(200, SUCCESS);
    }
    server.seen(|seen| {
        let routes: Vec<MatchedRoute> = seen
            .callbacks
            .iter()
            .map(|callback| callback.matched_route)
            .collect();
        assert_eq!(
            routes,
            [MatchedRoute::Mounted, MatchedRoute::WithQuery].repeat(4)
        );
    });
}

#[test]
fn the_short_route_counts_on_the_qris_path_only() {
    let server = Server::start();
    for path in PATHS {
        let headers = signed("/v1/qr/qr-mpm-notify", FLAT.as_bytes());
        let answer = post(server.address, path, &headers, FLAT.as_bytes());
        assert_eq!(
            answer.status,
            if path == QRIS { 200 } else { 401 },
            "{path}"
        );
    }
    assert_eq!(
        server.seen(|seen| seen.callbacks[0].matched_route),
        MatchedRoute::ShortQris
    );
}

#[test]
fn any_of_the_providers_keys_counts() {
    let server = Server::start();
    for key in [key(), next_key()] {
        let headers = signed_by(key, LINK, FLAT.as_bytes(), &now_text());
        post(server.address, LINK, &headers, FLAT.as_bytes()).is(200, SUCCESS);
    }
    assert_eq!(server.stored(), 2);
}

#[test]
fn stale_and_unreadable_timestamps_are_stored_as_such() {
    let server = Server::start();
    for (timestamp, expected) in [
        (timestamp_at(TimeDelta::hours(-23)), Freshness::Fresh),
        (timestamp_at(TimeDelta::hours(-25)), Freshness::Stale),
        (timestamp_at(TimeDelta::minutes(9)), Freshness::Fresh),
        (timestamp_at(TimeDelta::minutes(11)), Freshness::Stale),
        ("not a time".to_owned(), Freshness::Unreadable),
    ] {
        let headers = signed_at(VA, FLAT.as_bytes(), &timestamp);
        post(server.address, VA, &headers, FLAT.as_bytes()).is(200, SUCCESS);
        let found = server.seen(|seen| seen.callbacks.last().unwrap().freshness);
        assert_eq!(found, expected, "{timestamp}");
    }
}

#[test]
fn verified_but_unreadable_callbacks_are_stored_and_answered_with_success() {
    let server = Server::start();
    let twice = FLAT.replace(
        r#""latestTransactionStatus":"00""#,
        r#""latestTransactionStatus":"00","latestTransactionStatus":"06""#,
    );
    for body in [
        "",
        "not json",
        "[1,2]",
        "{}",
        r#"{"latestTransactionStatus":"00"}"#,
        twice.as_str(),
    ] {
        post(
            server.address,
            QRIS,
            &signed(QRIS, body.as_bytes()),
            body.as_bytes(),
        )
        .is(200, SUCCESS);
    }
    let invalid_utf8 =
        b"{\"originalPartnerReferenceNo\":\"\xff\",\"latestTransactionStatus\":\"00\"}";
    post(
        server.address,
        QRIS,
        &signed(QRIS, invalid_utf8),
        invalid_utf8,
    )
    .is(200, SUCCESS);
    server.seen(|seen| {
        assert_eq!(seen.callbacks.len(), 7);
        assert!(
            seen.callbacks
                .iter()
                .all(|callback| callback.notification.is_err())
        );
    });
    server.has_metric(r#"gateway_callbacks_total{outcome="unreadable",path="qris"} 7"#);
}

#[test]
fn storage_that_is_away_asks_the_provider_to_send_again() {
    let server = Server::start();
    server.storage_goes_away();
    let flat = r#"{"responseCode":"5005600","responseMessage":"General Error"}"#;
    let snap_va = r#"{"responseCode":"5002500","responseMessage":"General Error"}"#;
    for path in PATHS {
        post(
            server.address,
            path,
            &signed(path, FLAT.as_bytes()),
            FLAT.as_bytes(),
        )
        .is(503, flat);
        post(
            server.address,
            path,
            &signed(path, SNAP_VA.as_bytes()),
            SNAP_VA.as_bytes(),
        )
        .is(503, if path == VA { snap_va } else { flat });
    }
    assert_eq!(server.stored(), 0);
    server.has_metric(r#"gateway_callbacks_total{outcome="storage_away",path="qris"} 2"#);
}
