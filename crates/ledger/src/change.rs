//! What a decision does to the rows of a payment and its order; no SQL here.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::money::Amount;
use ayolinx_core::order::Decision;
use ayolinx_core::payment::Fact;
use ayolinx_core::posting::Booking;
use ayolinx_core::reading::paid_at;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};

use crate::apply::Locked;
use crate::error::LedgerError;
use crate::observation::{Observation, What};
use crate::payers::without_name;
use crate::rows::PaymentRow;

/// A decision with the fact it was taken on.
pub(crate) struct Decided {
    pub(crate) fact: Fact,
    pub(crate) money: Option<Amount>,
    pub(crate) decision: Decision,
}

/// Moves what a payment holds by a booking.
pub(crate) fn hold(row: &mut PaymentRow, booking: Booking, minor: i64) -> Result<(), LedgerError> {
    let negative = minor
        .checked_neg()
        .ok_or_else(|| LedgerError::corrupt("amount out of range"))?;
    let (merchant, suspense) = match booking {
        Booking::ReceiveForMerchant => (minor, 0),
        Booking::ReceiveIntoSuspense => (0, minor),
        Booking::SuspenseToMerchant => (minor, negative),
        Booking::ReleaseSuspense => (0, negative),
        Booking::RefundFromMerchant => (negative, 0),
    };
    row.merchant_minor = moved(row.merchant_minor, merchant)?;
    row.suspense_minor = moved(row.suspense_minor, suspense)?;
    Ok(())
}

fn moved(held: i64, by: i64) -> Result<i64, LedgerError> {
    held.checked_add(by)
        .filter(|sum| *sum >= 0)
        .ok_or_else(|| LedgerError::corrupt("a payment cannot hold less than nothing"))
}

pub(crate) fn change_payment(
    row: &mut PaymentRow,
    decided: &Decided,
    observation: &Observation,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let decision = &decided.decision;
    decision.payment.as_str().clone_into(&mut row.state);
    row.updated_at = now;
    if row.provider_reference.is_none() {
        row.provider_reference
            .clone_from(&observation.provider_reference);
    }
    if let Some(artefact) = &observation.artefact {
        let (plain, _name) = without_name(artefact);
        row.artefact = Some(serde_json::to_string(&plain).map_err(LedgerError::corrupt)?);
        if let Artefact::Redirect { link_code, .. } = artefact {
            row.link_code.clone_from(link_code);
        }
    }
    match decision.payment {
        PaymentState::Pending => row.accepted_at = Some(now),
        PaymentState::Paid if row.paid_at.is_none() => {
            let said = match &observation.what {
                What::Word(word) => word.finished_at,
                What::Fact(_) | What::Money(..) => None,
            };
            row.paid_at = Some(paid_at(said, row.created_at, now));
            if decided.fact != Fact::ReviewAccepted {
                // What was announced and partly given back was not this receipt.
                row.refunded_minor = 0;
            }
            row.received_minor = ever_received(row)?;
        }
        PaymentState::Review if decided.fact == Fact::PaidOtherAmount => {
            row.received_minor = ever_received(row)?;
        }
        PaymentState::Failed | PaymentState::Cancelled | PaymentState::Expired => {
            if let Some(failure) = &observation.failure {
                row.failure_code = Some(failure.code.clone());
                row.failure_message = Some(failure.message.clone());
            }
        }
        PaymentState::Paid
        | PaymentState::Creating
        | PaymentState::Unknown
        | PaymentState::Review
        | PaymentState::Refunded => {}
    }
    if matches!(
        decided.fact,
        Fact::ProviderPartlyRefunded | Fact::PartRefundCompleted
    ) {
        let part = decided.money.map_or(0, Amount::minor);
        row.refunded_minor = row
            .refunded_minor
            .saturating_add(part)
            .min(row.received_minor);
    }
    Ok(())
}

/// What is held now and what was given back of it.
fn ever_received(row: &PaymentRow) -> Result<i64, LedgerError> {
    row.merchant_minor
        .checked_add(row.suspense_minor)
        .and_then(|held| held.checked_add(row.refunded_minor))
        .ok_or_else(|| LedgerError::corrupt("amount out of range"))
}

pub(crate) fn change_order(
    locked: &mut Locked,
    decided: &Decided,
    observation: &Observation,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
    let decision = &decided.decision;
    let paid_minor = locked.paid_minor()?;
    let order = &mut locked.order;
    let becomes_paid =
        decision.order == OrderState::Paid && order.state != OrderState::Paid.as_str();
    decision.order.as_str().clone_into(&mut order.state);
    order.version = order
        .version
        .checked_add(1)
        .ok_or_else(|| LedgerError::corrupt("version out of range"))?;
    order.updated_at = now;
    order.paid_minor = paid_minor;
    if decision.paid_late {
        order.paid_late = true;
    }
    if becomes_paid {
        let said = match &observation.what {
            What::Word(word) => word.finished_at,
            What::Fact(_) | What::Money(..) => None,
        };
        order.paid_at = Some(paid_at(said, order.created_at, now));
    }
    if decision.order != OrderState::Pending {
        order.expiry_due_at = None;
    }
    Ok(())
}
