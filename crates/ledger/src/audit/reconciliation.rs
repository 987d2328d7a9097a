//! Payments of a span of time, page by page, to be compared with what the provider has (`gatewayctl
//! reconcile`).

use ayolinx_core::ids::{OrderId, PaymentId};
use ayolinx_core::intake::would_change;
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::error::LedgerError;
use crate::rows::values::{amount, parse};
use crate::tx::Tx;

/// A payment as the ledger has it.
#[derive(Debug, Clone)]
pub struct PaymentInBooks {
    /// The id by which the provider knows it.
    pub id: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// The shop's order number.
    pub reference: String,
    /// The method.
    pub method: Method,
    /// The channel; `None` for links.
    pub channel: Option<String>,
    /// The state.
    pub state: PaymentState,
    /// The amount asked for.
    pub amount: Amount,
    /// The amount received.
    pub received: Amount,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
}

impl PaymentInBooks {
    /// Returns the time its id was made at, by which ranges go: a payment's id begins with it (UUIDv7).
    #[must_use]
    pub fn made_at(&self) -> DateTime<Utc> {
        let milliseconds = i64::try_from(self.id.as_uuid().as_u128() >> 80);
        DateTime::from_timestamp_millis(milliseconds.unwrap_or(i64::MAX)).unwrap_or(self.created_at)
    }
}

/// The result of comparing an answer of the provider with the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// The states of the payment and its order after the answer was applied; `None` where it would change
    /// nothing.
    pub would_be: Option<(PaymentState, OrderState)>,
    /// `true` when the answer names a sum that is none of the payment's receipts'.
    pub is_another_sum: bool,
}

/// Returns the first id that could be made at that time.
fn first_id_at(time: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::try_from(time.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

type Row = (
    Uuid,
    Uuid,
    String,
    String,
    Option<String>,
    String,
    (i64, i64, String),
    DateTime<Utc>,
);

impl Tx<'_> {
    /// Returns at most `limit` payments made at or after `from` and before `to`, oldest first, after that
    /// one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn payments_in_books(
        &mut self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        after: Option<PaymentId>,
        limit: i64,
    ) -> Result<Vec<PaymentInBooks>, LedgerError> {
        let mut query = payments::table
            .inner_join(orders::table.on(orders::id.eq(payments::order_id)))
            .filter(payments::id.ge(first_id_at(from)))
            .filter(payments::id.lt(first_id_at(to)))
            .select((
                payments::id,
                payments::order_id,
                orders::reference,
                payments::method,
                payments::channel,
                payments::state,
                (
                    payments::amount_minor,
                    payments::received_minor,
                    payments::currency,
                ),
                payments::created_at,
            ))
            .order(payments::id)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(payments::id.gt(after.as_uuid()));
        }
        let rows: Vec<Row> = query.load(self.connection()?)?;
        rows.into_iter().map(read).collect()
    }

    /// Returns what applying an answer of the provider would change, judged as it would be applied.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is no such payment.
    pub fn judge_answer(
        &mut self,
        payment: PaymentId,
        word: &ProviderWord,
    ) -> Result<Judgement, LedgerError> {
        let order = self.glance_at_order_of(payment.as_uuid())?;
        let funds = self.funds(&order)?;
        let now = self.now()?;
        let changed = would_change(&funds, payment, word, now).map_err(LedgerError::corrupt)?;
        let would_be = changed.and_then(|decision| {
            let place = funds.payments.iter().position(|one| one.id == payment)?;
            let after = decision.allocation.payments.get(place)?;
            Some((after.state, decision.allocation.order))
        });
        let is_another_sum = match (word.amount.read(), funds.payment(payment)) {
            (Some(sum), Some(known)) if !known.receipts.is_empty() => {
                let is_right = known.is_right(sum, word.details.fee);
                !(known.receipts.iter())
                    .any(|receipt| receipt.received == sum || (receipt.is_right && is_right))
            }
            _ => false,
        };
        Ok(Judgement {
            would_be,
            is_another_sum,
        })
    }

    /// Counts the payments that were made at or after `from` and before `to`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn count_payments_in_books(
        &mut self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<i64, LedgerError> {
        Ok(payments::table
            .filter(payments::id.ge(first_id_at(from)))
            .filter(payments::id.lt(first_id_at(to)))
            .count()
            .get_result(self.connection()?)?)
    }
}

fn read(row: Row) -> Result<PaymentInBooks, LedgerError> {
    let (id, order, reference, method, channel, state, (asked, received, currency), created_at) =
        row;
    Ok(PaymentInBooks {
        id: PaymentId::from_uuid(id),
        order: OrderId::from_uuid(order),
        reference,
        method: parse("method", &method)?,
        channel,
        state: parse("payment state", &state)?,
        amount: amount(asked, &currency)?,
        received: amount(received, &currency)?,
        created_at,
    })
}
