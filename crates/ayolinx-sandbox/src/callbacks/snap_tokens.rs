//! Tokens the merchant's side issues to us for SNAP callbacks (protocol 3.4, 8.7), one per origin until it expires.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix_rt::time::timeout;
use awc::Client;
use ayolinx_core::signing::sign_token_request;
use chrono::Utc;
use serde_json::{Value, json};
use url::Url;

use crate::protocol::calls::Call;
use crate::protocol::clock::jakarta;
use crate::provider::sandbox::Sandbox;

/// Time before expiry when a token is asked for anew.
const MARGIN: Duration = Duration::from_secs(30);
const EXCHANGE_MAX: Duration = Duration::from_secs(10);

/// Tokens by origin.
#[derive(Default)]
pub(super) struct SnapTokens(RefCell<HashMap<String, (String, Instant)>>);

impl SnapTokens {
    /// Returns a token for the origin of `url`.
    pub(super) async fn obtain(
        &self,
        client: &Client,
        sandbox: &Sandbox,
        url: &Url,
    ) -> Result<String, String> {
        let origin = url.origin().ascii_serialization();
        let known = self.0.borrow().get(&origin).cloned();
        if let Some((token, until)) = known
            && Instant::now() < until
        {
            return Ok(token);
        }
        let answer = timeout(EXCHANGE_MAX, request(client, sandbox, &origin))
            .await
            .map_err(|_elapsed| "token: no answer in 10 s".to_owned())??;
        let (token, life) = read(&answer).ok_or_else(|| format!("token refused: {answer}"))?;
        let until = Instant::now() + life.saturating_sub(MARGIN);
        self.0.borrow_mut().insert(origin, (token.clone(), until));
        Ok(token)
    }

    /// Drops a token that was refused.
    pub(super) fn forget(&self, token: &str) {
        self.0
            .borrow_mut()
            .retain(|_origin, (known, _until)| known != token);
    }
}

async fn request(client: &Client, sandbox: &Sandbox, origin: &str) -> Result<Value, String> {
    let timestamp = jakarta(Utc::now());
    let key = &sandbox.settings.snap_client_key;
    let signature = sign_token_request(&sandbox.credentials.signing(), key, &timestamp);
    let body = json!({
        "grant_type": "client_credentials",
        "additionalInfo": {"channel": 13, "client_id": key},
    });
    let mut response = client
        .post(format!("{origin}{}", Call::Token.path()))
        .insert_header(("X-TIMESTAMP", timestamp.as_str()))
        .insert_header(("X-CLIENT-KEY", key.as_str()))
        .insert_header(("X-SIGNATURE", signature))
        .send_json(&body)
        .await
        .map_err(|error| format!("token: {error}"))?;
    let bytes = response
        .body()
        .await
        .map_err(|error| format!("token: {error}"))?;
    serde_json::from_slice(&bytes)
        .map_err(|_not_json| format!("token: HTTP {} without JSON", response.status()))
}

/// Reads the documented success: `2007300`, `Bearer`, a token, its seconds as text or number.
fn read(answer: &Value) -> Option<(String, Duration)> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    (text("responseCode") == Some("2007300")).then_some(())?;
    (text("tokenType") == Some("Bearer")).then_some(())?;
    let token = text("accessToken").filter(|token| !token.is_empty())?;
    let life = answer.get("expiresIn")?;
    let seconds = life
        .as_u64()
        .or_else(|| life.as_str().and_then(|text| text.parse().ok()))?;
    Some((token.to_owned(), Duration::from_secs(seconds)))
}
