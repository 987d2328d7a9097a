//! The storage that the edge needs. The ledger implements it in the service, memory in the tests.

use std::future::Future;

use crate::callbacks::error::StorageAway;
use crate::callbacks::snap_token::NewSnapToken;
use crate::callbacks::verify::{RejectedCallback, TokenDigest, VerifiedCallback};

/// The outcome of a verified callback. Each one is answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// A callback that changed a payment.
    Applied,
    /// A true callback that was known, or says nothing that changes a state.
    NoChange,
    /// A callback that was applied, or needed no change, before.
    Duplicate,
    /// Stored without effect; the word says why, for the metric (`unreadable`, `unknown_reference`, `stale`, …).
    Kept(&'static str),
}

impl Reception {
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoChange => "no_change",
            Self::Duplicate => "duplicate",
            Self::Kept(why) => why,
        }
    }
}

/// Durable storage behind the edge. Every call must end within the database deadline.
pub trait CallbackStore: Clone + 'static {
    /// Stores the callback and, in the same transaction, everything that follows from it.
    ///
    /// `Ok` only after the commit: the provider is told to stop sending. Stale, unreadable and
    /// unmatched callbacks are stored too.
    fn receive(
        &self,
        callback: Box<VerifiedCallback>,
    ) -> impl Future<Output = Result<Reception, StorageAway>>;

    /// Returns whether a token with this digest was issued and has not expired.
    fn snap_token_is_valid(
        &self,
        token: TokenDigest,
    ) -> impl Future<Output = Result<bool, StorageAway>>;

    /// Stores a token that is about to be handed out.
    fn store_snap_token(
        &self,
        token: NewSnapToken,
    ) -> impl Future<Output = Result<(), StorageAway>>;

    /// Keeps a rejected callback for the operator, best effort: called at most once a second per
    /// process, in a task of its own.
    fn keep_rejected(&self, rejected: RejectedCallback) -> impl Future<Output = ()>;
}
