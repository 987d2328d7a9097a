//! The certain outcome of a call: every row of the contract's outcome table (4.1) is distinct from every other. Every
//! room of the client returns it, and so does the client; it calls none of them. Invariant: nothing is called failed
//! that is only unknown.

use std::convert::Infallible;
use std::time::Duration;

use ayolinx_core::messages::inquiry::InquiryAnswer;

mod coded_reply;
mod reasons;
mod successes;

pub use coded_reply::{Alarm, CodedReply};
pub use reasons::{NotSentReason, ProtocolReason, TokenFailure, UnknownReason};
pub use successes::{Accepted, TokenReceipt};

/// Outcome of a create.
pub type CreateOutcome = Outcome<Accepted>;
/// Outcome of an inquiry; "not found" is an answer.
pub type InquiryOutcome = Outcome<InquiryAnswer>;
/// Outcome of a cancel. Always inquire afterwards: a payment may have raced it.
pub type CancelOutcome = Outcome<()>;
/// Outcome of a token request.
pub type TokenOutcome = Outcome<TokenReceipt>;

/// The outcome of one exchange with the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It did what was asked.
    Accepted(T),
    /// Refused in JSON: it certainly did not happen.
    Rejected(CodedReply),
    /// It certainly was not sent.
    NotSent {
        /// The reason.
        reason: NotSentReason,
        /// Set when somebody must look at the configuration.
        alarm: Alarm,
    },
    /// Unauthorized again after one re-authentication: not processed, somebody must look.
    AuthenticationRefused(CodedReply),
    /// Too many requests: not processed.
    Throttled {
        /// The provider's wish, where it named one.
        retry_after: Option<Duration>,
        /// The provider's reply.
        reply: CodedReply,
    },
    /// The outcome is unknown: ask by our reference before anything else.
    OutcomeUnknown {
        /// The reason.
        reason: UnknownReason,
    },
    /// The reply makes no sense: treated as unknown, and alarmed.
    Protocol {
        /// The reason.
        reason: ProtocolReason,
        /// Raised too when the configuration (IP list) is the likely cause.
        alarm: Alarm,
    },
}

/// An outcome that is no success.
pub(crate) type Stop = Outcome<Infallible>;

impl<T> Outcome<T> {
    /// Returns the outcome's name in logs and metrics.
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

    /// Returns the failure's description, for logs and the timeline; `None` for a success.
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

    /// Returns the provider's reply in JSON that was no success; `None` where there was none, or it did what was
    /// asked.
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

    /// Returns whether somebody must look at the configuration.
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
