//! Numbers and ages of the webhooks that wait, for metrics. A look begins where the one before found the
//! oldest waiting: what was settled stays in the index, dead, as long as anybody's transaction is older
//! than that, and a look from the front would go through all of it each time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::monitoring::queue_depth::QueueDepth;
use crate::tx::{Tx, shifted};
use crate::webhooks::failing_endpoints::of_failing_endpoints;
use crate::webhooks::scan_cursors::{LOOK_BACK, WHOLE_LOOK_SHARE, as_json};
use crate::webhooks::waiting_endpoints::of_waiting_endpoints;

/// The most deliveries of each endpoint that are counted.
const COUNTED_MAX: i64 = 10_000;
/// The most of an endpoint's unnotified events that are looked at, those first that are due first.
const UNTOLD_MAX: i64 = 1_000;
/// The most deliveries given up that are counted.
const DEAD_MAX: i64 = 10_000;
/// The least and the longest interval of looks at everything, which find what was made due before its
/// time.
const WHOLE_LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(600));

/// The time since which webhooks wait at each endpoint, as the last look found it.
#[derive(Debug, Clone, Default)]
pub struct Backlog {
    /// The time before which nothing is due at any other endpoint.
    floor: Option<DateTime<Utc>>,
    oldest: HashMap<Uuid, DateTime<Utc>>,
    whole_look_at: Option<Instant>,
}

impl Backlog {
    /// Returns the backlog for the next look. A look at everything that does not end is not begun again
    /// by the next.
    #[must_use]
    pub fn for_next_look(&mut self) -> Self {
        if self.whole_look_at.is_some_and(|at| at > Instant::now()) {
            return self.clone();
        }
        self.whole_look_at = Instant::now().checked_add(WHOLE_LOOK_EVERY.1);
        Self::default()
    }

    /// Returns the backlog after a look, by what it found, its time by the database's clock, and how
    /// long it took.
    fn after_look(&self, found: &[WaitingRow], now: DateTime<Utc>, took: Duration) -> Self {
        let (least, most) = WHOLE_LOOK_EVERY;
        let wait = took.saturating_mul(WHOLE_LOOK_SHARE).clamp(least, most);
        let since = |row: &WaitingRow| (row.endpoint_id, shifted(row.oldest, -LOOK_BACK));
        Self {
            floor: Some(shifted(now, -LOOK_BACK)),
            oldest: found.iter().map(since).collect(),
            whole_look_at: (self.whole_look_at).or_else(|| Instant::now().checked_add(wait)),
        }
    }
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = Timestamptz)]
    oldest: DateTime<Utc>,
}

impl Tx<'_> {
    /// Counts the deliveries that are due, to endpoints that are enabled, and returns what the next look
    /// needs. What waits for a disabled endpoint waits for its merchant.
    pub(crate) fn outbox_depth(
        &mut self,
        backlog: &Backlog,
    ) -> Result<(QueueDepth, Backlog), LedgerError> {
        let (now, began) = (self.now()?, Instant::now());
        let found: Vec<WaitingRow> = Statement::new(of_waiting_endpoints!(
            "SELECT e.id AS endpoint_id, e.enabled, due.waiting, due.oldest \
             FROM waiting CROSS JOIN (SELECT ?::jsonb AS oldest OFFSET 0) known \
             CROSS JOIN LATERAL (SELECT id, enabled FROM webhook_endpoints \
                 WHERE id = waiting.endpoint_id AND deleted_at IS NULL OFFSET 0) e \
             CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(due_at) AS oldest \
                 FROM (SELECT due_at FROM deliveries \
                       WHERE endpoint_id = e.id AND state = 'due' AND due_at <= now() \
                         AND due_at >= coalesce((known.oldest ->> e.id::text)::timestamptz, \
                                                ?::timestamptz, '-infinity') \
                       ORDER BY due_at LIMIT CASE WHEN e.enabled THEN ? ELSE 1 END) AS first) due \
             WHERE due.waiting > 0"
        ))
        .bind::<Text, _>(as_json(&backlog.oldest))
        .bind::<Nullable<Timestamptz>, _>(backlog.floor)
        .bind::<BigInt, _>(COUNTED_MAX)
        .load(self.connection()?)?;
        let wanted = || found.iter().filter(|row| row.enabled);
        let oldest = wanted().map(|row| row.oldest).min();
        let depth = QueueDepth {
            queue: "outbox".to_owned(),
            waiting: wanted().fold(0, |sum, row| sum.saturating_add(row.waiting)),
            oldest_seconds: oldest.map_or(0, |at| now.signed_duration_since(at).num_seconds()),
        };
        Ok((depth, backlog.after_look(&found, now, began.elapsed())))
    }

    /// Counts the paid orders whose shops were not notified yet, though they want to be.
    pub(crate) fn untold_depth(&mut self, backlog: &Backlog) -> Result<QueueDepth, LedgerError> {
        Ok(Statement::new(of_waiting_endpoints!(
            "SELECT 'paid_untold' AS queue, count(*) AS waiting, \
                 coalesce(extract(epoch FROM now() - min(told.created_at))::bigint, 0) \
                     AS oldest_seconds \
             FROM waiting CROSS JOIN (SELECT ?::jsonb AS oldest OFFSET 0) known \
             CROSS JOIN LATERAL (SELECT id FROM webhook_endpoints \
                 WHERE id = waiting.endpoint_id AND enabled AND deleted_at IS NULL OFFSET 0) e \
             CROSS JOIN LATERAL (SELECT event_id FROM deliveries \
                 WHERE endpoint_id = e.id AND state = 'due' \
                   AND due_at >= coalesce((known.oldest ->> e.id::text)::timestamptz, \
                                          ?::timestamptz, '-infinity') \
                 ORDER BY due_at LIMIT ?) AS due \
             CROSS JOIN LATERAL (SELECT created_at FROM events \
                 WHERE id = due.event_id AND type IN ('order.paid', 'order.paid_late') \
                 OFFSET 0) AS told"
        ))
        .bind::<Text, _>(as_json(&backlog.oldest))
        .bind::<Nullable<Timestamptz>, _>(backlog.floor)
        .bind::<BigInt, _>(UNTOLD_MAX)
        .get_result(self.connection()?)?)
    }

    /// Counts the dead webhooks; those of deleted endpoints concern nobody, and those of disabled ones
    /// their merchant.
    pub(crate) fn dead_deliveries(&mut self) -> Result<i64, LedgerError> {
        #[derive(QueryableByName)]
        struct Dead {
            #[diesel(sql_type = BigInt)]
            dead: i64,
        }
        let counted: Dead = Statement::new(of_failing_endpoints!(
            "SELECT count(*) AS dead FROM (SELECT FROM failing \
                 CROSS JOIN LATERAL (SELECT id FROM webhook_endpoints \
                     WHERE id = failing.endpoint_id AND enabled AND deleted_at IS NULL OFFSET 0) e \
                 CROSS JOIN LATERAL (SELECT event_id FROM deliveries \
                     WHERE endpoint_id = e.id AND state = 'dead' \
                         AND (last_error IS NULL \
                             OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted')) OFFSET 0) AS gave_up \
                 LIMIT ?) AS first"
        ))
        .bind::<SqlUuid, _>(Uuid::nil())
        .bind::<BigInt, _>(DEAD_MAX)
        .get_result(self.connection()?)?;
        Ok(counted.dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_look_that_came_to_no_end_is_not_begun_again_at_once() {
        let now = Utc::now();
        let mut kept = Backlog::default();
        let whole = kept.for_next_look();
        assert_eq!(whole.floor, None);
        // It ended, and the next ones begin where it found the oldest.
        let mut kept = whole.after_look(&[], now, Duration::from_millis(5));
        assert_eq!(kept.for_next_look().floor, Some(shifted(now, -LOOK_BACK)));
        // Until it is time for another; if that one does not end, what is known stays known.
        kept.whole_look_at = Some(Instant::now());
        assert_eq!(kept.for_next_look().floor, None);
        assert_eq!(kept.for_next_look().floor, Some(shifted(now, -LOOK_BACK)));
    }
}
