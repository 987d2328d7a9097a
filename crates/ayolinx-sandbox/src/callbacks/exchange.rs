//! One callback request: its bytes and signature (protocol 3.3, 3.5), and the exchange, ten seconds in all.

use std::time::{Duration, Instant};

use actix_rt::time::timeout;
use actix_web::web::Bytes;
use awc::{Client, Connector};
use aws_lc_rs::hmac;
use ayolinx_core::json_style::php_reencode;
use ayolinx_core::money::Amount;
use ayolinx_core::signing::{
    ApiCall, SignedCallback, body_sha256_hex, sign_callback, sign_snap_callback,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use super::snap_tokens::SnapTokens;
use crate::callbacks::notification;
use crate::protocol::behaviours::{Reading, Readings};
use crate::protocol::calls::Product;
use crate::protocol::clock::jakarta;
use crate::provider::faults::Action;
use crate::provider::jobs::Notice;
use crate::provider::sandbox::Sandbox;
use crate::provider::settings::CallbackMode;
use crate::provider::transaction::Attempt;

/// Deadline of the whole exchange, connect to last byte.
const EXCHANGE_MAX: Duration = Duration::from_secs(10);
/// Longest answer read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Longest answer kept.
const ANSWER_CHARACTERS_KEPT: usize = 1_000;
/// Keep-alive below the receivers', so that a pooled connection is rarely a dead one.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Age of a stale callback: beyond every window.
const STALE: TimeDelta = TimeDelta::hours(48);

/// The change that a fault makes to the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    WrongAmount,
    WrongSignature,
    StaleTimestamp,
}

impl Twist {
    pub(super) const fn of(fault: Option<&Action>) -> Self {
        match fault {
            Some(Action::WrongAmount) => Self::WrongAmount,
            Some(Action::WrongSignature) => Self::WrongSignature,
            Some(Action::StaleTimestamp) => Self::StaleTimestamp,
            _ => Self::None,
        }
    }
}

/// A signed request, ready to be sent any number of times.
pub(super) struct Prepared {
    headers: Vec<(&'static str, String)>,
    timestamp: String,
    token: Option<String>,
    /// The exact bytes.
    pub(super) body: Bytes,
}

/// HTTP client with the tokens it was given for SNAP callbacks.
pub(super) struct Sender {
    client: Client,
    tokens: SnapTokens,
}

impl Sender {
    pub(super) fn new() -> Self {
        let connector = Connector::new()
            .timeout(EXCHANGE_MAX)
            .conn_keep_alive(KEEP_ALIVE);
        let client = Client::builder()
            .connector(connector)
            .max_http_version(actix_web::http::Version::HTTP_11)
            .disable_redirects()
            .timeout(EXCHANGE_MAX)
            .finish();
        Self {
            client,
            tokens: SnapTokens::default(),
        }
    }

    /// Builds and signs the request; fails when no token can be had.
    pub(super) async fn prepare(
        &self,
        sandbox: &Sandbox,
        notice: &Notice,
        twist: Twist,
    ) -> Result<Prepared, String> {
        let url = Url::parse(&notice.url).map_err(|error| format!("bad URL: {error}"))?;
        let route = route(sandbox, notice, &url);
        let body = notification::body(&sandbox.settings.readings, &twisted(notice, twist));
        let signed = match twist {
            Twist::WrongSignature => b"{}".to_vec(),
            _ if sandbox.reads(Reading::CallbackBodyPhp) => php_reencode(&body).unwrap_or_default(),
            _ => body.clone(),
        };
        let timestamp = jakarta(moment(twist));
        let mut headers = vec![("X-TIMESTAMP", timestamp.clone())];
        let mut token = None;
        let is_bare = notice.product == Product::Qris && sandbox.reads(Reading::QrisSnapBare);
        let signature = match notice.mode {
            _ if notice.mode == CallbackMode::Plain || is_bare => {
                let callback = SignedCallback {
                    route: &route,
                    body: &signed,
                    timestamp: &timestamp,
                };
                sign_callback(&sandbox.credentials.signing(), &callback)
            }
            _ => {
                let issued = self.tokens.obtain(&self.client, sandbox, &url).await?;
                headers.push(("Authorization", format!("Bearer {issued}")));
                headers.push(("X-PARTNER-ID", sandbox.settings.snap_client_key.clone()));
                headers.push(("X-EXTERNAL-ID", external_id()));
                headers.push(("CHANNEL-ID", "H2H".to_owned()));
                let call = ApiCall {
                    path: &route,
                    token: &issued,
                    body: &signed,
                    timestamp: &timestamp,
                };
                let signature = snap_signature(sandbox, &call);
                token = Some(issued);
                signature
            }
        };
        headers.push(("X-SIGNATURE", signature));
        Ok(Prepared {
            headers,
            timestamp,
            token,
            body: Bytes::from(body),
        })
    }

    /// Sends it once and judges the answer.
    pub(super) async fn send(
        &self,
        readings: &Readings,
        notice: &Notice,
        prepared: &Prepared,
    ) -> Attempt {
        let (sent_at, clock) = (Utc::now(), Instant::now());
        let answer = timeout(EXCHANGE_MAX, self.exchange(&notice.url, prepared))
            .await
            .unwrap_or_else(|_elapsed| Err("no answer in 10 s".to_owned()));
        let mut attempt = Attempt {
            at: jakarta(sent_at),
            timestamp: prepared.timestamp.clone(),
            accepted: false,
            http_status: None,
            response_code: None,
            response_body: None,
            error: None,
            duration_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        match answer {
            Ok((http, bytes)) => {
                let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                attempt.http_status = Some(http);
                attempt.accepted = notification::accepts(readings, notice, http, &body);
                attempt.response_code = body
                    .get("responseCode")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                let text = String::from_utf8_lossy(&bytes);
                attempt.response_body = Some(text.chars().take(ANSWER_CHARACTERS_KEPT).collect());
                if http == 401
                    && let Some(token) = &prepared.token
                {
                    self.tokens.forget(token);
                }
            }
            Err(reason) => attempt.error = Some(reason),
        }
        attempt
    }

    async fn exchange(&self, url: &str, prepared: &Prepared) -> Result<(u16, Bytes), String> {
        let mut request = self
            .client
            .post(url)
            .insert_header(("Content-Type", "application/json"));
        for (name, value) in &prepared.headers {
            request = request.insert_header((*name, value.as_str()));
        }
        let mut response = request
            .send_body(prepared.body.clone())
            .await
            .map_err(|error| error.to_string())?;
        let body = response
            .body()
            .limit(ANSWER_BYTES_MAX)
            .await
            .map_err(|error| error.to_string())?;
        Ok((response.status().as_u16(), body))
    }
}

/// Returns the path of the URL with its query, unless another reading holds.
fn route(sandbox: &Sandbox, notice: &Notice, url: &Url) -> String {
    if sandbox.reads(Reading::RouteDocumented) {
        return notice.product.callback_path().to_owned();
    }
    match url.query() {
        Some(query) if !sandbox.reads(Reading::RouteWithoutQuery) => {
            format!("{}?{query}", url.path())
        }
        _ => url.path().to_owned(),
    }
}

fn snap_signature(sandbox: &Sandbox, call: &ApiCall<'_>) -> String {
    let hash = body_sha256_hex(call.body);
    let (path, token, time) = (call.path, call.token, call.timestamp);
    let string = if sandbox.reads(Reading::SnapStringWithoutToken) {
        format!("POST:{path}:{hash}:{time}")
    } else {
        format!("POST:{path}:{token}:{hash}:{time}")
    };
    let secret = sandbox.settings.client_secret.expose().as_bytes();
    if sandbox.reads(Reading::SnapSha256) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        return STANDARD.encode(hmac::sign(&key, string.as_bytes()));
    }
    if sandbox.reads(Reading::SnapStringWithoutToken) {
        let key = hmac::Key::new(hmac::HMAC_SHA512, secret);
        return STANDARD.encode(hmac::sign(&key, string.as_bytes()));
    }
    sign_snap_callback(&sandbox.credentials.secret(), call)
}

fn moment(twist: Twist) -> DateTime<Utc> {
    match twist {
        Twist::StaleTimestamp => Utc::now() - STALE,
        _ => Utc::now(),
    }
}

fn twisted(notice: &Notice, twist: Twist) -> Notice {
    let mut notice = notice.clone();
    if twist == Twist::WrongAmount {
        notice.amount = notice
            .amount
            .and_then(|amount| Amount::rupiah(amount.whole_rupiah().saturating_add(1)).ok());
    }
    notice
}

/// Returns eighteen digits: microseconds and a random part.
fn external_id() -> String {
    let random = uuid::Uuid::new_v4().as_u128() % 1_000;
    format!(
        "{}{random:03}",
        Utc::now().timestamp_micros() % 1_000_000_000_000_000
    )
}
