//! Calls of the provider as we choose to spell and sign them, wrong ones too; and their answers, of which
//! only the shape is ever shown.

use std::time::Duration;

use awc::http::Uri;
use ayolinx_core::json_style::without_byte_order_mark;
use ayolinx_core::messages::paths;
use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::signing::{ApiCall, RsaSigningKey, sign_api_call};
use chrono::Utc;
use http_client::{HttpClient, public_roots};
use serde_json::Value;
use settings::ProviderSettings;
use tokio::time::timeout;
use uuid::Uuid;

use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The header that SNAP has and that the provider may or may not want.
pub(crate) const CHANNEL_ID: &str = "CHANNEL-ID";
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The members whose value shows how a call went and nothing secret.
const SHOWN: [&str; 6] = [
    "responseCode",
    "responseMessage",
    "latestTransactionStatus",
    "paymentFlagStatus",
    "tokenType",
    "expiresIn",
];
const SHOWN_CHARACTERS: usize = 60;

/// The provider's answer to a call.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) http: u16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: Option<Value>,
}

/// An answer, or the reason why there is none.
pub(crate) type Got = Result<Answer, String>;

impl Answer {
    /// Returns a member's text; numbers are taken as they are written.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.json.as_ref()?.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn code(&self) -> String {
        self.text("responseCode").unwrap_or_default()
    }

    pub(crate) fn is_success(&self) -> bool {
        let code = self.code();
        code == "00" || code.starts_with("200")
    }

    /// Returns whether it denies our identity: signature, token, client.
    pub(crate) fn is_unauthorized(&self) -> bool {
        let code = self.code();
        if code.is_empty() {
            return matches!(self.http, 401 | 403);
        }
        code.starts_with("401") || code == "581000001"
    }

    /// Describes code, message and members, with no value that could be secret.
    pub(crate) fn shape(&self) -> String {
        match &self.json {
            Some(Value::Object(members)) => {
                let all: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", shown(name, value)))
                    .collect();
                format!("HTTP {} {{{}}}", self.http, all.join(", "))
            }
            _ => format!(
                "HTTP {} with {} bytes that are no JSON object",
                self.http,
                self.bytes.len()
            ),
        }
    }

    /// Describes code and message alone.
    pub(crate) fn brief(&self) -> String {
        let message = self.text("responseMessage").unwrap_or_default();
        let message: String = message.chars().take(SHOWN_CHARACTERS).collect();
        let code = self.code();
        if code.is_empty() {
            return format!("HTTP {} without a responseCode", self.http);
        }
        format!("HTTP {} {code} {message:?}", self.http)
    }
}

/// Describes an answer in a few words.
pub(crate) fn brief(got: &Got) -> String {
    got.as_ref()
        .map_or_else(|reason| format!("no answer ({reason})"), Answer::brief)
}

pub(crate) fn shape(got: &Got) -> String {
    got.as_ref()
        .map_or_else(|reason| format!("no answer ({reason})"), Answer::shape)
}

/// Describes a value, or what kind it is.
pub(crate) fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::String(text) if SHOWN.contains(&name) => {
            let text: String = text.chars().take(SHOWN_CHARACTERS).collect();
            format!("{text:?}")
        }
        Value::Number(number) if SHOWN.contains(&name) => number.to_string(),
        Value::String(text) => format!("text of {}", text.chars().count()),
        Value::Number(_) => "number".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Array(items) => format!("list of {}", items.len()),
        Value::Object(members) => {
            let names: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name}: {}", shown(name, value)))
                .collect();
            format!("{{{}}}", names.join(", "))
        }
    }
}

/// One call. A field that is `None` is as it should be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) body: Vec<u8>,
    /// The bytes that are hashed in place of those that are sent.
    pub(crate) hashed: Option<Vec<u8>>,
    pub(crate) timestamp: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) token: Option<String>,
    /// The header that is left out.
    pub(crate) without: Option<&'static str>,
    /// The value of `CHANNEL-ID`, which is sent only if it is set.
    pub(crate) channel_id: Option<String>,
    /// True when the call is signed wrongly on purpose.
    pub(crate) spoilt: bool,
}

impl Call {
    pub(crate) fn of(path: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            path,
            body: body.into(),
            ..Self::default()
        }
    }
}

/// The connection to the provider.
pub(crate) struct Provider {
    client: HttpClient,
    pub(crate) account: ProviderSettings,
    base: String,
    /// The token of the last token request that was accepted.
    pub(crate) token: String,
}

impl Provider {
    pub(crate) fn new(account: &ProviderSettings) -> Result<Self, Failure> {
        let tls = public_roots().map_err(|error| Failure::new(format!("TLS: {error}")))?;
        Ok(Self {
            client: HttpClient::to_anywhere(tls, CONNECT_TIMEOUT),
            base: account.base_url.as_str().trim_end_matches('/').to_owned(),
            account: account.clone(),
            token: String::new(),
        })
    }

    /// Asks for a token, signing `left|timestamp`.
    pub(crate) async fn ask_token(&self, left: &str, timestamp: &str) -> Got {
        let key: &RsaSigningKey = &self.account.signing_key;
        let signature = key.sign_base64(format!("{left}|{timestamp}").as_bytes());
        let mut headers = vec![
            ("X-TIMESTAMP", timestamp.to_owned()),
            ("X-CLIENT-KEY", self.account.client_id.clone()),
            ("X-SIGNATURE", signature),
        ];
        headers.extend(self.channel_header());
        let body = br#"{"grantType":"client_credentials"}"#.to_vec();
        self.post(paths::TOKEN, headers, body).await
    }

    /// Sends the call once.
    pub(crate) async fn send(&self, call: Call) -> Got {
        let timestamp = call.timestamp.clone().unwrap_or_else(now);
        let token = call.token.clone().unwrap_or_else(|| self.token.clone());
        let signed = ApiCall {
            path: call.path,
            token: &token,
            body: call.hashed.as_deref().unwrap_or(&call.body),
            timestamp: if call.spoilt { "never" } else { &timestamp },
        };
        let signature = sign_api_call(&self.account.client_secret, &signed);
        let external_id = call.external_id.clone().unwrap_or_else(new_external_id);
        let mut headers = vec![
            ("X-TIMESTAMP", timestamp),
            ("X-SIGNATURE", signature),
            ("X-PARTNER-ID", self.account.client_id.clone()),
            ("X-EXTERNAL-ID", external_id),
            ("Authorization", format!("Bearer {token}")),
        ];
        let channel_id = call.channel_id.clone().map(|id| (CHANNEL_ID, id));
        headers.extend(channel_id.or_else(|| self.channel_header()));
        headers.retain(|(name, _)| Some(*name) != call.without);
        self.post(call.path, headers, call.body).await
    }

    fn channel_header(&self) -> Option<(&'static str, String)> {
        Some((CHANNEL_ID, self.account.channel_id.clone()?))
    }

    /// Calls our stand-in's control side.
    pub(crate) async fn control(&self, path: &str, body: &str) -> Got {
        self.post(path, Vec::new(), body.as_bytes().to_vec()).await
    }

    async fn post(&self, path: &str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Got {
        let url = format!("{}{path}", self.base).parse::<Uri>();
        let url = url.map_err(|error| error.to_string())?;
        let mut request = self
            .client
            .post(&url)
            .map_err(|error| error.to_string())?
            .insert_header(("Content-Type", "application/json"))
            .insert_header(("User-Agent", "payment-gateway/1"));
        for (name, value) in headers {
            request = request.insert_header((name, value));
        }
        let exchange = async {
            let mut response = request
                .send_body(body)
                .await
                .map_err(|error| error.to_string())?;
            let http = response.status().as_u16();
            let bytes = response
                .body()
                .limit(BODY_BYTES_MAX)
                .await
                .map_err(|error| error.to_string())?
                .to_vec();
            let json = serde_json::from_slice(without_byte_order_mark(&bytes)).ok();
            Ok(Answer { http, bytes, json })
        };
        timeout(self.account.timeout, exchange)
            .await
            .unwrap_or_else(|_elapsed| Err("no answer in time".to_owned()))
    }
}

/// Returns `X-TIMESTAMP` as the gateway sends it.
pub(crate) fn now() -> String {
    format_jakarta(Utc::now())
}

/// Returns twenty digits, new each time.
pub(crate) fn new_external_id() -> String {
    let random = Uuid::new_v4().as_u128() % 100_000_000_000_000_000_000;
    format!("{random:020}")
}

/// Returns a reference of ours: 32 hex digits, as the gateway's own.
pub(crate) fn new_reference() -> String {
    Uuid::now_v7().simple().to_string()
}

/// Returns the answer, or fails with this exchange's name when a needed answer is missing.
pub(crate) fn needed(got: Got, what: &str) -> Result<Answer, Failure> {
    got.map_err(|reason| Failure::new(format!("{what}: no answer ({reason})")).with_code(2))
}
