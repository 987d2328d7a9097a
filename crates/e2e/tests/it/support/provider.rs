//! The provider by hand: callbacks with any body, time and signature, where the sandbox would only
//! send right ones.

use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{RsaSigningKey, SignedCallback, sign_callback};
use chrono::{DateTime, Utc};
use devstack::Stack;
use serde_json::{Value, json};

use super::http::{Answer, Http};

pub(crate) const QRIS: &str = "/v1.0/qr/qr-mpm-notify";

/// The provider with its key. Belongs to the thread that made it.
pub(crate) struct Provider {
    http: Http,
    origin: String,
    key: RsaSigningKey,
}

impl Provider {
    pub(crate) fn of(stack: &Stack) -> Self {
        let file = stack.home().join("sandbox/provider_private.pem");
        let pem = Secret::new(std::fs::read_to_string(file).unwrap());
        Self {
            http: Http::new(),
            origin: stack.callback_url(0),
            key: RsaSigningKey::from_pem(&pem).unwrap(),
        }
    }

    /// A QRIS success over this payment, as the provider would say it.
    pub(crate) fn success(payment: &Value, value: &str) -> Value {
        json!({
            "originalReferenceNo": "A2025",
            "originalPartnerReferenceNo": payment["id"],
            "latestTransactionStatus": "00",
            "amount": {"value": value, "currency": "IDR"},
            "finishedTime": format_jakarta(Utc::now()),
            "additionalInfo": {"channel": "BNC_QRIS"},
        })
    }

    /// Sends bytes with the signature of a callback (kind C) of that time.
    pub(crate) async fn notify(&self, path: &str, body: &[u8], at: DateTime<Utc>) -> Answer {
        let timestamp = format_jakarta(at);
        let callback = SignedCallback {
            route: path,
            body,
            timestamp: &timestamp,
        };
        let signature = sign_callback(&self.key, &callback);
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-signature", &signature),
        ];
        self.send(path, &headers, body).await
    }

    /// Sends bytes with these headers and no others.
    pub(crate) async fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let url = format!("{}{path}", self.origin);
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.http.send("POST", &url, &all, body.to_vec()).await
    }

    /// The signature of a callback over another body.
    pub(crate) fn signature(&self, path: &str, body: &[u8], timestamp: &str) -> String {
        let callback = SignedCallback {
            route: path,
            body,
            timestamp,
        };
        sign_callback(&self.key, &callback)
    }
}
