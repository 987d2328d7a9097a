//! The append-only record of what happened to each order.

use ayolinx_core::ids::OrderId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::history;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::migrate::partitions::not_before;
use crate::tx::Tx;

/// Where a fact came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The merchant's backend.
    Merchant,
    /// The payer, on the checkout page.
    Payer,
    /// The provider's reply to a create.
    Reply,
    /// A callback of the provider.
    Callback,
    /// The provider's answer to an inquiry.
    Inquiry,
    /// The loop that resolves unknown outcomes.
    Resolver,
    /// The loop that ends what ran out of time.
    Expiry,
    /// Another payment of the same order.
    Sibling,
    /// An operator.
    Operator,
    /// The loop that erases the payers of past orders.
    Retention,
}

impl Source {
    /// The spelling in history rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Payer => "payer",
            Self::Reply => "provider_reply",
            Self::Callback => "callback",
            Self::Inquiry => "inquiry",
            Self::Resolver => "resolver",
            Self::Expiry => "expiry",
            Self::Sibling => "other_payment",
            Self::Operator => "operator",
            Self::Retention => "retention",
        }
    }
}

pub(crate) struct NewHistory {
    pub(crate) order_id: Uuid,
    pub(crate) payment_id: Option<Uuid>,
    pub(crate) source: &'static str,
    pub(crate) fact: &'static str,
    pub(crate) payment_from: Option<&'static str>,
    pub(crate) payment_to: Option<&'static str>,
    pub(crate) order_from: Option<&'static str>,
    pub(crate) order_to: Option<&'static str>,
    pub(crate) order_version: Option<i32>,
    pub(crate) detail: Option<String>,
}

/// One line of an order's history.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = history)]
pub struct HistoryLine {
    /// When.
    pub at: DateTime<Utc>,
    /// The payment, when it is about one.
    pub payment_id: Option<Uuid>,
    /// Where it came from.
    pub source: String,
    /// What became known.
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
    /// More about it.
    pub detail: Option<String>,
}

impl Tx<'_> {
    pub(crate) fn record(&mut self, line: NewHistory) {
        self.writes.history.push(line);
    }

    /// Everything that happened to an order, oldest first.
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

pub(crate) fn insert_all(lines: &[NewHistory]) -> Statement {
    Statement::new(
        "INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to, \
             order_from, order_to, order_version, detail) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(lines.iter().map(|line| line.order_id))
    .column::<Nullable<SqlUuid>, _>(lines.iter().map(|line| line.payment_id))
    .column::<Text, _>(lines.iter().map(|line| line.source))
    .column::<Text, _>(lines.iter().map(|line| line.fact))
    .column::<Nullable<Text>, _>(lines.iter().map(|line| line.payment_from))
    .column::<Nullable<Text>, _>(lines.iter().map(|line| line.payment_to))
    .column::<Nullable<Text>, _>(lines.iter().map(|line| line.order_from))
    .column::<Nullable<Text>, _>(lines.iter().map(|line| line.order_to))
    .column::<Nullable<Integer>, _>(lines.iter().map(|line| line.order_version))
    .column::<Nullable<Text>, _>(lines.iter().map(|line| line.detail.clone()))
}
