//! One HTTP exchange with the provider, and its certain outcome when it fails.
//!
//! awc calls a connection that closes *after* the send a connect error, so only what stands on the white list below
//! counts as not sent; everything else may have arrived. Every exchange has its own connection: a kept one that
//! the provider just closed would make a create's outcome unknown.

use std::io;
use std::time::Duration;

use awc::ClientResponse;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::Uri;
use awc::http::header::{
    CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderName, RETRY_AFTER, USER_AGENT,
};
use chrono::{DateTime, Utc};
use http_client::HttpClient;
use rustix::io::Errno;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::outcome::{NotSentReason, ProtocolReason, UnknownReason};
use crate::telemetry::call_name::Exchange;
use crate::telemetry::spans;
use crate::transport::breaker::{Breaker, Verdict};
use crate::transport::content_encoding::decoded;

const BODY_BYTES_MAX: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const INTERNAL_SERVER_ERROR: u16 = 500;
const AGENT: &str = "payment-gateway/1";

/// The provider's answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) provider_time: Option<DateTime<Utc>>,
}

/// The reason why there is no answer.
pub(crate) enum Failure {
    NotSent(NotSentReason),
    Unknown(UnknownReason),
    Protocol(ProtocolReason),
}

/// One POST.
pub(crate) struct Post<'a> {
    pub(crate) what: Exchange<'a>,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Transport {
    client: HttpClient,
    base: String,
    scheme: Scheme,
    breaker: Breaker,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Transport {
    pub(crate) fn new(base_url: &url::Url, breaker: Breaker, tls: ClientConfig) -> Self {
        let client = HttpClient::to_anywhere(tls, CONNECT_TIMEOUT);
        Self {
            client,
            base: base_url.as_str().trim_end_matches('/').to_owned(),
            scheme: match base_url.scheme() {
                "https" => Scheme::Https,
                _ => Scheme::Http,
            },
            breaker,
        }
    }

    /// Sends once and reads the whole answer, all before `deadline`. No trace header is sent to the provider: it may
    /// refuse a header that it did not sign up for, and it needs to know of none.
    pub(crate) async fn post(&self, post: Post<'_>, deadline: Instant) -> Result<Reply, Failure> {
        let span = spans::post(post.path);
        let reply = self.exchange(post, deadline).instrument(span.clone()).await;
        if let Ok(reply) = &reply {
            span.record("http.response.status_code", reply.status);
        } else {
            span.record("otel.status_code", "ERROR");
        }
        reply
    }

    async fn exchange(&self, post: Post<'_>, deadline: Instant) -> Result<Reply, Failure> {
        if Instant::now() >= deadline {
            return Err(Failure::NotSent(NotSentReason::NoTimeLeft));
        }
        let url = format!("{}{}", self.base, post.path).parse::<Uri>().ok();
        let Some(Ok(request)) = url.map(|url| self.client.post(&url)) else {
            return Err(Failure::Unknown(UnknownReason::Broken));
        };
        let admission = self.breaker.admit(post.what).map_err(Failure::NotSent)?;
        let mut request = request
            .insert_header((CONTENT_TYPE, "application/json"))
            .insert_header((USER_AGENT, AGENT));
        for (name, value) in post.headers {
            request = request.insert_header((name, value));
        }
        let reply = match timeout_at(deadline, request.send_body(post.body)).await {
            Ok(Ok(response)) => read(response, deadline).await,
            Ok(Err(error)) => Err(classify(&error, self.scheme)),
            Err(_elapsed) => Err(Failure::Unknown(UnknownReason::Timeout)),
        };
        if let Some(verdict) = verdict_of(&reply) {
            admission.judged(verdict);
        }
        reply
    }
}

async fn read(response: ClientResponse, deadline: Instant) -> Result<Reply, Failure> {
    let remaining = deadline.saturating_duration_since(Instant::now());
    let mut response = response.timeout(remaining);
    let status = response.status().as_u16();
    let provider_time = header(&response, DATE).and_then(|text| http_date(&text));
    let retry_after = header(&response, RETRY_AFTER).and_then(|text| wait(&text));
    let coding = header(&response, CONTENT_ENCODING);
    let body = timeout_at(deadline, response.body().limit(BODY_BYTES_MAX)).await;
    match body {
        Ok(Ok(body)) => match decoded(body.to_vec(), coding.as_deref(), BODY_BYTES_MAX) {
            Ok(body) => Ok(Reply {
                status,
                body,
                retry_after,
                provider_time,
            }),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(Failure::Protocol(ProtocolReason::TooLarge))
            }
            Err(_undecodable) => Err(Failure::Unknown(UnknownReason::Broken)),
        },
        Ok(Err(PayloadError::Overflow)) => Err(Failure::Protocol(ProtocolReason::TooLarge)),
        Ok(Err(PayloadError::Io(error))) if error.kind() == io::ErrorKind::TimedOut => {
            Err(Failure::Unknown(UnknownReason::Timeout))
        }
        Ok(Err(_broken)) => Err(Failure::Unknown(UnknownReason::Broken)),
        Err(_elapsed) => Err(Failure::Unknown(UnknownReason::Timeout)),
    }
}

/// Classifies a failure by the white list: a request whose failure is not on it may have arrived.
fn classify(error: &SendRequestError, scheme: Scheme) -> Failure {
    match error {
        SendRequestError::Connect(ConnectError::Io(error))
            if error.kind() == io::ErrorKind::ConnectionRefused =>
        {
            Failure::NotSent(NotSentReason::ConnectionRefused)
        }
        SendRequestError::Connect(ConnectError::Io(error)) if is_ours(error) => {
            Failure::NotSent(NotSentReason::NoSocket)
        }
        SendRequestError::Connect(ConnectError::Resolver(_) | ConnectError::NoRecords) => {
            Failure::NotSent(NotSentReason::Dns)
        }
        SendRequestError::Connect(ConnectError::Io(error))
            if scheme == Scheme::Https && is_handshake_failure(error) =>
        {
            Failure::NotSent(NotSentReason::Tls)
        }
        SendRequestError::Timeout | SendRequestError::Connect(ConnectError::Timeout) => {
            Failure::Unknown(UnknownReason::Timeout)
        }
        _ => Failure::Unknown(UnknownReason::Broken),
    }
}

/// Returns whether there was no socket to begin with, which says nothing of the provider.
fn is_ours(error: &io::Error) -> bool {
    let ours = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL];
    Errno::from_io_error(error).is_some_and(|number| ours.contains(&number))
}

/// Returns whether the TLS handshake failed. awc reports `Connect(Io)` only while it establishes the connection;
/// after that come `Send` and `Response`. So over TLS these are the handshake's own: an alert or a bad certificate,
/// or a peer that hung up in it.
fn is_handshake_failure(error: &io::Error) -> bool {
    let from_rustls = error
        .get_ref()
        .is_some_and(|inner| inner.downcast_ref::<rustls::Error>().is_some());
    let hung_up = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    );
    from_rustls || hung_up
}

/// Returns the verdict for the breakers, if there is one. An answer of HTTP 5xx is none, whatever it says in JSON.
const fn verdict_of(reply: &Result<Reply, Failure>) -> Option<Verdict> {
    Some(match reply {
        Ok(reply) if reply.status >= INTERNAL_SERVER_ERROR => Verdict::Failed,
        Ok(_) | Err(Failure::Protocol(_)) => Verdict::Answered,
        Err(Failure::NotSent(NotSentReason::NoSocket)) => return None,
        Err(Failure::NotSent(_)) => Verdict::Unreachable,
        Err(Failure::Unknown(_)) => Verdict::Failed,
    })
}

fn header(response: &ClientResponse, name: HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(value.to_str().ok()?.trim().to_owned())
}

fn wait(text: &str) -> Option<Duration> {
    match text.parse::<u32>() {
        Ok(secs) => Some(Duration::from_secs(u64::from(secs))),
        Err(_not_seconds) => {
            let until = http_date(text)?.signed_duration_since(Utc::now());
            Some(until.to_std().unwrap_or_default())
        }
    }
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_socket_of_ours_nothing_was_sent_and_nothing_is_said_of_the_provider() {
        let classed = |number: Errno| {
            let error = io::Error::from_raw_os_error(number.raw_os_error());
            classify(
                &SendRequestError::Connect(ConnectError::Io(error)),
                Scheme::Http,
            )
        };
        for ours in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL] {
            let failure = classed(ours);
            assert!(
                matches!(failure, Failure::NotSent(NotSentReason::NoSocket)),
                "{ours:?}"
            );
            assert_eq!(verdict_of(&Err(failure)), None, "{ours:?}");
        }
        for theirs in [
            Errno::NOBUFS,
            Errno::CONNRESET,
            Errno::TIMEDOUT,
            Errno::HOSTUNREACH,
            Errno::PIPE,
        ] {
            let failure = classed(theirs);
            assert!(matches!(failure, Failure::Unknown(_)), "{theirs:?}");
            assert_eq!(
                verdict_of(&Err(failure)),
                Some(Verdict::Failed),
                "{theirs:?}"
            );
        }
    }
}
