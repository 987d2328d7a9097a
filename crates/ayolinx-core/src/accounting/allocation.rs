//! Decides which receipts are the order's money, and the states that follow (contract 4.2). A pure
//! function of the facts: nothing here depends on the order in which they were reported.

use crate::accounting::funds::{OrderFunds, PaymentFunds};
use crate::accounting::receipt::{Notice, NoticeVerdict, Place, Posted, Receipt, Verdict, earlier};
use crate::values::money::{Amount, AmountError};
use crate::values::states::{OrderState, PaymentState};

/// The places of an order's receipts, and the states that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The order's state.
    pub order: OrderState,
    /// The payments, in the order of the funds.
    pub payments: Vec<PaymentAllocation>,
}

/// A payment's state and the places of its receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentAllocation {
    /// The payment's state.
    pub state: PaymentState,
    /// The receipts, in the order of the funds.
    pub receipts: Vec<Posted>,
}

/// Puts every receipt of an order in its place.
///
/// # Errors
/// [`AmountError`] when a sum is out of range.
pub fn allocate(funds: &OrderFunds) -> Result<Allocation, AmountError> {
    let mut payments = Vec::with_capacity(funds.payments.len());
    let returned: Vec<Vec<Amount>> = funds.payments.iter().map(PaymentFunds::returned).collect();
    let elected = elect(funds, &returned);
    for (payment, returned) in funds.payments.iter().zip(&returned) {
        let mut receipts = Vec::with_capacity(payment.receipts.len());
        for (receipt, returned) in payment.receipts.iter().zip(returned) {
            receipts.push(post(payment, receipt, *returned, elected));
        }
        let state = payment_state(payment, &receipts);
        payments.push(PaymentAllocation { state, receipts });
    }
    let order = order_state(funds, &payments);
    Ok(Allocation { order, payments })
}

fn post(
    payment: &PaymentFunds,
    receipt: &Receipt,
    returned: Amount,
    elected: Option<&Receipt>,
) -> Posted {
    let amount = receipt.amount(payment.asked);
    let place = if receipt.verdict == Some(Verdict::Rejected) {
        Place::Rejected
    } else if returned == amount {
        Place::Returned
    } else if receipt.verdict == Some(Verdict::Accepted)
        || elected.is_some_and(|elected| elected.id == receipt.id)
    {
        Place::Booked
    } else {
        Place::Suspense
    };
    Posted {
        amount,
        returned,
        place,
    }
}

/// Returns the one right sum that is the order's money; none when a person accepted another one.
fn elect<'f>(funds: &'f OrderFunds, returned: &[Vec<Amount>]) -> Option<&'f Receipt> {
    let mut elected: Option<(&Receipt, String)> = None;
    for (payment, returned) in funds.payments.iter().zip(returned) {
        let payment_id = payment.id.to_string();
        for (receipt, returned) in payment.receipts.iter().zip(returned) {
            let amount = receipt.amount(payment.asked);
            if !receipt.counts() || *returned == amount {
                continue;
            }
            if receipt.verdict == Some(Verdict::Accepted) {
                return None;
            }
            let is_earlier = elected.as_ref().is_none_or(|(known, known_payment)| {
                earlier((receipt, &payment_id), (known, known_payment)).is_lt()
            });
            if is_earlier {
                elected = Some((receipt, payment_id.clone()));
            }
        }
    }
    elected.map(|(receipt, _)| receipt)
}

fn payment_state(payment: &PaymentFunds, receipts: &[Posted]) -> PaymentState {
    let places = || payment.receipts.iter().zip(receipts);
    let is_live = |posted: &Posted| matches!(posted.place, Place::Booked | Place::Suspense);
    if places().any(|(receipt, posted)| is_live(posted) && receipt.counts()) {
        PaymentState::Paid
    } else if receipts.iter().any(is_live) || payment.open_notices().next().is_some() {
        PaymentState::Review
    } else if receipts.iter().any(|it| it.place == Place::Returned)
        || payment.notices.iter().any(is_settled)
    {
        PaymentState::Refunded
    } else {
        payment.base
    }
}

fn is_settled(notice: &Notice) -> bool {
    notice.verdict == Some(NoticeVerdict::Settled)
}

fn order_state(funds: &OrderFunds, payments: &[PaymentAllocation]) -> OrderState {
    let receipts = || payments.iter().flat_map(|payment| &payment.receipts);
    if receipts().any(|posted| posted.place == Place::Booked) {
        return OrderState::Paid;
    }
    let is_open = |it: &PaymentAllocation| it.state == PaymentState::Review;
    if receipts().any(|posted| posted.place == Place::Suspense) || payments.iter().any(is_open) {
        return OrderState::Review;
    }
    let mut any_returned = false;
    let mut any_rejected = false;
    for (payment, allocated) in funds.payments.iter().zip(payments) {
        for (receipt, posted) in payment.receipts.iter().zip(&allocated.receipts) {
            if posted.place == Place::Returned && receipt.counts() {
                return OrderState::Refunded;
            }
            any_returned |= posted.place == Place::Returned;
            any_rejected |= posted.place == Place::Rejected;
        }
        any_returned |= payment.notices.iter().any(is_settled);
        any_rejected |= payment.notices.iter().any(|it| it.verdict.is_some());
    }
    if !any_returned && !any_rejected {
        return funds.base;
    }
    without_the_receipt(funds, payments, any_returned)
}

/// Returns the state of an order once its review has ended, as it would be without that receipt:
/// pending while a payment is open or the payer can still choose one, else the state before. With
/// nothing open and nothing before, the order ends as the receipt did.
fn without_the_receipt(
    funds: &OrderFunds,
    payments: &[PaymentAllocation],
    any_returned: bool,
) -> OrderState {
    match funds.base {
        OrderState::Expired | OrderState::Cancelled | OrderState::Failed => return funds.base,
        OrderState::Pending | OrderState::Paid | OrderState::Review | OrderState::Refunded => {}
    }
    let any_open = payments.iter().any(|payment| payment.state.is_open());
    if any_open || (funds.payer_chooses && funds.is_in_time) {
        OrderState::Pending
    } else if any_returned {
        OrderState::Refunded
    } else {
        OrderState::Failed
    }
}
