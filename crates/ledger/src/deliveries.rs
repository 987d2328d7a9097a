//! Deliveries: one event on its way to one endpoint. Claimed by lease in database time, at most so
//! many of an endpoint at once whatever the number of replicas, and fenced by a token.
//! An endpoint that fails gets one try at a time and a lane of its own, so that it delays no other.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ayolinx_core::ids::{EndpointId, EventId};
use ayolinx_core::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::endpoints::secret_context;
use crate::error::LedgerError;
use crate::events::body_with_payer;
use crate::schema::webhook_endpoints;
use crate::statement::Statement;
use crate::tx::{Tx, shifted};

/// After so many failed tries in a row an endpoint is troubled, until a try succeeds.
pub(crate) const TROUBLED_AFTER: i32 = 5;

/// What became due so long before the newest that was claimed is still looked for: transactions that
/// make something due end later than they begin.
pub(crate) const LOOK_BACK: TimeDelta = TimeDelta::seconds(2);
/// Looks at everything find leases that ran out, and what took longer still. They take at most one
/// part in so many of the time …
pub(crate) const WHOLE_LOOK_SHARE: u32 = 100;
/// … and come at least and at most so often.
const WHOLE_LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Where a look for due deliveries begins at each endpoint: near the newest that was claimed. What was
/// settled since stays in the index, dead, as long as anybody's transaction is older than that; a
/// look that began at the oldest would go through all of it each time.
#[derive(Debug, Clone, Default)]
pub struct Fronts {
    since: HashMap<Uuid, DateTime<Utc>>,
    whole_look_at: Option<Instant>,
}

impl Fronts {
    /// For the next look, which may be one at everything.
    fn refreshed(&mut self) {
        if self.whole_look_at.is_none_or(|at| at <= Instant::now()) {
            self.since.clear();
            self.whole_look_at = None;
        }
    }

    /// After a look that took so long.
    fn looked(&mut self, took: Duration) {
        let (least, most) = WHOLE_LOOK_EVERY;
        let wait = took.saturating_mul(WHOLE_LOOK_SHARE).clamp(least, most);
        if self.whole_look_at.is_none() {
            self.whole_look_at = Instant::now().checked_add(wait);
        }
    }

    fn note(&mut self, rows: &[LeasedRow]) {
        for row in rows {
            let Some(due_at) = row.due_at else { continue };
            let since = shifted(due_at, -LOOK_BACK);
            let known = self.since.entry(row.endpoint_id).or_insert(since);
            *known = since.max(*known);
        }
    }
}

/// As statements read it: for each endpoint its time.
pub(crate) fn as_json(since: &HashMap<Uuid, DateTime<Utc>>) -> String {
    let since = since.iter();
    let since: serde_json::Map<_, _> = since
        .map(|(id, since)| (id.to_string(), since.to_rfc3339().into()))
        .collect();
    serde_json::Value::Object(since).to_string()
}

/// Which endpoints are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Endpoints that take what they get.
    Healthy,
    /// Endpoints whose last five tries failed.
    Troubled,
}

/// How much may be claimed.
struct Limits {
    /// In all.
    at_once: i64,
    /// Of one endpoint, counting what all replicas have under way.
    per_endpoint: i64,
    lease: TimeDelta,
}

/// One event on its way to one endpoint, claimed until its lease ends.
#[derive(Debug)]
pub struct LeasedDelivery {
    /// The event.
    pub event_id: EventId,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// Where to.
    pub url: String,
    /// What it is, for logs and metrics.
    pub event_type: String,
    /// The body, the same bytes at every try.
    pub body: Vec<u8>,
    /// Secrets to sign with, newest first.
    pub secrets: Vec<Secret>,
    /// Tries before this one.
    pub tries: i32,
    /// Fences a worker that wakes up late.
    pub token: Uuid,
    /// The trace that caused the event, as a W3C `traceparent`.
    pub traceparent: Option<String>,
}

/// What came of a try.
#[derive(Debug, Clone)]
pub struct TryResult {
    /// Where the delivery stands now.
    pub next: DeliveryNext,
    /// One word: `delivered`, `http_status`, `timeout`, …
    pub outcome: String,
    /// HTTP status, when there was one.
    pub status: Option<u16>,
    /// How long it took.
    pub duration_ms: i32,
}

/// Where a delivery stands after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryNext {
    /// Taken.
    Delivered,
    /// Again, after this long by the database's clock.
    RetryAfter(TimeDelta),
    /// No further try.
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

#[derive(Queryable)]
struct EndpointRow {
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    previous_secret_until: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Claims up to `limit` due deliveries for `lease`, the longest due first, so that at most
    /// `per_endpoint` of each endpoint are under way. Endpoints whose last five tries failed are left
    /// to [`Tx::lease_troubled`], lest they take the places of those who answer.
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
        let (leased, _) = self.lease_deliveries_from(fronts, limit, per_endpoint, lease)?;
        Ok(leased)
    }

    /// [`Tx::lease_deliveries`] again and again: each look begins where the one before ended, and now
    /// and then one is at everything. Returns where the next one begins.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_deliveries_from(
        &mut self,
        mut fronts: Fronts,
        limit: i64,
        per_endpoint: i64,
        lease: TimeDelta,
    ) -> Result<(Vec<LeasedDelivery>, Fronts), LedgerError> {
        let limits = Limits {
            at_once: limit,
            per_endpoint,
            lease,
        };
        fronts.refreshed();
        let began = Instant::now();
        let leased = self.lease_lane(Lane::Healthy, &limits, &mut fronts)?;
        fronts.looked(began.elapsed());
        Ok((leased, fronts))
    }

    /// Claims up to `limit` due deliveries for endpoints whose last five tries failed: one at a time
    /// for each, until one succeeds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_troubled(
        &mut self,
        limit: i64,
        lease: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let limits = Limits {
            at_once: limit,
            per_endpoint: 1,
            lease,
        };
        self.lease_lane(Lane::Troubled, &limits, &mut Fronts::default())
    }

    fn lease_lane(
        &mut self,
        lane: Lane,
        limits: &Limits,
        fronts: &mut Fronts,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let endpoints = self.lock_endpoints(lane, limits, fronts)?;
        if endpoints.is_empty() {
            return Ok(Vec::new());
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
                         SELECT count(*) FROM deliveries busy \
                         WHERE busy.endpoint_id = e.id AND busy.leased_until > now())) \
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
        .bind::<Text, _>(as_json(&fronts.since))
        .bind::<BigInt, _>(limits.per_endpoint)
        .column::<SqlUuid, _>(endpoints.into_iter())
        .bind::<Integer, _>(TROUBLED_AFTER)
        .bind::<Bool, _>(lane == Lane::Troubled)
        .bind::<BigInt, _>(limits.at_once)
        .bind::<SqlUuid, _>(token)
        .bind::<BigInt, _>(limits.lease.num_milliseconds())
        .load(self.connection()?)?;
        fronts.note(&rows);
        self.leased(&rows, token)
    }

    /// The endpoints of a lane that have room and something due, locked for this transaction: only
    /// then does the count of what is under way include what another replica has just claimed.
    fn lock_endpoints(
        &mut self,
        lane: Lane,
        limits: &Limits,
        fronts: &Fronts,
    ) -> Result<Vec<Uuid>, LedgerError> {
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
        }
        let found: Vec<Found> = Statement::new(
            "SELECT e.id FROM webhook_endpoints e \
             CROSS JOIN (SELECT ?::jsonb AS since OFFSET 0) fronts \
             CROSS JOIN LATERAL ( \
                 SELECT due_at FROM deliveries \
                 WHERE endpoint_id = e.id AND state = 'due' AND due_at <= now() \
                   AND due_at >= coalesce((fronts.since ->> e.id::text)::timestamptz, '-infinity') \
                   AND (leased_until IS NULL OR leased_until <= now()) \
                 ORDER BY due_at LIMIT 1) first \
             WHERE e.enabled AND e.deleted_at IS NULL AND (e.failures_in_row >= ?) = ? \
               AND (SELECT count(*) FROM deliveries busy WHERE busy.endpoint_id = e.id \
                    AND busy.leased_until > now()) < ? \
             ORDER BY first.due_at LIMIT ? FOR NO KEY UPDATE OF e SKIP LOCKED",
        )
        .bind::<Text, _>(as_json(&fronts.since))
        .bind::<Integer, _>(TROUBLED_AFTER)
        .bind::<Bool, _>(lane == Lane::Troubled)
        .bind::<BigInt, _>(limits.per_endpoint)
        .bind::<BigInt, _>(limits.at_once)
        .load(self.connection()?)?;
        Ok(found.into_iter().map(|row| row.id).collect())
    }

    /// Everything needed to send the claimed ones, in one query for each table.
    fn leased(
        &mut self,
        rows: &[LeasedRow],
        token: Uuid,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let events = self.events_by_id(rows.iter().map(|row| row.event_id))?;
        let endpoints: HashMap<Uuid, EndpointRow> = webhook_endpoints::table
            .filter(webhook_endpoints::id.eq_any(rows.iter().map(|row| row.endpoint_id)))
            .select((
                webhook_endpoints::id,
                (
                    webhook_endpoints::url,
                    webhook_endpoints::secret_sealed,
                    webhook_endpoints::previous_secret_sealed,
                    webhook_endpoints::previous_secret_until,
                ),
            ))
            .load(self.connection()?)?
            .into_iter()
            .collect();
        let payers = self.payers_of(events.values().filter_map(|event| event.order_id))?;
        rows.iter()
            .map(|row| {
                let event = events.get(&row.event_id).ok_or(LedgerError::NotFound)?;
                let endpoint = (endpoints.get(&row.endpoint_id)).ok_or(LedgerError::NotFound)?;
                let payer = event.order_id.and_then(|order| payers.get(&order));
                Ok(LeasedDelivery {
                    event_id: EventId::from_uuid(row.event_id),
                    endpoint_id: EndpointId::from_uuid(row.endpoint_id),
                    url: endpoint.url.clone(),
                    event_type: event.event_type.clone(),
                    body: body_with_payer(&event.body, payer)?,
                    secrets: self.secrets_of(row.endpoint_id, endpoint)?,
                    tries: row.tries,
                    token,
                    traceparent: event.traceparent.clone(),
                })
            })
            .collect()
    }

    fn secrets_of(
        &mut self,
        endpoint_id: Uuid,
        endpoint: &EndpointRow,
    ) -> Result<Vec<Secret>, LedgerError> {
        let now = self.now()?;
        let previous = endpoint.previous_secret_sealed.as_ref().filter(|_| {
            endpoint
                .previous_secret_until
                .is_some_and(|until| until > now)
        });
        [Some(&endpoint.secret_sealed), previous]
            .into_iter()
            .flatten()
            .map(|sealed| {
                let opened = self.context.open(sealed, &secret_context(endpoint_id))?;
                String::from_utf8(opened)
                    .map(Secret::new)
                    .map_err(LedgerError::corrupt)
            })
            .collect()
    }
}
