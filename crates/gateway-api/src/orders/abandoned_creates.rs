//! Calls that were begun and cannot be sent: their caller is gone, because storage answered too
//! late or the caller hung up. Each is certain not to have been sent, so it is noted as such, and
//! the shop's next request sends it at once instead of waiting for the lease to run out.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use ledger::{Begun, Call, CallOutcome, Ledger, LedgerError, OnUntaken, Urgency};
use shares::{Limits, Place, Shares};
use tokio::runtime::Handle;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::state::Api;

/// Notes under way at once in a process. A call that finds no slot is resolved when its lease has
/// ended.
const NOTES_MAX: usize = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Number of attempts to note a call, over a minute and a half; by then the lease has ended.
const TRIES_MAX: u32 = 50;

/// Makes the slots for notes, shared by shops.
#[must_use]
pub fn note_places() -> Shares<MerchantId> {
    Shares::new("notes", Limits::quarters(NOTES_MAX), Limits::NONE)
}

/// The writer of notes.
#[derive(Clone)]
pub struct Notes {
    ledger: Ledger,
    places: Shares<MerchantId>,
}

impl Notes {
    /// Returns notes in the ledger, which use the slots of the process.
    #[must_use]
    pub fn of(api: &Api) -> Self {
        Self {
            ledger: api.ledger().clone(),
            places: api.notes.clone(),
        }
    }

    /// Returns the hook that notes a call that nobody takes, on this thread's runtime. Without a
    /// runtime the process is ending, and the lease of such a call runs out.
    #[must_use]
    pub fn on_untaken(&self) -> OnUntaken {
        let (notes, runtime) = (self.clone(), Handle::try_current().ok());
        let span = Span::current();
        Arc::new(move |begun| {
            let (Begun::Send { call, .. }, Some(runtime)) = (begun, &runtime) else {
                return;
            };
            let Ok(place) = notes.places.try_enter(&call.merchant_id) else {
                return;
            };
            let note = note(notes.ledger.clone(), *call, place);
            runtime.spawn(note.instrument(span.clone()));
        })
    }
}

/// Notes a call as unsent. The token is ours alone: while it holds, nobody else can have sent the
/// call; once it does not, this changes nothing.
async fn note(ledger: Ledger, call: Call, _place: Place<MerchantId>) {
    let (payment_id, token): (_, Uuid) = (call.payment_id, call.token);
    let mut pause = PAUSE_FIRST;
    for _ in 0..TRIES_MAX {
        let noted = ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.settle_call(payment_id, token, &CallOutcome::NotSent))
            .await;
        match noted {
            Ok(_) => {
                tracing::info!(
                    order.id = %call.order_id,
                    payment.id = %payment_id,
                    "a create was begun but not sent, since storage answered too late or the \
                     caller hung up; the shop's next try sends it"
                );
                return;
            }
            // Not there: the commit failed, or is still on its way.
            Err(error) if error.is_transient() || matches!(error, LedgerError::NotFound) => {
                tokio::time::sleep(pause).await;
                pause = pause.saturating_mul(2).min(PAUSE_MAX);
            }
            Err(error) => {
                tracing::error!(payment.id = %payment_id, error = %error, "not noted as unsent");
                return;
            }
        }
    }
}
