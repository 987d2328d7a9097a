//! Rows of orders, inserted and changed as a set.

use std::collections::BTreeMap;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::money::Amount;
use ayolinx_core::states::OrderState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::orders;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::values::{amount, parse};

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = orders, treat_none_as_null = true)]
pub(crate) struct OrderRow {
    pub(crate) id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) version: i32,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) paid_minor: i64,
    pub(crate) paid_late: bool,
    pub(crate) payer_chooses: bool,
    pub(crate) description: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) items: Option<String>,
    pub(crate) checkout_token: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) paid_at: Option<DateTime<Utc>>,
    pub(crate) expiry_due_at: Option<DateTime<Utc>>,
    /// State apart from money; `None` while no money was heard of.
    pub(crate) base_state: Option<String>,
}

impl OrderRow {
    pub(crate) fn id(&self) -> OrderId {
        OrderId::from_uuid(self.id)
    }

    pub(crate) fn merchant_id(&self) -> MerchantId {
        MerchantId::from_uuid(self.merchant_id)
    }

    pub(crate) fn state(&self) -> Result<OrderState, LedgerError> {
        parse("order state", &self.state)
    }

    pub(crate) fn amount(&self) -> Result<Amount, LedgerError> {
        amount(self.amount_minor, &self.currency)
    }
}

/// Inserts orders. One whose reference is taken by now fails the transaction: its maker begins
/// again. All sets are in the same order, so that two of them never deadlock.
pub(crate) fn insert_orders(rows: &[OrderRow]) -> Statement {
    Statement::new(
        "INSERT INTO orders (id, merchant_id, reference, state, amount_minor, currency, \
             payer_chooses, description, return_url, metadata, items, checkout_token, \
             created_at, updated_at, expires_at, expiry_due_at) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             AS new (id, merchant_id, reference) \
         ORDER BY merchant_id, reference",
    )
    .column::<SqlUuid, _>(rows.iter().map(|row| row.id))
    .column::<SqlUuid, _>(rows.iter().map(|row| row.merchant_id))
    .column::<Text, _>(rows.iter().map(|row| row.reference.clone()))
    .column::<Text, _>(rows.iter().map(|row| row.state.clone()))
    .column::<BigInt, _>(rows.iter().map(|row| row.amount_minor))
    .column::<Text, _>(rows.iter().map(|row| row.currency.clone()))
    .column::<Bool, _>(rows.iter().map(|row| row.payer_chooses))
    .column::<Nullable<Text>, _>(rows.iter().map(|row| row.description.clone()))
    .column::<Nullable<Text>, _>(rows.iter().map(|row| row.return_url.clone()))
    .column::<Nullable<Text>, _>(rows.iter().map(|row| row.metadata.clone()))
    .column::<Nullable<Text>, _>(rows.iter().map(|row| row.items.clone()))
    .column::<Text, _>(rows.iter().map(|row| row.checkout_token.clone()))
    .column::<Timestamptz, _>(rows.iter().map(|row| row.created_at))
    .column::<Timestamptz, _>(rows.iter().map(|row| row.updated_at))
    .column::<Timestamptz, _>(rows.iter().map(|row| row.expires_at))
    .column::<Nullable<Timestamptz>, _>(rows.iter().map(|row| row.expiry_due_at))
}

/// Writes the columns of an order that may change; the rest of its row is never written again.
pub(crate) fn update_all(rows: &BTreeMap<Uuid, OrderRow>) -> Statement {
    Statement::new(
        "UPDATE orders SET state = new.state, version = new.version, \
             paid_minor = new.paid_minor, paid_late = new.paid_late, \
             updated_at = new.updated_at, paid_at = new.paid_at, \
             expiry_due_at = new.expiry_due_at, base_state = new.base_state \
         FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) AS new \
             (id, state, version, paid_minor, paid_late, updated_at, paid_at, expiry_due_at, \
              base_state) \
         WHERE orders.id = new.id",
    )
    .column::<SqlUuid, _>(rows.values().map(|row| row.id))
    .column::<Text, _>(rows.values().map(|row| row.state.clone()))
    .column::<Integer, _>(rows.values().map(|row| row.version))
    .column::<BigInt, _>(rows.values().map(|row| row.paid_minor))
    .column::<Bool, _>(rows.values().map(|row| row.paid_late))
    .column::<Timestamptz, _>(rows.values().map(|row| row.updated_at))
    .column::<Nullable<Timestamptz>, _>(rows.values().map(|row| row.paid_at))
    .column::<Nullable<Timestamptz>, _>(rows.values().map(|row| row.expiry_due_at))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.base_state.clone()))
}
