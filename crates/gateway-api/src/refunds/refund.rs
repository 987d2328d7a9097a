//! Refunds: asked for, completed with evidence, or cancelled.

use ayolinx_core::ids::{MerchantId, OrderId, RefundId};
use ledger::{Claim, NewRefund, RefundCompletion, RefundRefused, Source};
use uuid::Uuid;

use super::params::{AskRefund, CompleteRefund};
use super::view::RefundView;
use crate::http::error::{ApiError, ErrorCode, FieldCode, FieldError};
use crate::idempotency::idempotent_post::{once, reply};
use crate::idempotency::reply::OrderReply;
use crate::state::Api;

/// Records that money is to be returned. Nothing is booked until it has been.
///
/// # Errors
/// 404; 422 when more is wanted than is left of what was paid.
pub async fn ask_refund(
    api: &Api,
    merchant: MerchantId,
    order: OrderId,
    wanted: AskRefund,
    claim: Claim,
) -> Result<OrderReply, ApiError> {
    let new = NewRefund {
        id: RefundId::from_uuid(Uuid::now_v7()),
        amount: wanted.amount,
        reason: wanted.reason,
        payee: wanted.payee,
        source: Source::Merchant,
    };
    let asked_by = claim.clone();
    once(api, merchant, claim, move |tx| {
        match tx.ask_refund(merchant, order, &new)? {
            Ok(line) => {
                tx.claim_is_about(merchant, &asked_by, order)?;
                reply(201, &RefundView::new(line)).map(Ok)
            }
            Err(refused) => Ok(Err(refusal(refused))),
        }
    })
    .await
}

/// Reports that money was returned, and books it.
///
/// # Errors
/// 404; 409 when it was completed with other evidence, or the money is no longer there.
pub async fn complete_refund(
    api: &Api,
    merchant: MerchantId,
    id: RefundId,
    wanted: CompleteRefund,
) -> Result<RefundView, ApiError> {
    let how = RefundCompletion {
        evidence: wanted.evidence,
        source: Source::Merchant,
    };
    let done = api
        .transact(merchant, move |tx| tx.complete_refund(merchant, id, &how))
        .await?;
    match done {
        Ok(line) => Ok(RefundView::new(line)),
        Err(RefundRefused::CompletedOtherwise) => Err(ApiError::new(
            ErrorCode::StateConflict,
            "the refund was completed before, with other evidence",
        )),
        Err(RefundRefused::Cancelled) => Err(ApiError::new(
            ErrorCode::StateConflict,
            "the refund was cancelled; ask for another one",
        )),
        Err(_money_is_gone) => Err(ApiError::new(
            ErrorCode::StateConflict,
            "less than this is left of what was paid; read the order's refunds",
        )),
    }
}

/// Cancels a refund that waits. Nothing was booked for it.
///
/// # Errors
/// 404; 409 when the money was returned already.
pub async fn cancel_refund(
    api: &Api,
    merchant: MerchantId,
    id: RefundId,
) -> Result<RefundView, ApiError> {
    let done = api
        .transact(merchant, move |tx| {
            tx.cancel_refund(merchant, id, Source::Merchant)
        })
        .await?;
    match done {
        Ok(line) => Ok(RefundView::new(line)),
        Err(_it_was_completed) => Err(ApiError::new(
            ErrorCode::StateConflict,
            "the refund was completed: its money went back",
        )),
    }
}

fn refusal(refused: RefundRefused) -> ApiError {
    match refused {
        RefundRefused::NotPaid => too_much("the order is not paid, or its money was given back"),
        RefundRefused::NothingLeft => too_much("all that is paid is being given back already"),
        RefundRefused::MoreThan(left) => too_much(&format!("at most {}", left.to_decimal_string())),
        RefundRefused::CompletedOtherwise | RefundRefused::Completed | RefundRefused::Cancelled => {
            ApiError::of(ErrorCode::StateConflict)
        }
    }
}

fn too_much(message: &str) -> ApiError {
    let error = FieldError::new("amount.value", FieldCode::AboveMaximum, message);
    ApiError::validation_failed(vec![error])
}
