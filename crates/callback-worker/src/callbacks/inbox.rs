//! The callback edge's storage: the ledger's inbox. What is acknowledged is committed.

use ayolinx_core::json_style::{minify, without_byte_order_mark};
use ayolinx_core::reading::Channelled;
use ledger::{InboundNotification, Ledger, LedgerError, Received, RefusedNotification, Urgency};

use service_shell::pace::Pace;

use crate::callbacks::error::StorageAway;
use crate::callbacks::snap_token::NewSnapToken;
use crate::callbacks::store::{CallbackStore, Reception};
use crate::callbacks::verify::{
    Freshness, MatchedBody, RejectedCallback, TokenDigest, VerifiedCallback,
};

/// The inbox of a process.
#[derive(Clone)]
pub struct Inbox {
    ledger: Ledger,
    webhooks: Pace,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox")
    }
}

impl Inbox {
    /// Creates the inbox over the ledger; shops are notified of what it changes at this pace.
    #[must_use]
    pub const fn new(ledger: Ledger, webhooks: Pace) -> Self {
        Self { ledger, webhooks }
    }
}

fn away(error: &LedgerError) -> StorageAway {
    match error {
        LedgerError::Unavailable(_) | LedgerError::Overloaded => {
            tracing::warn!(error = %error, "a callback could not be stored; the provider sends again");
        }
        LedgerError::NotFound | LedgerError::Conflict(_) | LedgerError::Corrupt(_) => {
            tracing::error!(error = %error, "a callback could not be applied; the provider sends again");
        }
    }
    StorageAway
}

fn headers_json(headers: &[(String, String)]) -> String {
    serde_json::to_string(headers).unwrap_or_default()
}

impl CallbackStore for Inbox {
    async fn receive(&self, callback: Box<VerifiedCallback>) -> Result<Reception, StorageAway> {
        let inbound = InboundNotification {
            path: callback.path.as_str(),
            matched_route: callback.matched_route.label(),
            // The stored and read bytes are those that were signed.
            body: match callback.matched_body {
                MatchedBody::Received => callback.body.to_vec(),
                MatchedBody::Minified => minify(without_byte_order_mark(&callback.body)),
            },
            body_digest: callback.minified_sha256,
            headers: headers_json(&callback.headers),
            channelled: match callback.freshness {
                Freshness::Fresh => Channelled::Callback,
                Freshness::Stale | Freshness::Unreadable => Channelled::StaleCallback,
            },
        };
        let received = self
            .ledger
            .receive(inbound)
            .await
            .map_err(|error| away(&error))?;
        Ok(match received {
            Received::Applied => {
                self.webhooks.nudge();
                Reception::Applied
            }
            Received::NoChange => Reception::NoChange,
            Received::Duplicate => Reception::Duplicate,
            Received::Asked => Reception::Kept("asked"),
            Received::UnknownReference => {
                tracing::error!(
                    callback.path = callback.path.as_str(),
                    "a verified callback names nothing we know: kept in quarantine"
                );
                Reception::Kept("unknown_reference")
            }
            Received::Unreadable => {
                tracing::error!(
                    callback.path = callback.path.as_str(),
                    "a verified callback cannot be read: kept in quarantine"
                );
                Reception::Kept("unreadable")
            }
        })
    }

    async fn snap_token_is_valid(&self, token: TokenDigest) -> Result<bool, StorageAway> {
        self.ledger
            .at(Urgency::Callback)
            .transact(move |tx| tx.snap_token_is_valid(token.0))
            .await
            .map_err(|error| away(&error))
    }

    async fn store_snap_token(&self, token: NewSnapToken) -> Result<(), StorageAway> {
        self.ledger
            .at(Urgency::Callback)
            .transact(move |tx| {
                tx.keep_snap_token(token.digest.0, &token.client_key, token.lifetime_secs)
            })
            .await
            .map_err(|error| away(&error))
    }

    async fn keep_rejected(&self, rejected: RejectedCallback) {
        let refused = RefusedNotification {
            path: rejected.path.as_str().to_owned(),
            query: rejected.query,
            headers: headers_json(&rejected.headers),
            body: rejected.body.to_vec(),
            reason: rejected.reason.label().to_owned(),
            explanation: rejected.explanation,
        };
        if let Err(error) = self
            .ledger
            .at(Urgency::Public)
            .transact(move |tx| tx.keep_refused(&refused))
            .await
        {
            tracing::warn!(error = %error, "a refused callback was not kept");
        }
    }
}
