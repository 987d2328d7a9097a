//! Deliveries: one event on its way to one endpoint, with its message (`messages`). The worker's loop leases them;
//! `scan_cursors` knows where a look begins. Claimed by lease in database time, at most a fixed number of an
//! endpoint at once whatever the number of replicas, and fenced by a token. Invariant: an endpoint that fails gets
//! one attempt at a time and a lane of its own, so that it delays no other.

use std::collections::HashSet;
use std::time::Instant;

use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use ayolinx_core::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::webhook_endpoints;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;
use crate::webhooks::scan_cursors::{Fronts, Stand};

mod messages;

/// Number of failed attempts in a row after which an endpoint is troubled, until an attempt succeeds.
pub(crate) const TROUBLED_AFTER: i32 = 5;

/// The endpoints that are served together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Endpoints that accept what they get.
    Healthy,
    /// Endpoints whose last five attempts failed.
    Troubled,
}

/// Numbers of deliveries that may be claimed.
#[derive(Debug, Clone, Default)]
pub struct DeliveryRoom {
    /// Number in all.
    pub at_once: i64,
    /// Number for one endpoint, counting what all replicas have under way.
    pub per_endpoint: i64,
    /// Endpoints that are passed over: whoever claims has no permit for them.
    pub full_endpoints: HashSet<EndpointId>,
    /// Shops whose endpoints are passed over.
    pub full_shops: HashSet<MerchantId>,
}

impl DeliveryRoom {
    /// Makes room for `at_once` in all, and `per_endpoint` of each.
    #[must_use]
    pub fn of(at_once: i64, per_endpoint: i64) -> Self {
        Self {
            at_once,
            per_endpoint,
            ..Self::default()
        }
    }

    fn has_room_for(&self, stand: &Stand) -> bool {
        stand.due_at.is_some_and(|due_at| due_at <= stand.now)
            && stand.under_way < self.per_endpoint
            && !(self.full_endpoints).contains(&EndpointId::from_uuid(stand.endpoint))
            && !(self.full_shops).contains(&MerchantId::from_uuid(stand.merchant))
    }
}

/// One event on its way to one endpoint, claimed until its lease ends.
#[derive(Debug)]
pub struct LeasedDelivery {
    /// The event.
    pub event_id: EventId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The merchant that the endpoint belongs to.
    pub merchant_id: MerchantId,
    /// The endpoint's address.
    pub url: String,
    /// The event's type, for logs and metrics.
    pub event_type: String,
    /// The body, the same bytes at every attempt.
    pub body: Vec<u8>,
    /// Secrets to sign with, newest first.
    pub secrets: Vec<Secret>,
    /// Number of attempts before this one.
    pub tries: i32,
    /// The token that fences a worker that wakes up late.
    pub token: Uuid,
    /// The trace that caused the event, as a W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// The result of an attempt.
#[derive(Debug, Clone)]
pub struct TryResult {
    /// The delivery's state now.
    pub next: DeliveryNext,
    /// One word: `delivered`, `http_status`, `timeout`, …
    pub outcome: String,
    /// HTTP status, when there was one.
    pub status: Option<u16>,
    /// Duration of the attempt.
    pub duration_ms: i32,
}

/// The state of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryNext {
    /// The endpoint accepted it.
    Delivered,
    /// It is due again, after this long by the database's clock.
    RetryAfter(TimeDelta),
    /// There is no further attempt.
    Dead,
    /// The endpoint said it is gone: disabled until it is enabled again.
    EndpointGone,
}

#[derive(QueryableByName)]
struct LeasedRow {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = Integer)]
    tries: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Claims up to `limit` due deliveries for `lease`, the longest due first, so that at most `per_endpoint` of
    /// each endpoint are under way. Endpoints whose last five attempts failed are left to [`Tx::lease_troubled`],
    /// lest they take the permits of those that answer.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_deliveries(
        &mut self,
        limit: i64,
        per_endpoint: i64,
        lease: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let fronts = Fronts::default();
        let room = DeliveryRoom::of(limit, per_endpoint);
        let (leased, _) = self.lease_deliveries_from(fronts, &room, lease)?;
        Ok(leased)
    }

    /// Claims deliveries like [`Tx::lease_deliveries`], again and again: each look begins where the one before
    /// ended, asks about the endpoints that something is known to wait for and about what is new, and now and then
    /// about everything. Returns where the next one begins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_deliveries_from(
        &mut self,
        fronts: Fronts,
        room: &DeliveryRoom,
        lease: TimeDelta,
    ) -> Result<(Vec<LeasedDelivery>, Fronts), LedgerError> {
        self.lease_lane(Lane::Healthy, (room, lease), fronts)
    }

    /// Claims up to `limit` due deliveries for endpoints whose last five attempts failed: one at a time for each,
    /// until one succeeds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_troubled(
        &mut self,
        limit: i64,
        lease: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let room = DeliveryRoom::of(limit, 1);
        let (leased, _) = self.lease_troubled_from(Fronts::default(), &room, lease)?;
        Ok(leased)
    }

    /// Claims deliveries like [`Tx::lease_troubled`], again and again, as [`Tx::lease_deliveries_from`] does; but
    /// what is new at an endpoint that fails waits for a look at everything.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_troubled_from(
        &mut self,
        fronts: Fronts,
        room: &DeliveryRoom,
        lease: TimeDelta,
    ) -> Result<(Vec<LeasedDelivery>, Fronts), LedgerError> {
        let room = DeliveryRoom {
            per_endpoint: 1,
            ..room.clone()
        };
        self.lease_lane(Lane::Troubled, (&room, lease), fronts)
    }

    fn lease_lane(
        &mut self,
        lane: Lane,
        (room, lease): (&DeliveryRoom, TimeDelta),
        mut fronts: Fronts,
    ) -> Result<(Vec<LeasedDelivery>, Fronts), LedgerError> {
        if fronts.begin_whole_look() {
            let began = Instant::now();
            let waiting = self.waiting_endpoints()?;
            fronts.looked_whole(began.elapsed(), waiting.into_iter());
        }
        let endpoints = self.endpoints_with_room(lane, room, &mut fronts)?;
        let endpoints = self.lock_endpoints(endpoints)?;
        if endpoints.is_empty() {
            return Ok((Vec::new(), fronts));
        }
        let token = Uuid::now_v7();
        let rows: Vec<LeasedRow> = Statement::new(
            "WITH due AS ( \
                 SELECT d.event_id, d.endpoint_id FROM webhook_endpoints e \
                 CROSS JOIN (SELECT ?::jsonb AS since OFFSET 0) fronts \
                 CROSS JOIN LATERAL ( \
                     SELECT event_id, endpoint_id, due_at FROM deliveries \
                     WHERE endpoint_id = e.id AND state = 'due' AND due_at <= now() \
                       AND due_at >= coalesce((fronts.since ->> e.id::text)::timestamptz, \
                                              '-infinity') \
                       AND (leased_until IS NULL OR leased_until <= now()) \
                     ORDER BY due_at LIMIT greatest(0, ? - ( \
                         SELECT count(*) FROM deliveries busy WHERE busy.endpoint_id = e.id \
                           AND busy.leased_until IS NOT NULL AND busy.leased_until > now())) \
                     FOR UPDATE SKIP LOCKED) d \
                 WHERE e.id = ANY (?) AND e.enabled AND e.deleted_at IS NULL \
                   AND (e.failures_in_row >= ?) = ? \
                 ORDER BY d.due_at LIMIT ?) \
             UPDATE deliveries SET lease_token = ?, \
                    leased_until = now() + make_interval(secs => ?::bigint / 1000.0) \
             FROM due WHERE deliveries.event_id = due.event_id \
               AND deliveries.endpoint_id = due.endpoint_id \
             RETURNING deliveries.event_id, deliveries.endpoint_id, deliveries.tries, \
                 deliveries.due_at",
        )
        .bind::<Text, _>(fronts.since())
        .bind::<BigInt, _>(room.per_endpoint)
        .column::<SqlUuid, _>(endpoints.into_iter())
        .bind::<Integer, _>(TROUBLED_AFTER)
        .bind::<Bool, _>(lane == Lane::Troubled)
        .bind::<BigInt, _>(room.at_once)
        .bind::<SqlUuid, _>(token)
        .bind::<BigInt, _>(lease.num_milliseconds())
        .load(self.connection()?)?;
        for row in &rows {
            if let Some(due_at) = row.due_at {
                fronts.note_claimed(row.endpoint_id, due_at);
            }
        }
        Ok((self.leased(&rows, token)?, fronts))
    }

    /// Returns those endpoints of a lane, among the known ones that are due to be asked about and those that
    /// something new waits for, that have room and something due; the longest due first.
    fn endpoints_with_room(
        &mut self,
        lane: Lane,
        room: &DeliveryRoom,
        fronts: &mut Fronts,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let known = fronts.to_ask();
        // What is new at an endpoint that fails is not waited for.
        let wants_new = lane == Lane::Healthy && fronts.wants_new();
        if known.is_empty() && !wants_new {
            return Ok(Vec::new());
        }
        let began = Instant::now();
        let mut stands = self.stands(lane, fronts, &known, wants_new)?;
        if wants_new {
            fronts.looked_for_new(began.elapsed());
        }
        fronts.note_stands(&known, &stands);
        stands.retain(|stand| room.has_room_for(stand));
        stands.sort_by_key(|stand| stand.due_at);
        let at_once = usize::try_from(room.at_once).unwrap_or(0);
        let endpoints = stands.iter().map(|stand| stand.endpoint);
        Ok(endpoints.take(at_once).collect())
    }

    /// Locks endpoints for this transaction: only then does the count of what is under way include what another
    /// replica has just claimed.
    fn lock_endpoints(&mut self, endpoints: Vec<Uuid>) -> Result<Vec<Uuid>, LedgerError> {
        if endpoints.is_empty() {
            return Ok(endpoints);
        }
        Ok(webhook_endpoints::table
            .filter(webhook_endpoints::id.eq_any(endpoints))
            .select(webhook_endpoints::id)
            .for_no_key_update()
            .skip_locked()
            .load(self.connection()?)?)
    }

    /// Gives back claimed deliveries that are not attempted now: no step of the schedule is used up, and they are
    /// due as before.
    ///
    /// # Errors
    /// When the database does not answer: then their leases end by themselves.
    pub fn put_back_deliveries(
        &mut self,
        claimed: &[(EventId, EndpointId, Uuid)],
    ) -> Result<(), LedgerError> {
        Statement::new(
            "UPDATE deliveries SET lease_token = NULL, leased_until = NULL \
             FROM unnest(?, ?, ?) AS back (event_id, endpoint_id, token) \
             WHERE deliveries.event_id = back.event_id \
               AND deliveries.endpoint_id = back.endpoint_id \
               AND deliveries.lease_token = back.token",
        )
        .column::<SqlUuid, _>(claimed.iter().map(|(event, ..)| event.as_uuid()))
        .column::<SqlUuid, _>(claimed.iter().map(|(_, endpoint, _)| endpoint.as_uuid()))
        .column::<SqlUuid, _>(claimed.iter().map(|(.., token)| *token))
        .execute(self.connection()?)?;
        Ok(())
    }
}
