//! The messages of claimed deliveries, read in one query for each table. One that cannot be read is put
//! off, whatever the reason: it holds up no other.

use std::collections::HashMap;

use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use ayolinx_core::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use uuid::Uuid;

use super::{LeasedDelivery, LeasedRow};
use crate::database::schema::webhook_endpoints;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::seals::secret_context;
use crate::tx::Tx;
use crate::webhooks::outbox::{EventRow, body_with_payer};

/// Wait until a delivery that cannot be read is looked at again: somebody has to mend something first.
const UNREADABLE_RETRY_SECONDS: i64 = 600;

#[derive(Queryable)]
struct EndpointRow {
    merchant_id: Uuid,
    url: String,
    secret_sealed: Vec<u8>,
    previous_secret_sealed: Option<Vec<u8>>,
    previous_secret_until: Option<DateTime<Utc>>,
}

/// The rows that messages of claimed deliveries are made of.
struct Parts {
    events: HashMap<Uuid, EventRow>,
    endpoints: HashMap<Uuid, EndpointRow>,
    /// Payers by order, sealed.
    payers: HashMap<Uuid, Vec<u8>>,
}

impl Tx<'_> {
    /// Returns the messages of the claimed deliveries that can be read.
    pub(super) fn leased(
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
                    webhook_endpoints::merchant_id,
                    webhook_endpoints::url,
                    webhook_endpoints::secret_sealed,
                    webhook_endpoints::previous_secret_sealed,
                    webhook_endpoints::previous_secret_until,
                ),
            ))
            .load(self.connection()?)?
            .into_iter()
            .collect();
        let orders = events.values().filter_map(|event| event.order_id);
        let payers = self.sealed_payers_of(orders)?;
        let parts = Parts {
            events,
            endpoints,
            payers,
        };
        let (mut leased, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match self.read_leased(row, &parts, token) {
                Ok(one) => leased.push(one),
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        event.id = %EventId::from_uuid(row.event_id),
                        endpoint.id = %EndpointId::from_uuid(row.endpoint_id),
                        error = %error,
                        "a webhook cannot be read and waits; the others go on"
                    );
                    unreadable.push((row.event_id, row.endpoint_id));
                }
            }
        }
        self.put_off(&unreadable)?;
        Ok(leased)
    }

    fn read_leased(
        &mut self,
        row: &LeasedRow,
        parts: &Parts,
        token: Uuid,
    ) -> Result<LeasedDelivery, LedgerError> {
        let event = (parts.events.get(&row.event_id)).ok_or(LedgerError::NotFound)?;
        let endpoint = (parts.endpoints.get(&row.endpoint_id)).ok_or(LedgerError::NotFound)?;
        let order = event.order_id;
        let sealed = order.and_then(|order| Some((order, parts.payers.get(&order)?)));
        let payer = sealed.map(|(order, sealed)| self.open_payer(order, sealed));
        let payer = payer.transpose()?;
        Ok(LeasedDelivery {
            event_id: EventId::from_uuid(row.event_id),
            endpoint_id: EndpointId::from_uuid(row.endpoint_id),
            merchant_id: MerchantId::from_uuid(endpoint.merchant_id),
            url: endpoint.url.clone(),
            event_type: event.event_type.clone(),
            body: body_with_payer(&event.body, payer.as_ref())?,
            secrets: self.secrets_of(row.endpoint_id, endpoint)?,
            tries: row.tries,
            token,
            traceparent: event.traceparent.clone(),
        })
    }

    /// Puts off deliveries that were not attempted: no step of the schedule is used up.
    fn put_off(&mut self, unreadable: &[(Uuid, Uuid)]) -> Result<(), LedgerError> {
        if unreadable.is_empty() {
            return Ok(());
        }
        Statement::new(
            "UPDATE deliveries SET due_at = now() + make_interval(secs => ?::bigint), \
                 lease_token = NULL, leased_until = NULL, last_error = 'unreadable', \
                 updated_at = now() \
             FROM unnest(?, ?) AS unreadable (event_id, endpoint_id) \
             WHERE deliveries.event_id = unreadable.event_id \
               AND deliveries.endpoint_id = unreadable.endpoint_id",
        )
        .bind::<BigInt, _>(UNREADABLE_RETRY_SECONDS)
        .column::<SqlUuid, _>(unreadable.iter().map(|(event, _)| *event))
        .column::<SqlUuid, _>(unreadable.iter().map(|(_, endpoint)| *endpoint))
        .execute(self.connection()?)?;
        Ok(())
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
