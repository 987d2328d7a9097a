//! Report of a merchant's orders and money between two moments, by channel: one statement, so one
//! snapshot. Money is counted by its bookings, so the sum of all days is the sum of the journal.

use std::collections::BTreeMap;

use ayolinx_core::ids::MerchantId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};

use crate::error::LedgerError;
use crate::tx::Tx;

/// Bookings of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Number of bookings.
    pub count: i64,
    /// Minor units; never negative.
    pub minor: i64,
}

/// The method and channel by which money comes in. Both are `None` for an order without a payment; a
/// link has no channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The method.
    pub method: Option<String>,
    /// The channel.
    pub channel: Option<String>,
}

/// Figures of one method and channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WayFigures {
    /// Number of orders made, by their first payment.
    pub orders: i64,
    /// Number of orders that expired, by their newest payment then.
    pub expired: i64,
    /// Number of orders that failed, by their newest payment then.
    pub failed: i64,
    /// Money received for the merchant.
    pub received: Sum,
    /// Money received into suspense.
    pub held: Sum,
    /// Money moved from suspense to the merchant.
    pub accepted: Sum,
    /// Money moved from the merchant into suspense, since an earlier payment of the order took its
    /// place.
    pub displaced: Sum,
    /// Money that left suspense again.
    pub released: Sum,
    /// The merchant's money given back.
    pub refunded: Sum,
}

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodReport {
    /// Figures by each way that has any.
    pub ways: BTreeMap<Way, WayFigures>,
    /// `true` when the events of that time were dropped, and with them the counts of expired and
    /// failed orders.
    pub events_are_gone: bool,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    method: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    channel: Option<String>,
    #[diesel(sql_type = Text)]
    figure: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    minor: i64,
}

/// The report. Each inner query is looked up row by row, by a key.
const REPORT: &str = "\
    SELECT first.method, first.channel, 'orders' AS figure, count(*) AS count, 0::bigint AS minor \
    FROM orders o LEFT JOIN LATERAL (SELECT p.method, p.channel FROM payments p \
        WHERE p.order_id = o.id AND p.position = 1 AND p.created_at < $3 LIMIT 1) first ON true \
    WHERE o.merchant_id = $1 AND o.created_at >= $2 AND o.created_at < $3 GROUP BY 1, 2 \
    UNION ALL \
    SELECT paid.method, paid.channel, j.booking, count(*), sum(debit.minor)::bigint \
    FROM journals j \
    CROSS JOIN LATERAL (SELECT sum(e.minor) AS minor FROM entries e \
        WHERE e.journal_id = j.id AND e.minor > 0) debit \
    LEFT JOIN LATERAL (SELECT p.method, p.channel FROM payments p \
        WHERE p.id = j.payment_id LIMIT 1) paid ON true \
    WHERE j.merchant_id = $1 AND j.created_at >= $2 AND j.created_at < $3 GROUP BY 1, 2, 3 \
    UNION ALL \
    SELECT newest.method, newest.channel, v.type, count(DISTINCT v.order_id), 0 \
    FROM (VALUES ('order.expired'), ('order.failed')) AS told (type) \
    CROSS JOIN LATERAL (SELECT order_id, created_at, type FROM events \
        WHERE merchant_id = $1 AND type = told.type AND created_at >= $2 AND created_at < $3 \
        OFFSET 0) v \
    LEFT JOIN LATERAL (SELECT p.method, p.channel FROM payments p \
        WHERE p.order_id = v.order_id AND p.created_at <= v.created_at \
        ORDER BY p.position DESC LIMIT 1) newest ON true GROUP BY 1, 2, 3 \
    UNION ALL \
    SELECT NULL, NULL, 'events_are_gone', 1, 0 WHERE kept_since('outbox') > $2";

impl Tx<'_> {
    /// Returns the report of a merchant's orders and money at or after `from` and before `to`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn report(
        &mut self,
        merchant: MerchantId,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<PeriodReport, LedgerError> {
        let lines: Vec<Line> = diesel::sql_query(REPORT)
            .bind::<SqlUuid, _>(merchant.as_uuid())
            .bind::<Timestamptz, _>(from)
            .bind::<Timestamptz, _>(to)
            .load(self.connection()?)?;
        let mut report = PeriodReport::default();
        for line in lines {
            report.take(line);
        }
        Ok(report)
    }
}

impl PeriodReport {
    fn take(&mut self, line: Line) {
        if line.figure == "events_are_gone" {
            self.events_are_gone = true;
            return;
        }
        let way = Way {
            method: line.method,
            channel: line.channel,
        };
        let figures = self.ways.entry(way).or_default();
        let sum = Sum {
            count: line.count,
            minor: line.minor,
        };
        match line.figure.as_str() {
            "orders" => figures.orders = line.count,
            "order.expired" => figures.expired = line.count,
            "order.failed" => figures.failed = line.count,
            "receive_for_merchant" => figures.received = sum,
            "receive_into_suspense" => figures.held = sum,
            "suspense_to_merchant" => figures.accepted = sum,
            "merchant_to_suspense" => figures.displaced = sum,
            "release_suspense" => figures.released = sum,
            "refund_from_merchant" => figures.refunded = sum,
            // While a new version is rolled out, the old one meets its bookings: the rest is told.
            other => tracing::warn!(booking = other, "a report leaves out what it does not know"),
        }
    }
}
