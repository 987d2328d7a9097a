//! Rows of events, each with a delivery for every endpoint that wants it.

use diesel::sql_types::{Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::{Named, Statement};

/// An event to be written.
pub(crate) struct NewEvent {
    pub(crate) id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) order: Option<(Uuid, i32)>,
    pub(crate) event_type: &'static str,
    pub(crate) body: String,
    /// The trace that caused it.
    pub(crate) traceparent: Option<String>,
}

/// Inserts events, and for those about an order a delivery to each endpoint that wants them.
pub(crate) fn insert_all(events: &[NewEvent]) -> Vec<Named> {
    let new = Statement::new(
        "SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?) \
             AS new (id, merchant_id, order_id, order_version, type, body, traceparent)",
    )
    .column::<SqlUuid, _>(events.iter().map(|event| event.id))
    .column::<SqlUuid, _>(events.iter().map(|event| event.merchant_id))
    .column::<Nullable<SqlUuid>, _>(events.iter().map(|event| event.order.map(|(id, _)| id)))
    .column::<Nullable<Integer>, _>(
        events
            .iter()
            .map(|event| event.order.map(|(_, version)| version)),
    )
    .column::<Text, _>(events.iter().map(|event| event.event_type))
    .column::<Text, _>(events.iter().map(|event| event.body.clone()))
    .column::<Nullable<Text>, _>(events.iter().map(|event| event.traceparent.clone()));
    let made = Statement::new(
        "INSERT INTO events (id, merchant_id, order_id, order_version, type, body, traceparent) \
         SELECT id, merchant_id, order_id, order_version, type, body, traceparent FROM events_new",
    );
    let due = Statement::new(
        "INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
         SELECT events_new.id, webhook_endpoints.id, 'due', now() \
         FROM events_new JOIN webhook_endpoints USING (merchant_id) \
         WHERE events_new.order_id IS NOT NULL AND enabled AND deleted_at IS NULL \
           AND (event_types IS NULL OR events_new.type = ANY (event_types))",
    );
    vec![
        ("events_new", new),
        ("events_made", made),
        ("deliveries_due", due),
    ]
}
