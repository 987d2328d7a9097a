//! Verified notifications that could not be placed.

use ayolinx_core::order_view::jakarta_millis;
use ledger::{DISMISSAL_REASON_CHARS_MAX, Dismissal, QuarantineLine, Urgency};
use serde_json::json;
use uuid::Uuid;

use crate::cli::Quarantine;
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, table};

pub(crate) async fn run(what: Quarantine) -> Result<Output, Failure> {
    match what {
        Quarantine::List { limit } => list(limit).await,
        Quarantine::Retry => retry().await,
        Quarantine::Dismiss { id, reason } => dismiss(id, reason).await,
    }
}

async fn list(limit: i64) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let waiting = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.quarantine(None, limit))
        .await?;
    let rows: Vec<Vec<String>> = waiting
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                jakarta_millis(one.received_at),
                one.path.clone(),
                one.verdict.clone(),
                one.seen.to_string(),
            ]
        })
        .collect();
    let data: Vec<_> = waiting.iter().map(as_json).collect();
    Ok(Output::new(
        table(&["ID", "RECEIVED", "PATH", "WHY", "SEEN"], &rows),
        json!({"data": data}),
    ))
}

fn as_json(one: &QuarantineLine) -> serde_json::Value {
    json!({
        "id": one.id,
        "received_at": jakarta_millis(one.received_at),
        "path": one.path,
        "why": one.verdict,
        "seen": one.seen,
    })
}

async fn retry() -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let due = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(|tx| tx.retry_quarantine(None))
        .await?;
    Ok(Output::new(
        format!("{due} of unknown reference will be matched again by the worker now"),
        json!({"due": due}),
    ))
}

async fn dismiss(id: Uuid, reason: String) -> Result<Output, Failure> {
    if reason.trim().is_empty() || reason.chars().count() > DISMISSAL_REASON_CHARS_MAX {
        return Err(Failure::usage(format!(
            "--reason: 1 to {DISMISSAL_REASON_CHARS_MAX} characters"
        )));
    }
    let settings = connect::settings()?;
    let dismissal = Dismissal {
        operator: None,
        reason: Some(reason.clone()),
    };
    let dismissed = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.dismiss_quarantined(id, &dismissal))
        .await?;
    if !dismissed {
        return Err(Failure::new(format!(
            "nothing of id {id} waits in quarantine; see `gatewayctl quarantine list`"
        )));
    }
    Ok(Output::new(
        format!("{id} waits no longer"),
        json!({"id": id, "dismissed": true, "reason": reason}),
    ))
}
