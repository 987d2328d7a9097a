//! A refund as shops see it.

use ayolinx_core::money::Money;
use ayolinx_core::order_view::jakarta_millis;
use ledger::RefundLine;
use serde::Serialize;
use utoipa::ToSchema;

use crate::description::schemas::Money as MoneySchema;

/// A refund: money that is returned to a payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    /// The ID of the refund.
    #[schema(pattern = "^rfd_[0-9a-f]{32}$")]
    pub id: String,
    /// Always `refund`.
    pub object: &'static str,
    /// The ID of the order.
    #[schema(pattern = "^ord_[0-9a-f]{32}$")]
    pub order_id: String,
    /// The ID of the payment whose money is returned.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub payment_id: String,
    /// The amount of the refund.
    #[schema(value_type = MoneySchema)]
    pub amount: Money,
    /// The reason, in the shop's words.
    pub reason: String,
    /// The status of the refund. `manual_required`: the provider has no call for it, so somebody
    /// returns the money and then completes the refund; `completed`: the money was returned and
    /// booked; `cancelled`: the refund is no longer wanted, or less money was left than its amount.
    #[schema(pattern = "^(manual_required|completed|cancelled)$")]
    pub status: String,
    /// The evidence of the return; `null` until then, and when the provider announced the return.
    #[schema(required)]
    pub evidence: Option<String>,
    /// The party that completed the refund: `merchant`, `operator` or `provider`.
    #[schema(required)]
    pub completed_by: Option<String>,
    /// The time at which the refund was requested.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The time at which the refund was completed.
    #[schema(format = DateTime, required)]
    pub completed_at: Option<String>,
    /// The account that receives the money.
    #[schema(required)]
    pub payee: Option<PayeeView>,
    /// The party that cancelled the refund: `merchant`, `operator`, or `gateway` when less money was
    /// left than the amount.
    #[schema(required)]
    pub cancelled_by: Option<String>,
    /// The time at which the refund was cancelled.
    #[schema(format = DateTime, required)]
    pub cancelled_at: Option<String>,
}

/// The account that receives the money of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Payee)]
pub struct PayeeView {
    /// The bank or wallet.
    pub bank: String,
    /// The account number.
    pub account: String,
    /// The name of the account holder.
    pub name: String,
}

impl RefundView {
    /// Returns the view of a line.
    #[must_use]
    pub fn new(line: RefundLine) -> Self {
        Self {
            id: line.id.to_string(),
            object: "refund",
            order_id: line.order_id.to_string(),
            payment_id: line.payment_id.to_string(),
            amount: line.amount.into(),
            reason: line.reason,
            status: line.state,
            evidence: line.evidence,
            completed_by: line.completed_by,
            created_at: jakarta_millis(line.created_at),
            completed_at: line.completed_at.map(jakarta_millis),
            payee: line.payee.map(|payee| PayeeView {
                bank: payee.bank,
                account: payee.account,
                name: payee.name,
            }),
            cancelled_by: line.cancelled_by,
            cancelled_at: line.cancelled_at.map(jakarta_millis),
        }
    }
}

/// Every refund of an order, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefundList {
    /// The refunds.
    pub data: Vec<RefundView>,
}
