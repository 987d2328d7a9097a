//! Speaks to the provider: signs, sends, repeats where that is safe, and says what is certain about the outcome.
//! Knows no database and no order; the token it holds is shared by every client of the process.
//! A process-wide rustls crypto provider must be installed before the first client is made.

mod calls;
mod client;
mod outcome;
mod secret_pair;
mod session;
mod settings;
mod telemetry;
mod transport;

pub use calls::create_request::{CreateRequest, Customer, Item};
pub use calls::replies::{create_reply, inquiry_reply};
pub use client::AyolinxClient;
pub use outcome::{
    Accepted, Alarm, CancelOutcome, CodedReply, CreateOutcome, InquiryOutcome, NotSentReason,
    Outcome, ProtocolReason, TokenFailure, TokenOutcome, TokenReceipt, UnknownReason,
};
pub use secret_pair::{SecretPair, Which};
pub use session::token_cache::{TokenCache, TokenCacheError};
pub use settings::ProviderSettings;
pub use telemetry::metrics::ClientMetrics;
pub use transport::breaker::Breaker;
