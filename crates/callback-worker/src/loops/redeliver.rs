//! Sends again the ranges of events that shops want: one step of one range at a time. A range whose
//! step fails waits for its next attempt while the others go on, and is given up in the end.

use ledger::{Ledger, LedgerError, Urgency};
use payment_flows::FlowMetrics;
use service_shell::pace::Did;

/// The alert for an operator: a shop was promised events that are not sent.
const GAVE_UP: &str = "redelivery_gave_up";

/// Leases the range that is due the longest and does its next step.
///
/// # Errors
/// Returns an error when no range can be leased. A failed step is logged and repeated when due.
pub async fn step_one_range(ledger: &Ledger, metrics: &FlowMetrics) -> Result<Did, LedgerError> {
    let leased = ledger
        .at(Urgency::Write)
        .transact(|tx| tx.lease_redelivery())
        .await?;
    let Some(leased) = leased else {
        return Ok(Did::Nothing);
    };
    if leased.gave_up {
        metrics.alarm(GAVE_UP);
        tracing::error!(
            redelivery.id = %leased.id,
            merchant.id = %leased.merchant,
            "events are not sent again: a step of the range failed too often"
        );
        return Ok(Did::Something);
    }
    let range = leased.clone();
    let stepped = ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.step_redelivery(&range))
        .await;
    if let Err(error) = stepped {
        tracing::warn!(
            redelivery.id = %leased.id,
            merchant.id = %leased.merchant,
            failures = leased.attempt,
            %error,
            "a step of a range of events failed; the other ranges go on"
        );
    }
    Ok(Did::Something)
}
