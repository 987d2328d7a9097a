//! A request that was made before: its kept reply again, or its state.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order::{OrderRefusal, pay_another_way};
use ayolinx_core::states::PaymentState;
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use uuid::Uuid;

use crate::database::schema::creations;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::orders::begin_outcome::Begun;
use crate::payments::create_call::Sending;
use crate::rows::creations::{Claim, StoredReply};
use crate::rows::locked::Locked;
use crate::rows::orders::OrderRow;
use crate::rows::payments::PaymentRow;
use crate::rows::seals::reply_context;
use crate::tx::Tx;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = creations)]
pub(crate) struct CreationRow {
    pub(crate) id: Uuid,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) endpoint: String,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) reply_status: Option<i16>,
    pub(crate) reply_sealed: Option<Vec<u8>>,
}

impl Tx<'_> {
    pub(crate) fn payable(
        &mut self,
        order: &OrderRow,
    ) -> Result<Result<(), OrderRefusal>, LedgerError> {
        if let Err(refusal) = pay_another_way(order.state()?) {
            return Ok(Err(refusal));
        }
        if self.now()? >= order.expires_at {
            return Ok(Err(OrderRefusal::NotPayable));
        }
        Ok(Ok(()))
    }

    pub(crate) fn creation_by_key(
        &mut self,
        merchant: MerchantId,
        claim: &Claim,
    ) -> Result<Option<CreationRow>, LedgerError> {
        let Some(key) = &claim.key else {
            return Ok(None);
        };
        Ok(creations::table
            .filter(creations::merchant_id.eq(merchant.as_uuid()))
            .filter(creations::idempotency_key.eq(key))
            .select(CreationRow::as_select())
            .first(self.connection()?)
            .optional()?)
    }

    pub(crate) fn resume_creation(
        &mut self,
        earlier: &CreationRow,
        claim: &Claim,
    ) -> Result<Begun, LedgerError> {
        if earlier.endpoint != claim.endpoint || earlier.fingerprint != claim.fingerprint {
            return Ok(Begun::KeyReused);
        }
        if let (Some(status), Some(sealed)) = (earlier.reply_status, &earlier.reply_sealed) {
            let body = self.context.open(sealed, &reply_context(earlier.id))?;
            let status = u16::try_from(status).map_err(LedgerError::corrupt)?;
            self.count_replay(earlier.id)?;
            return Ok(Begun::Replay(StoredReply { status, body }));
        }
        let own_order = earlier
            .order_id
            .ok_or_else(|| LedgerError::corrupt("a creation without order or reply"))?;
        let order_id = OrderId::from_uuid(own_order);
        if earlier.reply_status.is_some() {
            self.count_replay(earlier.id)?;
            return Ok(Begun::Erased(order_id));
        }
        let Some(payment_id) = earlier.payment_id else {
            self.count_replay(earlier.id)?;
            return Ok(Begun::Created {
                order_id,
                creation: earlier.id,
            });
        };
        // The order before its creation, as whoever records an outcome locks them: the other way
        // round the two would wait for each other.
        let locked = self.lock_order(own_order)?;
        self.count_replay(earlier.id)?;
        let row = last_replacement(&locked, payment_id)?;
        self.stand_of(&locked, &row, Some(earlier.id))
    }

    /// Counts a replay: it writes too, so that what it answers is as durable as the first time
    /// (T8).
    fn count_replay(&mut self, creation: Uuid) -> Result<(), LedgerError> {
        Statement::new("UPDATE creations SET replays = replays + 1 WHERE id = ?")
            .bind::<SqlUuid, _>(creation)
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Returns the state of an earlier request.
    pub(crate) fn stand_of(
        &mut self,
        locked: &Locked,
        row: &PaymentRow,
        creation: Option<Uuid>,
    ) -> Result<Begun, LedgerError> {
        let now = self.now()?;
        let order_id = locked.order.id();
        match row.state()? {
            PaymentState::Unknown => Ok(Begun::Resolving(order_id)),
            PaymentState::Creating if row.call_is_leased(now) => {
                if row.replaces.is_some() {
                    Ok(Begun::Resolving(order_id))
                } else {
                    Ok(Begun::InFlight)
                }
            }
            PaymentState::Creating if row.last_outcome.as_deref() == Some("not_sent") => {
                if let Err(refusal) = self.payable(&locked.order)? {
                    return Ok(Begun::Refused(refusal));
                }
                let call = self.lease_call(&locked.order, row, Sending::First)?;
                Ok(Begun::Send {
                    call: Box::new(call),
                    creation,
                })
            }
            PaymentState::Creating => Ok(Begun::Resolving(order_id)),
            state => Ok(Begun::Settled {
                order_id,
                creation,
                refused: state == PaymentState::Failed
                    && row.last_outcome.as_deref() == Some("refused"),
                payment_id: row.id(),
            }),
        }
    }
}

/// Returns the payment that stands for `first` now: itself, or the end of its chain of
/// replacements.
fn last_replacement(locked: &Locked, first: Uuid) -> Result<PaymentRow, LedgerError> {
    let mut current = first;
    for row in locked.payments.iter().rev() {
        if row.replaces == Some(current) {
            current = row.id;
        }
    }
    locked
        .payments
        .iter()
        .find(|row| row.id == current)
        .cloned()
        .ok_or(LedgerError::NotFound)
}
