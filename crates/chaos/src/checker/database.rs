//! The database as the checker sees it: rows by SQL, without any of the product's code.

use devstack::{Trouble, run_sql};
use serde::{Deserialize, de::DeserializeOwned};

/// An order. Ids are bare hexadecimal digits everywhere.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) merchant: String,
    pub(super) reference: String,
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) amount: i64,
    pub(super) paid: i64,
    pub(super) is_past: bool,
    pub(super) payer_chooses: bool,
}

/// A payment.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payment {
    pub(super) id: String,
    pub(super) order_id: String,
    pub(super) merchant: String,
    pub(super) method: String,
    pub(super) state: String,
    pub(super) amount: Option<i64>,
    pub(super) received: Option<i64>,
    pub(super) refunded: Option<i64>,
    pub(super) merchant_holds: i64,
    pub(super) suspended: i64,
    pub(super) last_outcome: Option<String>,
    pub(super) age_s: i64,
}

/// A line of an order's history.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct History {
    pub(super) order_id: String,
    pub(super) payment_id: Option<String>,
    pub(super) payment_from: Option<String>,
    pub(super) payment_to: Option<String>,
    pub(super) order_from: Option<String>,
    pub(super) order_to: Option<String>,
    pub(super) order_version: Option<i64>,
    pub(super) xmin: String,
}

/// An event for a shop.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) merchant: String,
    pub(super) order_id: Option<String>,
    pub(super) kind: String,
    pub(super) order_version: Option<i64>,
    pub(super) xmin: String,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Delivery {
    pub(super) event: String,
    pub(super) endpoint: String,
    pub(super) endpoint_merchant: String,
    pub(super) state: String,
    pub(super) tries: i64,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Try {
    pub(super) event: String,
    pub(super) endpoint: String,
    pub(super) try_no: i64,
    pub(super) xmin: String,
}

/// A lease that changed hands, as written down by the checker's own triggers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LeaseChange {
    pub(super) subject: String,
    pub(super) key: String,
    /// True when the lease of the previous owner had not run out; nothing when there was none.
    pub(super) ran_on: Option<bool>,
    pub(super) owner: Option<String>,
    pub(super) xmin: String,
}

/// A row of the inbox.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Notification {
    pub(super) path: String,
    pub(super) digest: String,
    pub(super) verdict: String,
}

/// A booking.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Booking {
    pub(super) payment_id: String,
    pub(super) receipt_id: Option<String>,
    pub(super) booking: String,
    pub(super) xmin: String,
    pub(super) sum: i64,
    pub(super) entries: i64,
    /// Amount that it adds for the merchant.
    pub(super) to_merchant: i64,
    /// Amount that it adds to suspense, which nobody owns yet.
    pub(super) to_suspense: i64,
}

/// A sum received.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Receipt {
    pub(super) id: String,
    pub(super) payment_id: String,
    /// Amount as the ledger has it.
    pub(super) amount: i64,
    /// Amount as the provider reported it.
    pub(super) received: i64,
    pub(super) returned: i64,
    pub(super) held: String,
    pub(super) is_right: bool,
    pub(super) verdict: Option<String>,
    /// Time of the payment, in microseconds.
    pub(super) finished_us: Option<i64>,
}

impl Receipt {
    /// Returns whether a person found that it never came.
    pub(super) fn is_struck_out(&self) -> bool {
        self.verdict.as_deref() == Some("rejected")
    }

    /// Returns the amount that has not gone back.
    pub(super) fn rest(&self) -> i64 {
        self.amount.saturating_sub(self.returned)
    }
}

/// A report of a sum without its amount.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Notice {
    pub(super) payment_id: String,
    pub(super) is_open: bool,
}

/// A POST that made something.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Creation {
    pub(super) merchant: String,
    pub(super) key: Option<String>,
    pub(super) order_id: String,
}

/// All rows that the checker reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Database {
    pub(super) orders: Vec<Order>,
    pub(super) payments: Vec<Payment>,
    pub(super) history: Vec<History>,
    pub(super) events: Vec<Event>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) tries: Vec<Try>,
    pub(super) leases: Vec<LeaseChange>,
    pub(super) notifications: Vec<Notification>,
    pub(super) bookings: Vec<Booking>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) notices: Vec<Notice>,
    pub(super) creations: Vec<Creation>,
}

const ORDERS: &str = "SELECT replace(id::text,'-','') AS id, replace(merchant_id::text,'-','') AS merchant, \
     reference, state, version, amount_minor AS amount, paid_minor AS paid, \
     expires_at < now() - interval '10 seconds' AS is_past, payer_chooses FROM orders";
const PAYMENTS: &str = "SELECT replace(id::text,'-','') AS id, replace(order_id::text,'-','') AS order_id, \
     replace(merchant_id::text,'-','') AS merchant, method, state, amount_minor AS amount, \
     received_minor AS received, refunded_minor AS refunded, merchant_minor AS merchant_holds, \
     suspense_minor AS suspended, last_outcome, \
     extract(epoch FROM now() - updated_at)::bigint AS age_s FROM payments";
const HISTORY: &str = "SELECT replace(order_id::text,'-','') AS order_id, \
     replace(payment_id::text,'-','') AS payment_id, payment_from, payment_to, order_from, order_to, \
     order_version, xmin::text AS xmin FROM history ORDER BY id";
const EVENTS: &str = "SELECT replace(id::text,'-','') AS id, replace(merchant_id::text,'-','') AS merchant, \
     replace(order_id::text,'-','') AS order_id, type AS kind, order_version, \
     xmin::text AS xmin FROM events";
const DELIVERIES: &str = "SELECT replace(d.event_id::text,'-','') AS event, \
     replace(d.endpoint_id::text,'-','') AS endpoint, \
     replace(e.merchant_id::text,'-','') AS endpoint_merchant, d.state, d.tries \
     FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id";
const TRIES: &str = "SELECT replace(event_id::text,'-','') AS event, \
     replace(endpoint_id::text,'-','') AS endpoint, try_no, xmin::text AS xmin FROM delivery_tries";
const LEASES: &str = "SELECT subject, replace(key,'-','') AS key, \
     CASE WHEN before_owner IS NOT NULL AND before_until IS NOT NULL THEN before_until > at END AS ran_on, \
     owner::text AS owner, xmin::text AS xmin FROM lease_watch.changes";
const NOTIFICATIONS: &str =
    "SELECT path, encode(body_digest,'hex') AS digest, verdict FROM notifications";
const BOOKINGS: &str = "SELECT replace(j.payment_id::text,'-','') AS payment_id, j.booking, \
     replace(j.receipt_id::text,'-','') AS receipt_id, \
     j.xmin::text AS xmin, coalesce(sum(e.minor),1)::bigint AS sum, count(e.line) AS entries, \
     -coalesce(sum(e.minor) FILTER (WHERE e.account = 'merchant_payable'), 0)::bigint AS to_merchant, \
     -coalesce(sum(e.minor) FILTER (WHERE e.account = 'suspense'), 0)::bigint AS to_suspense \
     FROM journals j LEFT JOIN entries e ON e.journal_id = j.id GROUP BY j.id, j.xmin";
const RECEIPTS: &str = "SELECT replace(id::text,'-','') AS id, \
     replace(payment_id::text,'-','') AS payment_id, amount_minor AS amount, \
     coalesce(received_minor, amount_minor) AS received, returned_minor AS returned, held, is_right, \
     verdict, (extract(epoch FROM finished_at) * 1000000)::bigint AS finished_us FROM receipts";
const NOTICES: &str = "SELECT replace(payment_id::text,'-','') AS payment_id, \
     verdict IS NULL AS is_open FROM receipt_notices";
const CREATIONS: &str = "SELECT replace(merchant_id::text,'-','') AS merchant, idempotency_key AS key, \
     replace(order_id::text,'-','') AS order_id FROM creations";

const QUERIES: [(&str, &str); 12] = [
    ("orders", ORDERS),
    ("payments", PAYMENTS),
    ("history", HISTORY),
    ("events", EVENTS),
    ("deliveries", DELIVERIES),
    ("tries", TRIES),
    ("leases", LEASES),
    ("notifications", NOTIFICATIONS),
    ("bookings", BOOKINGS),
    ("receipts", RECEIPTS),
    ("notices", NOTICES),
    ("creations", CREATIONS),
];

/// The last row, without which not all was read.
const END: &str = "end of rows";

impl Database {
    /// Builds one statement, and so one snapshot, for all rows of these tables.
    pub(super) fn statement(wanted: &[&str]) -> String {
        let queries = QUERIES.iter().filter(|(name, _)| wanted.contains(name));
        let queries = queries.map(|(name, query)| {
            format!("(SELECT '{name} ' || row_to_json(t)::text FROM ({query}) t) UNION ALL ")
        });
        format!("{}SELECT '{END}'", queries.collect::<String>())
    }

    /// Reads everything.
    ///
    /// # Errors
    /// Fails when the query fails or its rows are not understood.
    pub(super) fn read(url: &str) -> Result<Self, Trouble> {
        let all = QUERIES.map(|(name, _)| name);
        Self::default().with(&all, &run_sql(url, &Self::statement(&all))?)
    }

    /// Replaces these tables by what [`Database::statement`] printed.
    ///
    /// # Errors
    /// Fails when a row is not understood or not all are there.
    pub(super) fn with(mut self, tables: &[&str], printed: &str) -> Result<Self, Trouble> {
        for name in tables {
            self.clear(name);
        }
        for line in printed.lines() {
            if let Some((name, json)) = line.split_once(' ') {
                self.add(name, json)?;
            }
        }
        let is_whole = printed.lines().any(|line| line == END);
        is_whole
            .then_some(self)
            .ok_or_else(|| Trouble::new("not every row was printed"))
    }

    fn clear(&mut self, name: &str) {
        match name {
            "orders" => self.orders.clear(),
            "payments" => self.payments.clear(),
            "history" => self.history.clear(),
            "events" => self.events.clear(),
            "deliveries" => self.deliveries.clear(),
            "tries" => self.tries.clear(),
            "leases" => self.leases.clear(),
            "notifications" => self.notifications.clear(),
            "bookings" => self.bookings.clear(),
            "receipts" => self.receipts.clear(),
            "notices" => self.notices.clear(),
            "creations" => self.creations.clear(),
            _ => {}
        }
    }

    fn add(&mut self, name: &str, json: &str) -> Result<(), Trouble> {
        match name {
            "orders" => self.orders.push(row(json)?),
            "payments" => self.payments.push(row(json)?),
            "history" => self.history.push(row(json)?),
            "events" => self.events.push(row(json)?),
            "deliveries" => self.deliveries.push(row(json)?),
            "tries" => self.tries.push(row(json)?),
            "leases" => self.leases.push(row(json)?),
            "notifications" => self.notifications.push(row(json)?),
            "bookings" => self.bookings.push(row(json)?),
            "receipts" => self.receipts.push(row(json)?),
            "notices" => self.notices.push(row(json)?),
            "creations" => self.creations.push(row(json)?),
            _ => {}
        }
        Ok(())
    }
}

fn row<T: DeserializeOwned>(json: &str) -> Result<T, Trouble> {
    serde_json::from_str(json)
        .map_err(|error| Trouble::new(format!("a row is not understood: {error}: {json}")))
}
