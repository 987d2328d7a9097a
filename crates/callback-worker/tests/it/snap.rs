//! SNAP callbacks: an HMAC over our token first, and only then the token itself.

use ayolinx_core::json_style::minify;
use ayolinx_core::money::{Amount, Currency};
use callback_worker::verify::{MatchedBody, MatchedRoute, RejectReason, SignatureKind};

use crate::http::post;
use crate::provider::{
    BAD_SNAP_SIGNATURE, CLIENT_KEY, DEBIT, FLAT, PATHS, QRIS, SECRET, SECRET_PREVIOUS, SNAP_VA,
    SNAP_VA_REPLY, SUCCESS, TOKEN, VA, key, now_text, snap_signed, token_request, value, with,
};
use crate::server::Server;

const BAD_TOKEN: &str =
    r#"{"responseCode":"4012501","responseMessage":"Unauthorized. Invalid Token"}"#;

fn issued_token(server: &Server) -> String {
    let headers = token_request(key(), CLIENT_KEY, &now_text());
    let answer = post(
        server.address,
        TOKEN,
        &headers,
        br#"{"grant_type":"client_credentials"}"#,
    );
    let reply: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    reply["accessToken"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_of_ours_carries_several_callbacks() {
    let server = Server::start();
    let token = issued_token(&server);
    let headers = snap_signed(SECRET, &token, VA, SNAP_VA.as_bytes());
    post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(200, SNAP_VA_REPLY);
    for path in PATHS {
        let headers = snap_signed(SECRET, &token, path, FLAT.as_bytes());
        post(server.address, path, &headers, FLAT.as_bytes()).is(200, SUCCESS);
    }
    server.seen(|seen| {
        assert_eq!(seen.callbacks.len(), 5);
        assert!(
            seen.callbacks
                .iter()
                .all(|callback| callback.kind == SignatureKind::Snap)
        );
        assert!(!format!("{:?}", seen.callbacks).contains(&token));
    });
    server.has_metric(
        r#"gateway_callback_signatures_total{body="received",kind="snap",path="virtual_account",route="mounted"} 2"#,
    );
}

#[test]
fn white_space_query_and_short_route_are_tried_for_snap_too() {
    let server = Server::start();
    let token = issued_token(&server);
    let spaced = FLAT.replace(',', ", ");
    let minified = snap_signed(SECRET, &token, DEBIT, &minify(spaced.as_bytes()));
    post(server.address, DEBIT, &minified, spaced.as_bytes()).is(200, SUCCESS);
    let target = format!("{QRIS}?a=b");
    post(
        server.address,
        &target,
        &snap_signed(SECRET, &token, &target, FLAT.as_bytes()),
        FLAT.as_bytes(),
    )
    .is(200, SUCCESS);
    let short = snap_signed(SECRET, &token, "/v1/qr/qr-mpm-notify", FLAT.as_bytes());
    post(server.address, QRIS, &short, FLAT.as_bytes()).is(200, SUCCESS);
    server.seen(|seen| {
        let found: Vec<_> = seen
            .callbacks
            .iter()
            .map(|c| (c.matched_route, c.matched_body))
            .collect();
        assert_eq!(
            found,
            [
                (MatchedRoute::Mounted, MatchedBody::Minified),
                (MatchedRoute::WithQuery, MatchedBody::Received),
                (MatchedRoute::ShortQris, MatchedBody::Received),
            ]
        );
    });
}

#[test]
fn the_previous_client_secret_still_counts() {
    let server = Server::start();
    let token = issued_token(&server);
    let headers = snap_signed(SECRET_PREVIOUS, &token, VA, SNAP_VA.as_bytes());
    post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(200, SNAP_VA_REPLY);
    let headers = snap_signed("another-secret", &token, VA, SNAP_VA.as_bytes());
    post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    assert_eq!(server.stored(), 1);
}

#[test]
fn forgeries_never_reach_the_token_lookup() {
    let server = Server::start();
    let token = issued_token(&server);
    let genuine = || snap_signed(SECRET, &token, VA, SNAP_VA.as_bytes());
    let altered = SNAP_VA.replace("11500.00", "1150000.00");
    post(server.address, VA, &genuine(), altered.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    post(server.address, DEBIT, &genuine(), SNAP_VA.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    let doubled = {
        let mut headers = genuine();
        headers.push((
            "Authorization".to_owned(),
            format!("Bearer {token}").into_bytes(),
        ));
        headers
    };
    post(server.address, VA, &doubled, SNAP_VA.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwdw==",
        &token,
        "Bearer other",
    ] {
        let headers = with(genuine(), "Authorization", authorization.as_bytes());
        post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(401, BAD_SNAP_SIGNATURE);
    }
    let hex = value(&genuine(), "X-SIGNATURE").replace('=', "");
    post(
        server.address,
        VA,
        &with(genuine(), "X-SIGNATURE", hex.as_bytes()),
        SNAP_VA.as_bytes(),
    )
    .is(401, BAD_SNAP_SIGNATURE);
    server.seen(|seen| assert_eq!((seen.callbacks.len(), seen.token_lookups), (0, 0)));
}

#[test]
fn a_token_that_is_not_ours_is_refused_even_when_well_signed() {
    let server = Server::start();
    let headers = snap_signed(SECRET, "somebody-elses-token", VA, SNAP_VA.as_bytes());
    post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(401, BAD_TOKEN);
    server.wait_for_rejected(1);
    server.seen(|seen| {
        assert_eq!((seen.callbacks.len(), seen.token_lookups), (0, 1));
        assert_eq!(seen.rejected[0].reason, RejectReason::Token);
        assert!(!format!("{:?}", seen.rejected).contains("somebody-elses-token"));
    });
    server.has_metric(r#"gateway_callbacks_total{outcome="bad_token",path="virtual_account"} 1"#);
}

#[test]
fn a_token_lookup_without_storage_asks_the_provider_to_send_again() {
    let server = Server::start();
    server.storage_goes_away();
    let headers = snap_signed(SECRET, "token", VA, SNAP_VA.as_bytes());
    post(server.address, VA, &headers, SNAP_VA.as_bytes()).is(
        503,
        r#"{"responseCode":"5002500","responseMessage":"General Error"}"#,
    );
    let headers = snap_signed(SECRET, "token", QRIS, FLAT.as_bytes());
    post(server.address, QRIS, &headers, FLAT.as_bytes()).is(
        503,
        r#"{"responseCode":"5005600","responseMessage":"General Error"}"#,
    );
}

#[test]
fn white_space_put_into_a_number_cannot_change_what_was_signed() {
    let server = Server::start();
    let token = issued_token(&server);
    let genuine = FLAT.replace(r#""15000.00""#, "15000.00");
    let altered = genuine.replace("15000.00", "1 5000.00");
    let headers = snap_signed(SECRET, &token, QRIS, genuine.as_bytes());
    post(server.address, QRIS, &headers, altered.as_bytes()).is(200, SUCCESS);
    server.seen(|seen| {
        let notification = seen.callbacks[0].notification.as_ref().unwrap();
        let expected = Amount::from_minor(1_500_000, Currency::Idr).unwrap();
        assert_eq!(notification.amount.read(), Some(expected));
    });
}

#[test]
fn an_unreadable_snap_va_callback_is_answered_in_its_own_code() {
    let server = Server::start();
    let token = issued_token(&server);
    let headers = snap_signed(SECRET, &token, VA, b"{}");
    post(server.address, VA, &headers, b"{}").is(
        200,
        r#"{"responseCode":"2002500","responseMessage":"Success"}"#,
    );
    let headers = snap_signed(SECRET, &token, QRIS, b"{}");
    post(server.address, QRIS, &headers, b"{}").is(200, SUCCESS);
    assert_eq!(server.stored(), 2);
}

/// How somebody signed, in place of the rule.
struct Confusion {
    said: &'static str,
    headers: Vec<(String, Vec<u8>)>,
}

/// Each of the provider's known confusions that these tests can sign.
fn confusions(token: &str) -> Vec<Confusion> {
    let bearer = format!("Bearer {token}");
    let authorised = |headers| with(headers, "authorization", bearer.as_bytes());
    let without_blanks: Vec<u8> = SNAP_VA
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    assert_ne!(
        minify(SNAP_VA.as_bytes()),
        without_blanks,
        "a name has a blank"
    );
    let whole_url = format!("https://gateway.test{VA}");
    vec![
        Confusion {
            said: "blanks inside strings were dropped",
            headers: snap_signed(SECRET, token, VA, &without_blanks),
        },
        Confusion {
            said: "`Bearer ` was signed",
            headers: authorised(snap_signed(SECRET, &bearer, VA, SNAP_VA.as_bytes())),
        },
        Confusion {
            said: "the path /v1.0/debit/notify was signed",
            headers: snap_signed(SECRET, token, DEBIT, SNAP_VA.as_bytes()),
        },
        Confusion {
            said: "the whole URL was signed",
            headers: snap_signed(SECRET, token, &whole_url, SNAP_VA.as_bytes()),
        },
        Confusion {
            said: "an empty body was hashed",
            headers: snap_signed(SECRET_PREVIOUS, token, VA, b""),
        },
    ]
}

#[test]
fn a_refused_callback_is_explained_while_its_token_is_at_hand_and_the_token_is_kept_nowhere() {
    for number in 0..5 {
        let server = Server::start();
        let token = issued_token(&server);
        let confusion = confusions(&token).swap_remove(number);
        let answer = post(server.address, VA, &confusion.headers, SNAP_VA.as_bytes());
        assert_eq!(answer.status, 401, "{}", confusion.said);
        server.wait_for_rejected(1);
        server.seen(|seen| {
            let kept = &seen.rejected[0];
            let explanation = kept.explanation.as_deref().unwrap_or(confusion.said);
            assert!(kept.explanation.is_some(), "{explanation}");
            assert!(explanation.contains(confusion.said), "{explanation}");
            assert!(!explanation.contains("none of ours"), "{explanation}");
            assert!(!format!("{kept:?}").contains(&token));
            assert!(seen.callbacks.is_empty());
        });
    }
}

#[test]
fn a_forgery_is_explained_by_nothing_and_looks_for_no_token() {
    let server = Server::start();
    let token = issued_token(&server);
    let forged = snap_signed("SK-nobodys-secret", &token, VA, SNAP_VA.as_bytes());
    assert_eq!(
        post(server.address, VA, &forged, SNAP_VA.as_bytes()).status,
        401
    );
    server.wait_for_rejected(1);
    server.seen(|seen| {
        assert_eq!(seen.rejected[0].explanation, None);
        assert_eq!(seen.token_lookups, 0);
    });
}
