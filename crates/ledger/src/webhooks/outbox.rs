//! The outbox: an event is written in the transaction that causes it, with one delivery for each
//! endpoint that wants it. Its stored body has no personal data: the payer is put in when it is
//! sent, so that erasing a payer needs no rewriting.

use std::collections::HashMap;

use ayolinx_core::event::{EventBody, EventType};
use ayolinx_core::ids::{EventId, MerchantId, OrderId};
use ayolinx_core::order_view::{NextAction, OrderView};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::events;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::events::NewEvent;
use crate::rows::locked::Locked;
use crate::rows::payers::Payer;
use crate::tx::Tx;

/// The parts of an event that are sent.
#[derive(QueryableByName)]
pub(crate) struct EventRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(crate) order_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    pub(crate) event_type: String,
    #[diesel(sql_type = Text)]
    pub(crate) body: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(crate) traceparent: Option<String>,
}

impl Tx<'_> {
    /// Writes an event to the merchant about a locked order.
    pub(crate) fn emit(
        &mut self,
        locked: &mut Locked,
        event: EventType,
    ) -> Result<(), LedgerError> {
        self.read_money(locked)?;
        let receipts = locked.receipts.as_deref().unwrap_or_default();
        let record = locked.order.record(&locked.payments, receipts, None)?;
        let view = OrderView::new(&record, &self.context.links);
        let id = EventId::from_uuid(Uuid::now_v7());
        let body = EventBody::new(id, event, self.now()?, Some(view));
        let merchant = locked.order.merchant_id();
        let order = Some((locked.order.id, locked.order.version));
        self.keep_event(merchant, order, event, &body)
    }

    /// Writes an event that is about no order and goes to nobody yet.
    pub(crate) fn insert_event(
        &mut self,
        merchant: MerchantId,
        event: EventType,
        body: &EventBody,
    ) -> Result<(), LedgerError> {
        self.keep_event(merchant, None, event, body)
    }

    fn keep_event(
        &mut self,
        merchant: MerchantId,
        order: Option<(Uuid, i32)>,
        event: EventType,
        body: &EventBody,
    ) -> Result<(), LedgerError> {
        self.writes.events.push(NewEvent {
            id: body.id.as_uuid(),
            merchant_id: merchant.as_uuid(),
            order,
            event_type: event.as_str(),
            body: serde_json::to_string(body).map_err(LedgerError::corrupt)?,
            traceparent: crate::database::spans::cause(),
        });
        Ok(())
    }

    /// Reads events one by one, each in its month.
    pub(crate) fn events_by_id(
        &mut self,
        ids: impl Iterator<Item = Uuid>,
    ) -> Result<HashMap<Uuid, EventRow>, LedgerError> {
        let rows: Vec<EventRow> = Statement::new(
            "SELECT told.* FROM unnest(?) AS wanted (id) CROSS JOIN LATERAL ( \
                 SELECT id, order_id, type AS event_type, body, traceparent FROM events \
                 WHERE id = wanted.id OFFSET 0) AS told",
        )
        .column::<SqlUuid, _>(ids)
        .load(self.connection()?)?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Returns the types of the events of an order, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn event_types_of(&mut self, order: OrderId) -> Result<Vec<String>, LedgerError> {
        Ok(events::table
            .filter(events::order_id.eq(order.as_uuid()))
            .select(events::event_type)
            .order(events::id)
            .load(self.connection()?)?)
    }
}

/// Returns an event's body as its merchant sees it.
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
