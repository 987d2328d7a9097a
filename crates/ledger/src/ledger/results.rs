//! Results of work done: the end of a call, an attempt to deliver. They exist nowhere else, so they are
//! written again and again for as long as nobody else may do the work. Each is fenced by its token:
//! written twice it changes nothing.

use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::payments::create_result::{CallEnd, CallSettled};
use crate::webhooks::delivery_queue::{LeasedDelivery, TryResult};

const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Ledger {
    /// Records the outcome like [`Ledger::end_call`], again and again until this time while the database
    /// is away or too busy.
    ///
    /// # Errors
    /// As [`Ledger::end_call`], of the last try.
    pub async fn end_call_by(
        &self,
        end: CallEnd,
        until: Instant,
    ) -> Result<CallSettled, LedgerError> {
        let mut pauses = Pauses::until(until);
        loop {
            let error = match self.end_call(end.clone()).await {
                Err(error) if error.is_transient() => error,
                ended => return ended,
            };
            let Some(pause) = pauses.next(Instant::now()) else {
                return Err(error);
            };
            tracing::warn!(payment.id = %end.payment, error = %error, "a call's outcome is not recorded yet");
            tokio::time::sleep(pause).await;
        }
    }

    /// Records the result like [`Ledger::settle_delivery`], again and again until this time while the
    /// database is away or too busy. `true` also where an earlier try may have recorded it.
    ///
    /// # Errors
    /// As [`Ledger::settle_delivery`], of the last try.
    pub async fn settle_delivery_by(
        &self,
        delivery: &LeasedDelivery,
        result: &TryResult,
        until: Instant,
    ) -> Result<bool, LedgerError> {
        let mut pauses = Pauses::until(until);
        let mut is_perhaps_recorded = false;
        loop {
            let error = match self.settle_delivery(delivery, result).await {
                Err(error) if error.is_transient() => error,
                settled => return settled.map(|is_ours| is_ours || is_perhaps_recorded),
            };
            let Some(pause) = pauses.next(Instant::now()) else {
                return Err(error);
            };
            is_perhaps_recorded |= matches!(error, LedgerError::Unavailable(_));
            tracing::warn!(event.id = %delivery.event_id, error = %error, "a webhook's outcome is not recorded yet");
            tokio::time::sleep(pause).await;
        }
    }
}

/// Pauses that double up to a limit, each cut by up to a half, until a time.
struct Pauses {
    whole: Duration,
    until: Instant,
}

impl Pauses {
    const fn until(until: Instant) -> Self {
        Self {
            whole: PAUSE_FIRST,
            until,
        }
    }

    /// Returns the next pause; `None` when it would end too late.
    fn next(&mut self, now: Instant) -> Option<Duration> {
        let half = self.whole.checked_div(2).unwrap_or_default();
        let (random, _) = Uuid::new_v4().as_u64_pair();
        let part = u32::try_from(random % 1_000).unwrap_or(0);
        let more = half.saturating_mul(part).checked_div(1_000);
        let pause = half.saturating_add(more.unwrap_or_default());
        self.whole = self.whole.saturating_mul(2).min(PAUSE_MAX);
        (now.checked_add(pause)? < self.until).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_differ_and_end_with_the_time() {
        let now = Instant::now();
        let mut firsts = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let mut pauses = Pauses::until(now + Duration::from_secs(60));
            for whole in [200, 400, 800, 1_600, 2_000, 2_000] {
                let whole = Duration::from_millis(whole);
                let pause = pauses.next(now).unwrap();
                assert!(
                    pause >= whole / 2 && pause <= whole,
                    "{pause:?} of {whole:?}"
                );
                if whole == PAUSE_FIRST {
                    firsts.insert(pause);
                }
            }
            assert_eq!(pauses.next(now + Duration::from_secs(60)), None);
        }
        assert!(firsts.len() > 10, "{firsts:?}");
    }
}
