//! The outbox: an event is written in the transaction that causes it, with one delivery for each
//! endpoint that wants it. Its stored body has no personal data: the payer is put in when it is
//! sent, so that erasing a payer needs no rewriting.

use std::collections::HashMap;

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EndpointId, EventId, MerchantId, OrderId};
use ayolinx_core::order_view::{NextAction, OrderView};
use ayolinx_core::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::apply::Locked;
use crate::endpoints::secret_context;
use crate::error::LedgerError;
use crate::payers::Payer;
use crate::schema::{deliveries, delivery_tries, events, webhook_endpoints};
use crate::tx::Tx;

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
}

#[derive(Queryable)]
struct EventRow {
    order_id: Option<Uuid>,
    event_type: String,
    body: String,
}

#[derive(Queryable)]
struct EndpointRow {
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    previous_secret_until: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Tells the merchant about a locked order.
    pub(crate) fn emit(&mut self, locked: &Locked, event: EventType) -> Result<(), LedgerError> {
        let record = locked.order.record(&locked.payments, None)?;
        let view = OrderView::new(&record, &self.context.links);
        let id = EventId::from_uuid(Uuid::now_v7());
        let body = EventBody::new(id, event, self.now()?, Some(view));
        self.insert_event(
            locked.order.merchant_id(),
            Some((locked.order.id, locked.order.version)),
            event,
            &body,
        )
    }

    fn insert_event(
        &mut self,
        merchant: MerchantId,
        order: Option<(Uuid, i32)>,
        event: EventType,
        body: &EventBody,
    ) -> Result<(), LedgerError> {
        let text = serde_json::to_string(body).map_err(LedgerError::corrupt)?;
        diesel::insert_into(events::table)
            .values((
                events::id.eq(body.id.as_uuid()),
                events::merchant_id.eq(merchant.as_uuid()),
                events::order_id.eq(order.map(|(id, _)| id)),
                events::event_type.eq(event.as_str()),
                events::order_version.eq(order.map(|(_, version)| version)),
                events::body.eq(text),
            ))
            .execute(self.connection)?;
        diesel::sql_query(
            "INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
             SELECT $1, id, 'due', now() FROM webhook_endpoints \
             WHERE merchant_id = $2 AND enabled AND deleted_at IS NULL \
               AND (event_types IS NULL OR $3 = ANY (event_types))",
        )
        .bind::<SqlUuid, _>(body.id.as_uuid())
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Text, _>(event.as_str())
        .execute(self.connection)?;
        Ok(())
    }

    /// Claims up to `limit` due deliveries for `lease`, at most `per_endpoint` of each endpoint, so
    /// that a slow one cannot take all places.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_deliveries(
        &mut self,
        limit: i64,
        per_endpoint: i64,
        lease: TimeDelta,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let token = Uuid::now_v7();
        let rows: Vec<LeasedRow> = diesel::sql_query(
            "WITH due AS ( \
                 SELECT d.event_id, d.endpoint_id FROM webhook_endpoints e \
                 CROSS JOIN LATERAL ( \
                     SELECT event_id, endpoint_id FROM deliveries \
                     WHERE endpoint_id = e.id AND state = 'due' AND due_at <= now() \
                       AND (leased_until IS NULL OR leased_until <= now()) \
                     ORDER BY due_at LIMIT greatest(0, $2 - ( \
                         SELECT count(*) FROM deliveries busy \
                         WHERE busy.endpoint_id = e.id AND busy.state = 'due' \
                           AND busy.leased_until > now())) \
                     FOR UPDATE SKIP LOCKED) d \
                 WHERE e.enabled AND e.deleted_at IS NULL LIMIT $1) \
             UPDATE deliveries SET lease_token = $3, \
                    leased_until = now() + make_interval(secs => $4::bigint / 1000.0) \
             FROM due WHERE deliveries.event_id = due.event_id \
               AND deliveries.endpoint_id = due.endpoint_id \
             RETURNING deliveries.event_id, deliveries.endpoint_id, deliveries.tries",
        )
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(per_endpoint)
        .bind::<SqlUuid, _>(token)
        .bind::<BigInt, _>(lease.num_milliseconds())
        .load(self.connection)?;
        self.leased(&rows, token)
    }

    /// Everything needed to send the claimed ones, in one query for each table.
    fn leased(
        &mut self,
        rows: &[LeasedRow],
        token: Uuid,
    ) -> Result<Vec<LeasedDelivery>, LedgerError> {
        let events: HashMap<Uuid, EventRow> = events::table
            .filter(events::id.eq_any(rows.iter().map(|row| row.event_id)))
            .select((
                events::id,
                (events::order_id, events::event_type, events::body),
            ))
            .load(self.connection)?
            .into_iter()
            .collect();
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
            .load(self.connection)?
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

    /// Records a try. A worker whose lease was taken over changes nothing and gets `false`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn settle_delivery(
        &mut self,
        delivery: &LeasedDelivery,
        result: &TryResult,
    ) -> Result<bool, LedgerError> {
        let (state, retry) = match result.next {
            DeliveryNext::Delivered => ("delivered", None),
            DeliveryNext::RetryAfter(after) => ("due", Some(after)),
            DeliveryNext::Dead => ("dead", None),
            DeliveryNext::EndpointGone => ("due", Some(TimeDelta::zero())),
        };
        let status = result.status.and_then(|status| i16::try_from(status).ok());
        let changed = diesel::sql_query(
            "UPDATE deliveries SET state = $1, tries = tries + 1, \
                    due_at = CASE WHEN $2::bigint IS NULL THEN NULL \
                             ELSE now() + make_interval(secs => $2::bigint / 1000.0) END, \
                    lease_token = NULL, leased_until = NULL, last_status = $3, last_error = $4, \
                    updated_at = now() \
             WHERE event_id = $5 AND endpoint_id = $6 AND lease_token = $7",
        )
        .bind::<Text, _>(state)
        .bind::<Nullable<BigInt>, _>(retry.map(|after| after.num_milliseconds()))
        .bind::<Nullable<diesel::sql_types::SmallInt>, _>(status)
        .bind::<Text, _>(&result.outcome)
        .bind::<SqlUuid, _>(delivery.event_id.as_uuid())
        .bind::<SqlUuid, _>(delivery.endpoint_id.as_uuid())
        .bind::<SqlUuid, _>(delivery.token)
        .execute(self.connection)?;
        if changed == 0 {
            return Ok(false);
        }
        diesel::insert_into(delivery_tries::table)
            .values((
                delivery_tries::event_id.eq(delivery.event_id.as_uuid()),
                delivery_tries::endpoint_id.eq(delivery.endpoint_id.as_uuid()),
                delivery_tries::try_no.eq(delivery.tries.saturating_add(1)),
                delivery_tries::outcome.eq(&result.outcome),
                delivery_tries::status.eq(status),
                delivery_tries::duration_ms.eq(result.duration_ms),
            ))
            .execute(self.connection)?;
        if result.next == DeliveryNext::EndpointGone {
            self.disable_endpoint(delivery.endpoint_id, "gone (410)")?;
        }
        Ok(true)
    }

    /// How many deliveries wait, and since when the oldest: what the operator watches.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn outbox_depth(&mut self) -> Result<(i64, Option<DateTime<Utc>>), LedgerError> {
        #[derive(QueryableByName)]
        struct Depth {
            #[diesel(sql_type = BigInt)]
            waiting: i64,
            #[diesel(sql_type = Nullable<Timestamptz>)]
            oldest: Option<DateTime<Utc>>,
        }
        let depth: Depth = diesel::sql_query(
            "SELECT count(*) AS waiting, min(due_at) AS oldest FROM deliveries \
             WHERE state = 'due' AND due_at <= now()",
        )
        .get_result(self.connection)?;
        Ok((depth.waiting, depth.oldest))
    }

    /// The types of the events of an order, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn event_types_of(&mut self, order: OrderId) -> Result<Vec<String>, LedgerError> {
        Ok(events::table
            .filter(events::order_id.eq(order.as_uuid()))
            .select(events::event_type)
            .order(events::id)
            .load(self.connection)?)
    }

    /// Deliveries that gave up, for the operator's gauge.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn dead_deliveries(&mut self) -> Result<i64, LedgerError> {
        Ok(deliveries::table
            .filter(deliveries::state.eq("dead"))
            .count()
            .get_result(self.connection)?)
    }
}

fn body_with_payer(stored: &str, payer: Option<&Payer>) -> Result<Vec<u8>, LedgerError> {
    let mut body: EventBody = serde_json::from_str(stored).map_err(LedgerError::corrupt)?;
    if let (Some(order), Some(payer)) = (body.data.order.as_mut(), payer) {
        put_in(order, payer);
    }
    serde_json::to_vec(&body).map_err(LedgerError::corrupt)
}

fn put_in(order: &mut OrderView, payer: &Payer) {
    for payment in &mut order.payments {
        if let Some(NextAction::ShowVirtualAccount { account_name, .. }) = &mut payment.next_action
        {
            *account_name = payer.account_name(payment.id.as_uuid());
        }
    }
    order.customer.clone_from(&payer.customer);
}
