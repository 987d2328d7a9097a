//! The outbox: an event is written in the transaction that causes it, with one delivery for each
//! endpoint that wants it. Its stored body has no personal data: the payer is put in when it is
//! sent, so that erasing a payer needs no rewriting.

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EventId, MerchantId, OrderId};
use ayolinx_core::order_view::{NextAction, OrderView};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::apply::Locked;
use crate::error::LedgerError;
use crate::payers::Payer;
use crate::schema::events;
use crate::tx::Tx;

impl Tx<'_> {
    /// Tells the merchant about a locked order.
    pub(crate) fn emit(&mut self, locked: &Locked, event: EventType) -> Result<(), LedgerError> {
        let record = locked.order.record(&locked.payments, None)?;
        let view = OrderView::new(&record, &self.context.links);
        let id = EventId::from_uuid(Uuid::now_v7());
        let body = EventBody::new(id, event, self.now()?, Some(view));
        let merchant = locked.order.merchant_id();
        let order = Some((locked.order.id, locked.order.version));
        self.insert_event(merchant, order, event, &body)?;
        diesel::sql_query(
            "INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
             SELECT $1, id, 'due', now() FROM webhook_endpoints \
             WHERE merchant_id = $2 AND enabled AND deleted_at IS NULL \
               AND (event_types IS NULL OR $3 = ANY (event_types))",
        )
        .bind::<SqlUuid, _>(id.as_uuid())
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<Text, _>(event.as_str())
        .execute(self.connection)?;
        Ok(())
    }

    /// Writes an event that goes to nobody yet.
    pub(crate) fn insert_event(
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
        Ok(())
    }

    /// How many deliveries wait to be sent, and since when the oldest: what the operator watches.
    /// What waits for a disabled endpoint waits for its merchant and is not counted.
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
            "SELECT count(*) AS waiting, min(d.due_at) AS oldest FROM deliveries d \
             JOIN webhook_endpoints e ON e.id = d.endpoint_id \
             WHERE d.state = 'due' AND d.due_at <= now() AND e.enabled AND e.deleted_at IS NULL",
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

    /// Deliveries that gave up, for the operator's gauge; those of deleted endpoints concern nobody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn dead_deliveries(&mut self) -> Result<i64, LedgerError> {
        #[derive(QueryableByName)]
        struct Dead {
            #[diesel(sql_type = BigInt)]
            dead: i64,
        }
        let counted: Dead = diesel::sql_query(
            "SELECT count(*) AS dead FROM deliveries d \
             JOIN webhook_endpoints e ON e.id = d.endpoint_id \
             WHERE d.state = 'dead' AND e.deleted_at IS NULL",
        )
        .get_result(self.connection)?;
        Ok(counted.dead)
    }
}

/// An event's body as its merchant sees it.
pub(crate) fn body_with_payer(stored: &str, payer: Option<&Payer>) -> Result<Vec<u8>, LedgerError> {
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
