//! A POST that creates anything but an order or payment, done once for its key: the work, the key
//! and the reply are one transaction (contract 4.1, idempotency).

use ayolinx_core::ids::{MerchantId, OrderId};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::creations;
use crate::error::LedgerError;
use crate::orders::begin_outcome::Begun;
use crate::rows::creations::{Claim, StoredReply};
use crate::tx::Tx;

/// The outcome of a request that is done once.
#[derive(Debug)]
pub enum Once<T> {
    /// The work was done now.
    Done(T),
    /// The work was done before: the same bytes again.
    Replay(StoredReply),
    /// The key was used for another request.
    KeyReused,
}

impl Tx<'_> {
    /// Records which order the kept reply of a key is about, so that it goes when its payer is
    /// erased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn claim_is_about(
        &mut self,
        merchant: MerchantId,
        claim: &Claim,
        order: OrderId,
    ) -> Result<(), LedgerError> {
        if let Some(key) = &claim.key {
            diesel::update(creations::table)
                .filter(creations::merchant_id.eq(merchant.as_uuid()))
                .filter(creations::idempotency_key.eq(key))
                .set(creations::order_id.eq(order.as_uuid()))
                .execute(self.connection()?)?;
        }
        Ok(())
    }

    /// Does `work` unless its key was used before, and keeps the reply that `reply_of` makes of it.
    /// Without a key it is always done and nothing is kept.
    ///
    /// # Errors
    /// Those of `work`; [`LedgerError::Conflict`] when a concurrent duplicate committed in between:
    /// begin again.
    pub fn once<T>(
        &mut self,
        merchant: MerchantId,
        claim: &Claim,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError>,
        reply_of: impl FnOnce(&T) -> Result<Option<StoredReply>, LedgerError>,
    ) -> Result<Once<T>, LedgerError> {
        let Some(key) = &claim.key else {
            return work(self).map(Once::Done);
        };
        if let Some(earlier) = self.creation_by_key(merchant, claim)? {
            return match self.resume_creation(&earlier, claim)? {
                Begun::Replay(reply) => Ok(Once::Replay(reply)),
                Begun::KeyReused => Ok(Once::KeyReused),
                other => Err(LedgerError::corrupt(format!(
                    "not kept in one go: {other:?}"
                ))),
            };
        }
        // First the key, so that a twin waits here and does nothing twice.
        let creation = Uuid::now_v7();
        diesel::insert_into(creations::table)
            .values((
                creations::id.eq(creation),
                creations::merchant_id.eq(merchant.as_uuid()),
                creations::endpoint.eq(&claim.endpoint),
                creations::makes_order.eq(false),
                creations::idempotency_key.eq(key),
                creations::fingerprint.eq(claim.fingerprint.as_slice()),
            ))
            .execute(self.connection()?)?;
        let done = work(self)?;
        match reply_of(&done)? {
            Some(reply) => self.keep_reply(creation, &reply)?,
            // What came to nothing uses up no key.
            None => {
                diesel::delete(creations::table.find(creation)).execute(self.connection()?)?;
            }
        }
        Ok(Once::Done(done))
    }
}
