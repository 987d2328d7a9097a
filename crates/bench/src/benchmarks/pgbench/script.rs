//! The statements of one callback: those that write, over rows like the ones that the gateway wrote
//! for the order that was paid.

use devstack::Trouble;

use crate::{
    dataset::row_cloner::{Batch, Of},
    harness::ground::Ground,
};

/// A way to send statements to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Each after the answer to the last, as programs do.
    InTurn,
    /// All of a transaction at once, without waiting in between: the most this protocol gives.
    Pipelined,
}

/// A paid order's ids.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    /// Id of the order, without its prefix.
    pub(crate) order: String,
    /// Id of the payment, as the provider knows it.
    pub(crate) payment: String,
}

/// Builds a script that pays one order of the batch after the other.
///
/// # Errors
/// Fails when a row to be copied is not there.
pub(super) fn transaction(
    ground: &Ground,
    paid: &Paid,
    batch: &Batch,
    sent: Sent,
) -> Result<String, Trouble> {
    let rows = Rows {
        ground,
        paid,
        batch,
    };
    let statements = format!(
        "BEGIN;\n{}{}{}{}END;\n",
        rows.updates(),
        rows.money()?,
        rows.told()?,
        rows.heard()?
    );
    let counted = "\\set i :i + 1\n\\set n :client_id * :each + :i\n";
    Ok(match sent {
        Sent::InTurn => format!("{counted}{statements}"),
        Sent::Pipelined => format!("{counted}\\startpipeline\n{statements}\\endpipeline\n"),
    })
}

struct Rows<'a> {
    ground: &'a Ground,
    paid: &'a Paid,
    batch: &'a Batch,
}

impl Rows<'_> {
    fn id(&self, of: Of) -> String {
        self.batch.id_in_sql(of, ":n")
    }

    fn updates(&self) -> String {
        let (order, payment) = (self.id(Of::Order), self.id(Of::Payment));
        format!(
            "UPDATE payments SET (state, received_minor, merchant_minor, provider_reference, \
             updated_at, paid_at) = (SELECT 'paid', amount_minor, amount_minor, \
             coalesce(provider_reference, 'B'), now(), now()) WHERE id = {payment};\n\
             UPDATE orders SET state = 'paid', version = version + 1, paid_minor = amount_minor, \
             updated_at = now(), paid_at = now(), expiry_due_at = NULL WHERE id = {order};\n\
             DELETE FROM provider_work WHERE payment_id = {payment};\n"
        )
    }

    /// Builds the statements of the receipt, and of a journal with its two entries.
    fn money(&self) -> Result<String, Trouble> {
        let (payment, journal) = (self.id(Of::Payment), self.id(Of::Journal));
        let (receipt, order) = (self.id(Of::Receipt), self.id(Of::Order));
        let its = format!("payment_id = '{}'", self.paid.payment);
        let receipt = self.row(
            "receipts",
            &its,
            &[("id", &receipt), ("payment_id", &payment)],
        )?;
        let own = [
            ("id", journal.as_str()),
            ("order_id", &order),
            ("payment_id", &payment),
        ];
        let booked = self.row("journals", &its, &own)?;
        let line = |number: u8| {
            let filter =
                format!("line = {number} AND journal_id IN (SELECT id FROM journals WHERE {its})");
            self.row("entries", &filter, &[("journal_id", &journal)])
        };
        let (first, second) = (line(1)?, line(2)?);
        Ok(format!(
            "INSERT INTO receipts {};\n\
             WITH made AS (INSERT INTO journals {}) INSERT INTO entries {}, ({});\n",
            receipt.whole(),
            booked.whole(),
            first.whole(),
            second.values
        ))
    }

    /// Builds the statements of the line of history, and of the event with its deliveries.
    fn told(&self) -> Result<String, Trouble> {
        let (order, payment) = (self.id(Of::Order), self.id(Of::Payment));
        let event = self.id(Of::Event);
        let its = format!("order_id = '{}'", self.paid.order);
        let history = self.row(
            "history",
            &format!("{its} AND source = 'callback'"),
            &[("order_id", &order), ("payment_id", &payment)],
        )?;
        let told = self.row(
            "events",
            &format!("{its} AND type = 'order.paid'"),
            &[("id", &event), ("order_id", &order)],
        )?;
        Ok(format!(
            "INSERT INTO history {};\n\
             WITH made AS (INSERT INTO events {}) \
             INSERT INTO deliveries (event_id, endpoint_id, state, due_at) \
             SELECT {event}, e.id, 'due', now() FROM webhook_endpoints e JOIN orders o \
             USING (merchant_id) WHERE o.id = {order} AND e.enabled AND e.deleted_at IS NULL \
             AND (e.event_types IS NULL OR 'order.paid' = ANY (e.event_types));\n",
            history.whole(),
            told.whole()
        ))
    }

    /// Builds the statement of the callback itself, in the inbox.
    fn heard(&self) -> Result<String, Trouble> {
        let (payment, id) = (self.id(Of::Payment), self.id(Of::Notification));
        let digest = format!("sha256(uuid_send({payment}))");
        let own = [
            ("id", id.as_str()),
            ("payment_id", &payment),
            ("body_digest", &digest),
        ];
        let its = format!("payment_id = '{}'", self.paid.payment);
        let row = self.row("notifications", &its, &own)?;
        Ok(format!("INSERT INTO notifications {};\n", row.whole()))
    }

    /// Builds a row like the one that matches, with these values in the place of its own; times are
    /// now. Values with a colon are written in hexadecimal: `pgbench` would take it for a variable.
    fn row(&self, table: &str, filter: &str, own: &[(&str, &str)]) -> Result<NewRow, Trouble> {
        let listed = self.ground.sql(&format!(
            "SELECT a.attname || ' ' || CASE WHEN v.value IS NULL THEN 'NULL' \
             WHEN a.atttypid = 'timestamptz'::regtype THEN 'now()' \
             WHEN v.value ~ '[:;[:cntrl:]]' \
             THEN format('convert_from(decode(%L, ''hex''), ''UTF8'')::%s', \
             encode(convert_to(v.value, 'UTF8'), 'hex'), format_type(a.atttypid, a.atttypmod)) \
             ELSE format('%L::%s', v.value, format_type(a.atttypid, a.atttypmod)) END \
             FROM (SELECT * FROM {table} WHERE {filter} LIMIT 1) AS t, \
             jsonb_each_text(to_jsonb(t)) AS v \
             JOIN pg_attribute a ON a.attrelid = '{table}'::regclass AND a.attname = v.key \
             WHERE a.attidentity = '' AND a.attgenerated = '' \
             AND (a.atthasdef IS FALSE OR a.atttypid <> 'xid8'::regtype) ORDER BY a.attnum"
        ))?;
        let columns = listed.lines().filter_map(|line| line.split_once(' '));
        let (names, values): (Vec<&str>, Vec<&str>) = columns
            .map(|(name, value)| {
                let ours = own.iter().find(|(known, _)| *known == name);
                (name, ours.map_or(value, |(_, value)| *value))
            })
            .unzip();
        if names.is_empty() {
            return Err(Trouble::new(format!("no row of {table} where {filter}")));
        }
        Ok(NewRow {
            names: names.join(", "),
            values: values.join(", "),
        })
    }
}

struct NewRow {
    names: String,
    values: String,
}

impl NewRow {
    fn whole(&self) -> String {
        format!("({}) VALUES ({})", self.names, self.values)
    }
}
