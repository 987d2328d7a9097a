//! A call that was begun and cannot be sent: nobody is there any more to hear what became of it,
//! because storage answered too late or the caller hung up. That it was not sent is certain, so it
//! is noted, and the shop's next try sends it at once instead of waiting for the lease to run out.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use ledger::{Begun, Call, CallOutcome, Ledger, LedgerError, OnUntaken, Urgency};
use shares::{Limits, Place, Shares};
use tokio::runtime::Handle;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::state::Api;

/// Notes under way at once in a process. What finds no place is resolved when its lease has ended.
const NOTES_MAX: usize = 64;
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A minute and a half of trying; by then the lease has ended.
const TRIES_MAX: u32 = 50;

/// Places for notes, shared by shops.
#[must_use]
pub fn note_places() -> Shares<MerchantId> {
    Shares::new("notes", Limits::quarters(NOTES_MAX), Limits::NONE)
}

/// Where notes are made.
#[derive(Clone)]
pub struct Notes {
    ledger: Ledger,
    places: Shares<MerchantId>,
}

impl Notes {
    /// Notes in the books, at the places of the process.
    #[must_use]
    pub fn of(api: &Api) -> Self {
        Self {
            ledger: api.ledger().clone(),
            places: api.notes.clone(),
        }
    }

    /// Notes a call that nobody takes, by this thread's runtime. Without one the process is ending;
    /// the lease of what it leaves runs out.
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

/// The token is ours alone: while it holds, nobody else can have sent the call; once it does not,
/// this changes nothing.
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
