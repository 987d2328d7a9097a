//! Gauges read from the ledger: numbers and ages of what waits, and the money. Every read is bounded and
//! finds its rows by an index, so that watching costs the same however many orders there are;
//! docs/METRICS.md says where a figure ends.

use chrono::{TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::monitoring::queue_depth::QueueDepth;
use crate::monitoring::webhook_backlog::Backlog;
use crate::rows::work::WorkKind;
use crate::tx::Tx;
use crate::webhooks::delivery_queue::TROUBLED_AFTER;
use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;

/// The most entries of a queue that are counted, the longest waiting first.
const COUNTED_MAX: i64 = 10_000;
/// The most open payments that are added up, those first that expire first.
const OPEN_MAX: i64 = 20_000;
/// The most journals that are looked at, the newest first, if no older than [`JOURNALS_SINCE_MINUTES`].
const JOURNALS_MAX: i64 = 1_000;
/// The most shared references that are counted.
const SHARED_MAX: i64 = 1_000;
const JOURNALS_SINCE_MINUTES: i64 = 10;

/// The queues, and the state of those they wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// Each queue once.
    pub depths: Vec<QueueDepth>,
    /// Webhooks that are due.
    pub outbox: QueueDepth,
    /// Number of webhooks that were given up.
    pub dead: i64,
    /// Endpoints by state: `healthy`, `troubled`, `disabled`; a state that none is in is left out.
    pub endpoints: Vec<(String, i64)>,
}

/// The money asked for and not paid, of one channel.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct PendingMoney {
    /// The method.
    #[diesel(sql_type = Text)]
    pub method: String,
    /// The channel's code.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Number of payments in state `pending`.
    #[diesel(sql_type = BigInt)]
    pub payments: i64,
    /// Their sum, in rupiah.
    #[diesel(sql_type = BigInt)]
    pub rupiah: i64,
}

/// Money as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Money asked for and not paid, by channel.
    pub pending: Vec<PendingMoney>,
    /// `true` when more payments are open than are added up.
    pub pending_is_cut_off: bool,
    /// Rupiah in suspense, of all merchants.
    pub suspense_rupiah: i64,
    /// Number of the newest journals that do not sum to zero.
    pub unbalanced: i64,
}

/// The transactions that run now, of the whole server: the feed shows events once every transaction that
/// began to write before theirs has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct RunningTransactions {
    /// The number of the oldest that has written and not ended; `next` when nothing newer has ended.
    #[diesel(sql_type = BigInt)]
    pub oldest: i64,
    /// The number after the newest that has ended.
    #[diesel(sql_type = BigInt)]
    pub next: i64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct StateCount {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    endpoints: i64,
}

impl Tx<'_> {
    /// Returns the queues, and what the next look needs to find them as quickly.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn queues(&mut self, backlog: &Backlog) -> Result<(Queues, Backlog), LedgerError> {
        let (outbox, backlog) = self.outbox_depth(backlog)?;
        let mut depths = self.work_depths()?;
        depths.push(self.unknown_depth()?);
        depths.push(self.inbox_depth()?);
        depths.push(self.untold_depth(&backlog)?);
        let queues = Queues {
            depths,
            outbox,
            dead: self.dead_deliveries()?,
            endpoints: self.endpoint_states()?,
        };
        Ok((queues, backlog))
    }

    /// Returns the ledger's figures of money.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn money(&mut self) -> Result<Money, LedgerError> {
        Ok(Money {
            pending: self.pending_money()?,
            pending_is_cut_off: self.open_payments()? > OPEN_MAX,
            suspense_rupiah: self.suspense_minor()? / 100,
            unbalanced: self.unbalanced_journals()?,
        })
    }

    /// Reads the transactions that run now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn running_transactions(&mut self) -> Result<RunningTransactions, LedgerError> {
        Ok(Statement::new(
            "SELECT pg_snapshot_xmin(taken)::text::bigint AS oldest, \
                 pg_snapshot_xmax(taken)::text::bigint AS next FROM pg_current_snapshot() AS taken",
        )
        .get_result(self.connection()?)?)
    }

    /// Counts the payments that share the provider's number with another of ours, noticed within the last
    /// day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn shared_references(&mut self) -> Result<i64, LedgerError> {
        let counted: Number = Statement::new(
            "SELECT count(*) AS number FROM (SELECT FROM shared_references \
             WHERE noticed_at > now() - interval '1 day' LIMIT ?) AS noticed",
        )
        .bind::<BigInt, _>(SHARED_MAX)
        .get_result(self.connection()?)?;
        Ok(counted.number)
    }

    /// Counts the work that is due and that nobody does yet, by kind.
    fn work_depths(&mut self) -> Result<Vec<QueueDepth>, LedgerError> {
        Ok(Statement::new(
            "SELECT kinds.kind AS queue, due.waiting, due.oldest_seconds \
             FROM unnest(?) AS kinds (kind) CROSS JOIN LATERAL ( \
                 SELECT count(*) AS waiting, \
                     coalesce(extract(epoch FROM now() - min(due_at))::bigint, 0) AS oldest_seconds \
                 FROM (SELECT due_at FROM provider_work \
                       WHERE kind = kinds.kind AND due_at <= now() \
                         AND (leased_until IS NULL OR leased_until <= now()) \
                       ORDER BY due_at LIMIT ?) AS first) AS due",
        )
        .column::<Text, _>(WorkKind::ALL.into_iter().map(WorkKind::as_str))
        .bind::<BigInt, _>(COUNTED_MAX)
        .load(self.connection()?)?)
    }

    /// Counts the payments of which nobody knows whether the provider has them: they have work until it
    /// is known.
    fn unknown_depth(&mut self) -> Result<QueueDepth, LedgerError> {
        Ok(Statement::new(
            "SELECT 'unknown' AS queue, count(*) AS waiting, \
                 coalesce(extract(epoch FROM now() - min(lost.created_at))::bigint, 0) \
                     AS oldest_seconds \
             FROM (SELECT payment_id FROM provider_work WHERE kind = 'resolve' \
                   ORDER BY due_at LIMIT ?) AS work \
             CROSS JOIN LATERAL (SELECT created_at FROM payments \
                 WHERE id = work.payment_id AND state = 'unknown' OFFSET 0) AS lost",
        )
        .bind::<BigInt, _>(COUNTED_MAX)
        .get_result(self.connection()?)?)
    }

    /// Counts the callbacks that are acknowledged and name nothing we know; they are matched again.
    fn inbox_depth(&mut self) -> Result<QueueDepth, LedgerError> {
        Ok(Statement::new(
            "SELECT 'inbox' AS queue, count(*) AS waiting, \
                 coalesce(extract(epoch FROM now() - min(received_at))::bigint, 0) \
                     AS oldest_seconds \
             FROM (SELECT received_at FROM notifications WHERE rematch_due_at IS NOT NULL \
                   ORDER BY rematch_due_at LIMIT ?) AS unmatched",
        )
        .bind::<BigInt, _>(COUNTED_MAX)
        .get_result(self.connection()?)?)
    }

    fn endpoint_states(&mut self) -> Result<Vec<(String, i64)>, LedgerError> {
        let counted: Vec<StateCount> = Statement::new(
            "SELECT CASE WHEN NOT enabled THEN 'disabled' WHEN failures_in_row >= ? \
                 THEN 'troubled' ELSE 'healthy' END AS state, count(*) AS endpoints \
             FROM webhook_endpoints WHERE deleted_at IS NULL GROUP BY 1",
        )
        .bind::<Integer, _>(TROUBLED_AFTER)
        .load(self.connection()?)?;
        Ok(counted
            .into_iter()
            .map(|row| (row.state, row.endpoints))
            .collect())
    }

    /// Adds up open payments, by the work that lets them expire.
    fn pending_money(&mut self) -> Result<Vec<PendingMoney>, LedgerError> {
        Ok(Statement::new(
            "SELECT open.method, open.channel, count(*) AS payments, \
                 sum(open.amount_minor)::bigint / 100 AS rupiah \
             FROM (SELECT payment_id FROM provider_work WHERE kind = 'expire' \
                   ORDER BY due_at LIMIT ?) AS work \
             CROSS JOIN LATERAL (SELECT method, coalesce(channel, ?) AS channel, amount_minor \
                 FROM payments WHERE id = work.payment_id AND state = 'pending' \
                 OFFSET 0) AS open \
             GROUP BY open.method, open.channel",
        )
        .bind::<BigInt, _>(OPEN_MAX)
        .bind::<Text, _>(PAYMENT_LINK_CHANNEL)
        .load(self.connection()?)?)
    }

    fn open_payments(&mut self) -> Result<i64, LedgerError> {
        let counted: Number = Statement::new(
            "SELECT count(*) AS number FROM (SELECT FROM provider_work WHERE kind = 'expire' \
             ORDER BY due_at LIMIT ?) AS open",
        )
        .bind::<BigInt, _>(OPEN_MAX.saturating_add(1))
        .get_result(self.connection()?)?;
        Ok(counted.number)
    }

    /// Adds up suspense. It is booked seldom: its entries are few, whatever the number of orders.
    fn suspense_minor(&mut self) -> Result<i64, LedgerError> {
        let held: Number = Statement::new(
            "SELECT coalesce(-sum(held.minor), 0)::bigint AS number FROM merchants m \
             CROSS JOIN LATERAL (SELECT sum(minor) AS minor FROM entries \
                 WHERE merchant_id = m.id AND account = 'suspense' OFFSET 0) AS held",
        )
        .get_result(self.connection()?)?;
        Ok(held.number)
    }

    /// Counts unbalanced journals. The database refuses them: one of them means that somebody went around
    /// it.
    fn unbalanced_journals(&mut self) -> Result<i64, LedgerError> {
        let since = Utc::now()
            .checked_sub_signed(TimeDelta::minutes(JOURNALS_SINCE_MINUTES))
            .and_then(|since| u64::try_from(since.timestamp_millis()).ok())
            .unwrap_or(0);
        let first = uuid::Builder::from_unix_timestamp_millis(since, &[0; 10]).into_uuid();
        let counted: Number = Statement::new(
            "SELECT count(*) AS number FROM (SELECT id FROM journals WHERE id >= ? \
                 ORDER BY id DESC LIMIT ?) AS newest \
             CROSS JOIN LATERAL (SELECT coalesce(sum(minor), 1) <> 0 OR count(*) < 2 AS is_wrong \
                 FROM entries WHERE journal_id = newest.id OFFSET 0) AS summed \
             WHERE summed.is_wrong",
        )
        .bind::<SqlUuid, Uuid>(first)
        .bind::<BigInt, _>(JOURNALS_MAX)
        .get_result(self.connection()?)?;
        Ok(counted.number)
    }
}
