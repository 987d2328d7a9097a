//! The provider asks us for a token.

use callback_worker::verify::TokenDigest;
use chrono::TimeDelta;

use crate::http::{Headers, post, request};
use crate::provider::{
    CLIENT_KEY, TOKEN, foreign_key, key, next_key, now_text, timestamp_at, token_request, value,
    with, without,
};
use crate::server::Server;

const GRANT: &[u8] = br#"{"grant_type":"client_credentials","additionalInfo":{"channel":13,"client_id":"MERCHANT-CK-0001"}}"#;
const REFUSED: &str =
    r#"{"responseCode":"4017300","responseMessage":"Unauthorized. Invalid Signature"}"#;

fn genuine() -> Headers {
    token_request(key(), CLIENT_KEY, &now_text())
}

#[test]
fn a_signed_request_gets_a_random_token_that_is_stored_only_as_a_digest() {
    let server = Server::start();
    let mut given = Vec::new();
    for key in [key(), next_key()] {
        let answer = post(
            server.address,
            TOKEN,
            &token_request(key, CLIENT_KEY, &now_text()),
            GRANT,
        );
        let reply: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let token = reply["accessToken"].as_str().unwrap().to_owned();
        assert_eq!(token.len(), 64);
        let expected = format!(
            r#"{{"responseCode":"2007300","responseMessage":"Successful","accessToken":"{token}","tokenType":"Bearer","expiresIn":"900"}}"#
        );
        answer.is(200, &expected);
        given.push(token);
    }
    assert_ne!(given[0], given[1]);
    server.seen(|seen| {
        let digests: Vec<TokenDigest> = seen.tokens.iter().map(|stored| stored.digest).collect();
        assert_eq!(
            digests,
            given
                .iter()
                .map(|token| TokenDigest::of(token))
                .collect::<Vec<_>>()
        );
        assert!(
            seen.tokens
                .iter()
                .all(|stored| stored.client_key == CLIENT_KEY && stored.lifetime_secs == 900)
        );
    });
    server.has_metric(r#"gateway_snap_tokens_total{outcome="issued"} 2"#);
}

#[test]
fn both_spellings_of_the_grant_are_taken() {
    let server = Server::start();
    for body in [
        r#"{"grantType":"client_credentials"}"#,
        r#"{ "grant_type" : "client_credentials", "other": [1] }"#,
    ] {
        assert_eq!(
            post(server.address, TOKEN, &genuine(), body.as_bytes()).status,
            200,
            "{body}"
        );
    }
}

#[test]
fn what_is_not_a_client_credentials_grant_is_malformed() {
    let server = Server::start();
    let malformed = r#"{"responseCode":"4007300","responseMessage":"Bad Request"}"#;
    for body in [
        "",
        "{",
        "[]",
        "null",
        "grant_type=client_credentials",
        r#"{"grant_type":"a","grant_type":"b"}"#,
    ] {
        post(server.address, TOKEN, &genuine(), body.as_bytes()).is(400, malformed);
    }
    let wrong =
        r#"{"responseCode":"4007302","responseMessage":"Invalid Mandatory Field grantType"}"#;
    for body in ["{}", r#"{"grant_type":"password"}"#, r#"{"grantType":""}"#] {
        post(server.address, TOKEN, &genuine(), body.as_bytes()).is(400, wrong);
    }
    server.seen(|seen| assert!(seen.tokens.is_empty()));
}

#[test]
fn unsigned_stale_and_unknown_requests_are_refused() {
    let server = Server::start();
    let doubled = {
        let mut headers = genuine();
        headers.push(("X-CLIENT-KEY".to_owned(), CLIENT_KEY.as_bytes().to_vec()));
        headers
    };
    for headers in [
        Headers::new(),
        without(genuine(), "X-CLIENT-KEY"),
        without(genuine(), "X-TIMESTAMP"),
        without(genuine(), "X-SIGNATURE"),
        doubled,
        token_request(foreign_key(), CLIENT_KEY, &now_text()),
        token_request(key(), "UNKNOWN-KEY", &now_text()),
        token_request(key(), "", &now_text()),
        token_request(key(), CLIENT_KEY, &timestamp_at(TimeDelta::minutes(-11))),
        token_request(key(), CLIENT_KEY, &timestamp_at(TimeDelta::minutes(11))),
        token_request(key(), CLIENT_KEY, "yesterday"),
        with(genuine(), "X-CLIENT-KEY", b"another-key"),
        with(genuine(), "X-SIGNATURE", b"AAAA"),
        with(genuine(), "X-SIGNATURE", b"\xff"),
        with(
            genuine(),
            "X-TIMESTAMP",
            timestamp_at(TimeDelta::seconds(7)).as_bytes(),
        ),
    ] {
        post(server.address, TOKEN, &headers, GRANT).is(401, REFUSED);
    }
    server.seen(|seen| assert!(seen.tokens.is_empty()));
    server.has_metric(r#"gateway_snap_tokens_total{outcome="refused"} 15"#);
}

#[test]
fn the_window_is_ten_minutes_both_ways() {
    let server = Server::start();
    for minutes in [-9, 9] {
        let headers = token_request(
            key(),
            CLIENT_KEY,
            &timestamp_at(TimeDelta::minutes(minutes)),
        );
        assert_eq!(
            post(server.address, TOKEN, &headers, GRANT).status,
            200,
            "{minutes}"
        );
    }
}

#[test]
fn a_refused_request_is_not_told_that_its_body_is_malformed() {
    let server = Server::start();
    post(
        server.address,
        TOKEN,
        &with(genuine(), "X-SIGNATURE", b"AAAA"),
        b"{",
    )
    .is(401, REFUSED);
}

#[test]
fn without_storage_no_token_is_given() {
    let server = Server::start();
    server.storage_goes_away();
    post(server.address, TOKEN, &genuine(), GRANT).is(
        503,
        r#"{"responseCode":"5007300","responseMessage":"General Error"}"#,
    );
    assert_eq!(value(&genuine(), "X-CLIENT-KEY"), CLIENT_KEY);
}

#[test]
fn only_post_is_taken() {
    let server = Server::start();
    request(server.address, "GET", TOKEN).is(
        405,
        r#"{"responseCode":"4050000","responseMessage":"Method Not Allowed"}"#,
    );
}
