//! Signs webhooks as the Standard Webhooks specification says, on nothing of ours, so that forged
//! ones can be made beside right ones.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// A webhook as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Webhook {
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Webhook {
    /// The event, signed with this secret as of this time (seconds since 1970).
    pub(super) fn signed(secret: &str, event: &Value, sent: i64) -> Self {
        let unsigned = Self {
            headers: vec![
                ("content-type", "application/json".to_owned()),
                ("webhook-id", event["id"].as_str().unwrap().to_owned()),
                ("webhook-timestamp", sent.to_string()),
            ],
            body: event.to_string(),
        };
        let signature = signature(secret, &unsigned);
        unsigned.with("webhook-signature", &signature)
    }

    pub(super) fn signature(&self) -> &str {
        self.header("webhook-signature")
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.without(name);
        other.headers.push((name, value.to_owned()));
        other
    }

    pub(super) fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(known, _)| *known != name);
        other
    }

    pub(super) fn with_body(&self, body: &str) -> Self {
        assert_ne!(self.body, body);
        Self {
            body: body.to_owned(),
            ..self.clone()
        }
    }
}

/// The `webhook-signature` that goes with its id, time and body.
pub(super) fn signature(secret: &str, webhook: &Webhook) -> String {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let (id, sent) = (
        webhook.header("webhook-id"),
        webhook.header("webhook-timestamp"),
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{sent}.{}", webhook.body).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
