//! The rights of the services' own role, table by table: no more than the code needs. Tables that only
//! grow (journals, entries, history, tries) it can neither change nor delete from, and an order's amount
//! stays whatever is written. The tables' owner and superusers need none of this, and nothing holds
//! them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use crate::database::address::without_address;
use crate::error::LedgerError;
use crate::tx::Tx;

/// Each table with its rights. A test holds it to the schema.
const RIGHTS: &[(&str, &str)] = &[
    ("__diesel_schema_migrations", "SELECT"),
    ("api_keys", "SELECT, INSERT, UPDATE"),
    ("checkout_links", "SELECT"),
    ("creations", "SELECT, INSERT, UPDATE, DELETE"),
    ("deliveries", "SELECT, INSERT, UPDATE"),
    ("delivery_tries", "SELECT, INSERT"),
    ("entries", "SELECT, INSERT"),
    ("events", "SELECT, INSERT"),
    ("history", "SELECT, INSERT"),
    ("journals", "SELECT, INSERT"),
    (
        "merchants",
        "SELECT, INSERT, UPDATE (sub_merchant_id, external_store_id)",
    ),
    ("notifications", "SELECT, INSERT, UPDATE"),
    ("operator_actions", "SELECT, INSERT"),
    ("operator_sessions", "SELECT, INSERT, UPDATE, DELETE"),
    ("operators", "SELECT, INSERT, UPDATE"),
    (
        "orders",
        "SELECT, INSERT, UPDATE (state, base_state, version, paid_minor, paid_late, updated_at, \
         paid_at, expiry_due_at, synced_at)",
    ),
    ("partition_drops", "SELECT"),
    ("payers", "SELECT, INSERT, UPDATE, DELETE"),
    ("payments", "SELECT, INSERT, UPDATE"),
    ("provider_aliases", "SELECT, INSERT, UPDATE"),
    ("provider_work", "SELECT, INSERT, UPDATE, DELETE"),
    ("receipt_notices", "SELECT, INSERT, UPDATE"),
    ("receipts", "SELECT, INSERT, UPDATE"),
    ("redeliveries", "SELECT, INSERT, UPDATE"),
    (
        "refunds",
        "SELECT, INSERT, UPDATE (state, payment_id, evidence, completed_by, completed_at, \
         cancelled_by, cancelled_at, payee_sealed)",
    ),
    (
        "rejected_notifications",
        "SELECT, INSERT, UPDATE (body_sealed), DELETE",
    ),
    ("shared_references", "SELECT"),
    ("sign_in_attempts", "SELECT, INSERT, UPDATE, DELETE"),
    ("snap_tokens", "SELECT, INSERT, UPDATE, DELETE"),
    ("webhook_endpoints", "SELECT, INSERT, UPDATE"),
];

#[derive(QueryableByName)]
struct Role {
    #[diesel(sql_type = Text)]
    quoted: String,
    #[diesel(sql_type = Bool)]
    is_held: bool,
}

/// Gives a role exactly the rights that the services need, and takes any other away. Run as the tables'
/// owner, after each migration.
///
/// # Errors
/// [`LedgerError::NotFound`] when there is no such role, [`LedgerError::Conflict`] when nothing would
/// hold it (a superuser, or one that row-level security does not hold); as [`crate::migrate`] otherwise.
pub fn grant_to_services(database_url: &str, role: &str) -> Result<(), LedgerError> {
    let mut connection = PgConnection::establish(database_url)
        .map_err(|error| LedgerError::Unavailable(without_address(&error.to_string())))?;
    let found: Role = diesel::sql_query(
        "SELECT quote_ident(rolname) AS quoted, NOT (rolsuper OR rolbypassrls) AS is_held \
         FROM pg_roles WHERE rolname = $1",
    )
    .bind::<Text, _>(role)
    .get_result(&mut connection)?;
    if !found.is_held {
        return Err(LedgerError::Conflict(
            "a superuser, or a role that row-level security does not hold".to_owned(),
        ));
    }
    let statements = statements(&found.quoted);
    connection.transaction(|connection| Ok(connection.batch_execute(&statements)?))
}

fn statements(role: &str) -> String {
    let mut all = vec![
        "SET LOCAL lock_timeout = '2s'".to_owned(),
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"),
        format!("GRANT USAGE ON SCHEMA public TO {role}"),
        format!("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"),
        format!(
            "GRANT EXECUTE ON FUNCTION make_partitions(integer), drop_partitions(text, date) TO {role}"
        ),
    ];
    let rights = RIGHTS.iter();
    all.extend(rights.map(|(table, rights)| format!("GRANT {rights} ON {table} TO {role}")));
    all.join("; ")
}

impl Tx<'_> {
    /// Returns whether row-level security holds the role that this session logged in as.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn is_held_by_walls(&mut self) -> Result<bool, LedgerError> {
        let active = diesel::dsl::sql::<Bool>("row_security_active('orders')");
        Ok(diesel::select(active).get_result(self.connection()?)?)
    }
}
