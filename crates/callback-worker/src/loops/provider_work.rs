//! One step of a recovery loop: claim what is due of one kind and do it, side by side.

use futures_util::future::join_all;
use ledger::{LeasedWork, LedgerError, Urgency, WorkKind};
use payment_flows::Flows;
use service_shell::pace::Did;
use service_shell::telemetry;
use tracing::{Instrument, Span};

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
        .at(Urgency::Write)
        .transact(move |tx| tx.lease_work(kind, limit))
        .await?;
    if leased.is_empty() {
        return Ok(Did::Nothing);
    }
    let pieces = leased.iter().map(|work| {
        let span = span_of(work, kind);
        let piece = async move {
            if let Err(error) = flows.do_work(work).await {
                tracing::warn!(
                    payment.id = %work.payment_id,
                    kind = kind.as_str(),
                    error = %error,
                    "provider work put off"
                );
            }
        };
        piece.instrument(span)
    });
    join_all(pieces).await;
    Ok(Did::Something)
}

/// A piece of work begins a trace: what it finds out is caused by it, not by its neighbours.
fn span_of(work: &LeasedWork, kind: WorkKind) -> Span {
    let span = tracing::info_span!(
        target: "trace_begins",
        parent: None,
        "work",
        otel.name = format!("work {}", kind.as_str()),
        work.kind = kind.as_str(),
        payment.id = %work.payment_id,
    );
    telemetry::continues(&span, None);
    span
}
