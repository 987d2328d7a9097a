//! Trap T16: a signature covers the path, the body and the timestamp, and no other header. What is
//! not signed says nothing about whether a callback was here before.

use crate::http::post;
use crate::provider::{
    CLIENT_KEY, FLAT, QRIS, SECRET, SUCCESS, TOKEN, key, now_text, signed, snap_signed,
    token_request, with,
};
use crate::server::Server;

fn outcomes(server: &Server, outcome: &str, count: usize) {
    server.has_metric(&format!(
        r#"gateway_callbacks_total{{outcome="{outcome}",path="qris"}} {count}"#
    ));
}

#[test]
fn a_replay_under_other_unsigned_headers_is_a_duplicate() {
    let server = Server::start();
    let request = token_request(key(), CLIENT_KEY, &now_text());
    let grant = br#"{"grantType":"client_credentials"}"#;
    let reply = post(server.address, TOKEN, &request, grant).body;
    let reply: serde_json::Value = serde_json::from_str(&reply).unwrap();
    let token = reply["accessToken"].as_str().unwrap();
    let captured = snap_signed(SECRET, token, QRIS, FLAT.as_bytes());
    post(server.address, QRIS, &captured, FLAT.as_bytes()).is(200, SUCCESS);
    for (name, value) in [
        ("X-EXTERNAL-ID", "99999999999"),
        ("X-PARTNER-ID", "somebody-else"),
        ("CHANNEL-ID", "1"),
        ("X-REQUEST-ID", "fresh"),
    ] {
        let replayed = with(captured.clone(), name, value.as_bytes());
        post(server.address, QRIS, &replayed, FLAT.as_bytes()).is(200, SUCCESS);
    }
    // The same content, signed anew a second time and without a token.
    let anew = signed(QRIS, FLAT.as_bytes());
    post(server.address, QRIS, &anew, FLAT.as_bytes()).is(200, SUCCESS);
    outcomes(&server, "applied", 1);
    outcomes(&server, "duplicate", 5);
}

#[test]
fn another_body_under_the_same_external_id_is_no_duplicate() {
    let server = Server::start();
    let other = FLAT.replace("15000.00", "15001.00");
    for body in [FLAT, other.as_str()] {
        let same_id = with(
            signed(QRIS, body.as_bytes()),
            "X-EXTERNAL-ID",
            b"12345678901",
        );
        post(server.address, QRIS, &same_id, body.as_bytes()).is(200, SUCCESS);
    }
    outcomes(&server, "applied", 2);
}
