//! Money that a person has to decide about.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ledger::{Resolved, Source};

use super::params::ResolveReview;
use crate::http::error::{ApiError, ErrorCode};
use crate::state::Api;

/// Decides about the order's money under review.
///
/// # Errors
/// 404; 409 when nothing is under review.
pub async fn resolve_review(
    api: &Api,
    merchant: MerchantId,
    order: OrderId,
    wanted: ResolveReview,
) -> Result<OrderView, ApiError> {
    let decided = api
        .transact(merchant, move |tx| {
            let verdict = (wanted.verdict, wanted.note.as_deref());
            let done = tx.resolve_review(merchant, order, verdict, Source::Merchant)?;
            Ok((done, tx.order_view(merchant, order)?))
        })
        .await?;
    match decided {
        (Resolved::Done | Resolved::Already, view) => Ok(view),
        (Resolved::Nothing, _) => Err(ApiError::new(
            ErrorCode::StateConflict,
            "there is nothing to decide: nothing is under review, nothing was paid beside it",
        )),
    }
}
