//! Rows of the history: the sources of facts, their spelling, and the time from which an order has
//! any.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Integer, Nullable, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;

/// The source of a fact.
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
    /// Returns its spelling in history rows.
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

/// Returns a time before which nothing of an order was recorded, computed from its id: older months
/// need no look. It allows for clocks that were wrong by a month.
pub(crate) fn not_before(order: Uuid) -> DateTime<Utc> {
    const ALLOWANCE: chrono::Days = chrono::Days::new(31);
    let made_at = (order.get_version_num() == 7)
        .then(|| order.get_timestamp())
        .flatten()
        .and_then(|stamp| DateTime::from_timestamp(i64::try_from(stamp.to_unix().0).ok()?, 0));
    made_at
        .and_then(|at: DateTime<Utc>| at.checked_sub_days(ALLOWANCE))
        .unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_nothing_from_before_its_id() {
        let now = Utc::now();
        let known = not_before(Uuid::now_v7());
        assert!(known < now && known > now - chrono::Days::new(32));
        assert_eq!(not_before(Uuid::nil()), DateTime::UNIX_EPOCH);
        assert_eq!(not_before(Uuid::new_v4()), DateTime::UNIX_EPOCH);
    }
}
