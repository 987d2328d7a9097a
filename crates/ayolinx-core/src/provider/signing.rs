//! The five signature kinds of the provider (protocol 3): what is signed, how it is signed, how it is verified.
//! Nothing here reads a clock or a body's meaning: callers pass the exact bytes that travel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

mod client_secret;
mod keys;
mod published;

pub use client_secret::ClientSecret;
pub use keys::{KeyError, RsaSigningKey, RsaVerifyingKey};

/// The signed parts of an API call to the provider (kind B) and of a SNAP callback from it (kind
/// E).
#[derive(Clone, Copy)]
pub struct ApiCall<'a> {
    /// Path only, beginning with `/`.
    pub path: &'a str,
    /// The bare access token, without `Bearer `.
    pub token: &'a str,
    /// The exact bytes sent or received.
    pub body: &'a [u8],
    /// Byte for byte the `X-TIMESTAMP` header.
    pub timestamp: &'a str,
}

/// The signed parts of a non-SNAP callback (kind C).
#[derive(Clone, Copy)]
pub struct SignedCallback<'a> {
    /// Path of the notification URL, with `?query` only where the signer counted it in.
    pub route: &'a str,
    /// The exact bytes received.
    pub body: &'a [u8],
    /// Byte for byte the `X-TIMESTAMP` header.
    pub timestamp: &'a str,
}

/// Computes the `X-SIGNATURE` of our token request (kind A).
#[must_use]
pub fn sign_token_request(key: &RsaSigningKey, client_id: &str, timestamp: &str) -> String {
    key.sign_base64(token_string_to_sign(client_id, timestamp).as_bytes())
}

/// Computes the `X-SIGNATURE` of any other call of ours (kind B).
#[must_use]
pub fn sign_api_call(secret: &ClientSecret, call: &ApiCall<'_>) -> String {
    secret.sign_base64(string_of_call(call).as_bytes())
}

/// Signs a callback on the provider's side (kind C).
#[must_use]
pub fn sign_callback(key: &RsaSigningKey, callback: &SignedCallback<'_>) -> String {
    key.sign_base64(string_of_callback(callback).as_bytes())
}

/// Signs a SNAP callback on the provider's side (kind E): the same algorithm as kind B in the other
/// direction.
#[must_use]
pub fn sign_snap_callback(secret: &ClientSecret, call: &ApiCall<'_>) -> String {
    sign_api_call(secret, call)
}

/// Returns whether this token request is signed with that key (kinds A and D, the receiving side).
#[must_use]
pub fn verify_token_request(
    key: &RsaVerifyingKey,
    client_key: &str,
    timestamp: &str,
    signature: &str,
) -> bool {
    key.verify_base64(
        token_string_to_sign(client_key, timestamp).as_bytes(),
        signature,
    )
}

/// Returns whether this API call is signed with the client secret (kind B, the provider's side).
#[must_use]
pub fn verify_api_call(secret: &ClientSecret, call: &ApiCall<'_>, signature: &str) -> bool {
    secret.verify_base64(string_of_call(call).as_bytes(), signature)
}

/// Returns whether this callback is signed by the provider (kind C).
#[must_use]
pub fn verify_callback(
    key: &RsaVerifyingKey,
    callback: &SignedCallback<'_>,
    signature: &str,
) -> bool {
    key.verify_base64(string_of_callback(callback).as_bytes(), signature)
}

/// Returns whether this SNAP callback is signed with the client secret (kind E). Constant time over
/// the decoded bytes.
#[must_use]
pub fn verify_snap_callback(secret: &ClientSecret, call: &ApiCall<'_>, signature: &str) -> bool {
    verify_api_call(secret, call, signature)
}

/// Returns `id|timestamp` (kinds A and D). The body is not signed.
#[must_use]
pub fn token_string_to_sign(client_id: &str, timestamp: &str) -> String {
    format!("{client_id}|{timestamp}")
}

/// Returns `POST:path:token:hash:timestamp` (kinds B and E).
#[must_use]
pub fn api_string_to_sign(
    path: &str,
    token: &str,
    body_sha256_hex: &str,
    timestamp: &str,
) -> String {
    format!("POST:{path}:{token}:{body_sha256_hex}:{timestamp}")
}

/// Returns `POST:route:hash:timestamp` (kind C).
#[must_use]
pub fn callback_string_to_sign(route: &str, body_sha256_hex: &str, timestamp: &str) -> String {
    format!("POST:{route}:{body_sha256_hex}:{timestamp}")
}

/// Returns the SHA-256 of the bytes, lower-case hex.
#[must_use]
pub fn body_sha256_hex(body: &[u8]) -> String {
    lower_hex(&Sha256::digest(body))
}

fn string_of_call(call: &ApiCall<'_>) -> String {
    api_string_to_sign(
        call.path,
        call.token,
        &body_sha256_hex(call.body),
        call.timestamp,
    )
}

fn string_of_callback(callback: &SignedCallback<'_>) -> String {
    callback_string_to_sign(
        callback.route,
        &body_sha256_hex(callback.body),
        callback.timestamp,
    )
}

fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode_signature(signature: &str) -> Option<Vec<u8>> {
    STANDARD.decode(signature).ok()
}

fn encode_signature(signature: &[u8]) -> String {
    STANDARD.encode(signature)
}
