//! The append-only history of each order.

use ayolinx_core::ids::OrderId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::history;
use crate::error::LedgerError;
use crate::rows::history::not_before;
use crate::tx::Tx;

/// One line of an order's history.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = history)]
pub struct HistoryLine {
    /// Time of the fact.
    pub at: DateTime<Utc>,
    /// The payment, when it is about one.
    pub payment_id: Option<Uuid>,
    /// The source of the fact.
    pub source: String,
    /// The fact.
    pub fact: String,
    /// Payment state before.
    pub payment_from: Option<String>,
    /// Payment state after.
    pub payment_to: Option<String>,
    /// Order state before.
    pub order_from: Option<String>,
    /// Order state after.
    pub order_to: Option<String>,
    /// The order's version after it.
    pub order_version: Option<i32>,
    /// Further detail.
    pub detail: Option<String>,
}

impl Tx<'_> {
    /// Returns the history of an order, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn history_of(&mut self, order: OrderId) -> Result<Vec<HistoryLine>, LedgerError> {
        Ok(history::table
            .filter(history::order_id.eq(order.as_uuid()))
            .filter(history::at.ge(not_before(order.as_uuid())))
            .select(HistoryLine::as_select())
            .order(history::id)
            .load(self.connection()?)?)
    }
}
