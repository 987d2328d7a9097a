//! One attempt to deliver one webhook: sign it, send it, and interpret the shop's answer.
//!
//! The caller decides whether and when to attempt again (see `schedule.rs`).

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_http::error::ParseError;
use actix_tls::connect::Resolve;
use awc::ClientRequest;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::header::{CONTENT_TYPE, USER_AGENT};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use http_client::{HttpClient, public_authorities};
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};

use crate::guarded_connector::{GuardedConnector, SystemResolver};
use crate::retry_after::retry_after;
use crate::signature::{SignedWebhook, WebhookSecret, signature_header};
use crate::url_guard::{UrlGuard, UrlRefused};

const RESPONSE_BYTES_READ_MAX: usize = 1024;
const AGENT: &str = "payment-gateway-webhooks/1";

/// One webhook to one endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The endpoint's URL as stored; checked again at each attempt.
    pub url: &'a str,
    /// The `webhook-id`: the same for every attempt of an event.
    pub event_id: &'a str,
    /// The exact JSON bytes to sign and send.
    pub body: &'a [u8],
    /// The endpoint's secrets, newest first; two while one rotates.
    pub secrets: &'a [WebhookSecret],
    /// The trace this attempt belongs to, as a W3C `traceparent`; not signed.
    pub traceparent: Option<&'a str>,
}

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// 2xx: the shop has it.
    Delivered {
        /// The HTTP status.
        status: u16,
    },
    /// 410: the shop wants no more; the endpoint is to be disabled.
    Gone,
    /// The shop asks us to wait at least this long (at most 24 h) before the next attempt.
    RetryAfter {
        /// The HTTP status.
        status: u16,
        /// The wait from now.
        after: Duration,
    },
    /// Any other status, redirects included: attempt again by the schedule.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// No answer could be had: attempt again by the schedule.
    Failed {
        /// The cause.
        reason: FailureReason,
    },
    /// The URL or the address behind it is not permitted; nothing was sent.
    Refused(UrlRefused),
}

/// The reason why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureReason {
    /// No answer within the time for the whole exchange.
    Timeout,
    /// The name has no address.
    Dns,
    /// No connection, or the TLS handshake failed.
    Connect,
    /// The connection broke before the answer's head was complete.
    Disconnected,
    /// The answer is not HTTP.
    BadResponse,
    /// The request could not be built (no secret, or an id that is no header value).
    BadRequest,
}

impl FailureReason {
    /// Returns the stored and logged name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Disconnected => "disconnected",
            Self::BadResponse => "bad_response",
            Self::BadRequest => "bad_request",
        }
    }
}

/// Sends webhooks from one thread (awc clients cannot be shared between threads).
#[derive(Clone)]
pub struct WebhookSender {
    guard: UrlGuard,
    client: HttpClient,
    timeout: Duration,
}

impl WebhookSender {
    /// Makes a sender. `timeout` bounds one whole attempt: lookup, connection, TLS, request and answer.
    /// A process-wide rustls crypto provider must be installed.
    #[must_use]
    pub fn new(guard: UrlGuard, timeout: Duration) -> Self {
        Self::with_resolver(guard, timeout, Rc::new(SystemResolver))
    }

    /// Does [`Self::new`] with another resolver for names (tests of rebinding).
    #[must_use]
    pub fn with_resolver(guard: UrlGuard, timeout: Duration, resolver: Rc<dyn Resolve>) -> Self {
        let connector = GuardedConnector::new(guard.clone(), resolver);
        let client = HttpClient::new(connector, tls_config(), timeout);
        Self {
            guard,
            client,
            timeout,
        }
    }

    /// Makes one attempt, signed at `now`.
    pub async fn send(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> DeliveryOutcome {
        let request = match self.request(delivery, now) {
            Ok(request) => request,
            Err(outcome) => return outcome,
        };
        let deadline = Instant::now() + self.timeout;
        let head = timeout_at(deadline, request.send_body(delivery.body.to_vec())).await;
        let response = match head {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return failure_of(&error),
            Err(_elapsed) => return failed(FailureReason::Timeout),
        };
        let wait = retry_after(response.headers(), now);
        let outcome = outcome_of(response.status().as_u16(), wait);
        // The status is the answer: a body that stalls or breaks afterwards changes nothing.
        let _end_or_elapsed = timeout_at(deadline, read_a_little(response)).await;
        outcome
    }

    fn request(
        &self,
        delivery: &Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<ClientRequest, DeliveryOutcome> {
        let checked = self
            .guard
            .check(delivery.url)
            .map_err(DeliveryOutcome::Refused)?;
        if delivery.secrets.is_empty() {
            return Err(failed(FailureReason::BadRequest));
        }
        let timestamp_secs = now.timestamp();
        let signed = SignedWebhook {
            id: delivery.event_id,
            timestamp_secs,
            body: delivery.body,
        };
        let post = self.client.post(checked.uri());
        let mut request = post
            .map_err(|_unusable| failed(FailureReason::BadRequest))?
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((USER_AGENT, AGENT))
            .insert_header(("webhook-id", delivery.event_id))
            .insert_header(("webhook-timestamp", timestamp_secs.to_string()))
            .insert_header((
                "webhook-signature",
                signature_header(delivery.secrets, &signed),
            ));
        if let Some(traceparent) = delivery.traceparent {
            request = request.insert_header(("traceparent", traceparent));
        }
        Ok(request)
    }
}

fn tls_config() -> ClientConfig {
    ClientConfig::builder()
        .with_root_certificates(public_authorities())
        .with_no_client_auth()
}

/// Reads on for a while so that a shop is not cut off while it writes; the content is not used.
async fn read_a_little<B: AsRef<[u8]>>(
    mut response: impl Stream<Item = Result<B, PayloadError>> + Unpin,
) {
    let mut read_bytes: usize = 0;
    while let Some(Ok(chunk)) = response.next().await {
        read_bytes = read_bytes.saturating_add(chunk.as_ref().len());
        if read_bytes >= RESPONSE_BYTES_READ_MAX {
            break;
        }
    }
}

fn outcome_of(status: u16, wait: Option<Duration>) -> DeliveryOutcome {
    match (status, wait) {
        (200..=299, _) => DeliveryOutcome::Delivered { status },
        (410, _) => DeliveryOutcome::Gone,
        (_, Some(after)) => DeliveryOutcome::RetryAfter { status, after },
        (_, None) => DeliveryOutcome::Status { status },
    }
}

fn failure_of(error: &SendRequestError) -> DeliveryOutcome {
    let reason = match error {
        SendRequestError::Connect(ConnectError::Resolver(why)) => {
            match why.downcast_ref::<UrlRefused>() {
                Some(refused) => return DeliveryOutcome::Refused(*refused),
                None => FailureReason::Dns,
            }
        }
        SendRequestError::Connect(ConnectError::NoRecords) => FailureReason::Dns,
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            FailureReason::Timeout
        }
        // awc calls a connection that closes after the request a failed connect.
        SendRequestError::Connect(ConnectError::Disconnected) => FailureReason::Disconnected,
        SendRequestError::Connect(_) => FailureReason::Connect,
        // The heads that never end.
        SendRequestError::Response(ParseError::Io(error))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            FailureReason::BadResponse
        }
        SendRequestError::Response(ParseError::Io(_)) | SendRequestError::Send(_) => {
            FailureReason::Disconnected
        }
        SendRequestError::Response(_) => FailureReason::BadResponse,
        SendRequestError::Url(_) | SendRequestError::Http(_) | SendRequestError::Body(_) => {
            FailureReason::BadRequest
        }
        _ => FailureReason::Disconnected,
    };
    failed(reason)
}

fn failed(reason: FailureReason) -> DeliveryOutcome {
    DeliveryOutcome::Failed { reason }
}
