//! The effect of a decision on the rows of a payment and its order beside its money; no SQL here.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::order::Decision;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::payments::observation::Observation;
use crate::rows::locked::Locked;
use crate::rows::payers::without_name;
use crate::rows::payments::PaymentRow;
use crate::tx::shifted;

/// A decision with what it was taken on.
pub(crate) struct Decided {
    /// The history's name of the fact.
    pub(crate) fact: &'static str,
    /// The payment that the observation was of.
    pub(crate) subject: Uuid,
    pub(crate) decision: Decision,
}

/// Writes what came along with an observation into the row of its payment, whose state is the new
/// one.
pub(crate) fn change_payment(
    row: &mut PaymentRow,
    was: PaymentState,
    observation: &Observation,
    now: DateTime<Utc>,
) -> Result<(), LedgerError> {
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
    match row.state()? {
        PaymentState::Pending if was != PaymentState::Pending => row.accepted_at = Some(now),
        PaymentState::Failed | PaymentState::Cancelled | PaymentState::Expired => {
            if let Some(failure) = &observation.failure {
                row.failure_code = Some(failure.code.clone());
                row.failure_message = Some(failure.message.clone());
            }
        }
        PaymentState::Pending
        | PaymentState::Paid
        | PaymentState::Creating
        | PaymentState::Unknown
        | PaymentState::Review
        | PaymentState::Refunded => {}
    }
    Ok(())
}

pub(crate) fn change_order(
    locked: &mut Locked,
    decision: &Decision,
    now: DateTime<Utc>,
    expiry_grace: TimeDelta,
) -> Result<(), LedgerError> {
    let paid_minor = locked.paid_minor()?;
    let order = &mut locked.order;
    let state = decision.allocation.order;
    let comes_back = order.state()? != state && state == OrderState::Pending;
    state.as_str().clone_into(&mut order.state);
    order.version = order
        .version
        .checked_add(1)
        .ok_or_else(|| LedgerError::corrupt("version out of range"))?;
    order.updated_at = now;
    order.paid_minor = paid_minor;
    if decision.paid_late {
        order.paid_late = true;
    }
    if state != OrderState::Pending {
        order.expiry_due_at = None;
    } else if comes_back {
        order.expiry_due_at = Some(shifted(order.expires_at, expiry_grace));
    }
    Ok(())
}
