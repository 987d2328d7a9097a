//! The token endpoint: the provider asks us for a bearer token before it sends SNAP callbacks
//! (protocol 8.7). Tokens are random, stored only as digests, and live 15 minutes.

use std::fmt::Write as _;

use actix_web::http::header::HeaderMap;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::messages::parse;
use ayolinx_core::messages::token::TokenRequest;
use ayolinx_core::provider_time::parse_time;
use chrono::{DateTime, TimeDelta, Utc};

use crate::callbacks::body;
use crate::callbacks::edge::CallbackEdge;
use crate::callbacks::replies;
use crate::callbacks::snap_token::{NewSnapToken, SnapClientKeys};
use crate::callbacks::store::CallbackStore;
use crate::callbacks::verify::{KeyName, SignatureKind, TokenDigest, Verifier, single};

const LIFETIME_SECS: u32 = 900;
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// Answers `POST /v1.0/access-token/b2b`.
pub(crate) async fn issue<S: CallbackStore>(
    request: HttpRequest,
    payload: Payload,
    edge: Data<CallbackEdge<S>>,
) -> HttpResponse {
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(why) => return edge.count_token(why.label(), replies::token_body_refused(why)),
    };
    let Some((client_key, key)) = authenticated(
        &edge.verifier,
        &edge.snap_client_keys,
        request.headers(),
        Utc::now(),
    ) else {
        return edge.count_token("refused", replies::token_refused());
    };
    edge.metrics.count_key(SignatureKind::NonSnap, key);
    if let Some(refusal) = grant_refusal(&body) {
        return edge.count_token("malformed", refusal);
    }
    let stored = match new_token() {
        Some(token) => store(&edge.store, client_key, token).await,
        None => None,
    };
    match stored {
        Some(token) => edge.count_token("issued", replies::token_issued(&token, LIFETIME_SECS)),
        None => edge.count_token("storage_away", replies::token_storage_away()),
    }
}

async fn store<S: CallbackStore>(store: &S, client_key: &str, token: String) -> Option<String> {
    let made = NewSnapToken {
        digest: TokenDigest::of(&token),
        client_key: client_key.to_owned(),
        lifetime_secs: i64::from(LIFETIME_SECS),
    };
    store.store_snap_token(made).await.ok().map(|()| token)
}

/// Returns the client key, when it is accepted and the request is signed and fresh, and the name of
/// the key that signed it.
fn authenticated<'a>(
    verifier: &'a Verifier,
    accepted: &SnapClientKeys,
    headers: &'a HeaderMap,
    now: DateTime<Utc>,
) -> Option<(&'a str, &'a KeyName)> {
    let client_key = single(headers, "x-client-key")?;
    let timestamp = single(headers, "x-timestamp")?;
    let signature = single(headers, "x-signature")?;
    let key_known = accepted.accepts(client_key);
    let signed = verifier.verify_token_request(client_key, timestamp, signature);
    let fresh = (parse_time(timestamp)? - now).abs() <= WINDOW;
    signed
        .filter(|_| key_known && fresh)
        .map(|key| (client_key, key))
}

fn grant_refusal(body: &[u8]) -> Option<HttpResponse> {
    match parse::<TokenRequest>(body) {
        Ok(request) if request.is_client_credentials() => None,
        Ok(_other_or_missing) => Some(replies::grant_refused()),
        Err(_unreadable) => Some(replies::token_request_malformed()),
    }
}

fn new_token() -> Option<String> {
    let mut random = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    Some(random.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    }))
}
