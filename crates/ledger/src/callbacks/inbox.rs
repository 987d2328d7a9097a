//! The inbox: each report of the provider is stored raw and takes effect in one transaction, before it
//! is acknowledged. One that cannot be matched is kept in quarantine, and matched again by
//! `rematch.rs`.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::reading::{Channelled, ProviderWord};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use crate::database::schema::rejected_notifications;
use crate::error::LedgerError;
use crate::payments::observation::{Effect, Observation};
use crate::rows::history::Source;
use crate::rows::seals::REFUSED_CONTEXT;
use crate::tx::Tx;

/// The most refused callbacks that are kept, for 24 hours at most (contract 5).
const REJECTED_MAX: i64 = 1000;

/// A verified callback on its way into the inbox.
#[derive(Debug, Clone)]
pub struct InboundNotification {
    /// The documented path that it came to.
    pub path: &'static str,
    /// The route that its signature named.
    pub matched_route: &'static str,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// SHA-256 of the minified body: signed material.
    pub body_digest: [u8; 32],
    /// Headers as JSON, without Authorization.
    pub headers: String,
    /// The verdict on its timestamp: whether it is inside the window.
    pub channelled: Channelled,
}

/// A callback that was not let in.
#[derive(Debug)]
pub struct RefusedNotification {
    /// The path.
    pub path: String,
    /// The query as received.
    pub query: Option<String>,
    /// Headers as JSON, without Authorization.
    pub headers: String,
    /// The bytes.
    pub body: Vec<u8>,
    /// The reason.
    pub reason: String,
    /// The known confusion that explains it, where that was found while its token was at hand.
    pub explanation: Option<String>,
}

/// The outcome of a verified callback; each of them is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// It changed something.
    Applied,
    /// It was understood and changed nothing.
    NoChange,
    /// It had been received before.
    Duplicate,
    /// It was kept: the provider is asked first, or its timestamp is stale.
    Asked,
    /// It was kept in quarantine: nobody knows the reference.
    UnknownReference,
    /// It was kept in quarantine: not readable.
    Unreadable,
}

impl Received {
    pub(crate) const fn verdict(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoChange | Self::Duplicate => "no_change",
            Self::Asked => "asked",
            Self::UnknownReference => "unknown_reference",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Tx<'_> {
    pub(crate) fn place(
        &mut self,
        notification: Option<&Notification>,
        payment: Option<Uuid>,
        (channelled, is_repeated): (Channelled, bool),
    ) -> Result<Received, LedgerError> {
        let Some(notification) = notification else {
            return Ok(Received::Unreadable);
        };
        let Some(payment) = payment.map(PaymentId::from_uuid) else {
            return Ok(Received::UnknownReference);
        };
        let word = ProviderWord::of_notification(notification, channelled);
        let observation = Observation {
            is_repeated,
            ..Observation::word(Source::Callback, word)
        };
        let applied = self.apply(payment, &observation)?;
        Ok(match (applied.effect, channelled) {
            (Effect::Changed, _) => Received::Applied,
            (Effect::Asked, _) | (Effect::Unchanged, Channelled::StaleCallback) => Received::Asked,
            (Effect::Unchanged, Channelled::Callback | Channelled::Inquiry) => Received::NoChange,
        })
    }

    /// Keeps a refused callback among the newest ones.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn keep_refused(&mut self, refused: &RefusedNotification) -> Result<(), LedgerError> {
        let sealed = self.context.seal(&refused.body, REFUSED_CONTEXT)?;
        diesel::insert_into(rejected_notifications::table)
            .values((
                rejected_notifications::path.eq(&refused.path),
                rejected_notifications::query.eq(&refused.query),
                rejected_notifications::headers.eq(&refused.headers),
                rejected_notifications::body_sealed.eq(sealed),
                rejected_notifications::reason.eq(&refused.reason),
                rejected_notifications::explanation.eq(&refused.explanation),
            ))
            .execute(self.connection()?)?;
        diesel::sql_query(
            "DELETE FROM rejected_notifications \
             WHERE received_at < now() - interval '24 hours' \
                OR id <= (SELECT max(id) FROM rejected_notifications) - $1",
        )
        .bind::<BigInt, _>(REJECTED_MAX)
        .execute(self.connection()?)?;
        Ok(())
    }

    /// Returns the refused callbacks that are still kept, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn refused(&mut self, limit: i64) -> Result<Vec<RefusedNotification>, LedgerError> {
        type Row = (
            String,
            Option<String>,
            String,
            Vec<u8>,
            String,
            Option<String>,
        );
        let rows: Vec<Row> = rejected_notifications::table
            .select((
                rejected_notifications::path,
                rejected_notifications::query,
                rejected_notifications::headers,
                rejected_notifications::body_sealed,
                rejected_notifications::reason,
                rejected_notifications::explanation,
            ))
            .order(rejected_notifications::id.desc())
            .limit(limit)
            .load(self.connection()?)?;
        rows.into_iter()
            .map(|(path, query, headers, sealed, reason, explanation)| {
                Ok(RefusedNotification {
                    path,
                    query,
                    headers,
                    body: self.context.open(&sealed, REFUSED_CONTEXT)?,
                    reason,
                    explanation,
                })
            })
            .collect()
    }
}
