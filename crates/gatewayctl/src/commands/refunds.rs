//! Lists refunds and completes them with evidence.

use ayolinx_core::ids::RefundId;
use ayolinx_core::order_view::jakarta_millis;
use ledger::{LedgerError, RefundCompletion, RefundLine, RefundRefused, Source, Urgency};
use serde_json::{Value, json};

use super::orders::{merchant_of, the_one};
use crate::cli::Refunds;
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, printable, table};

const EVIDENCE_CHARS_MAX: usize = 500;

pub(crate) async fn run(what: Refunds) -> Result<Output, Failure> {
    match what {
        Refunds::List(named) => {
            let settings = connect::settings()?;
            let books = connect::books(&settings)?;
            let order = the_one(&books, named).await?;
            let merchant = merchant_of(&books, order).await?;
            let lines = books
                .at(Urgency::Write)
                .transact(move |tx| tx.refunds_of(merchant, order))
                .await?;
            Ok(listed(&lines))
        }
        Refunds::Complete { id, evidence } => complete(id, evidence).await,
    }
}

async fn complete(id: RefundId, evidence: String) -> Result<Output, Failure> {
    let blank = evidence.trim().is_empty() || evidence.chars().any(char::is_control);
    if blank || evidence.chars().count() > EVIDENCE_CHARS_MAX {
        return Err(Failure::usage(
            "--evidence must say something, in one line of at most 500 characters",
        ));
    }
    let settings = connect::settings()?;
    let books = connect::books(&settings)?;
    let how = RefundCompletion {
        evidence,
        source: Source::Operator,
    };
    let done = books
        .at(Urgency::Write)
        .transact(move |tx| {
            let merchant = tx.merchant_of_refund(id)?;
            tx.complete_refund(merchant, id, &how)
        })
        .await
        .map_err(|error| match error {
            LedgerError::NotFound => Failure::new(format!("there is no refund {id}")),
            other => other.into(),
        })?;
    match done {
        Ok(line) => Ok(listed(&[line])),
        Err(RefundRefused::CompletedOtherwise) => Err(Failure::new(
            "the refund was completed before, with other evidence; nothing changed",
        )),
        Err(_money_is_gone) => Err(Failure::new(
            "the provider gave this money back already; nothing changed. \
             `gatewayctl orders show` tells what happened",
        )),
    }
}

fn listed(lines: &[RefundLine]) -> Output {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                one.amount.to_decimal_string(),
                one.state.clone(),
                jakarta_millis(one.created_at),
                one.completed_at.map(jakarta_millis).unwrap_or_default(),
                printable(one.evidence.as_deref().unwrap_or(&one.reason)),
            ]
        })
        .collect();
    let data: Vec<Value> = lines.iter().map(as_json).collect();
    Output::new(
        table(
            &[
                "ID",
                "AMOUNT",
                "STATUS",
                "ASKED",
                "COMPLETED",
                "EVIDENCE OR REASON",
            ],
            &rows,
        ),
        json!({"data": data}),
    )
}

fn as_json(one: &RefundLine) -> Value {
    json!({
        "id": one.id.to_string(),
        "order_id": one.order_id.to_string(),
        "payment_id": one.payment_id.to_string(),
        "amount": {"value": one.amount.to_decimal_string(), "currency": "IDR"},
        "reason": one.reason,
        "status": one.state,
        "evidence": one.evidence,
        "completed_by": one.completed_by,
        "created_at": jakarta_millis(one.created_at),
        "completed_at": one.completed_at.map(jakarta_millis),
    })
}
