//! Receives the provider's callbacks while the check runs: keeps each as it came, answers as planned, and
//! hands out tokens for SNAP callbacks.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use ayolinx_core::json_style::without_byte_order_mark;
use ayolinx_core::messages::paths;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::failure::Failure;

const BODY_BYTES_MAX: usize = 64 * 1024;
const RECEIVED_MAX: usize = 1_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) peer: String,
    /// True when the worker received it and took it for the provider's.
    pub(crate) is_verified: bool,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(without_byte_order_mark(&self.body)).unwrap_or_default()
    }

    pub(crate) fn is_about(&self, reference: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(reference)
    }

    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    tokens: Vec<String>,
    /// The reference about which the first answer refuses, in HTTP's words or the body's.
    refused_once: String,
    /// The reference about which the answers go through every known reply code.
    reply_by_reply: String,
}

/// The requests that have come so far.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Arc<Mutex<State>>);

/// A running listener.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
}

impl Listening {
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

impl Inbox {
    /// Starts to listen.
    pub(crate) fn listen(&self, address: SocketAddr) -> Result<Listening, Failure> {
        let fail = |error: std::io::Error| Failure::new(format!("--listen {address}: {error}"));
        let listener = TcpListener::bind(address).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let inbox = self.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(inbox.clone()))
                .app_data(PayloadConfig::new(BODY_BYTES_MAX))
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(fail)?
        .run();
        let handle = server.handle();
        actix_rt::spawn(async move { server.await.ok() });
        Ok(Listening { address, handle })
    }

    /// Sets the transactions that are answered in a special way.
    pub(crate) fn plan(&self, refused_once: &str, reply_by_reply: &str) {
        let mut state = self.lock();
        refused_once.clone_into(&mut state.refused_once);
        reply_by_reply.clone_into(&mut state.reply_by_reply);
    }

    pub(crate) fn about(&self, reference: &str) -> Vec<Received> {
        let state = self.lock();
        let all = state.received.iter();
        all.filter(|one| one.path != paths::TOKEN && one.is_about(reference))
            .cloned()
            .collect()
    }

    pub(crate) fn token_requests(&self) -> Vec<Received> {
        let state = self.lock();
        let all = state.received.iter();
        all.filter(|one| one.path == paths::TOKEN)
            .cloned()
            .collect()
    }

    /// Returns whether this token was handed out here.
    pub(crate) fn gave(&self, token: &str) -> bool {
        self.lock().tokens.iter().any(|known| known == token)
    }

    /// Waits until `enough` holds, at most for `most`.
    pub(crate) async fn wait(&self, most: Duration, enough: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + most;
        while !enough(self) {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, one: Received) {
        let mut state = self.lock();
        if state.received.len() < RECEIVED_MAX {
            state.received.push(one);
        }
    }

    fn new_token(&self) -> String {
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.lock().tokens.push(token.clone());
        token
    }

    /// Chooses the answer by how often the callback came, this time included.
    fn answer(&self, one: &Received) -> Value {
        let state = self.lock();
        let times = |reference: &str| {
            let all = state.received.iter();
            all.filter(|known| known.is_about(reference)).count()
        };
        let names = |reference: &str| !reference.is_empty() && one.is_about(reference);
        if names(&state.refused_once) && times(&state.refused_once) == 1 {
            return said("5005600", "General Error");
        }
        if names(&state.reply_by_reply) {
            let code = REPLIES.get(times(&state.reply_by_reply).saturating_sub(1));
            return said(code.unwrap_or(&"2005600"), "Successful");
        }
        let body = one.json();
        if body.get("paymentRequestId").is_some() {
            let mut reply = said("2002500", "Success");
            if let Value::Object(members) = &mut reply {
                members.insert("virtualAccountData".to_owned(), body);
            }
            return reply;
        }
        said("2005600", "Successful")
    }
}

/// The replies that sources name for a QRIS notice (protocol 10 #19), the documented one first.
pub(crate) const REPLIES: [&str; 4] = ["2005600", "2005100", "2002500", "2005200"];

fn said(code: &str, message: &str) -> Value {
    json!({"responseCode": code, "responseMessage": message})
}

async fn take(request: HttpRequest, body: Bytes, inbox: Data<Inbox>) -> HttpResponse {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let query = Some(request.query_string()).filter(|query| !query.is_empty());
    let one = Received {
        path: request.path().to_owned(),
        query: query.map(str::to_owned),
        headers: headers.collect(),
        body: body.to_vec(),
        peer: request
            .peer_addr()
            .map_or_else(String::new, |peer| peer.ip().to_string()),
        is_verified: false,
    };
    inbox.keep(one.clone());
    if one.path == paths::TOKEN {
        return HttpResponse::Ok().json(json!({
            "responseCode": "2007300",
            "responseMessage": "Successful",
            "accessToken": inbox.new_token(),
            "tokenType": "Bearer",
            "expiresIn": "900",
        }));
    }
    HttpResponse::Ok().json(inbox.answer(&one))
}
