//! Other spellings of the same callback, as fronts, portals and editors make them: slashes in the path, a byte order
//! mark before the body, our reference in other letters. None of them loses the notice.

use ayolinx_core::json_style::minify;
use callback_worker::verify::{MatchedBody, MatchedRoute};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::http::{Answer, post};
use crate::provider::{
    BAD_SIGNATURE, CLIENT_KEY, DEBIT, FLAT, PATHS, QRIS, SECRET, SNAP_VA, SNAP_VA_REPLY, SUCCESS,
    TOKEN, VA, key, now_text, signed, snap_signed, token_request,
};
use crate::server::Server;

const MARK: &[u8] = b"\xEF\xBB\xBF";

fn draws<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>, count: usize) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// A mounted path with more slashes than it needs, at least one.
fn with_slashes(path: &'static str) -> impl Strategy<Value = String> {
    let parts = path.split('/').skip(1).count();
    (prop::collection::vec(1_usize..4, parts), 0_usize..3)
        .prop_filter("another spelling", |(before, end)| {
            *end > 0 || before.iter().any(|count| *count > 1)
        })
        .prop_map(move |(before, end)| {
            let parts = path.split('/').skip(1).zip(&before);
            let mut spelt: String = parts
                .map(|(part, count)| format!("{}{part}", "/".repeat(*count)))
                .collect();
            spelt.push_str(&"/".repeat(end));
            spelt
        })
}

fn issued_token(server: &Server, path: &str) -> String {
    let headers = token_request(key(), CLIENT_KEY, &now_text());
    let answer = post(
        server.address,
        path,
        &headers,
        br#"{"grantType":"client_credentials"}"#,
    );
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let (_, rest) = answer.body.split_once(r#""accessToken":""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[track_caller]
fn matched(server: &Server, answer: &Answer, reply: &str) -> (MatchedRoute, MatchedBody) {
    answer.is(200, reply);
    server.seen(|seen| {
        let callback = seen.callbacks.last().unwrap();
        assert!(callback.notification.is_ok(), "{callback:?}");
        (callback.matched_route, callback.matched_body)
    })
}

#[test]
fn a_path_with_other_slashes_is_the_mounted_one_and_signed_in_either_spelling() {
    let server = Server::start();
    let token = issued_token(&server, TOKEN);
    let body = FLAT.as_bytes();
    for path in PATHS {
        for spelt in draws(with_slashes(path), 12) {
            let queried = format!("{spelt}?refNo=1");
            for (target, route, expected) in [
                (&spelt, path, MatchedRoute::Mounted),
                (&spelt, spelt.as_str(), MatchedRoute::Received),
                (&queried, path, MatchedRoute::Mounted),
                (&queried, queried.as_str(), MatchedRoute::Received),
                (
                    &queried,
                    &format!("{path}?refNo=1"),
                    MatchedRoute::WithQuery,
                ),
            ] {
                let plain = post(server.address, target, &signed(route, body), body);
                assert_eq!(matched(&server, &plain, SUCCESS).0, expected, "{target}");
                let headers = snap_signed(SECRET, &token, route, body);
                let snap = post(server.address, target, &headers, body);
                assert_eq!(matched(&server, &snap, SUCCESS).0, expected, "{target}");
            }
        }
    }
    // Every notice is kept under the mounted path, so that a repeat in another spelling is one.
    server.seen(|seen| {
        let known = |path: &str| PATHS.contains(&path);
        assert!(
            seen.callbacks
                .iter()
                .all(|callback| known(callback.path.as_str()))
        );
    });
}

#[test]
fn slashes_open_no_other_products_path() {
    let server = Server::start();
    for spelt in draws(with_slashes(QRIS), 12) {
        let other = signed(DEBIT, FLAT.as_bytes());
        post(server.address, &spelt, &other, FLAT.as_bytes()).is(401, BAD_SIGNATURE);
        let sent_elsewhere = signed(&spelt, FLAT.as_bytes());
        post(server.address, DEBIT, &sent_elsewhere, FLAT.as_bytes()).is(401, BAD_SIGNATURE);
    }
    assert_eq!(server.stored(), 0);
}

#[test]
fn the_provider_gets_its_token_at_a_path_with_other_slashes_too() {
    let server = Server::start();
    for spelt in draws(with_slashes(TOKEN), 12) {
        issued_token(&server, &spelt);
    }
}

#[test]
fn a_byte_order_mark_is_passed_over_once_the_signature_holds() {
    let server = Server::start();
    let token = issued_token(&server, TOKEN);
    for (path, text, reply) in [(QRIS, FLAT, SUCCESS), (VA, SNAP_VA, SNAP_VA_REPLY)] {
        let spaced = text.replacen('{', "{\r\n  ", 1);
        let marked = [MARK, spaced.as_bytes()].concat();
        let minified = minify(spaced.as_bytes());
        let plain = post(server.address, path, &signed(path, &marked), &marked);
        assert_eq!(matched(&server, &plain, reply).1, MatchedBody::Received);
        for (signed_bytes, expected) in [
            (marked.clone(), MatchedBody::Received),
            (minified.clone(), MatchedBody::Minified),
            (minify(&marked), MatchedBody::Minified),
        ] {
            let headers = snap_signed(SECRET, &token, path, &signed_bytes);
            let snap = post(server.address, path, &headers, &marked);
            assert_eq!(matched(&server, &snap, reply).1, expected, "{path}");
        }
        // A signature of kind C is over the received bytes and nothing else.
        for other in [spaced.as_bytes(), &minified] {
            post(server.address, path, &signed(path, other), &marked).is(401, BAD_SIGNATURE);
        }
        let bare = post(server.address, path, &signed(path, &minified), &minified);
        assert_eq!(matched(&server, &bare, reply).1, MatchedBody::Received);
        // With and without a mark it is the same notice.
        server.seen(|seen| {
            let digests: Vec<_> = seen
                .callbacks
                .drain(..)
                .map(|one| one.minified_sha256)
                .collect();
            assert!(digests.windows(2).all(|two| two[0] == two[1]), "{path}");
        });
    }
}
