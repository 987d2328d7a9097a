//! What is certain after a call: every row of the contract's outcome table (4.1) can be told from every other.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use ayolinx_core::messages::Envelope;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::provider_message::fit;
use ayolinx_core::qris::QrFault;
use ayolinx_core::response_code::ResponseCode;

use crate::calls::create_response::Accepted;
use crate::client::TokenReceipt;

/// Outcome of a create.
pub type CreateOutcome = Outcome<Accepted>;
/// Outcome of an inquiry; "not found" is an answer.
pub type InquiryOutcome = Outcome<InquiryAnswer>;
/// Outcome of a cancel. Always ask afterwards: a payment may have raced it.
pub type CancelOutcome = Outcome<()>;
/// Outcome of a token request.
pub type TokenOutcome = Outcome<TokenReceipt>;

/// The provider's reply in JSON that was no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedReply {
    /// `responseCode`.
    pub code: String,
    /// `responseMessage`, masked and at most 200 characters; or empty.
    pub message: String,
}

impl CodedReply {
    /// A code and the provider's words, as they came.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: fit(message),
        }
    }

    pub(crate) fn of(envelope: &Envelope) -> Self {
        let message = envelope.message.as_deref().unwrap_or_default();
        Self::new(envelope.code.as_str(), message)
    }

    /// The code, to be asked what it means.
    pub(crate) fn response_code(&self) -> ResponseCode {
        ResponseCode::new(&self.code)
    }

    /// A reply of the provider's gateway layer points at the configuration (contract 9.4).
    fn alarm(&self) -> Alarm {
        if self.response_code().is_of_gateway_layer() {
            Alarm::Configuration
        } else {
            Alarm::Quiet
        }
    }
}

impl fmt::Display for CodedReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(&self.code),
            message => write!(f, "{} ({message})", self.code),
        }
    }
}

/// What came of one exchange with the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It did what was asked.
    Accepted(T),
    /// Refused in JSON: it certainly did not happen.
    Rejected(CodedReply),
    /// It certainly was not sent.
    NotSent {
        /// Why.
        reason: NotSentReason,
        /// Whether somebody must look at the configuration.
        alarm: Alarm,
    },
    /// Unauthorized again after one re-authentication: not processed, somebody must look.
    AuthenticationRefused(CodedReply),
    /// Too many requests: not processed.
    Throttled {
        /// The provider's wish, where it named one.
        retry_after: Option<Duration>,
        /// Its words.
        reply: CodedReply,
    },
    /// Nobody can say: ask by our reference before anything else.
    OutcomeUnknown {
        /// Why.
        reason: UnknownReason,
    },
    /// The reply makes no sense: treated as unknown, and alarmed.
    Protocol {
        /// Why.
        reason: ProtocolReason,
        /// Raised too when the configuration (IP list) is the likely cause.
        alarm: Alarm,
    },
}

/// Whether an outcome points at the configuration: keys, client id, IP list, clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// No.
    Quiet,
    /// Yes: nothing will work until somebody mends it.
    Configuration,
}

/// An unsent call is left for this time, where nobody knows better.
const UNSENT_PAUSE: Duration = Duration::from_secs(5);

/// Why a call was not sent for certain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSentReason {
    /// Nobody listens there.
    #[error("connection refused")]
    ConnectionRefused,
    /// The name has no address.
    #[error("name not resolved")]
    Dns,
    /// The TLS handshake failed.
    #[error("TLS handshake failed")]
    Tls,
    /// Too many failures just now: of this kind of call for this channel, or to reach anybody.
    #[error("circuit breaker open")]
    BreakerOpen {
        /// When it may be tried again.
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
    /// No token to be had, whatever became of the token request.
    #[error("no token: {0}")]
    NoToken(TokenFailure),
    /// The request lacks what the provider demands; a bug of the caller, or a channel without a prefix.
    #[error("request incomplete: {0}")]
    Incomplete(&'static str),
}

impl NotSentReason {
    /// The time to leave it before another try.
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

/// Why there is no token.
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

/// Why nothing can be concluded.
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
    /// `5…` or a code nobody knows.
    #[error("provider error {0}")]
    ProviderError(CodedReply),
}

impl UnknownReason {
    /// What the provider said; `None` where no reply of it was read.
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

/// Why a reply makes no sense.
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

/// An outcome that is no success.
pub(crate) type Stop = Outcome<Infallible>;

impl<T> Outcome<T> {
    /// The outcome's name in logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Rejected(_) => "rejected",
            Self::NotSent { .. } => "not_sent",
            Self::AuthenticationRefused(_) => "authentication_refused",
            Self::Throttled { .. } => "throttled",
            Self::OutcomeUnknown { .. } => "unknown",
            Self::Protocol { .. } => "protocol",
        }
    }

    /// What went wrong, for logs and the timeline; `None` for a success.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Accepted(_) => None,
            Self::Rejected(reply) | Self::AuthenticationRefused(reply) => Some(reply.to_string()),
            Self::NotSent { reason, .. } => Some(reason.to_string()),
            Self::Throttled { reply, .. } => Some(format!("throttled: {reply}")),
            Self::OutcomeUnknown { reason } => Some(reason.to_string()),
            Self::Protocol { reason, .. } => Some(reason.to_string()),
        }
    }

    /// What the provider said in JSON that was no success; `None` where it said nothing, or it did what was asked.
    #[must_use]
    pub const fn reply(&self) -> Option<&CodedReply> {
        match self {
            Self::Rejected(reply)
            | Self::AuthenticationRefused(reply)
            | Self::Throttled { reply, .. }
            | Self::NotSent {
                reason:
                    NotSentReason::NoToken(TokenFailure::Refused(reply) | TokenFailure::Errored(reply)),
                ..
            } => Some(reply),
            Self::OutcomeUnknown { reason } => reason.reply(),
            Self::Accepted(_) | Self::NotSent { .. } | Self::Protocol { .. } => None,
        }
    }

    /// Whether somebody must look at the configuration.
    #[must_use]
    pub fn alarm(&self) -> Alarm {
        match self {
            Self::NotSent { alarm, .. } | Self::Protocol { alarm, .. } => *alarm,
            Self::AuthenticationRefused(_) => Alarm::Configuration,
            Self::OutcomeUnknown { reason } => {
                reason.reply().map_or(Alarm::Quiet, CodedReply::alarm)
            }
            Self::Accepted(_) | Self::Rejected(_) | Self::Throttled { .. } => Alarm::Quiet,
        }
    }

    pub(crate) fn of(result: Result<T, Stop>) -> Self {
        match result {
            Ok(value) => Self::Accepted(value),
            Err(Outcome::Accepted(never)) => match never {},
            Err(Outcome::Rejected(reply)) => Self::Rejected(reply),
            Err(Outcome::NotSent { reason, alarm }) => Self::NotSent { reason, alarm },
            Err(Outcome::AuthenticationRefused(reply)) => Self::AuthenticationRefused(reply),
            Err(Outcome::Throttled { retry_after, reply }) => {
                Self::Throttled { retry_after, reply }
            }
            Err(Outcome::OutcomeUnknown { reason }) => Self::OutcomeUnknown { reason },
            Err(Outcome::Protocol { reason, alarm }) => Self::Protocol { reason, alarm },
        }
    }
}

impl Stop {
    pub(crate) fn not_sent(reason: NotSentReason) -> Self {
        let alarm = match &reason {
            NotSentReason::NoToken(TokenFailure::Refused(_) | TokenFailure::Blocked(_))
            | NotSentReason::Incomplete(_) => Alarm::Configuration,
            NotSentReason::NoToken(TokenFailure::Errored(reply)) => reply.alarm(),
            _ => Alarm::Quiet,
        };
        Self::NotSent { reason, alarm }
    }

    pub(crate) const fn unknown(reason: UnknownReason) -> Self {
        Self::OutcomeUnknown { reason }
    }

    pub(crate) const fn protocol(reason: ProtocolReason) -> Self {
        Self::Protocol {
            reason,
            alarm: Alarm::Quiet,
        }
    }
}
