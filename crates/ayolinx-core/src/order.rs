//! What a fact about one payment means for its order, the books and the merchant: one decision,
//! taken here for every source and executed by the ledger (contract 4.2).

use crate::event::EventType;
use crate::money::Amount;
use crate::payment::{Fact, Step, step};
use crate::posting::Booking;
use crate::states::{OrderState, PaymentState};

/// The payment before the fact.
#[derive(Debug, Clone, Copy)]
pub struct PaymentContext {
    /// State.
    pub state: PaymentState,
    /// What it asked for.
    pub asked: Amount,
    /// Its money that is booked to the merchant.
    pub held_for_merchant: Amount,
    /// Its money that is in suspense.
    pub held_in_suspense: Amount,
}

/// The order before the fact.
#[derive(Debug, Clone, Copy)]
pub struct OrderContext {
    /// State.
    pub state: OrderState,
    /// Whether it was created without a payment: the payer chooses on the checkout page.
    pub payer_chooses: bool,
    /// Whether another of its payments is creating, unknown or pending.
    pub others_open: bool,
}

/// What follows from a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The payment after it.
    pub payment: PaymentState,
    /// The order after it.
    pub order: OrderState,
    /// Whether anything changed: the order's version grows.
    pub changed: bool,
    /// Whether the order is now paid after it had ended.
    pub paid_late: bool,
    /// What the merchant is told.
    pub event: Option<EventType>,
    /// What the books do, in this order.
    pub bookings: Vec<(Booking, Amount)>,
    /// Whether the order's other open payments are to be closed: all of them when it is paid, the
    /// earlier ones when a later one can be paid.
    pub close_others: bool,
    /// Whether this payment is to be closed at the provider, where that can be.
    pub close_at_provider: bool,
}

/// Decides what a fact means. `money` is the amount of the receipt or refund the fact speaks of.
#[must_use]
pub fn decide(
    payment: &PaymentContext,
    order: &OrderContext,
    fact: Fact,
    money: Option<Amount>,
) -> Decision {
    let mut decision = Decision {
        payment: payment.state,
        order: order.state,
        changed: false,
        paid_late: false,
        event: None,
        bookings: Vec::new(),
        close_others: false,
        close_at_provider: false,
    };
    match step(payment.state, fact) {
        Step::Stay => {}
        Step::Note => note(&mut decision, payment, fact, money),
        Step::To(next) => {
            decision.changed = true;
            decision.payment = next;
            match next {
                PaymentState::Paid => become_paid(&mut decision, payment, fact, money),
                PaymentState::Review => become_review(&mut decision, fact, money),
                PaymentState::Refunded => become_refunded(&mut decision, payment),
                PaymentState::Failed | PaymentState::Cancelled => {
                    become_ended(&mut decision, payment, order, fact);
                }
                PaymentState::Pending => {
                    decision.event = Some(EventType::OrderPayable);
                    decision.close_others = true;
                }
                PaymentState::Expired | PaymentState::Unknown | PaymentState::Creating => {}
            }
        }
    }
    decision
}

fn book(decision: &mut Decision, booking: Booking, amount: Amount) {
    if !amount.is_zero() {
        decision.bookings.push((booking, amount));
    }
}

fn note(decision: &mut Decision, payment: &PaymentContext, fact: Fact, money: Option<Amount>) {
    match fact {
        Fact::Accepted => decision.close_at_provider = true,
        Fact::PaidOtherAmount => learn_amount(decision, payment, money),
        Fact::PaidAgain => {
            decision.changed = true;
            book(
                decision,
                Booking::ReceiveIntoSuspense,
                money.unwrap_or(payment.asked),
            );
            decision.event = Some(EventType::OrderOverpaid);
        }
        Fact::FurtherReceiptRefunded => {
            decision.changed = true;
            let amount = money.unwrap_or(payment.held_in_suspense);
            book(
                decision,
                Booking::ReleaseSuspense,
                smaller(amount, payment.held_in_suspense),
            );
        }
        Fact::ProviderPartlyRefunded | Fact::PartRefundCompleted => {
            decision.changed = true;
            let amount = money.unwrap_or(Amount::ZERO);
            if payment.held_for_merchant.is_zero() {
                let part = smaller(amount, payment.held_in_suspense);
                book(decision, Booking::ReleaseSuspense, part);
            } else {
                let part = smaller(amount, payment.held_for_merchant);
                book(decision, Booking::RefundFromMerchant, part);
                decision.event = Some(EventType::OrderRefunded);
            }
        }
        Fact::Refused
        | Fact::NotSent
        | Fact::OutcomeUnknown
        | Fact::PaidInFull
        | Fact::PaidUnproven
        | Fact::ProviderOpen
        | Fact::ProviderPaying
        | Fact::ProviderRefunded
        | Fact::RefundWithoutReceipt
        | Fact::ProviderCancelled
        | Fact::ProviderExpired
        | Fact::ProviderFailed
        | Fact::NotFound
        | Fact::ExpiryReached
        | Fact::Withdrawn
        | Fact::ArtefactLost
        | Fact::ReplacementsExhausted
        | Fact::ReviewAccepted
        | Fact::ReviewRefunded
        | Fact::ReviewRejected
        | Fact::RefundCompleted => {}
    }
}

fn smaller(left: Amount, right: Amount) -> Amount {
    if left.minor() <= right.minor() {
        left
    } else {
        right
    }
}

fn become_paid(
    decision: &mut Decision,
    payment: &PaymentContext,
    fact: Fact,
    money: Option<Amount>,
) {
    let already_settled = matches!(decision.order, OrderState::Paid | OrderState::Refunded);
    if fact == Fact::ReviewAccepted && !payment.held_in_suspense.is_zero() {
        if !already_settled {
            book(
                decision,
                Booking::SuspenseToMerchant,
                payment.held_in_suspense,
            );
        }
    } else {
        // The announced amount under review was not what was received: it leaves as it came.
        book(decision, Booking::ReleaseSuspense, payment.held_in_suspense);
        let received = money.unwrap_or(payment.asked);
        let booking = if already_settled {
            Booking::ReceiveIntoSuspense
        } else {
            Booking::ReceiveForMerchant
        };
        book(decision, booking, received);
    }
    match decision.order {
        OrderState::Paid | OrderState::Refunded => decision.event = Some(EventType::OrderOverpaid),
        OrderState::Pending | OrderState::Review => {
            decision.order = OrderState::Paid;
            decision.event = Some(EventType::OrderPaid);
            decision.close_others = true;
        }
        OrderState::Expired | OrderState::Cancelled | OrderState::Failed => {
            decision.order = OrderState::Paid;
            decision.paid_late = true;
            decision.event = Some(EventType::OrderPaidLate);
            decision.close_others = true;
        }
    }
}

/// What is under review without an amount gets the first amount that is named.
fn learn_amount(decision: &mut Decision, payment: &PaymentContext, money: Option<Amount>) {
    let news = money.is_some_and(|amount| !amount.is_zero());
    if news && payment.held_in_suspense.is_zero() {
        decision.changed = true;
        become_review(decision, Fact::PaidOtherAmount, money);
    }
}

fn become_review(decision: &mut Decision, fact: Fact, money: Option<Amount>) {
    // Only a received amount is money we can hold: an unproven one is a claim, and what was
    // refunded before we knew of it has left again.
    let received = money
        .filter(|_| fact == Fact::PaidOtherAmount)
        .unwrap_or(Amount::ZERO);
    book(decision, Booking::ReceiveIntoSuspense, received);
    decision.event = Some(EventType::OrderReviewRequired);
    match decision.order {
        OrderState::Pending
        | OrderState::Expired
        | OrderState::Cancelled
        | OrderState::Failed
        | OrderState::Review => decision.order = OrderState::Review,
        OrderState::Paid | OrderState::Refunded => {
            if !received.is_zero() {
                decision.event = Some(EventType::OrderOverpaid);
            }
        }
    }
}

fn become_refunded(decision: &mut Decision, payment: &PaymentContext) {
    book(
        decision,
        Booking::RefundFromMerchant,
        payment.held_for_merchant,
    );
    let was_the_orders_money = !payment.held_for_merchant.is_zero();
    // Beside the merchant's money, suspense holds a further receipt, which nobody gave back.
    if !was_the_orders_money {
        book(decision, Booking::ReleaseSuspense, payment.held_in_suspense);
    }
    match decision.order {
        OrderState::Paid if was_the_orders_money => {
            decision.order = OrderState::Refunded;
            decision.event = Some(EventType::OrderRefunded);
        }
        OrderState::Review => {
            decision.order = OrderState::Refunded;
            decision.event = Some(EventType::OrderRefunded);
        }
        OrderState::Paid
        | OrderState::Pending
        | OrderState::Expired
        | OrderState::Cancelled
        | OrderState::Failed
        | OrderState::Refunded => {}
    }
}

fn become_ended(
    decision: &mut Decision,
    payment: &PaymentContext,
    order: &OrderContext,
    fact: Fact,
) {
    if fact == Fact::ReviewRejected {
        book(decision, Booking::ReleaseSuspense, payment.held_in_suspense);
        if decision.order == OrderState::Review {
            decision.order = OrderState::Failed;
            decision.event = Some(EventType::OrderFailed);
        }
        return;
    }
    let provider_ended_it = matches!(
        fact,
        Fact::Refused
            | Fact::ReplacementsExhausted
            | Fact::ProviderCancelled
            | Fact::ProviderFailed
    );
    let nothing_left = !order.payer_chooses && !order.others_open;
    if provider_ended_it && nothing_left && decision.order == OrderState::Pending {
        decision.order = OrderState::Failed;
        decision.event = Some(EventType::OrderFailed);
    }
    decision.close_at_provider = matches!(fact, Fact::Withdrawn | Fact::ArtefactLost);
}

/// Why the merchant may not do that to the order now (contract 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// `order_paid`.
    Paid,
    /// `order_not_payable`.
    NotPayable,
    /// `state_conflict`.
    StateConflict,
}

/// Whether the merchant may cancel: `Ok(true)` = it becomes cancelled, `Ok(false)` = it already is.
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

/// Whether a further payment may be made on the order.
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
