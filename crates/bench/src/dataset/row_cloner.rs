//! Many orders from one: an order is made through the API, and its rows are multiplied in the
//! database with ids that can be told from a number, so that nothing need be read back.

use devstack::Trouble;
use uuid::Uuid;

use crate::harness::ground::Ground;

/// The kinds of rows whose copies have ids of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Order,
    Payment,
    Receipt,
    Journal,
    Event,
    Notification,
}

impl Of {
    const fn tag(self) -> u64 {
        match self {
            Self::Order => 0x0a1,
            Self::Payment => 0x0b2,
            Self::Receipt => 0x0c3,
            Self::Journal => 0x0d4,
            Self::Event => 0x0e5,
            Self::Notification => 0x0f6,
        }
    }
}

/// A number of copies of one order, numbered from 1. Their ids look like those that the services
/// make: the time first, so that rows made together lie together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    millis: u64,
    number: u64,
    /// Number of copies.
    pub(crate) count: u64,
}

impl Batch {
    /// Returns the id of the copy with this number.
    pub(crate) fn id(&self, of: Of, number: u64) -> String {
        format!("{}{number:012x}", self.prefix(of))
    }

    /// Builds the same in SQL, for a number that an expression gives.
    pub(crate) fn id_in_sql(&self, of: Of, number: &str) -> String {
        let prefix = self.prefix(of);
        format!("('{prefix}' || lpad(to_hex({number}::bigint), 12, '0'))::uuid")
    }

    /// Builds an id's prefix: time, version 7, the kind; variant, the batch.
    fn prefix(&self, of: Of) -> String {
        format!("{:012x}7{:03x}8{:03x}", self.millis, of.tag(), self.number)
    }
}

/// A column of a table with its value in a copy.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    value: String,
}

/// The order that is multiplied.
#[derive(Debug)]
pub(crate) struct Copies<'a> {
    ground: &'a Ground,
    order: Uuid,
    made: u64,
    rest: Rest,
}

/// The work between the making of copies and the measurement on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// A vacuum, count and write of all tables.
    Whole,
    /// A write only: there is too much of them.
    Checkpoint,
}

/// Differences between the copies and the original besides their ids.
#[derive(Debug, Clone)]
pub(crate) struct Ages {
    /// Creation time of copy `n`, in SQL.
    pub(crate) created_at: String,
    /// Due time of its waiting work, in SQL.
    pub(crate) due_at: String,
    /// True when events keep their bodies.
    pub(crate) with_bodies: bool,
    /// True when orders are in several states and were asked to be paid in several ways, some of
    /// them rare.
    pub(crate) is_varied: bool,
}

impl Default for Ages {
    fn default() -> Self {
        Self {
            created_at: "now()".to_owned(),
            due_at: "now() + interval '2 hours'".to_owned(),
            with_bodies: true,
            is_varied: false,
        }
    }
}

impl<'a> Copies<'a> {
    /// Prepares copies of this order (`ord_…`).
    ///
    /// # Errors
    /// Fails when that is no order's id.
    pub(crate) fn of(ground: &'a Ground, order: &str) -> Result<Self, Trouble> {
        let bare = order.trim_start_matches("ord_");
        let order = bare.parse();
        let order = order.map_err(|_| Trouble::new(format!("{bare} is no id")))?;
        Ok(Self {
            ground,
            order,
            made: 0,
            rest: Rest::Whole,
        })
    }

    /// Prepares for a ledger that is too large to be vacuumed each time, with batches of other
    /// numbers.
    pub(crate) const fn on_a_large_ledger(mut self) -> Self {
        self.rest = Rest::Checkpoint;
        self
    }

    /// Numbers batches from here on.
    pub(crate) const fn begin_at(&mut self, number: u64) {
        self.made = number;
    }

    /// Starts the next batch; its rows are made by [`Copies::fill`].
    ///
    /// # Errors
    /// Fails when there are too many batches for their ids.
    pub(crate) fn batch(&mut self, count: u64) -> Result<Batch, Trouble> {
        self.made = self.made.saturating_add(1);
        if self.made > 0xfff {
            return Err(Trouble::new("too many batches"));
        }
        Ok(Batch {
            millis: chaos::clock::now_ms(),
            number: self.made,
            count,
        })
    }

    /// Makes orders with a QR on show, their history, and the work that is due later: the rows that
    /// a callback finds and changes. No webhook is due for them.
    ///
    /// # Errors
    /// Returns the server's error.
    pub(crate) fn pending(&mut self, count: u64) -> Result<Batch, Trouble> {
        let batch = self.batch(count)?;
        for table in ["orders", "payments", "history", "provider_work"] {
            self.fill(table, &batch, (1, count), &Ages::default())?;
        }
        match self.rest {
            Rest::Whole => self.ground.settle()?,
            Rest::Checkpoint => drop(self.ground.sql("CHECKPOINT")?),
        }
        Ok(batch)
    }

    /// Makes one table's rows of the copies from `first` to `last`.
    ///
    /// # Errors
    /// Returns the server's error.
    pub(crate) fn fill(
        &self,
        table: &str,
        batch: &Batch,
        (first, last): (u64, u64),
        ages: &Ages,
    ) -> Result<(), Trouble> {
        let statement = self.statement((table, &self.rows(table)), batch, (first, last), ages)?;
        self.ground.sql(&statement).map(drop)
    }

    /// Builds the statement that copies these rows of a table.
    ///
    /// # Errors
    /// Returns the server's error about the table.
    pub(crate) fn statement(
        &self,
        (table, rows): (&str, &str),
        batch: &Batch,
        (first, last): (u64, u64),
        ages: &Ages,
    ) -> Result<String, Trouble> {
        let columns = self.columns(table, batch, ages)?;
        let list = |of: fn(&Column) -> &String| {
            let all: Vec<&str> = columns.iter().map(|column| of(column).as_str()).collect();
            all.join(", ")
        };
        let (names, values) = (list(|column| &column.name), list(|column| &column.value));
        // Keys between tables and the ledger's own rules are checked by the audit, not here.
        Ok(format!(
            "SET session_replication_role = replica; \
             INSERT INTO {table} ({names}) SELECT {values} FROM ({rows}) AS t, \
             generate_series({first}::bigint, {last}::bigint) AS n ORDER BY n"
        ))
    }

    /// Builds the statement that gives each of these merchants `each` orders like this one, without
    /// payments.
    ///
    /// # Errors
    /// Returns the server's error about the table.
    pub(crate) fn for_neighbours(
        ground: &Ground,
        order: &str,
        merchants: &str,
        each: u64,
    ) -> Result<String, Trouble> {
        let columns = ground.sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attnum > 0 \
             AND NOT attisdropped ORDER BY attnum",
        )?;
        let names: Vec<&str> = columns
            .lines()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .collect();
        let values = names.iter().map(|name| match *name {
            "id" => "gen_random_uuid()".to_owned(),
            "merchant_id" => "m.id".to_owned(),
            "reference" => "'N-' || n".to_owned(),
            other => format!("t.{other}"),
        });
        let values: Vec<String> = values.collect();
        Ok(format!(
            "SET session_replication_role = replica; \
             INSERT INTO orders ({}) SELECT {} FROM orders t, ({merchants}) m, \
             generate_series(1, {each}) n WHERE t.id = '{order}'",
            names.join(", "),
            values.join(", ")
        ))
    }

    /// Builds a query for the original's rows of a table.
    pub(crate) fn rows(&self, table: &str) -> String {
        let order = self.order;
        let payments = format!("SELECT id FROM payments WHERE order_id = '{order}'");
        let events = format!("SELECT id FROM events WHERE order_id = '{order}'");
        match table {
            "orders" => format!("SELECT * FROM orders WHERE id = '{order}'"),
            "provider_work" => {
                format!("SELECT * FROM provider_work WHERE payment_id IN ({payments})")
            }
            "deliveries" => format!("SELECT * FROM deliveries WHERE event_id IN ({events})"),
            _ => format!("SELECT * FROM {table} WHERE order_id = '{order}'"),
        }
    }

    fn columns(&self, table: &str, batch: &Batch, ages: &Ages) -> Result<Vec<Column>, Trouble> {
        let listed = self.ground.sql(&format!(
            "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 \
             AND NOT attisdropped AND attidentity = '' AND attgenerated = '' \
             AND (atthasdef IS FALSE OR atttypid <> 'xid8'::regtype) ORDER BY attnum"
        ))?;
        let columns = listed
            .lines()
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Ok(columns
            .map(|name| Column {
                name: name.to_owned(),
                value: value(table, name, batch, ages),
            })
            .collect())
    }
}

/// Returns a copy's value in a column, as SQL; `n` is its number and `t` the original's row.
fn value(table: &str, column: &str, batch: &Batch, ages: &Ages) -> String {
    let id = |of| batch.id_in_sql(of, "n");
    match (table, column) {
        ("orders", "id") | (_, "order_id") => id(Of::Order),
        ("payments", "id") | ("provider_work", "payment_id") => id(Of::Payment),
        (_, "payment_id") => format!(
            "CASE WHEN t.payment_id IS NULL THEN NULL ELSE {} END",
            id(Of::Payment)
        ),
        ("events", "id") | ("deliveries", "event_id") => id(Of::Event),
        ("orders", "reference" | "checkout_token") => {
            format!("'B-{}-{}-' || n", batch.millis, batch.number)
        }
        (_, "lease_token" | "leased_until") => "NULL".to_owned(),
        // As short as can be read: no order is in it.
        ("events", "body") if !ages.with_bodies => format!(
            "'{{\"id\":\"evt_' || replace({}::text, '-', '') || '\",\"type\":\"order.paid\",\"timestamp\":\"\",\"data\":{{}}}}'",
            id(Of::Event)
        ),
        ("deliveries", "tries") => "0".to_owned(),
        ("deliveries", "state") if ages.is_varied => {
            "CASE WHEN n % 100 = 3 THEN 'dead' ELSE 'due' END".to_owned()
        }
        ("deliveries", "due_at") if ages.is_varied => {
            format!("CASE WHEN n % 100 <> 3 THEN {} END", ages.due_at)
        }
        ("deliveries", "state") => "'due'".to_owned(),
        (_, "due_at") => ages.due_at.clone(),
        (_, "expires_at" | "expiry_due_at") => {
            format!("CASE WHEN t.{column} IS NOT NULL THEN {} END", ages.due_at)
        }
        (
            _,
            "created_at" | "at" | "updated_at" | "accepted_at" | "began_at" | "order_created_at",
        ) => ages.created_at.clone(),
        _ if ages.is_varied => varied(table, column, ages),
        _ => format!("t.{column}"),
    }
}

/// Returns a varied value, as SQL. Six of ten orders are paid, one in 97 of them days later, one in
/// a thousand waits for a person, and one in a million failed; so do their events. Seven of ten
/// were asked to be paid by QRIS, and one in a million in a shop. One webhook in a hundred gave up.
fn varied(table: &str, column: &str, ages: &Ages) -> String {
    let made = &ages.created_at;
    match (table, column) {
        ("orders", "state") => {
            "CASE WHEN n % 1000000 = 5 THEN 'failed' WHEN n % 1000 = 9 THEN 'review' \
             WHEN n % 10 < 6 THEN 'paid' WHEN n % 10 < 9 THEN 'expired' ELSE 'pending' END"
                .to_owned()
        }
        ("orders", "paid_at") => format!(
            "CASE WHEN n % 10 < 6 AND n % 1000000 <> 5 THEN {made} + \
             CASE WHEN n % 97 = 1 THEN interval '3 days' ELSE interval '5 minutes' END END"
        ),
        ("orders", "paid_late") => "n % 10 < 6 AND n % 97 = 1".to_owned(),
        ("events", "type") => {
            "CASE WHEN n % 1000000 = 5 THEN 'order.failed' WHEN n % 10 < 6 THEN 'order.paid' \
             WHEN n % 10 < 9 THEN 'order.expired' ELSE t.type END"
                .to_owned()
        }
        ("payments", "method") => {
            "CASE WHEN n % 1000000 = 7 THEN 'retail' WHEN n % 10 < 7 THEN t.method \
             WHEN n % 10 < 9 THEN 'virtual_account' ELSE 'payment_link' END"
                .to_owned()
        }
        ("payments", "channel") => {
            "CASE WHEN n % 1000000 = 7 THEN 'ALFAMART' WHEN n % 10 < 7 THEN t.channel \
             WHEN n % 10 < 9 THEN 'VIRTUAL_ACCOUNT_BNI' END"
                .to_owned()
        }
        // The original's artefact fits no other method.
        ("payments", "artefact") => {
            "CASE WHEN n % 10 < 7 AND n % 1000000 <> 7 THEN t.artefact END".to_owned()
        }
        ("payments", "state") => {
            "CASE WHEN n % 10 < 7 AND n % 1000000 <> 7 THEN t.state ELSE 'expired' END".to_owned()
        }
        _ => format!("t.{column}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_version_7_and_the_same_in_sql() {
        let batch = Batch {
            millis: 0x0193_5000_0000,
            number: 3,
            count: 9,
        };
        let id = batch.id(Of::Payment, 10);
        assert_eq!(id, "01935000000070b2800300000000000a");
        assert_eq!(id.parse::<Uuid>().unwrap().get_version_num(), 7);
        assert_eq!(
            batch.id_in_sql(Of::Payment, "n"),
            "('01935000000070b28003' || lpad(to_hex(n::bigint), 12, '0'))::uuid"
        );
    }
}
