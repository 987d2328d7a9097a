//! The webhook endpoints and API keys that shops made for themselves, as the operator sees them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use super::{ListPage, READ, id_place};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;

/// A webhook endpoint and its state.
#[derive(Debug, Clone, QueryableByName)]
pub struct EndpointState {
    /// Identity.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The merchant that it belongs to.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The shop.
    #[diesel(sql_type = Text)]
    pub shop: String,
    /// The address that webhooks are sent to.
    #[diesel(sql_type = Text)]
    pub url: String,
    /// `true` when anything is sent.
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    /// The reason why it is disabled, unless its shop disabled it.
    #[diesel(sql_type = Nullable<Text>)]
    pub disabled_reason: Option<String>,
    /// Number of failures since the last success.
    #[diesel(sql_type = Integer)]
    pub failures_in_row: i32,
    /// Time of the last change.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// An API key and its use.
#[derive(Debug, Clone, QueryableByName)]
pub struct KeyState {
    /// Identity.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// The merchant that it belongs to.
    #[diesel(sql_type = SqlUuid)]
    pub merchant_id: Uuid,
    /// The shop.
    #[diesel(sql_type = Text)]
    pub shop: String,
    /// The beginning of the key.
    #[diesel(sql_type = Text)]
    pub hint: String,
    /// The scopes that the key allows.
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    /// Time of its creation.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// Time of its last use, to the hour.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub used_at: Option<DateTime<Utc>>,
    /// Time of its revocation.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Returns the endpoints of all shops, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn console_endpoints(
        &mut self,
        after: Option<&str>,
    ) -> Result<ListPage<EndpointState>, LedgerError> {
        let found = Statement::new(
            "SELECT e.id, e.merchant_id, m.name AS shop, e.url, e.enabled, e.disabled_reason, \
                 e.failures_in_row, e.updated_at \
             FROM webhook_endpoints e JOIN merchants m ON m.id = e.merchant_id \
             WHERE e.deleted_at IS NULL AND e.id < ? ORDER BY e.id DESC LIMIT ?",
        )
        .bind::<SqlUuid, _>(id_place(after).unwrap_or(Uuid::max()))
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        Ok(ListPage::of(found, |row: &EndpointState| {
            row.id.simple().to_string()
        }))
    }

    /// Returns the keys of all shops, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn console_keys(&mut self, after: Option<&str>) -> Result<ListPage<KeyState>, LedgerError> {
        let found = Statement::new(
            "SELECT k.id, k.merchant_id, m.name AS shop, k.hint, k.scopes, k.created_at, \
                 k.used_at, k.revoked_at \
             FROM api_keys k JOIN merchants m ON m.id = k.merchant_id \
             WHERE k.id < ? ORDER BY k.id DESC LIMIT ?",
        )
        .bind::<SqlUuid, _>(id_place(after).unwrap_or(Uuid::max()))
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        Ok(ListPage::of(found, |row: &KeyState| {
            row.id.simple().to_string()
        }))
    }
}
