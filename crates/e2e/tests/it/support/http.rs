//! An HTTP client that shows everything: status, headers and the very bytes.

use std::time::Duration;

use actix_web::http::Method;
use awc::{Client, Connector};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(40);
const BODY_MAX: usize = 8 << 20;

/// What was answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
    /// Null when the body is not JSON.
    pub(crate) json: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The text at a JSON pointer.
    #[track_caller]
    pub(crate) fn str(&self, pointer: &str) -> &str {
        match self.json.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text,
            None => panic!("no text at {pointer} in {self:?}"),
        }
    }

    /// Itself, when it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Itself, when it is this problem (contract 4.4).
    #[track_caller]
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.str("/code"), code);
        assert_eq!(self.str("/type"), format!("/docs/errors#{code}"));
        assert_eq!(self.json["status"], status);
        assert_eq!(self.header("x-request-id"), Some(self.str("/request_id")));
        self
    }
}

/// The client. Belongs to the thread that made it.
#[derive(Clone)]
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Self {
        Self::kept_alive_for(Duration::from_secs(2))
    }

    /// One that opens a connection for each request.
    pub(crate) fn on_new_connections() -> Self {
        Self::kept_alive_for(Duration::ZERO)
    }

    fn kept_alive_for(idle: Duration) -> Self {
        // An error only means that somebody installed one before.
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .ok();
        let client = Client::builder()
            .connector(Connector::new().conn_keep_alive(idle))
            .timeout(TIMEOUT)
            .disable_redirects();
        Self(client.finish())
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.send("GET", url, &[], Vec::new()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        match self.try_send(method, url, headers, body).await {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {url}: {error}"),
        }
    }

    /// As [`Http::send`], for when nobody may be there.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let method: Method = method.parse().unwrap();
        let mut request = self.0.request(method, url);
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let mut reply = request
            .send_body(body)
            .await
            .map_err(|error| error.to_string())?;
        let bytes = reply
            .body()
            .limit(BODY_MAX)
            .await
            .map_err(|error| error.to_string())?
            .to_vec();
        let headers = reply.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok(Answer {
            status: reply.status().as_u16(),
            headers: headers.collect(),
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
        })
    }
}
