//! Refunds that shops ask for. The provider has no call for them (protocol 1): each waits until a
//! person says that the money went back, with evidence, or the provider announces it (status 04).
//! Only then do the books move.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId, RefundId};
use ayolinx_core::money::Amount;
use ayolinx_core::payment::Fact;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::apply::Locked;
use crate::change::Decided;
use crate::error::LedgerError;
use crate::history::{NewHistory, Source};
use crate::observation::Observation;
use crate::rows::{PaymentRow, amount};
use crate::schema::refunds;
use crate::tx::Tx;

const WAITING: &str = "manual_required";
const COMPLETED: &str = "completed";

/// A refund to be recorded.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Its id.
    pub id: RefundId,
    /// How much; all that is left when unsaid.
    pub amount: Option<Amount>,
    /// Why, in the words of whoever asks.
    pub reason: String,
    /// Who asks.
    pub source: Source,
}

/// Why a refund cannot be recorded or completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundRefused {
    /// The order has no money of the shop's: not paid, or given back.
    NotPaid,
    /// All that is paid is asked back already.
    NothingLeft,
    /// More than this is not left.
    MoreThan(Amount),
    /// It was completed before, and not with this evidence.
    CompletedOtherwise,
}

/// How a refund came to its end.
#[derive(Debug, Clone)]
pub struct RefundCompletion {
    /// What shows that the money went back: a transfer's number, say.
    pub evidence: String,
    /// Who says so.
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
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
    /// `manual_required` or `completed`.
    pub state: String,
    /// What shows that the money went back.
    pub evidence: Option<String>,
    /// `merchant`, `operator` or `provider`.
    pub completed_by: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = refunds)]
struct RefundRow {
    id: Uuid,
    order_id: Uuid,
    payment_id: Uuid,
    amount_minor: i64,
    currency: String,
    reason: String,
    state: String,
    evidence: Option<String>,
    completed_by: Option<String>,
    created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
}

impl RefundRow {
    fn line(self) -> Result<RefundLine, LedgerError> {
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
            ))
            .returning(RefundRow::as_returning())
            .get_result(self.connection()?)?;
        self.record_refund(&locked, &row, new.source, "refund_asked");
        row.line().map(Ok)
    }

    /// The payment that a sum would come from, and the sum.
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

    /// Says that a refund went back; books it.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn complete_refund(
        &mut self,
        merchant: MerchantId,
        id: RefundId,
        how: &RefundCompletion,
    ) -> Result<Result<RefundLine, RefundRefused>, LedgerError> {
        let known = self.refund_row(merchant, id)?;
        // The order first, as everywhere; then the refund as it is under that lock.
        let mut locked = self.lock_order(known.order_id)?;
        let row = self.refund_row(merchant, id)?;
        if row.state == COMPLETED {
            let same = row.evidence.as_deref() == Some(how.evidence.as_str());
            return match same {
                true => row.line().map(Ok),
                false => Ok(Err(RefundRefused::CompletedOtherwise)),
            };
        }
        let payment = locked.payment(row.payment_id)?;
        let held = payment.held_for_merchant()?;
        let part = amount(row.amount_minor, &row.currency)?;
        if part.minor() > held.minor() {
            return Ok(Err(match held.is_zero() {
                true => RefundRefused::NotPaid,
                false => RefundRefused::MoreThan(held),
            }));
        }
        let fact = match part == held {
            true => Fact::RefundCompleted,
            false => Fact::PartRefundCompleted,
        };
        // Completed first: what the books then tell must not close it a second time.
        self.end_refund(row.id, Some(&how.evidence), how.source)?;
        let payment = payment.id();
        let observation = Observation::money(how.source, fact, part);
        self.apply_to(&mut locked, payment, &observation)?;
        self.record_refund(&locked, &row, how.source, "refund_evidenced");
        self.refund_row(merchant, id)?.line().map(Ok)
    }

    /// The refunds of an order, oldest first.
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
        rows.into_iter().map(RefundRow::line).collect()
    }

    /// Whose a refund is: for the operator, who names refunds and not merchants.
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

    /// What the provider gave back closes what waits for it: all of it with the whole, else the
    /// oldest that fit into the part.
    pub(crate) fn close_refunds(
        &mut self,
        payment: &PaymentRow,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        let part = match decided.fact {
            Fact::ProviderRefunded => i64::MAX,
            Fact::ProviderPartlyRefunded => decided.money.map_or(0, Amount::minor),
            _ => return Ok(()),
        };
        let mut waiting = self.waiting_refunds(payment.id)?;
        // One of exactly this sum is the one that is meant.
        waiting.sort_by_key(|(_, minor)| *minor != part);
        let mut left = part;
        for (id, minor) in waiting {
            if minor <= left {
                left = left.saturating_sub(minor);
                self.end_refund(id, None, Source::Callback)?;
            }
        }
        Ok(())
    }

    fn waiting_refunds(&mut self, payment: Uuid) -> Result<Vec<(Uuid, i64)>, LedgerError> {
        Ok(refunds::table
            .filter(refunds::payment_id.eq(payment))
            .filter(refunds::state.eq(WAITING))
            .order((refunds::created_at, refunds::id))
            .select((refunds::id, refunds::amount_minor))
            .load(self.connection()?)?)
    }

    fn refund_row(&mut self, merchant: MerchantId, id: RefundId) -> Result<RefundRow, LedgerError> {
        Ok(refunds::table
            .find(id.as_uuid())
            .filter(refunds::merchant_id.eq(merchant.as_uuid()))
            .select(RefundRow::as_select())
            .first(self.connection()?)?)
    }

    /// What the shop holds of a payment and has not asked back yet.
    fn refundable(&mut self, payment: &PaymentRow) -> Result<Amount, LedgerError> {
        let mut left = payment.merchant_minor;
        for (_, minor) in self.waiting_refunds(payment.id)? {
            left = left.saturating_sub(minor);
        }
        amount(left.max(0), &payment.currency)
    }

    fn end_refund(
        &mut self,
        id: Uuid,
        evidence: Option<&str>,
        source: Source,
    ) -> Result<(), LedgerError> {
        let by = match source {
            Source::Merchant => "merchant",
            Source::Operator => "operator",
            _ => "provider",
        };
        let now = self.now()?;
        diesel::update(refunds::table.find(id))
            .set((
                refunds::state.eq(COMPLETED),
                refunds::evidence.eq(evidence),
                refunds::completed_by.eq(by),
                refunds::completed_at.eq(now),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }

    fn record_refund(
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

/// The payment whose money the shop has, while the order counts as paid.
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
