//! One step of a recovery loop: claim what is due of one kind and do it, side by side.

use futures_util::future::join_all;
use ledger::{LedgerError, WorkKind};
use payment_flows::Flows;
use service_shell::pace::Did;

/// Claims and does up to `limit` pieces of work.
///
/// # Errors
/// When nothing can be claimed. A piece that fails is logged; its lease runs out and it is done again.
pub(crate) async fn run_once(
    flows: &Flows,
    kind: WorkKind,
    limit: i64,
) -> Result<Did, LedgerError> {
    let leased = flows
        .ledger()
        .transact(move |tx| tx.lease_work(kind, limit))
        .await?;
    if leased.is_empty() {
        return Ok(Did::Nothing);
    }
    let pieces = leased.iter().map(|work| async move {
        if let Err(error) = flows.do_work(work).await {
            tracing::warn!(
                payment.id = %work.payment_id,
                kind = kind.as_str(),
                error = %error,
                "provider work put off"
            );
        }
    });
    join_all(pieces).await;
    Ok(Did::Something)
}
