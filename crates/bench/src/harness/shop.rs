//! A merchant with a key and an endpoint, and its requests as finished bytes.

use std::net::SocketAddr;

use chaos::wire::Call;
use devstack::Trouble;
use tokio::net::TcpListener;

use crate::{harness::ground::Ground, tools::http::quoted_after};

/// Amount of every order.
pub(crate) const RUPIAH: u64 = 25_000;

/// A merchant.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    /// `mer_…`.
    pub(crate) id: String,
    key: String,
}

/// An order with a QR on show.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    /// `ord_…`.
    pub(crate) order: String,
    /// The reference the provider knows the payment by.
    pub(crate) payment: String,
    /// Path and query of its checkout page.
    pub(crate) page: String,
}

impl Shop {
    /// Creates a new merchant whose webhooks go there.
    ///
    /// # Errors
    /// Returns the error of `gatewayctl`.
    pub(crate) fn new(ground: &Ground, name: &str, hook: &str) -> Result<Self, Trouble> {
        let stack = &ground.stack;
        let made = stack.gatewayctl_json(&["merchants", "create", "--name", name])?;
        let text = |field: &str| {
            let text = made.get(field).and_then(|value| value.as_str());
            text.map(str::to_owned)
                .ok_or_else(|| Trouble::new(format!("gatewayctl printed no {field}: {made}")))
        };
        let (id, key) = (text("merchant_id")?, text("api_key")?);
        stack.gatewayctl_json(&["webhooks", "add", "--merchant", &id, "--url", hook])?;
        Ok(Self { id, key })
    }

    /// Builds a create with its payment.
    pub(crate) fn create(&self, to: SocketAddr, reference: &str) -> Vec<u8> {
        self.create_of(to, reference, &order(reference))
    }

    /// Builds a create of this order.
    pub(crate) fn create_of(&self, to: SocketAddr, reference: &str, body: &str) -> Vec<u8> {
        let key = &self.key;
        format!(
            "POST /v1/orders HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {key}\r\n\
             Idempotency-Key: {reference}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// Returns the value of its `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// Builds a read of a path of the API.
    pub(crate) fn look(&self, to: SocketAddr, path: &str) -> Vec<u8> {
        let key = &self.key;
        format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {key}\r\n\r\n")
            .into_bytes()
    }

    /// Creates one order and waits until it can be paid.
    ///
    /// # Errors
    /// Fails when it is not created.
    pub(crate) async fn open(&self, to: SocketAddr, reference: &str) -> Result<Open, Trouble> {
        let call = Call::new(to, "POST", "/v1/orders")
            .header("Authorization", format!("Bearer {}", self.key))
            .header("Idempotency-Key", reference)
            .json(order(reference));
        let reply = call.send().await.map_err(Trouble::new)?;
        let open = Open::of(&reply.body).filter(|_| reply.status == 201);
        open.ok_or_else(|| {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            Trouble::new(format!("no order was made ({}): {body}", reply.status))
        })
    }
}

impl Open {
    /// Parses the answer to a create.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        let page = quoted_after(body, b"\"checkout_url\":\"")?;
        let (_origin, page) = page.split_once("/pay/")?;
        Some(Self {
            order: quoted_after(body, b"{\"id\":\"")?.to_owned(),
            payment: quoted_after(body, b"\"payments\":[{\"id\":\"")?.to_owned(),
            page: format!("/pay/{page}"),
        })
    }
}

fn order(reference: &str) -> String {
    format!(
        "{{\"reference\":\"{reference}\",\"amount\":{{\"value\":\"{RUPIAH}.00\",\"currency\":\"IDR\"}},\
         \"description\":\"Kopi susu 3x\",\"payment\":{{\"method\":\"qris\"}},\"expires_in\":3600}}"
    )
}

/// Starts an endpoint that takes connections and never answers: its due webhooks are written, and
/// after some failed attempts in a row one at a time is sent, so that sending costs nothing while
/// something else is measured.
///
/// # Errors
/// Fails when no port can be had.
pub(crate) async fn silent_endpoint(runtime: &tokio::runtime::Handle) -> Result<String, Trouble> {
    let attempt = |error: std::io::Error| Trouble::new(format!("no endpoint: {error}"));
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(attempt)?;
    listener.set_nonblocking(true).map_err(attempt)?;
    let address = listener.local_addr().map_err(attempt)?;
    runtime.spawn(async move {
        let Ok(listener) = TcpListener::from_std(listener) else {
            return;
        };
        let mut held = Vec::new();
        while let Ok((stream, _peer)) = listener.accept().await {
            held.push(stream);
        }
    });
    Ok(format!("http://{address}/silent"))
}
