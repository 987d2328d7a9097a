//! Results of attempts to deliver: a set of them is recorded in one statement for each table, fenced
//! by the token of each.

use std::collections::BTreeMap;

use ayolinx_core::ids::{EndpointId, EventId};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;
use crate::webhooks::delivery_queue::{DeliveryNext, LeasedDelivery, TROUBLED_AFTER, TryResult};

/// An attempt with its result.
#[derive(Debug, Clone)]
pub(crate) struct Tried {
    event_id: EventId,
    endpoint_id: EndpointId,
    token: Uuid,
    result: TryResult,
}

impl Tried {
    pub(crate) fn new(delivery: &LeasedDelivery, result: &TryResult) -> Self {
        Self {
            event_id: delivery.event_id,
            endpoint_id: delivery.endpoint_id,
            token: delivery.token,
            result: result.clone(),
        }
    }

    const fn state(&self) -> &'static str {
        match self.result.next {
            DeliveryNext::Delivered => "delivered",
            DeliveryNext::RetryAfter(_) | DeliveryNext::EndpointGone => "due",
            DeliveryNext::Dead => "dead",
        }
    }

    fn retry_ms(&self) -> Option<i64> {
        match self.result.next {
            DeliveryNext::RetryAfter(after) => Some(after.num_milliseconds()),
            DeliveryNext::EndpointGone => Some(TimeDelta::zero().num_milliseconds()),
            DeliveryNext::Delivered | DeliveryNext::Dead => None,
        }
    }

    fn status(&self) -> Option<i16> {
        self.result.status.and_then(|it| i16::try_from(it).ok())
    }
}

/// The health of an endpoint after a set of attempts.
#[derive(Default)]
struct Health {
    /// `true` when the endpoint accepted one of them.
    is_taken: bool,
    /// Number of failures since, or in all.
    failures: i32,
}

#[derive(QueryableByName)]
struct Settled {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
}

impl Tx<'_> {
    /// Records a set of attempts, each delivery at most once among them. A worker whose lease was
    /// taken over changes nothing and gets `false`.
    pub(crate) fn settle_all(&mut self, tries: &[&Tried]) -> Result<Vec<bool>, LedgerError> {
        if tries.is_empty() {
            return Ok(Vec::new());
        }
        let settled = self.record_tries(tries)?;
        let is_ours = |tried: &Tried| {
            let (event, endpoint) = (tried.event_id.as_uuid(), tried.endpoint_id.as_uuid());
            settled
                .iter()
                .any(|row| row.event_id == event && row.endpoint_id == endpoint)
        };
        let ours: Vec<&Tried> = tries.iter().copied().filter(|it| is_ours(it)).collect();
        self.note_health(&ours)?;
        for tried in &ours {
            if tried.result.next == DeliveryNext::EndpointGone {
                self.disable_endpoint(tried.endpoint_id, "gone (410)")?;
            }
        }
        Ok(tries.iter().map(|tried| is_ours(tried)).collect())
    }

    fn record_tries(&mut self, tries: &[&Tried]) -> Result<Vec<Settled>, LedgerError> {
        Ok(Statement::new(
            "WITH tried AS ( \
                 SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?) \
                     AS tried (event_id, endpoint_id, token, state, retry_ms, status, outcome, \
                               duration_ms) \
                 ORDER BY event_id, endpoint_id), \
             settled AS ( \
                 UPDATE deliveries SET state = tried.state, tries = tries + 1, \
                     due_at = now() + make_interval(secs => tried.retry_ms / 1000.0), \
                     lease_token = NULL, leased_until = NULL, last_status = tried.status, \
                     last_error = tried.outcome, updated_at = now() \
                 FROM tried WHERE deliveries.event_id = tried.event_id \
                   AND deliveries.endpoint_id = tried.endpoint_id \
                   AND deliveries.lease_token = tried.token \
                 RETURNING deliveries.event_id, deliveries.endpoint_id, deliveries.tries, \
                     tried.outcome, tried.status, tried.duration_ms), \
             recorded AS ( \
                 INSERT INTO delivery_tries \
                     (event_id, endpoint_id, try_no, outcome, status, duration_ms) \
                 SELECT * FROM settled) \
             SELECT event_id, endpoint_id FROM settled",
        )
        .column::<SqlUuid, _>(tries.iter().map(|it| it.event_id.as_uuid()))
        .column::<SqlUuid, _>(tries.iter().map(|it| it.endpoint_id.as_uuid()))
        .column::<SqlUuid, _>(tries.iter().map(|it| it.token))
        .column::<Text, _>(tries.iter().map(|it| it.state()))
        .column::<Nullable<BigInt>, _>(tries.iter().map(|it| it.retry_ms()))
        .column::<Nullable<SmallInt>, _>(tries.iter().map(|it| it.status()))
        .column::<Text, _>(tries.iter().map(|it| it.result.outcome.clone()))
        .column::<Integer, _>(tries.iter().map(|it| it.result.duration_ms))
        .load(self.connection()?)?)
    }

    /// Notes the health of endpoints; writes only what changes an endpoint's lane or brings it
    /// nearer to the other one.
    fn note_health(&mut self, tries: &[&Tried]) -> Result<(), LedgerError> {
        let mut health: BTreeMap<Uuid, Health> = BTreeMap::new();
        for tried in tries {
            let known = health.entry(tried.endpoint_id.as_uuid()).or_default();
            if tried.result.next == DeliveryNext::Delivered {
                *known = Health {
                    is_taken: true,
                    failures: 0,
                };
            } else {
                known.failures = known.failures.saturating_add(1);
            }
        }
        if health.is_empty() {
            return Ok(());
        }
        Statement::new(
            "UPDATE webhook_endpoints SET failures_in_row = CASE WHEN seen.is_taken \
                 THEN seen.failures ELSE failures_in_row + seen.failures END \
             FROM unnest(?, ?, ?) AS seen (id, is_taken, failures) \
             WHERE webhook_endpoints.id = seen.id AND CASE WHEN seen.is_taken \
                 THEN failures_in_row <> seen.failures ELSE failures_in_row < ? END",
        )
        .column::<SqlUuid, _>(health.keys().copied())
        .column::<Bool, _>(health.values().map(|seen| seen.is_taken))
        .column::<Integer, _>(health.values().map(|seen| seen.failures))
        .bind::<Integer, _>(TROUBLED_AFTER)
        .execute(self.connection()?)?;
        Ok(())
    }
}
