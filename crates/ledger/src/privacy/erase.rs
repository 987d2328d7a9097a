//! The erasure of a payer: everything that names them goes, for one order at a time. `ledger::erasure` calls it,
//! and `gatewayctl` after it found the orders (`find_payer`). Invariant: the order, its money, its history and the
//! proof of what was received (digests) stay, so the ledger balances as before.

use ayolinx_core::event::EventBody;
use ayolinx_core::ids::OrderId;
use ayolinx_core::states::PaymentState;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Date, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::{
    events, notifications, payers, payments, refunds, rejected_notifications,
};
use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::rows::notifications::ERASED_BODY;
use crate::rows::payers::Payer;
use crate::rows::seals::{REFUSED_CONTEXT, body_context};
use crate::tx::Tx;

mod find_payer;

pub use find_payer::SoughtPayer;

const ERASED: &str = "[erased]";
/// The shortest value that is looked for; a shorter one is nobody's name, and would be found everywhere.
const NEEDLE_MIN: usize = 3;

/// The way in which a payer is erased.
#[derive(Debug, Clone)]
pub struct Erasing {
    /// The source that the history names.
    pub source: Source,
    /// The right to do so: a role or a ticket, no person's name.
    pub by: String,
    /// `true` to also drop the merchant's free text where it does not name the payer.
    pub with_free_text: bool,
    /// `true` to only find out what would go.
    pub is_dry: bool,
}

/// The rows and texts that went, or would go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// `true` when nothing was done: the provider may still be sent the payer's name, since a create is under way.
    pub is_busy: bool,
    /// Number of sealed rows of the payer: 0 or 1.
    pub payers: usize,
    /// Number of first replies that were kept to be given again.
    pub replies: usize,
    /// Number of bodies of callbacks; their digests stay.
    pub callbacks: usize,
    /// Number of callbacks that were not let in.
    pub refused: usize,
    /// Number of descriptions, metadata, items, addresses and messages.
    pub texts: usize,
    /// Number of events that are sent without such texts from now on.
    pub events: usize,
}

impl Erased {
    /// Returns whether there was anything.
    #[must_use]
    pub const fn is_anything(&self) -> bool {
        self.payers > 0
            || self.replies > 0
            || self.callbacks > 0
            || self.refused > 0
            || self.texts > 0
            || self.events > 0
    }
}

impl Tx<'_> {
    /// Erases like [`Ledger::erase_payer`](crate::Ledger::erase_payer).
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such order.
    pub fn erase_payer(&mut self, order: OrderId, how: &Erasing) -> Result<Erased, LedgerError> {
        let mut erased = None;
        let undone = self.nested(|tx| {
            erased = Some(tx.erase_now(order.as_uuid(), how)?);
            if how.is_dry {
                // Undoes it.
                return Err(LedgerError::Conflict("a dry run".to_owned()));
            }
            Ok(())
        });
        match (undone, erased) {
            (Ok(()), Some(erased)) => Ok(erased),
            (Err(_), Some(erased)) if how.is_dry => Ok(erased),
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(LedgerError::NotFound),
        }
    }

    fn erase_now(&mut self, order: Uuid, how: &Erasing) -> Result<Erased, LedgerError> {
        let mut locked = self.lock_order(order)?;
        if is_busy(&locked)? {
            return Ok(Erased {
                is_busy: true,
                ..Erased::default()
            });
        }
        let payer = self.payer_of(order)?;
        let words = Words {
            needles: payer.as_ref().map(needles_of).unwrap_or_default(),
            is_all: how.with_free_text,
        };
        let mut erased = Erased {
            payers: diesel::delete(payers::table.find(order))
                .execute(self.connection()?)?
                .saturating_add(self.erase_payees(order)?),
            replies: self.erase_replies(order)?,
            callbacks: self.erase_callbacks(&locked)?,
            refused: self.erase_refused(&locked, &words)?,
            ..Erased::default()
        };
        erased.texts = self.erase_texts(&locked, &words)?;
        erased.events = self.erase_event_texts(order, &words)?;
        if erased.is_anything() {
            self.note_erasure(&mut locked, how)?;
        }
        Ok(erased)
    }

    /// Erases the accounts that refunds go to: they are the payer's too. Those of refunds that still wait go as
    /// well: whoever makes the transfer asks the shop.
    fn erase_payees(&mut self, order: Uuid) -> Result<usize, LedgerError> {
        Ok(diesel::update(refunds::table)
            .filter(refunds::order_id.eq(order))
            .filter(refunds::payee_sealed.is_not_null())
            .set(refunds::payee_sealed.eq(None::<Vec<u8>>))
            .execute(self.connection()?)?)
    }

    /// Erases the kept replies. A reply that was not made yet never will be.
    fn erase_replies(&mut self, order: Uuid) -> Result<usize, LedgerError> {
        Ok(diesel::sql_query(
            "UPDATE creations SET reply_sealed = NULL, reply_status = coalesce(reply_status, 201) \
             WHERE id IN (SELECT id FROM creations WHERE order_id = $1 AND makes_order \
                          UNION ALL \
                          SELECT id FROM creations WHERE order_id = $1 AND NOT makes_order) \
               AND (reply_sealed IS NOT NULL OR reply_status IS NULL)",
        )
        .bind::<SqlUuid, _>(order)
        .execute(self.connection()?)?)
    }

    fn erase_callbacks(&mut self, locked: &Locked) -> Result<usize, LedgerError> {
        let own: Vec<Uuid> = locked.payments.iter().map(|row| row.id).collect();
        let kept: Vec<(Uuid, NaiveDate, Vec<u8>)> = notifications::table
            .filter(notifications::payment_id.eq_any(own))
            .select((
                notifications::id,
                notifications::month,
                notifications::body_sealed,
            ))
            .load(self.connection()?)?;
        let mut count = 0_usize;
        for (id, month, sealed) in kept {
            let context = body_context(id);
            if self.context.open(&sealed, &context)? == ERASED_BODY {
                continue;
            }
            let sealed = self.context.seal(ERASED_BODY, &context)?;
            let changed = diesel::sql_query(
                "UPDATE notifications SET body_sealed = $1 WHERE id = $2 AND month = $3",
            )
            .bind::<Binary, _>(sealed)
            .bind::<SqlUuid, _>(id)
            .bind::<Date, _>(month)
            .execute(self.connection()?)?;
            count = count.saturating_add(changed);
        }
        Ok(count)
    }

    /// Erases refused callbacks. They are at most a thousand, and a day old: all are read.
    fn erase_refused(&mut self, locked: &Locked, words: &Words) -> Result<usize, LedgerError> {
        let mut names = words.needles.clone();
        names.extend(
            locked
                .payments
                .iter()
                .map(|row| row.id.simple().to_string()),
        );
        let kept: Vec<(i64, Vec<u8>)> = rejected_notifications::table
            .select((
                rejected_notifications::id,
                rejected_notifications::body_sealed,
            ))
            .load(self.connection()?)?;
        let mut count = 0_usize;
        for (id, sealed) in kept {
            let body = self.context.open(&sealed, REFUSED_CONTEXT)?;
            if !names_any(&String::from_utf8_lossy(&body), &names) {
                continue;
            }
            let gone = diesel::sql_query("DELETE FROM rejected_notifications WHERE id = $1")
                .bind::<BigInt, _>(id)
                .execute(self.connection()?)?;
            count = count.saturating_add(gone);
        }
        Ok(count)
    }

    /// Erases the merchant's own words about the order, and the provider's about its failures.
    fn erase_texts(&mut self, locked: &Locked, words: &Words) -> Result<usize, LedgerError> {
        let order = &locked.order;
        let fields: Vec<&str> = [
            ("description", &order.description),
            ("return_url", &order.return_url),
            ("metadata", &order.metadata),
            ("items", &order.items),
        ]
        .into_iter()
        .filter_map(|(field, text)| words.drop_from(&mut text.clone()).map(|()| field))
        .collect();
        let mut count = fields.len();
        if count > 0 {
            diesel::sql_query("SELECT erase_order_texts($1, $2)")
                .bind::<SqlUuid, _>(order.id)
                .bind::<Array<Text>, _>(fields)
                .execute(self.connection()?)?;
        }
        for row in &locked.payments {
            if words.drop_from(&mut row.failure_message.clone()).is_some() {
                count = count.saturating_add(
                    diesel::update(payments::table.find(row.id))
                        .set(payments::failure_message.eq(ERASED))
                        .execute(self.connection()?)?,
                );
            }
        }
        Ok(count)
    }

    /// Erases the texts of events: what is sent or read from now on has them no more.
    fn erase_event_texts(&mut self, order: Uuid, words: &Words) -> Result<usize, LedgerError> {
        if words.are_none() {
            return Ok(0);
        }
        let stored: Vec<(Uuid, String)> = events::table
            .filter(events::order_id.eq(order))
            .select((events::id, events::body))
            .load(self.connection()?)?;
        let mut count = 0_usize;
        for (id, body) in stored {
            let Some(body) = words.event_without(&body)? else {
                continue;
            };
            diesel::sql_query("SELECT erase_event_texts($1, $2)")
                .bind::<SqlUuid, _>(id)
                .bind::<Text, _>(body)
                .execute(self.connection()?)?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    /// Notes the erasure: the order changed for whoever reads it, but no webhook is sent.
    fn note_erasure(&mut self, locked: &mut Locked, how: &Erasing) -> Result<(), LedgerError> {
        let state = locked.order.state()?;
        let now = self.now()?;
        let order = &mut locked.order;
        order.version = order.version.saturating_add(1);
        order.updated_at = now;
        let order = order.clone();
        self.save_order(&order);
        self.record(NewHistory {
            order_id: order.id,
            payment_id: None,
            source: how.source.as_str(),
            fact: "payer_erased",
            payment_from: None,
            payment_to: None,
            order_from: Some(state.as_str()),
            order_to: Some(state.as_str()),
            order_version: Some(order.version),
            detail: Some(format!("by {}", how.by)),
        });
        Ok(())
    }
}

/// Returns whether a create may still be repeated: until its outcome is known.
fn is_busy(locked: &Locked) -> Result<bool, LedgerError> {
    for row in &locked.payments {
        if matches!(row.state()?, PaymentState::Creating | PaymentState::Unknown) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The texts that go.
struct Words {
    needles: Vec<String>,
    is_all: bool,
}

impl Words {
    const fn are_none(&self) -> bool {
        self.needles.is_empty() && !self.is_all
    }

    /// Empties a text that has to go.
    fn drop_from(&self, text: &mut Option<String>) -> Option<()> {
        let goes = |text: &String| self.is_all || names_any(text, &self.needles);
        text.take_if(|text| goes(text)).map(drop)
    }

    /// Returns the stored body of an event without such texts; `None` when it has none.
    fn event_without(&self, stored: &str) -> Result<Option<String>, LedgerError> {
        let Ok(mut body) = serde_json::from_str::<EventBody>(stored) else {
            return Ok(None);
        };
        let Some(order) = body.data.order.as_mut() else {
            return Ok(None);
        };
        let mut dropped = self.drop_from(&mut order.description).is_some();
        dropped |= self.drop_from(&mut order.return_url).is_some();
        let metadata = order.metadata.as_ref();
        let mut pairs = metadata.and_then(|pairs| serde_json::to_string(pairs).ok());
        if self.drop_from(&mut pairs).is_some() {
            order.metadata = None;
            dropped = true;
        }
        for failure in order.payments.iter_mut().filter_map(|p| p.failure.as_mut()) {
            if self.is_all || names_any(&failure.message, &self.needles) {
                ERASED.clone_into(&mut failure.message);
                dropped = true;
            }
        }
        let body = dropped.then(|| serde_json::to_string(&body)).transpose();
        body.map_err(LedgerError::corrupt)
    }
}

/// Returns the payer's names, in lower case.
fn needles_of(payer: &Payer) -> Vec<String> {
    let customer = payer.customer.as_ref();
    let named = customer.map(|one| [&one.name, &one.email, &one.phone]);
    let mut needles: Vec<String> = named
        .into_iter()
        .flatten()
        .flatten()
        .chain(payer.account_names())
        .map(|name| name.trim().to_lowercase())
        .filter(|name| name.chars().count() >= NEEDLE_MIN)
        .collect();
    needles.sort();
    needles.dedup();
    needles
}

fn names_any(text: &str, needles: &[String]) -> bool {
    let text = text.to_lowercase();
    needles.iter().any(|needle| text.contains(needle))
}
