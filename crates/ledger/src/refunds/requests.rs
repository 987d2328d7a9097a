//! Refunds that shops ask for. The provider has no call for them (protocol 1): each waits until a
//! person says, with evidence, that it went back, or the provider does (04). Then it is booked.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId, RefundId};
use ayolinx_core::money::Amount;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::database::context::Context;
use crate::database::schema::refunds;
use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::rows::locked::Locked;
use crate::rows::payments::PaymentRow;
use crate::rows::seals::payee_context;
use crate::rows::values::amount;
use crate::tx::Tx;

pub(crate) const WAITING: &str = "manual_required";
pub(crate) const COMPLETED: &str = "completed";
pub(crate) const CANCELLED: &str = "cancelled";

/// The account that a refund is to go to. Debug prints nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payee {
    /// The bank or wallet.
    pub bank: String,
    /// The account's number.
    pub account: String,
    /// The account's owner.
    pub name: String,
}

impl std::fmt::Debug for Payee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payee([redacted])")
    }
}

/// A refund to be recorded.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Its id.
    pub id: RefundId,
    /// The amount; all that is left when `None`.
    pub amount: Option<Amount>,
    /// The reason, in the words of whoever asks.
    pub reason: String,
    /// The account to which the transfer is sent.
    pub payee: Option<Payee>,
    /// The one who asks.
    pub source: Source,
}

/// The reason why a refund cannot be recorded or completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRefused {
    /// The order has no money of the shop's: it is not paid, or was given back.
    NotPaid,
    /// All that is paid is asked back already.
    NothingLeft,
    /// No more than this is left.
    MoreThan(Amount),
    /// It was completed before, and not with this evidence.
    CompletedOtherwise,
    /// It was completed: the money went back, and nothing is left to cancel.
    Completed,
    /// It was cancelled.
    Cancelled,
}

/// The end of a refund.
#[derive(Debug, Clone)]
pub struct RefundCompletion {
    /// The evidence that the money went back: a transfer's number, say.
    pub evidence: String,
    /// The one who says so.
    pub source: Source,
}

/// A refund.
#[derive(Debug, Clone)]
pub struct RefundLine {
    /// Its id.
    pub id: RefundId,
    /// The order.
    pub order_id: OrderId,
    /// The payment whose money it is.
    pub payment_id: PaymentId,
    /// The amount.
    pub amount: Amount,
    /// The reason.
    pub reason: String,
    /// `manual_required`, `completed` or `cancelled`.
    pub state: String,
    /// The account that the money is to go to.
    pub payee: Option<Payee>,
    /// The evidence that the money went back.
    pub evidence: Option<String>,
    /// `merchant`, `operator` or `provider`.
    pub completed_by: Option<String>,
    /// Time of the request.
    pub created_at: DateTime<Utc>,
    /// Time of its completion.
    pub completed_at: Option<DateTime<Utc>>,
    /// `merchant`, `operator`, or `gateway` where less than it was left.
    pub cancelled_by: Option<String>,
    /// Time of its cancellation.
    pub cancelled_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = refunds)]
pub(crate) struct RefundRow {
    pub(crate) id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) reason: String,
    pub(crate) state: String,
    pub(crate) evidence: Option<String>,
    pub(crate) completed_by: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) payee_sealed: Option<Vec<u8>>,
    pub(crate) cancelled_by: Option<String>,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
}

impl RefundRow {
    pub(crate) fn line(self, context: &Context) -> Result<RefundLine, LedgerError> {
        let payee = match &self.payee_sealed {
            Some(sealed) => {
                let plain = context.open(sealed, &payee_context(self.id))?;
                Some(serde_json::from_slice(&plain).map_err(LedgerError::corrupt)?)
            }
            None => None,
        };
        Ok(RefundLine {
            id: RefundId::from_uuid(self.id),
            order_id: OrderId::from_uuid(self.order_id),
            payment_id: PaymentId::from_uuid(self.payment_id),
            amount: amount(self.amount_minor, &self.currency)?,
            reason: self.reason,
            state: self.state,
            evidence: self.evidence,
            completed_by: self.completed_by,
            created_at: self.created_at,
            completed_at: self.completed_at,
            payee,
            cancelled_by: self.cancelled_by,
            cancelled_at: self.cancelled_at,
        })
    }
}

impl Tx<'_> {
    /// Records that money is to be given back (contract 4.3). Nothing is booked yet.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's, [`LedgerError::Conflict`]
    /// when there is a refund of this id.
    pub fn ask_refund(
        &mut self,
        merchant: MerchantId,
        order: OrderId,
        new: &NewRefund,
    ) -> Result<Result<RefundLine, RefundRefused>, LedgerError> {
        let locked = self.lock_order(order.as_uuid())?;
        if locked.order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        let (payment, wanted) = match self.refund_from(&locked, new.amount)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let payee = match &new.payee {
            Some(payee) => {
                let plain = serde_json::to_vec(payee).map_err(LedgerError::corrupt)?;
                Some(
                    self.context
                        .seal(&plain, &payee_context(new.id.as_uuid()))?,
                )
            }
            None => None,
        };
        let row: RefundRow = diesel::insert_into(refunds::table)
            .values((
                refunds::id.eq(new.id.as_uuid()),
                refunds::merchant_id.eq(merchant.as_uuid()),
                refunds::order_id.eq(order.as_uuid()),
                refunds::payment_id.eq(payment.id),
                refunds::amount_minor.eq(wanted.minor()),
                refunds::currency.eq(&payment.currency),
                refunds::reason.eq(&new.reason),
                refunds::state.eq(WAITING),
                refunds::payee_sealed.eq(payee),
            ))
            .returning(RefundRow::as_returning())
            .get_result(self.connection()?)?;
        self.record_refund(&locked, &row, new.source, "refund_asked");
        row.line(self.context).map(Ok)
    }

    /// Returns the payment that an amount would come from, and the amount.
    fn refund_from(
        &mut self,
        locked: &Locked,
        wanted: Option<Amount>,
    ) -> Result<Result<(PaymentRow, Amount), RefundRefused>, LedgerError> {
        let Some(payment) = paid_payment(locked)?.cloned() else {
            return Ok(Err(RefundRefused::NotPaid));
        };
        let left = self.refundable(&payment)?;
        let wanted = wanted.unwrap_or(left);
        if left.is_zero() {
            return Ok(Err(RefundRefused::NothingLeft));
        }
        if wanted.minor() > left.minor() {
            return Ok(Err(RefundRefused::MoreThan(left)));
        }
        Ok(Ok((payment, wanted)))
    }

    /// Returns the refunds of an order, oldest first.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn refunds_of(
        &mut self,
        merchant: MerchantId,
        order: OrderId,
    ) -> Result<Vec<RefundLine>, LedgerError> {
        if self.find_order(order)?.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        let rows: Vec<RefundRow> = refunds::table
            .filter(refunds::order_id.eq(order.as_uuid()))
            .order((refunds::created_at, refunds::id))
            .select(RefundRow::as_select())
            .load(self.connection()?)?;
        let context = self.context;
        rows.into_iter().map(|row| row.line(context)).collect()
    }

    /// Returns the merchant of a refund: for the operator, who names refunds and not merchants.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn merchant_of_refund(&mut self, id: RefundId) -> Result<MerchantId, LedgerError> {
        let merchant: Uuid = refunds::table
            .find(id.as_uuid())
            .select(refunds::merchant_id)
            .first(self.connection()?)?;
        Ok(MerchantId::from_uuid(merchant))
    }

    /// Cancels a refund that waits; one that is cancelled stays so.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn cancel_refund(
        &mut self,
        merchant: MerchantId,
        id: RefundId,
        source: Source,
    ) -> Result<Result<RefundLine, RefundRefused>, LedgerError> {
        let known = self.refund_row(merchant, id)?;
        let locked = self.lock_order(known.order_id)?;
        let row = self.refund_row(merchant, id)?;
        if row.state == COMPLETED {
            return Ok(Err(RefundRefused::Completed));
        }
        if row.state == WAITING {
            let by = match source {
                Source::Operator => "operator",
                _ => "merchant",
            };
            self.withdraw_refund(row.id, by)?;
            self.record_refund(&locked, &row, source, "refund_cancelled");
        }
        let row = self.refund_row(merchant, id)?;
        row.line(self.context).map(Ok)
    }

    pub(crate) fn waiting_refunds(
        &mut self,
        payment: Uuid,
    ) -> Result<Vec<(Uuid, i64)>, LedgerError> {
        Ok(refunds::table
            .filter(refunds::payment_id.eq(payment))
            .filter(refunds::state.eq(WAITING))
            .order((refunds::created_at, refunds::id))
            .select((refunds::id, refunds::amount_minor))
            .load(self.connection()?)?)
    }

    pub(crate) fn refund_row(
        &mut self,
        merchant: MerchantId,
        id: RefundId,
    ) -> Result<RefundRow, LedgerError> {
        Ok(refunds::table
            .find(id.as_uuid())
            .filter(refunds::merchant_id.eq(merchant.as_uuid()))
            .select(RefundRow::as_select())
            .first(self.connection()?)?)
    }

    /// Returns what the shop holds of a payment and has not asked back yet.
    fn refundable(&mut self, payment: &PaymentRow) -> Result<Amount, LedgerError> {
        let mut left = payment.merchant_minor;
        for (_, minor) in self.waiting_refunds(payment.id)? {
            left = left.saturating_sub(minor);
        }
        amount(left.max(0), &payment.currency)
    }

    pub(crate) fn record_refund(
        &mut self,
        locked: &Locked,
        row: &RefundRow,
        source: Source,
        fact: &'static str,
    ) {
        self.record(NewHistory {
            order_id: row.order_id,
            payment_id: Some(row.payment_id),
            source: source.as_str(),
            fact,
            payment_from: None,
            payment_to: None,
            order_from: None,
            order_to: None,
            order_version: Some(locked.order.version),
            detail: Some(RefundId::from_uuid(row.id).to_string()),
        });
    }
}

/// Returns the payment whose money the shop has, while the order counts as paid.
fn paid_payment(locked: &Locked) -> Result<Option<&PaymentRow>, LedgerError> {
    if locked.order.state()? != OrderState::Paid {
        return Ok(None);
    }
    for payment in &locked.payments {
        if payment.state()? == PaymentState::Paid && payment.merchant_minor > 0 {
            return Ok(Some(payment));
        }
    }
    Ok(None)
}
