//! The books as a run sees them: its one order, read past the product with SQL of its own; and the
//! clock, which goes on by moving everything that is stored into the past.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Order {
    pub(crate) state: String,
    pub(crate) version: i64,
    pub(crate) late: bool,
    /// Its time is over.
    pub(crate) past: bool,
    /// It may be ended now.
    pub(crate) due: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) merchant: i64,
    pub(crate) suspense: i64,
    pub(crate) call_token: Option<String>,
    pub(crate) last_outcome: Option<String>,
    pub(crate) replaces: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Work {
    pub(crate) payment: String,
    pub(crate) kind: String,
    pub(crate) token: Option<String>,
    pub(crate) live: bool,
    /// It may be taken now.
    pub(crate) due: bool,
    /// Everything else of the row.
    pub(crate) rest: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    pub(crate) id: i64,
    pub(crate) payment: Option<String>,
    pub(crate) payment_from: Option<String>,
    pub(crate) payment_to: Option<String>,
    pub(crate) order_from: Option<String>,
    pub(crate) order_to: Option<String>,
    pub(crate) version: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) version: i64,
}

/// The order and all that belongs to it; history only since the last look.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) order: Option<Order>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) work: Vec<Work>,
    pub(crate) lines: Vec<Line>,
    pub(crate) events: Vec<Event>,
    /// Receipts booked to the merchant or to suspense, by payment.
    pub(crate) receipts: BTreeMap<String, i64>,
    /// Sums of journals that are not zero.
    pub(crate) unbalanced: i64,
    /// Deliveries of callbacks that were written down.
    pub(crate) seen: i64,
}

impl Snapshot {
    pub(crate) fn payment(&self, id: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    pub(crate) fn state(&self) -> &str {
        self.order.as_ref().map_or("none", |order| &order.state)
    }
}

const SNAPSHOT: &str = "SELECT json_build_object( \
 'order', (SELECT json_build_object('state', state, 'version', version, 'late', paid_late, \
     'past', expires_at <= now(), 'due', coalesce(expiry_due_at <= now(), false)) \
     FROM orders WHERE id = $1), \
 'payments', (SELECT coalesce(json_agg(json_build_object('id', replace(id::text, '-', ''), \
     'state', state, 'merchant', merchant_minor / 100, 'suspense', suspense_minor / 100, \
     'call_token', call_token, 'last_outcome', last_outcome, 'replaces', replaces) \
     ORDER BY position), '[]') FROM payments WHERE order_id = $1), \
 'work', (SELECT coalesce(json_agg(json_build_object('payment', replace(payment_id::text, '-', ''), \
     'kind', kind, 'token', lease_token, 'live', coalesce(leased_until > now(), false), \
     'due', due_at <= now() AND coalesce(leased_until <= now(), true), \
     'rest', concat_ws('|', due_at, began_at, steps, not_found_at, leased_until))), '[]') \
     FROM provider_work WHERE payment_id IN (SELECT id FROM payments WHERE order_id = $1)), \
 'lines', (SELECT coalesce(json_agg(json_build_object('id', id, \
     'payment', replace(payment_id::text, '-', ''), 'payment_from', payment_from, \
     'payment_to', payment_to, 'order_from', order_from, 'order_to', order_to, \
     'version', order_version) ORDER BY id), '[]') FROM history WHERE order_id = $1 AND id > $2), \
 'events', (SELECT coalesce(json_agg(json_build_object('kind', type, 'version', order_version) \
     ORDER BY id), '[]') FROM events WHERE order_id = $1), \
 'receipts', (SELECT coalesce(json_object_agg(id, count), '{}') FROM ( \
     SELECT replace(payment_id::text, '-', '') AS id, count(*) FROM journals \
     WHERE order_id = $1 AND booking LIKE 'receive%' GROUP BY 1) AS counted), \
 'unbalanced', (SELECT count(*) FROM (SELECT FROM journals JOIN entries ON journal_id = journals.id \
     WHERE order_id = $1 GROUP BY journals.id HAVING sum(minor) <> 0) AS broken), \
 'seen', (SELECT coalesce(sum(seen), 0) FROM notifications WHERE payment_id IS NULL \
     OR payment_id IN (SELECT id FROM payments WHERE order_id = $1)))::text AS found";

/// The stored times that a clock is read against.
const CLOCKED: [(&str, &str); 4] = [
    (
        "orders",
        "created_at updated_at expires_at expiry_due_at paid_at synced_at",
    ),
    (
        "payments",
        "created_at updated_at expires_at paid_at accepted_at call_leased_until",
    ),
    (
        "provider_work",
        "due_at began_at asked_at not_found_at leased_until",
    ),
    ("notifications", "received_at last_seen_at rematch_due_at"),
];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    found: String,
}

pub(crate) struct Books(PgConnection);

impl Books {
    pub(crate) fn open(url: &str) -> Self {
        let mut connection = PgConnection::establish(url).unwrap();
        // The history is append-only to all but the clock.
        connection
            .batch_execute("SET session_replication_role = replica")
            .unwrap();
        Self(connection)
    }

    pub(crate) fn snapshot(&mut self, order: Uuid, since: i64) -> Snapshot {
        let row: Found = diesel::sql_query(SNAPSHOT)
            .bind::<SqlUuid, _>(order)
            .bind::<BigInt, _>(since)
            .get_result(&mut self.0)
            .unwrap();
        serde_json::from_str(&row.found).unwrap()
    }

    /// The clock goes on for the order.
    pub(crate) fn wait(&mut self, order: Uuid, seconds: i64) {
        let mut statements = String::new();
        for (table, columns) in CLOCKED {
            let moved: Vec<String> = columns
                .split(' ')
                .map(|column| format!("{column} = {column} - interval '{seconds} s'"))
                .collect();
            let filter = match table {
                "orders" => format!("id = '{order}'"),
                "payments" => format!("order_id = '{order}'"),
                _ => format!("payment_id IN (SELECT id FROM payments WHERE order_id = '{order}')"),
            };
            statements += &format!("UPDATE {table} SET {} WHERE {filter};", moved.join(", "));
        }
        statements += &format!(
            "UPDATE history SET at = at - interval '{seconds} s' WHERE order_id = '{order}';"
        );
        self.0.batch_execute(&statements).unwrap();
    }

    /// What is left to do for this order is nobody's business in the next run.
    pub(crate) fn forget(&mut self, order: Uuid) {
        let statement = format!(
            "DELETE FROM provider_work WHERE payment_id IN \
             (SELECT id FROM payments WHERE order_id = '{order}')"
        );
        self.0.batch_execute(&statement).unwrap();
    }
}
