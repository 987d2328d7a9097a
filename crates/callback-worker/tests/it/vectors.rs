//! The known answers of the protocol: every vector that concerns what we receive.

use ayolinx_core::signing::RsaVerifyingKey;
use callback_worker::verify::{Freshness, TokenDigest, Verifier};
use serde_json::Value;

use crate::http::{headers, post};
use crate::provider::{BAD_SIGNATURE, PATHS, QRIS, SUCCESS, VA};
use crate::server::Server;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../ayolinx-core/tests/vectors/vectors.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} of {entry}"))
}

fn server(vectors: &Value) -> Server {
    let key = RsaVerifyingKey::from_pem(text(&vectors["keys"], "ayolinx_public_spki_pem")).unwrap();
    Server::start_with(vec![key], &[text(&vectors["common"], "client_secret")])
}

/// Vectors were made for several notification URLs; only those for a path of ours may pass.
#[test]
fn non_snap_vectors_pass_exactly_on_the_path_they_were_signed_for() {
    let vectors = vectors();
    let server = server(&vectors);
    let mut passed = 0;
    for entry in vectors["callback_non_snap"].as_array().unwrap() {
        for path in PATHS {
            let sent = headers(&[
                ("X-TIMESTAMP", text(entry, "timestamp")),
                ("X-SIGNATURE", text(entry, "expected_signature")),
            ]);
            let answer = post(server.address, path, &sent, text(entry, "body").as_bytes());
            if text(entry, "path") == path {
                answer.is(200, SUCCESS);
                passed += 1;
            } else {
                answer.is(401, BAD_SIGNATURE);
            }
        }
    }
    assert_eq!((passed, server.stored()), (4, 4));
    server.seen(|seen| {
        assert!(
            seen.callbacks
                .iter()
                .all(|c| c.freshness == Freshness::Stale && c.notification.is_ok())
        )
    });
}

#[test]
fn negative_vectors_pass_nowhere() {
    let vectors = vectors();
    let server = server(&vectors);
    for entry in vectors["callback_non_snap_negative"].as_array().unwrap() {
        for path in PATHS {
            let sent = headers(&[
                ("X-TIMESTAMP", text(entry, "timestamp")),
                ("X-SIGNATURE", text(entry, "given_signature")),
            ]);
            post(server.address, path, &sent, text(entry, "body").as_bytes())
                .is(401, BAD_SIGNATURE);
        }
    }
    assert_eq!(server.stored(), 0);
}

#[test]
fn snap_vectors_pass_with_the_token_we_issued_and_sha256_does_not() {
    let vectors = vectors();
    let server = server(&vectors);
    let token = text(&vectors["common"], "access_token_we_issued");
    server.seen(|seen| {
        seen.tokens.push(callback_worker::snap_token::NewSnapToken {
            digest: TokenDigest::of(token),
            client_key: "MERCHANT-CK-0001".to_owned(),
            lifetime_secs: 900,
        });
    });
    let mut passed = Vec::new();
    for entry in vectors["callback_snap"].as_array().unwrap() {
        let path = if text(entry, "name").starts_with("qris") {
            QRIS
        } else {
            VA
        };
        let authorization = format!("Bearer {token}");
        let send = |signature: &str| {
            let sent = headers(&[
                ("Authorization", authorization.as_str()),
                ("X-TIMESTAMP", text(entry, "timestamp")),
                ("X-SIGNATURE", signature),
            ]);
            post(server.address, path, &sent, text(entry, "body").as_bytes())
        };
        let answer = send(text(entry, "expected_signature"));
        assert_eq!(
            answer.status,
            if text(entry, "path") == path {
                200
            } else {
                401
            },
            "{entry}"
        );
        passed.push(answer.status);
        assert_eq!(send(text(entry, "alt_signature_hmac_sha256")).status, 401);
    }
    assert_eq!(passed, [200, 401, 200]);
}

#[test]
fn the_token_request_vector_verifies() {
    let vectors = vectors();
    let entry = &vectors["snap_callback_token_request"][0];
    let key =
        RsaVerifyingKey::from_pem(text(&vectors["keys"], text(entry, "verify_with"))).unwrap();
    let verifier = Verifier::new(vec![key], vec![]);
    let verify = |client_key| {
        verifier
            .verify_token_request(
                client_key,
                text(entry, "timestamp"),
                text(entry, "expected_signature"),
            )
            .is_some()
    };
    assert!(verify(text(entry, "client_key")));
    assert!(!verify("MERCHANT-CK-0002"));
}
