//! The JSON of receipts inside an order's, and the sums over them.

use serde::{Deserialize, Serialize};

use super::{OrderRecord, jakarta_millis};
use crate::accounting::receipt::{Place, Receipt};
use crate::values::ids::ReceiptId;
use crate::values::money::{Amount, Money};

/// One receipt inside the order's JSON: one sum of money that the provider says it received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// `rcp_…`.
    pub id: ReceiptId,
    /// `booked`, `suspense` or `returned`.
    pub status: ReceiptStatus,
    /// The sum: what was asked for where it is the right one.
    pub amount: Money,
    /// The part of it that went back.
    pub returned_amount: Money,
    /// The fee that the provider keeps of it.
    pub fee: Option<Money>,
    /// The amount less the fee.
    pub net_amount: Option<Money>,
    /// The provider's number for it.
    pub provider_reference: Option<String>,
    /// Retrieval reference number, by which banks speak of it.
    pub rrn: Option<String>,
    /// The payer's bank or wallet.
    pub issuer: Option<String>,
    /// The time at which we first heard of it.
    pub received_at: String,
    /// The day on which it is to be paid out, in Jakarta: `2026-11-21`.
    pub settles_on: Option<String>,
    /// The settlement by which it was paid out.
    pub settlement: Option<SettlementView>,
}

/// The place of a receipt's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// The merchant's.
    Booked,
    /// Held until it is decided whose it is.
    Suspense,
    /// All of it went back.
    Returned,
}

/// The settlement of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementView {
    /// `stl_…`.
    pub id: String,
    /// The day on which it was paid out.
    pub settled_on: String,
}

/// Returns the fees of an order's booked receipts and what is left of them, where all fees are
/// known.
pub(super) fn fee_and_net(order: &OrderRecord) -> (Option<Amount>, Option<Amount>) {
    let booked = || {
        order
            .payments
            .iter()
            .flat_map(|payment| &payment.receipts)
            .filter_map(|receipt| receipt.posted.map(|posted| (receipt, posted)))
            .filter(|(_, posted)| posted.place == Place::Booked)
    };
    if booked().next().is_none() {
        return (None, None);
    }
    let mut fees = Amount::ZERO;
    let mut amounts = Amount::ZERO;
    for (receipt, posted) in booked() {
        let sums = receipt.details.fee.and_then(|fee| {
            let fees = fees.checked_add(fee).ok()?;
            Some((fees, amounts.checked_add(posted.amount).ok()?))
        });
        match sums {
            Some(sums) => (fees, amounts) = sums,
            None => return (None, None),
        }
    }
    (Some(fees), amounts.checked_sub(fees).ok())
}

pub(super) fn receipt_view(receipt: &Receipt) -> Option<ReceiptView> {
    let posted = receipt.posted?;
    let status = match posted.place {
        Place::Booked => ReceiptStatus::Booked,
        Place::Suspense => ReceiptStatus::Suspense,
        Place::Returned => ReceiptStatus::Returned,
        Place::Rejected => return None,
    };
    let net = |fee: Amount| posted.amount.checked_sub(fee).ok();
    Some(ReceiptView {
        id: receipt.id,
        status,
        amount: posted.amount.into(),
        returned_amount: posted.returned.into(),
        fee: receipt.details.fee.map(Money::from),
        net_amount: receipt.details.fee.and_then(net).map(Money::from),
        provider_reference: receipt.provider_reference.clone(),
        rrn: receipt.details.rrn.clone(),
        issuer: receipt.details.issuer.clone(),
        received_at: jakarta_millis(receipt.received_at),
        settles_on: receipt.details.settles_on.map(|day| day.to_string()),
        settlement: None,
    })
}
