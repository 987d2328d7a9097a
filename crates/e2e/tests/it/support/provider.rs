//! The provider by hand: callbacks with any body, time and signature, where the sandbox would only
//! send right ones.

use std::path::Path;

use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, RsaSigningKey, SignedCallback, sign_api_call, sign_callback,
    sign_token_request,
};
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
        Self::with_key(stack, &file)
    }

    /// The provider with another key.
    pub(crate) fn with_key(stack: &Stack, file: &Path) -> Self {
        let pem = Secret::new(std::fs::read_to_string(file).unwrap());
        Self {
            http: Http::new(),
            origin: stack.callback_url(0),
            key: RsaSigningKey::from_pem(&pem).unwrap(),
        }
    }

    /// The same provider, with a connection of its own for each callback.
    pub(crate) fn on_new_connections(self) -> Self {
        Self {
            http: Http::on_new_connections(),
            ..self
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

    /// Sends bytes as a SNAP callback (kind E) with this client secret and a token it asked for.
    pub(crate) async fn notify_snap(
        &self,
        client_id: &str,
        client_secret: &str,
        body: &[u8],
    ) -> Answer {
        let timestamp = format_jakarta(Utc::now());
        let signature = sign_token_request(&self.key, client_id, &timestamp);
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-client-key", client_id),
            ("x-signature", &signature),
        ];
        let asked = br#"{"grantType":"client_credentials"}"#;
        let issued = self.send("/v1.0/access-token/b2b", &headers, asked).await;
        let issued = issued.expect(200);
        let token = issued.str("/accessToken");
        let secret = ClientSecret::new(Secret::new(client_secret)).unwrap();
        let call = ApiCall {
            path: QRIS,
            token,
            body,
            timestamp: &timestamp,
        };
        let signature = sign_api_call(&secret, &call);
        let bearer = format!("Bearer {token}");
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-signature", &signature),
            ("authorization", &bearer),
        ];
        self.send(QRIS, &headers, body).await
    }

    /// The headers of a callback (kind C) of now.
    pub(crate) fn signed(&self, path: &str, body: &[u8]) -> [(&'static str, String); 2] {
        let timestamp = format_jakarta(Utc::now());
        let signature = self.signature(path, body, &timestamp);
        [("x-timestamp", timestamp), ("x-signature", signature)]
    }

    /// A token that the worker gives the provider for SNAP callbacks.
    pub(crate) async fn snap_token(&self, stack: &Stack) -> String {
        let settings = stack.settings();
        let client = settings
            .iter()
            .find(|(name, _)| name == "AYOLINX_CLIENT_ID");
        let client = &client.unwrap().1;
        let timestamp = format_jakarta(Utc::now());
        let signature = sign_token_request(&self.key, client, &timestamp);
        let headers = [
            ("x-timestamp", timestamp.as_str()),
            ("x-client-key", client),
            ("x-signature", &signature),
        ];
        let grant = json!({"grant_type": "client_credentials"}).to_string();
        let path = "/v1.0/access-token/b2b";
        let given = self.send(path, &headers, grant.as_bytes()).await;
        given.expect(200).str("/accessToken").to_owned()
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
