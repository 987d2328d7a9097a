//! Speaks to the provider: signs, sends, repeats where that is safe, and says what is certain about the outcome.
//! Knows no database and no order; the token it holds is shared by every client of the process.
//! A process-wide rustls crypto provider must be installed before the first client is made.

mod accept;
mod breaker;
mod client;
mod content_encoding;
mod create_request;
mod exchange;
mod external_id;
mod metrics;
mod outcome;
mod redirect;
mod replies;
mod settings;
mod spans;
mod token_cache;
mod token_fetch;
mod transport;

pub use accept::Accepted;
pub use breaker::Breaker;
pub use client::{AyolinxClient, TokenReceipt};
pub use create_request::{CreateRequest, Customer, Item};
pub use metrics::ClientMetrics;
pub use outcome::{
    Alarm, CancelOutcome, CodedReply, CreateOutcome, InquiryOutcome, NotSentReason, Outcome,
    ProtocolReason, TokenFailure, TokenOutcome, UnknownReason,
};
pub use replies::{create_reply, inquiry_reply};
pub use settings::{ProviderSettings, SecretPair, Which};
pub use token_cache::{TokenCache, TokenCacheError};
