//! Calls to our own services, over loopback.

use std::time::Duration;

use awc::{Client, ClientRequest, http::Method};
use serde_json::Value;

use crate::system::error::{Attempting, Trouble};

/// A wait longer than the longest that a caller can ask a service for.
const TIMEOUT: Duration = Duration::from_secs(40);
const BODY_MAX: usize = 4 << 20;

/// A service's answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body as JSON; null when it is not JSON.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

/// An HTTP client. Belongs to the thread that made it.
#[derive(Clone)]
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Self {
        // An error only means that somebody installed one before.
        rustls::crypto::aws_lc_rs::default_provider()
            .install_default()
            .ok();
        Self(Client::builder().timeout(TIMEOUT).finish())
    }

    pub(crate) async fn get(&self, url: &str, bearer: Option<&str>) -> Result<Reply, Trouble> {
        let request = self.0.request(Method::GET, url);
        exchange(authorized(request, bearer), None).await
    }

    pub(crate) async fn post(
        &self,
        url: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> Result<Reply, Trouble> {
        let request = self.0.request(Method::POST, url);
        exchange(authorized(request, bearer), Some(body)).await
    }
}

fn authorized(request: ClientRequest, bearer: Option<&str>) -> ClientRequest {
    match bearer {
        Some(key) => request.insert_header(("Authorization", format!("Bearer {key}"))),
        None => request,
    }
}

async fn exchange(request: ClientRequest, body: Option<&Value>) -> Result<Reply, Trouble> {
    let attempt = format!("call {} {}", request.get_method(), request.get_uri());
    let sending = match body {
        Some(body) => request.send_json(body),
        None => request.send(),
    };
    let mut reply = sending.await.attempting(&attempt)?;
    let bytes = reply.body().limit(BODY_MAX).await.attempting(&attempt)?;
    Ok(Reply {
        status: reply.status().as_u16(),
        json: serde_json::from_slice(&bytes).unwrap_or_default(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}
