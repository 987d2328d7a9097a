//! Sending again: a test to one endpoint, one event to all that want it, and the events of a range, which the
//! worker makes due in steps.

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use crate::database::schema::{deliveries, events, redeliveries};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::history::{NewHistory, Source};
use crate::tx::Tx;

/// The longest range (contract 4.3).
pub const REDELIVERY_DAYS_MAX: i64 = 31;
/// The most events in a range (contract 4.3).
pub const REDELIVERY_EVENTS_MAX: i64 = 10_000;
/// Number of events made due in one transaction: short even for a merchant with very many endpoints.
const STEP_EVENTS: i64 = 100;
/// The pause in seconds after the first failure of a step, doubled each time.
const PAUSE_FIRST_SECS: i64 = 5;
/// The longest pause in seconds, give or take a tenth.
const PAUSE_MAX_SECS: i64 = 600;
/// Number of failures of the same step after which a range is given up: in an hour and a half and some minutes.
pub const REDELIVERY_ATTEMPTS_MAX: i32 = 16;

/// The events that are to be sent again.
#[derive(Debug, Clone, Copy)]
pub struct RedeliveryRange {
    /// Earliest creation time, inclusive.
    pub from: DateTime<Utc>,
    /// Latest creation time, exclusive.
    pub to: DateTime<Utc>,
    /// The type; `None` for all but tests.
    pub event_type: Option<EventType>,
}

/// The outcome of a request to send a range again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeBegun {
    /// This many events will be sent again.
    Accepted(i64),
    /// One of this merchant is under way.
    OneIsRunning,
    /// The range is empty or longer than allowed.
    BadRange,
    /// There are more events in it than allowed.
    TooMany,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A range that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedRedelivery {
    /// The range.
    pub id: Uuid,
    /// The merchant that it belongs to.
    pub merchant: MerchantId,
    /// The number of this attempt at the same step, from 1.
    pub attempt: i32,
    /// `true` when its step failed too often: it is finished, and nothing more is sent of it.
    pub gave_up: bool,
}

#[derive(QueryableByName)]
struct LeasedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Bool)]
    gave_up: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = redeliveries)]
struct RunningRow {
    id: Uuid,
    merchant_id: Uuid,
    to_at: DateTime<Utc>,
    event_type: Option<String>,
    done_until: DateTime<Utc>,
    done_id: Uuid,
}

#[derive(QueryableByName)]
struct EventPlace {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

impl Tx<'_> {
    /// Sends a test event to one endpoint, whatever types it wants. Returns the event's body.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the endpoint is deleted or another merchant's.
    pub fn send_test(
        &mut self,
        merchant: MerchantId,
        endpoint: EndpointId,
    ) -> Result<EventBody, LedgerError> {
        self.endpoint(merchant, endpoint)?;
        let now = self.now()?;
        let id = EventId::from_uuid(Uuid::now_v7());
        let body = EventBody::new(id, EventType::WebhookTest, now, None);
        self.insert_event(merchant, EventType::WebhookTest, &body)?;
        diesel::insert_into(deliveries::table)
            .values((
                deliveries::event_id.eq(id.as_uuid()),
                deliveries::endpoint_id.eq(endpoint.as_uuid()),
                deliveries::state.eq("due"),
                deliveries::due_at.eq(now),
            ))
            .execute(self.connection()?)?;
        Ok(body)
    }

    /// Makes one event due now at every enabled endpoint of its merchant that wants it, with all its attempts
    /// before it; a test only where it was sent before. The order's history records who wanted it. Returns the
    /// number of endpoints.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the event is another merchant's.
    pub fn redeliver(
        &mut self,
        merchant: MerchantId,
        id: EventId,
        source: Source,
    ) -> Result<usize, LedgerError> {
        let (owner, order): (Uuid, Option<Uuid>) = events::table
            .find(id.as_uuid())
            .select((events::merchant_id, events::order_id))
            .first(self.connection()?)?;
        if owner != merchant.as_uuid() {
            return Err(LedgerError::NotFound);
        }
        let due = self.make_due(vec![id.as_uuid()])?;
        if let Some(order_id) = order {
            self.record(NewHistory {
                order_id,
                payment_id: None,
                source: source.as_str(),
                fact: "event_redelivered",
                payment_from: None,
                payment_to: None,
                order_from: None,
                order_to: None,
                order_version: None,
                detail: Some(format!("{id} at {due} endpoints")),
            });
        }
        Ok(due)
    }

    /// Records that the events of a range are to be sent again, and who wants it; the worker does it.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn begin_redelivery(
        &mut self,
        merchant: MerchantId,
        range: &RedeliveryRange,
        source: Source,
    ) -> Result<RangeBegun, LedgerError> {
        let length = range.to.signed_duration_since(range.from);
        if length <= TimeDelta::zero() || length > TimeDelta::days(REDELIVERY_DAYS_MAX) {
            return Ok(RangeBegun::BadRange);
        }
        let event_type = range.event_type.map(EventType::as_str);
        let counted = self.count_events(merchant, range)?;
        if counted > REDELIVERY_EVENTS_MAX {
            return Ok(RangeBegun::TooMany);
        }
        let inserted = diesel::sql_query(
            "INSERT INTO redeliveries \
                 (id, merchant_id, from_at, to_at, event_type, done_until, done_id, asked_by) \
             VALUES ($1, $2, $3, $4, $5, $3, $6, $7) \
             ON CONFLICT (merchant_id) WHERE finished_at IS NULL DO NOTHING",
        )
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Timestamptz, _>(range.from)
        .bind::<Timestamptz, _>(range.to)
        .bind::<Nullable<Text>, _>(event_type)
        .bind::<SqlUuid, _>(Uuid::nil())
        .bind::<Text, _>(source.as_str())
        .execute(self.connection()?)?;
        Ok(if inserted == 0 {
            RangeBegun::OneIsRunning
        } else {
            RangeBegun::Accepted(counted)
        })
    }

    /// Counts the events in a range, as far as it matters. It counts type by type, each by its index: it reads
    /// what it counts, however many others there are. It searches as the feed does, so that no other index can
    /// serve and each search ends with its type.
    fn count_events(
        &mut self,
        merchant: MerchantId,
        range: &RedeliveryRange,
    ) -> Result<i64, LedgerError> {
        let counted: Counted = Statement::new(
            "SELECT count(*) AS count FROM (SELECT FROM unnest(?) AS wanted (type) \
                 CROSS JOIN LATERAL (SELECT created_at FROM events \
                     WHERE merchant_id = ? AND (type, created_at) >= (wanted.type, ?) \
                       AND type <= wanted.type \
                     ORDER BY events.type, events.created_at LIMIT ?) found \
                 WHERE found.created_at < ? LIMIT ?) counted",
        )
        .column::<Text, _>(wanted_types(range.event_type.map(EventType::as_str)))
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Timestamptz, _>(range.from)
        .bind::<BigInt, _>(REDELIVERY_EVENTS_MAX.saturating_add(1))
        .bind::<Timestamptz, _>(range.to)
        .bind::<BigInt, _>(REDELIVERY_EVENTS_MAX.saturating_add(1))
        .get_result(self.connection()?)?;
        Ok(counted.count)
    }

    /// Takes the range that is due the longest, of whatever merchant, and puts it off for as long as a failure
    /// of its step would: a worker that fails, hangs or dies in the step leaves the others their turn. `None`
    /// when none is due.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_redelivery(&mut self) -> Result<Option<LeasedRedelivery>, LedgerError> {
        let leased: Option<LeasedRow> = Statement::new(
            "UPDATE redeliveries SET attempts = attempts + 1, \
                 due_at = now() + (0.9 + random() * 0.2) * make_interval( \
                     secs => least(?::bigint * 2 ^ least(attempts, 20), ?::bigint)), \
                 gave_up = attempts >= ?, \
                 finished_at = CASE WHEN attempts >= ? THEN now() END \
             WHERE id = (SELECT id FROM redeliveries \
                         WHERE finished_at IS NULL AND due_at <= now() \
                         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) \
             RETURNING id, merchant_id, attempts, gave_up",
        )
        .bind::<BigInt, _>(PAUSE_FIRST_SECS)
        .bind::<BigInt, _>(PAUSE_MAX_SECS)
        .bind::<Integer, _>(REDELIVERY_ATTEMPTS_MAX)
        .bind::<Integer, _>(REDELIVERY_ATTEMPTS_MAX)
        .get_result(self.connection()?)
        .optional()?;
        Ok(leased.map(|row| LeasedRedelivery {
            id: row.id,
            merchant: MerchantId::from_uuid(row.merchant_id),
            attempt: row.attempts,
            gave_up: row.gave_up,
        }))
    }

    /// Does one step of a range; the next one is due at once. Returns the number of events made due.
    ///
    /// # Errors
    /// When the database does not answer, or not in time.
    pub fn step_redelivery(&mut self, leased: &LeasedRedelivery) -> Result<usize, LedgerError> {
        let running: Option<RunningRow> = redeliveries::table
            .find(leased.id)
            .filter(redeliveries::finished_at.is_null())
            .select(RunningRow::as_select())
            .for_update()
            .skip_locked()
            .first(self.connection()?)
            .optional()?;
        let Some(running) = running else {
            return Ok(0);
        };
        let found = self.next_in_range(&running)?;
        let row = redeliveries::table.find(running.id);
        match found.last() {
            None => {
                diesel::update(row)
                    .set(redeliveries::finished_at.eq(diesel::dsl::now))
                    .execute(self.connection()?)?;
            }
            Some(last) => {
                diesel::update(row)
                    .set((
                        redeliveries::done_until.eq(last.created_at),
                        redeliveries::done_id.eq(last.id),
                        redeliveries::attempts.eq(0),
                        redeliveries::due_at.eq(diesel::dsl::now),
                    ))
                    .execute(self.connection()?)?;
            }
        }
        let due = self.make_due(found.iter().map(|event| event.id).collect())?;
        tracing::info!(
            redelivery.id = %running.id,
            merchant.id = %leased.merchant,
            events = found.len(),
            deliveries = due,
            "events made due again"
        );
        Ok(found.len())
    }

    /// Returns the next events of a range in the order of their creation. Each type is read in its own order by
    /// its index, and no further than a step goes.
    fn next_in_range(&mut self, running: &RunningRow) -> Result<Vec<EventPlace>, LedgerError> {
        Ok(Statement::new(
            "SELECT found.id, found.created_at FROM unnest(?) AS wanted (type) \
             CROSS JOIN LATERAL (SELECT events.id, events.created_at FROM events \
                 WHERE merchant_id = ? AND (type, created_at, id) > (wanted.type, ?, ?) \
                   AND type <= wanted.type \
                 ORDER BY events.type, events.created_at, events.id LIMIT ?) found \
             WHERE found.created_at < ? \
             ORDER BY found.created_at, found.id LIMIT ?",
        )
        .column::<Text, _>(wanted_types(running.event_type.as_deref()))
        .bind::<SqlUuid, _>(running.merchant_id)
        .bind::<Timestamptz, _>(running.done_until)
        .bind::<SqlUuid, _>(running.done_id)
        .bind::<BigInt, _>(STEP_EVENTS)
        .bind::<Timestamptz, _>(running.to_at)
        .bind::<BigInt, _>(STEP_EVENTS)
        .load(self.connection()?)?)
    }

    /// Makes events due, in one order of rows, so that two of these cannot block each other. A worker that is
    /// just sending one of them loses its lease: what it records would undo this.
    fn make_due(&mut self, event_ids: Vec<Uuid>) -> Result<usize, LedgerError> {
        Ok(diesel::sql_query(
            "INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
             SELECT ev.id, e.id, 'due', now() FROM events ev \
             JOIN webhook_endpoints e ON e.merchant_id = ev.merchant_id \
             WHERE ev.id = ANY ($1) AND e.enabled AND e.deleted_at IS NULL \
               AND CASE WHEN ev.type = 'webhook.test' THEN EXISTS (SELECT FROM deliveries d \
                        WHERE d.event_id = ev.id AND d.endpoint_id = e.id) \
                   ELSE e.event_types IS NULL OR ev.type = ANY (e.event_types) END \
             ORDER BY ev.id, e.id \
             ON CONFLICT (event_id, endpoint_id) DO UPDATE SET state = 'due', due_at = now(), \
                 tries = 0, lease_token = NULL, leased_until = NULL, updated_at = now()",
        )
        .bind::<Array<SqlUuid>, _>(event_ids)
        .execute(self.connection()?)?)
    }
}

/// Returns the one type of a range, or all but tests.
fn wanted_types(only: Option<&str>) -> impl Iterator<Item = String> {
    let all = match only {
        Some(name) => vec![name.to_owned()],
        None => EventType::ALL
            .iter()
            .filter(|one| **one != EventType::WebhookTest)
            .map(|one| one.as_str().to_owned())
            .collect(),
    };
    all.into_iter()
}
