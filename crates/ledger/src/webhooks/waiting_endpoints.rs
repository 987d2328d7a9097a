//! The endpoints that deliveries wait for, and the standing of each. The index of what is due is read from
//! endpoint to endpoint: one that has nothing due is not looked at.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;
use crate::webhooks::delivery_queue::{Lane, TROUBLED_AFTER};
use crate::webhooks::scan_cursors::{Fronts, Stand};

/// A statement that may read `waiting`: each endpoint that has something due or to be due, once, found
/// by stepping over what else it has.
macro_rules! of_waiting_endpoints {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE waiting AS ( \
                 (SELECT endpoint_id FROM deliveries WHERE state = 'due' \
                  ORDER BY endpoint_id, due_at LIMIT 1) \
                 UNION ALL \
                 SELECT next.endpoint_id FROM waiting CROSS JOIN LATERAL ( \
                     SELECT endpoint_id FROM deliveries \
                     WHERE state = 'due' AND deliveries.endpoint_id > waiting.endpoint_id \
                     ORDER BY endpoint_id, due_at LIMIT 1) AS next) ",
            $rest
        )
    };
}
pub(crate) use of_waiting_endpoints;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
}

#[derive(QueryableByName)]
struct StandRow {
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    merchant_id: Uuid,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = BigInt)]
    under_way: i64,
    #[diesel(sql_type = Timestamptz)]
    now: DateTime<Utc>,
}

impl Tx<'_> {
    /// Returns every endpoint that has a delivery to be made, now or later, whether it is enabled or not.
    pub(crate) fn waiting_endpoints(&mut self) -> Result<Vec<Uuid>, LedgerError> {
        let found: Vec<Found> =
            Statement::new(of_waiting_endpoints!("SELECT endpoint_id FROM waiting"))
                .load(self.connection()?)?;
        Ok(found.into_iter().map(|row| row.endpoint_id).collect())
    }

    /// Returns the standing of these endpoints, and with `wants_new` of those that a delivery of the last
    /// seconds waits for; only those of this lane. New deliveries are found by their ids, which begin with
    /// the time: that reads the table of the running month, no further back than a few seconds. What the
    /// clock of another process makes look older than that is found by a look at everything.
    pub(crate) fn stands(
        &mut self,
        lane: Lane,
        fronts: &Fronts,
        known: &[Uuid],
        wants_new: bool,
    ) -> Result<Vec<Stand>, LedgerError> {
        let rows: Vec<StandRow> = Statement::new(
            "WITH recent AS ( \
                 SELECT endpoint_id, state, leased_until FROM deliveries \
                 WHERE ? AND event_id >= (lpad(to_hex((extract(epoch FROM \
                         now() - interval '3 seconds') * 1000)::bigint), 12, '0') \
                         || repeat('0', 20))::uuid \
                   AND event_id < (lpad(to_hex((extract(epoch FROM \
                         now() + interval '1 day') * 1000)::bigint), 12, '0') \
                         || repeat('0', 20))::uuid \
                 ORDER BY event_id LIMIT 20000), \
             asked AS ( \
                 SELECT endpoint_id FROM recent WHERE state = 'due' AND leased_until IS NULL \
                 UNION SELECT unnest(?)) \
             SELECT asked.endpoint_id, endpoint.merchant_id, first.due_at, busy.under_way, \
                    now() AS now FROM asked \
             CROSS JOIN (SELECT ?::jsonb AS since OFFSET 0) fronts \
             CROSS JOIN LATERAL ( \
                 SELECT id, merchant_id FROM webhook_endpoints \
                 WHERE id = asked.endpoint_id AND enabled AND deleted_at IS NULL \
                   AND (failures_in_row >= ?) = ? OFFSET 0) endpoint \
             LEFT JOIN LATERAL ( \
                 SELECT due_at FROM deliveries \
                 WHERE endpoint_id = endpoint.id AND state = 'due' \
                   AND due_at >= coalesce((fronts.since ->> endpoint.id::text)::timestamptz, \
                                          '-infinity') \
                   AND (leased_until IS NULL OR leased_until <= now()) \
                 ORDER BY due_at LIMIT 1) first ON true \
             CROSS JOIN LATERAL ( \
                 SELECT count(*) AS under_way FROM deliveries busy \
                 WHERE busy.endpoint_id = endpoint.id \
                   AND busy.leased_until IS NOT NULL AND busy.leased_until > now()) busy",
        )
        .bind::<Bool, _>(wants_new)
        .column::<SqlUuid, _>(known.iter().copied())
        .bind::<Text, _>(fronts.since())
        .bind::<Integer, _>(TROUBLED_AFTER)
        .bind::<Bool, _>(lane == Lane::Troubled)
        .load(self.connection()?)?;
        let stand = |row: StandRow| Stand {
            endpoint: row.endpoint_id,
            merchant: row.merchant_id,
            due_at: row.due_at,
            under_way: row.under_way,
            now: row.now,
        };
        Ok(rows.into_iter().map(stand).collect())
    }
}
