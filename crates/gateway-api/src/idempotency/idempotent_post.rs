//! A POST that creates something other than an order: done once for its `Idempotency-Key`.

use ayolinx_core::ids::MerchantId;
use ledger::{Claim, LedgerError, Once, StoredReply, Tx, Urgency};
use serde::Serialize;

use super::reply::OrderReply;
use crate::http::error::{ApiError, ErrorCode};
use crate::state::{Api, storage};

/// Number of times that a look-up is repeated after a commit of a concurrent duplicate.
const CONFLICTS_MAX: u32 = 5;

/// The outcome of the work: a reply that is kept, or a refusal that uses up no key.
pub type Outcome = Result<StoredReply, ApiError>;

/// Makes a reply of this status with a value as JSON.
///
/// # Errors
/// Never in practice: the value is written into memory.
pub fn reply(status: u16, value: &impl Serialize) -> Result<StoredReply, LedgerError> {
    let body = serde_json::to_vec(value).map_err(|why| LedgerError::Corrupt(why.to_string()))?;
    Ok(StoredReply { status, body })
}

/// Does the work in one transaction, or returns the reply to the same earlier request.
///
/// # Errors
/// 422 when the key was used for another request; the work's refusal; 404 or 503 of the ledger.
pub async fn once<W>(
    api: &Api,
    merchant: MerchantId,
    claim: Claim,
    work: W,
) -> Result<OrderReply, ApiError>
where
    W: FnOnce(&mut Tx<'_>) -> Result<Outcome, LedgerError> + Clone + Send + 'static,
{
    for _ in 0..CONFLICTS_MAX {
        let (claim, work) = (claim.clone(), work.clone());
        let keep = |outcome: &Outcome| Ok(outcome.as_ref().ok().cloned());
        let ledger = api.ledger().for_merchant(merchant);
        let done = ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.once(merchant, &claim, work, keep))
            .await;
        let (stored, replayed) = match done {
            Ok(Once::Done(Ok(stored))) => (stored, false),
            Ok(Once::Replay(stored)) => (stored, true),
            Ok(Once::Done(Err(refused))) => return Err(refused),
            Ok(Once::KeyReused) => return Err(ApiError::of(ErrorCode::IdempotencyKeyReused)),
            // A twin was first: its reply is there now.
            Err(LedgerError::Conflict(_)) => continue,
            Err(error) => return Err(storage(error)),
        };
        return Ok(OrderReply {
            status: stored.status,
            body: stored.body,
            replayed,
        });
    }
    Err(ApiError::of(ErrorCode::RequestInProgress))
}
