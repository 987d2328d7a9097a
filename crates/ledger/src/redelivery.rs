//! Sending again: a test to one endpoint, one event to all who want it, and the events of a range,
//! which the worker makes due in steps.

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::schema::{deliveries, redeliveries};
use crate::tx::Tx;

/// The longest range (contract 4.3).
pub const REDELIVERY_DAYS_MAX: i64 = 31;
/// The most events in a range (contract 4.3).
pub const REDELIVERY_EVENTS_MAX: i64 = 10_000;
/// Events made due in one transaction: short even for a merchant with very many endpoints.
const STEP_EVENTS: i64 = 100;

/// Which events are to be sent again.
#[derive(Debug, Clone, Copy)]
pub struct RedeliveryRange {
    /// Made at or after.
    pub from: DateTime<Utc>,
    /// Made before.
    pub to: DateTime<Utc>,
    /// Of this type; `None` for all but tests.
    pub event_type: Option<EventType>,
}

/// What came of a wish to send a range again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeBegun {
    /// So many events will be sent again.
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

    /// Makes one event due now at every enabled endpoint of its merchant that wants it, with all its
    /// tries before it; a test only where it was sent before. Returns at how many.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the event is another merchant's.
    pub fn redeliver(&mut self, merchant: MerchantId, id: EventId) -> Result<usize, LedgerError> {
        if self.event_owner(id)? != merchant {
            return Err(LedgerError::NotFound);
        }
        self.make_due(vec![id.as_uuid()])
    }

    /// Notes that the events of a range are to be sent again; the worker does it.
    ///
    /// # Errors
    /// When the merchant does not exist or the database does not answer.
    pub fn begin_redelivery(
        &mut self,
        merchant: MerchantId,
        range: &RedeliveryRange,
    ) -> Result<RangeBegun, LedgerError> {
        let length = range.to.signed_duration_since(range.from);
        if length <= TimeDelta::zero() || length > TimeDelta::days(REDELIVERY_DAYS_MAX) {
            return Ok(RangeBegun::BadRange);
        }
        let event_type = range.event_type.map(EventType::as_str);
        let counted: Counted = diesel::sql_query(
            "SELECT count(*) AS count FROM (SELECT FROM events \
                 WHERE merchant_id = $1 AND created_at >= $2 AND created_at < $3 \
                   AND CASE WHEN $4 IS NULL THEN type <> 'webhook.test' ELSE type = $4 END \
                 LIMIT $5) counted",
        )
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Timestamptz, _>(range.from)
        .bind::<Timestamptz, _>(range.to)
        .bind::<Nullable<Text>, _>(event_type)
        .bind::<BigInt, _>(REDELIVERY_EVENTS_MAX.saturating_add(1))
        .get_result(self.connection()?)?;
        if counted.count > REDELIVERY_EVENTS_MAX {
            return Ok(RangeBegun::TooMany);
        }
        let inserted = diesel::sql_query(
            "INSERT INTO redeliveries \
                 (id, merchant_id, from_at, to_at, event_type, done_until, done_id) \
             VALUES ($1, $2, $3, $4, $5, $3, $6) \
             ON CONFLICT (merchant_id) WHERE finished_at IS NULL DO NOTHING",
        )
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Timestamptz, _>(range.from)
        .bind::<Timestamptz, _>(range.to)
        .bind::<Nullable<Text>, _>(event_type)
        .bind::<SqlUuid, _>(Uuid::nil())
        .execute(self.connection()?)?;
        Ok(if inserted == 0 {
            RangeBegun::OneIsRunning
        } else {
            RangeBegun::Accepted(counted.count)
        })
    }

    /// Does one step of one range; `false` when there is none to be done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn step_redelivery(&mut self) -> Result<bool, LedgerError> {
        let running: Option<RunningRow> = redeliveries::table
            .filter(redeliveries::finished_at.is_null())
            .select(RunningRow::as_select())
            .order(redeliveries::created_at)
            .for_update()
            .skip_locked()
            .first(self.connection()?)
            .optional()?;
        let Some(running) = running else {
            return Ok(false);
        };
        let found: Vec<EventPlace> = diesel::sql_query(
            "SELECT id, created_at FROM events \
             WHERE merchant_id = $1 AND created_at < $2 AND (created_at, id) > ($3, $4) \
               AND CASE WHEN $5 IS NULL THEN type <> 'webhook.test' ELSE type = $5 END \
             ORDER BY created_at, id LIMIT $6",
        )
        .bind::<SqlUuid, _>(running.merchant_id)
        .bind::<Timestamptz, _>(running.to_at)
        .bind::<Timestamptz, _>(running.done_until)
        .bind::<SqlUuid, _>(running.done_id)
        .bind::<Nullable<Text>, _>(&running.event_type)
        .bind::<BigInt, _>(STEP_EVENTS)
        .load(self.connection()?)?;
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
                    ))
                    .execute(self.connection()?)?;
            }
        }
        let due = self.make_due(found.iter().map(|event| event.id).collect())?;
        tracing::info!(
            redelivery.id = %running.id,
            merchant.id = %MerchantId::from_uuid(running.merchant_id),
            events = found.len(),
            deliveries = due,
            "events made due again"
        );
        Ok(true)
    }

    /// In one order of rows, so that two of these cannot block each other. Who is just sending one
    /// of them loses its lease: what it records would undo this.
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
