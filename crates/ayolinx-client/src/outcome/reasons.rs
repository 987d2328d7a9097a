//! The reasons why a call was not sent, why its outcome is unknown, and why a reply makes no sense.

use std::time::Duration;

use ayolinx_core::qris::QrFault;

use super::coded_reply::CodedReply;

/// Pause after an unsent call, where no better one is known.
const UNSENT_PAUSE: Duration = Duration::from_secs(5);

/// The reason why a call was certainly not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSentReason {
    /// A refused connection: nobody listens there.
    #[error("connection refused")]
    ConnectionRefused,
    /// The name has no address.
    #[error("name not resolved")]
    Dns,
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    Tls,
    /// Too many failures just now: of this kind of call for this channel, or in reaching the
    /// provider at all.
    #[error("circuit breaker open")]
    BreakerOpen {
        /// Time until it may be tried again.
        retry_in: Duration,
    },
    /// As many exchanges of this channel are under way as it may have.
    #[error("too many calls of this channel are under way")]
    Crowded,
    /// This process, or its machine, has no descriptor or port left for a connection.
    #[error("no socket to be had here")]
    NoSocket,
    /// The time was used up before the send.
    #[error("no time left before the call")]
    NoTimeLeft,
    /// No token could be had, whatever became of the token request.
    #[error("no token: {0}")]
    NoToken(TokenFailure),
    /// The request lacks what the provider demands; a bug of the caller, or a channel without a prefix.
    #[error("request incomplete: {0}")]
    Incomplete(&'static str),
}

impl NotSentReason {
    /// Returns the time to wait before another attempt.
    #[must_use]
    pub const fn retry_in(&self) -> Duration {
        match self {
            Self::BreakerOpen { retry_in } => *retry_in,
            Self::ConnectionRefused
            | Self::Dns
            | Self::Tls
            | Self::Crowded
            | Self::NoSocket
            | Self::NoTimeLeft
            | Self::NoToken(_)
            | Self::Incomplete(_) => UNSENT_PAUSE,
        }
    }
}

/// The reason why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFailure {
    /// Refused in JSON: keys, client id, clock or IP list.
    #[error("refused with {0}")]
    Refused(CodedReply),
    /// In JSON, and neither a token nor a refusal.
    #[error("answered with {0}")]
    Errored(CodedReply),
    /// 401 or 403 without JSON: our address is not on the list.
    #[error("blocked with HTTP {0}")]
    Blocked(u16),
    /// Too many requests.
    #[error("throttled")]
    Throttled,
    /// No answer in time.
    #[error("timed out")]
    Timeout,
    /// The connection broke, or the reply holds no token.
    #[error("no usable reply")]
    Unusable,
}

/// The reason why nothing can be concluded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownReason {
    /// No complete answer in time.
    #[error("timed out")]
    Timeout,
    /// The connection broke, or what came is not HTTP.
    #[error("connection broken")]
    Broken,
    /// `202…`.
    #[error("in progress: {0}")]
    InProgress(CodedReply),
    /// `409…00` again.
    #[error("X-EXTERNAL-ID refused again: {0}")]
    ExternalIdRefused(CodedReply),
    /// `409…01`: an earlier attempt of ours may have landed.
    #[error("reference exists: {0}")]
    ReferenceExists(CodedReply),
    /// `404…18`: the reference exists with other data.
    #[error("inconsistent request: {0}")]
    InconsistentRequest(CodedReply),
    /// `5…` or an unknown code.
    #[error("provider error {0}")]
    ProviderError(CodedReply),
}

impl UnknownReason {
    /// Returns the provider's reply; `None` where none was read.
    #[must_use]
    pub const fn reply(&self) -> Option<&CodedReply> {
        match self {
            Self::Timeout | Self::Broken => None,
            Self::InProgress(reply)
            | Self::ExternalIdRefused(reply)
            | Self::ReferenceExists(reply)
            | Self::InconsistentRequest(reply)
            | Self::ProviderError(reply) => Some(reply),
        }
    }
}

/// The reason why a reply makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolReason {
    /// Not JSON, or without a `responseCode`.
    #[error("reply is not the provider's JSON")]
    NotJson,
    /// More than 64 KiB.
    #[error("reply too large")]
    TooLarge,
    /// Success, but the fields do not say what happened.
    #[error("reply unreadable")]
    Unreadable,
    /// Success without the QR, URL, number or code.
    #[error("success without artefact")]
    NoArtefact,
    /// Another reference than ours.
    #[error("echo of another reference")]
    OtherReference,
    /// Another amount than ours.
    #[error("echo of another amount")]
    OtherAmount,
    /// A QR that no wallet can read, or by which the payer would pay another amount.
    #[error("{0}")]
    Qr(QrFault),
    /// A redirect that is not https, or to a host that is not allowed.
    #[error("redirect URL not allowed")]
    RedirectNotAllowed,
}
