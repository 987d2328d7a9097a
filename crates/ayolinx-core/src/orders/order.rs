//! Decides what follows for an order, the ledger and the merchant when something became known about
//! one of its payments: one decision, taken here for every source and executed by the ledger
//! (contract 4.2).

use crate::accounting::allocation::{Allocation, PaymentAllocation, allocate};
use crate::accounting::funds::OrderFunds;
use crate::accounting::posting::{Account, Booking, Journal};
use crate::accounting::receipt::{Place, Posted};
use crate::orders::event::EventType;
use crate::orders::payment::{Fact, Step, step};
use crate::values::ids::{PaymentId, ReceiptId};
use crate::values::money::{Amount, AmountError};
use crate::values::states::{OrderState, PaymentState};

mod movements;

use movements::postings;

/// One movement in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The payment whose money moves.
    pub payment: PaymentId,
    /// The receipt whose sum moves.
    pub receipt: ReceiptId,
    /// The kind of movement.
    pub booking: Booking,
    /// The amount that moves.
    pub amount: Amount,
}

/// The consequences of what became known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The place of everything in the order now.
    pub allocation: Allocation,
    /// The order's state without any money, now.
    pub base: OrderState,
    /// Set when anything that the order shows changed: its version grows.
    pub changed: bool,
    /// Set when money came after the order had ended.
    pub paid_late: bool,
    /// The event of which the merchant is notified.
    pub event: Option<EventType>,
    /// The movements in the ledger, in this order.
    pub postings: Vec<Posting>,
    /// The open payments that are to be closed.
    pub close: Close,
    /// Set when the payment is to be closed at the provider, where that can be.
    pub close_at_provider: bool,
}

/// The other open payments of an order that are to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// None.
    Nothing,
    /// Those made before this one: a later one can be paid.
    Earlier,
    /// All: the order is paid, or was and its money went back.
    Others,
}

/// A fact's effect apart from money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// The payment's state without any money.
    pub payment: PaymentState,
    /// The order's state without any money.
    pub order: OrderState,
    /// Set when the payment is to be closed at the provider, where that can be.
    pub close_at_provider: bool,
}

/// The order's prospect of being paid by another payment than the one that a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siblings {
    /// Another one is creating, unknown or pending, or the payer can still choose one.
    Payable,
    /// There is none.
    None,
}

/// Applies a fact to an attempt and its order, as if there were no money.
#[must_use]
pub fn attempt(
    (payment, order): (PaymentState, OrderState),
    siblings: Siblings,
    fact: Fact,
) -> Attempt {
    let mut after = Attempt {
        payment,
        order,
        close_at_provider: false,
    };
    match step(payment, fact) {
        Step::Stay => {}
        Step::Note => after.close_at_provider = true,
        Step::To(next) => {
            after.payment = next;
            let provider_ended_it =
                matches!(
                    fact,
                    Fact::Refused
                        | Fact::ReplacementsExhausted
                        | Fact::ProviderCancelled
                        | Fact::ProviderFailed
                ) && matches!(next, PaymentState::Failed | PaymentState::Cancelled);
            if provider_ended_it && siblings == Siblings::None && order == OrderState::Pending {
                after.order = OrderState::Failed;
            }
            after.close_at_provider = matches!(fact, Fact::Withdrawn | Fact::ArtefactLost);
        }
    }
    after
}

/// The states of an order and its payments before a change, as they are in the funds.
#[derive(Debug, Clone)]
pub struct Before {
    /// The order's state.
    pub order: OrderState,
    /// Its payments' states.
    pub payments: Vec<PaymentState>,
}

/// Decides what follows from the facts as they are now, beside what stood before. `subject` is the
/// payment about which something became known.
///
/// # Errors
/// [`AmountError`] when a sum is out of range.
pub fn decide(
    before: &Before,
    funds: &OrderFunds,
    subject: PaymentId,
) -> Result<Decision, AmountError> {
    let allocation = allocate(funds)?;
    let postings = postings(funds, &allocation)?;
    let states: Vec<PaymentState> = allocation.payments.iter().map(|it| it.state).collect();
    let changed =
        before.order != allocation.order || before.payments != states || !postings.is_empty();
    let event = event(before, funds, subject, (&allocation, &postings));
    let becomes = |state: OrderState| before.order != state && allocation.order == state;
    let has_become_pending = (funds.payments.iter())
        .zip(before.payments.iter().zip(&states))
        .any(|(payment, (was, is))| {
            payment.id == subject && was != is && *is == PaymentState::Pending
        });
    let is_over = allocation.order == OrderState::Refunded && receives_right(funds, &allocation);
    let close = if becomes(OrderState::Paid) || is_over {
        Close::Others
    } else if has_become_pending {
        Close::Earlier
    } else {
        Close::Nothing
    };
    let base = match (funds.base, allocation.order) {
        (OrderState::Pending, OrderState::Failed) => OrderState::Failed,
        (base, _) => base,
    };
    Ok(Decision {
        paid_late: is_ended(funds.base) && receives_right(funds, &allocation),
        base,
        changed,
        event,
        postings,
        close,
        close_at_provider: false,
        allocation,
    })
}

const fn is_ended(base: OrderState) -> bool {
    matches!(
        base,
        OrderState::Expired | OrderState::Cancelled | OrderState::Failed
    )
}

/// Returns whether a sum that counts as the order's comes into the ledger now.
fn receives_right(funds: &OrderFunds, allocation: &Allocation) -> bool {
    let comes = |was: Option<Posted>, counts: bool, is: &Posted| {
        counts && (was.is_none_or(|was| was.amount != is.amount || was.place != is.place))
    };
    funds
        .payments
        .iter()
        .zip(&allocation.payments)
        .flat_map(|(payment, allocated)| payment.receipts.iter().zip(&allocated.receipts))
        .any(|(receipt, posted)| {
            comes(receipt.posted, receipt.counts(), posted)
                && receipt.posted.is_none_or(|was| was.place != Place::Booked)
        })
}

/// Chooses the event of which the merchant is notified after a change: at most one, which carries
/// the whole order.
fn event(
    before: &Before,
    funds: &OrderFunds,
    subject: PaymentId,
    (allocation, postings): (&Allocation, &[Posting]),
) -> Option<EventType> {
    let books = |wanted: Booking| postings.iter().any(|posting| posting.booking == wanted);
    let enters = before.order != allocation.order;
    match allocation.order {
        OrderState::Paid if enters && is_ended(funds.base) => Some(EventType::OrderPaidLate),
        OrderState::Paid if enters => Some(EventType::OrderPaid),
        // A second payment that takes the first one's place leaves the shop what it had.
        OrderState::Paid if moved(postings, Account::MerchantPayable) > 0 => {
            Some(EventType::OrderRefunded)
        }
        OrderState::Paid if moved(postings, Account::Suspense) < 0 => {
            Some(EventType::OrderOverpaid)
        }
        OrderState::Paid => claims(before, allocation).then_some(EventType::OrderReviewRequired),
        OrderState::Review
            if enters || books(Booking::ReceiveIntoSuspense) || claims(before, allocation) =>
        {
            Some(EventType::OrderReviewRequired)
        }
        OrderState::Review => None,
        OrderState::Refunded => enters.then_some(EventType::OrderRefunded),
        OrderState::Pending | OrderState::Expired | OrderState::Cancelled | OrderState::Failed => {
            let gave_back = books(Booking::ReleaseSuspense) || books(Booking::RefundFromMerchant);
            let ends_review = enters && before.order == OrderState::Review;
            if ends_review && gave_back && !rejects(funds, allocation) {
                Some(EventType::OrderRefunded)
            } else if enters && allocation.order == OrderState::Failed {
                Some(EventType::OrderFailed)
            } else if enters && allocation.order == OrderState::Expired {
                Some(EventType::OrderExpired)
            } else if enters && allocation.order == OrderState::Cancelled {
                Some(EventType::OrderCancelled)
            } else {
                becomes_payable(before, funds, subject, &allocation.payments)
                    .then_some(EventType::OrderPayable)
            }
        }
    }
}

/// Returns by how much an account moved, debit positive.
fn moved(postings: &[Posting], account: Account) -> i64 {
    postings
        .iter()
        .filter_map(|posting| Journal::new(posting.booking, posting.amount).ok())
        .flat_map(|journal| journal.entries)
        .filter(|entry| entry.account == account)
        .fold(0_i64, |sum, entry| sum.saturating_add(entry.minor))
}

fn claims(before: &Before, allocation: &Allocation) -> bool {
    before
        .payments
        .iter()
        .zip(&allocation.payments)
        .any(|(was, is)| {
            *was != PaymentState::Review
                && is.state == PaymentState::Review
                && is.receipts.is_empty()
        })
}

fn rejects(funds: &OrderFunds, allocation: &Allocation) -> bool {
    funds
        .payments
        .iter()
        .zip(&allocation.payments)
        .flat_map(|(payment, allocated)| payment.receipts.iter().zip(&allocated.receipts))
        .any(|(receipt, posted)| {
            posted.place == Place::Rejected
                && receipt
                    .posted
                    .is_none_or(|was| was.place != Place::Rejected)
        })
}

fn becomes_payable(
    before: &Before,
    funds: &OrderFunds,
    subject: PaymentId,
    payments: &[PaymentAllocation],
) -> bool {
    funds
        .payments
        .iter()
        .zip(before.payments.iter().zip(payments))
        .any(|(payment, (was, is))| {
            payment.id == subject && *was != is.state && is.state == PaymentState::Pending
        })
}

/// The reason why the merchant may not do that to the order now (contract 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// `order_paid`.
    Paid,
    /// `order_not_payable`.
    NotPayable,
    /// `state_conflict`.
    StateConflict,
}

/// Returns whether the merchant may cancel: `Ok(true)` = it becomes cancelled, `Ok(false)` = it
/// already is.
///
/// # Errors
/// [`OrderRefusal::Paid`] or [`OrderRefusal::StateConflict`].
pub const fn cancel(order: OrderState) -> Result<bool, OrderRefusal> {
    match order {
        OrderState::Pending | OrderState::Failed => Ok(true),
        OrderState::Cancelled => Ok(false),
        OrderState::Paid => Err(OrderRefusal::Paid),
        OrderState::Expired | OrderState::Review | OrderState::Refunded => {
            Err(OrderRefusal::StateConflict)
        }
    }
}

/// Decides whether a further payment may be made on the order.
///
/// # Errors
/// [`OrderRefusal::Paid`] or [`OrderRefusal::NotPayable`].
pub const fn pay_another_way(order: OrderState) -> Result<(), OrderRefusal> {
    match order {
        OrderState::Pending | OrderState::Failed => Ok(()),
        OrderState::Paid => Err(OrderRefusal::Paid),
        OrderState::Expired | OrderState::Cancelled | OrderState::Review | OrderState::Refunded => {
            Err(OrderRefusal::NotPayable)
        }
    }
}
