//! Looks along one index each. All have one form: a number of rows of the index after a place, those of them
//! that every filter lets through, and the last row that was looked at unless the page is full. Rows are
//! compared and ordered by columns that only the one index has in that order: no plan for all values may
//! choose another. PostgreSQL ends a search by the first column of a compared row only: that column has a
//! condition of its own, by which it ends where the state or channel does.

use ayolinx_core::ids::OrderId;
use ayolinx_core::method::Method;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::{OrderFilter, PageEnd};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;

/// Number of channels of a method from which on they are no longer read one by one.
const CHANNELS_MAX: usize = 32;

/// A part of the list, from newest to oldest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The place after which orders are looked at.
    pub(super) before: PageEnd,
    /// Earliest creation time of the orders, inclusive.
    pub(super) from: DateTime<Utc>,
}

impl Span {
    /// A time later than any order: the end of the year 9999.
    pub(super) const LAST_TIME: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
        Some(time) => time,
        None => DateTime::<Utc>::MAX_UTC,
    };
}

/// The orders that a page is to hold.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) merchant: Uuid,
    pub(super) filter: &'a OrderFilter,
    pub(super) limit: i64,
}

/// The outcome of a look: the list down to its end, or to one order more than a page has.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// The orders found, newest first.
    pub(super) found: Vec<PageEnd>,
    /// The last row that was looked at; `None` when there are no more, or the page is full.
    pub(super) end: Option<PageEnd>,
}

/// A method and a channel.
type Way = (String, String);

#[derive(QueryableByName)]
struct Seen {
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    is_found: bool,
}

#[derive(QueryableByName)]
struct Channel {
    #[diesel(sql_type = Text)]
    channel: String,
}

/// The condition of every filter; it stands in each look in the place of `{kept}`.
const KEPT: &str = "\
    CROSS JOIN LATERAL (SELECT FROM orders o WHERE o.id = looked.id AND o.merchant_id = ? \
        AND (? IS NULL OR o.state = ?) \
        AND (? IS NULL OR o.paid_at >= ?) AND (? IS NULL OR o.paid_at < ?) \
        AND (? OR EXISTS (SELECT FROM payments p WHERE p.order_id = o.id \
            AND (? IS NULL OR p.method = ?) AND (? IS NULL OR p.channel = ?) OFFSET 0)) \
        OFFSET 0) AS kept";

/// A look at a thousand of the newest orders.
const NEWEST: &str = "\
    WITH page AS MATERIALIZED (SELECT looked.created_at, looked.id FROM ( \
        SELECT created_at, id FROM orders \
        WHERE merchant_id = ? AND (created_at, id) < (?, ?) AND created_at >= ? \
        ORDER BY orders.created_at DESC, orders.id DESC LIMIT 1000) AS looked \
        {kept} \
        ORDER BY looked.created_at DESC, looked.id DESC LIMIT ?) \
    SELECT page.created_at, page.id, true AS is_found FROM page \
    UNION ALL SELECT ended.created_at, ended.id, false FROM ( \
        SELECT created_at, id FROM orders \
        WHERE merchant_id = ? AND (created_at, id) < (?, ?) AND created_at >= ? \
        ORDER BY orders.created_at DESC, orders.id DESC LIMIT 1 OFFSET 999) AS ended \
    WHERE (SELECT count(*) FROM page) <= ?";

/// A look at a thousand orders of one state.
const OF_STATE: &str = "\
    WITH page AS MATERIALIZED (SELECT looked.created_at, looked.id FROM ( \
        SELECT state, created_at, id FROM orders \
        WHERE merchant_id = ? AND (state, created_at, id) < (?, ?, ?) AND state >= ? \
        ORDER BY orders.state DESC, orders.created_at DESC, orders.id DESC LIMIT 1000) AS looked \
        {kept} \
        ORDER BY looked.state DESC, looked.created_at DESC, looked.id DESC LIMIT ?) \
    SELECT page.created_at, page.id, true AS is_found FROM page \
    UNION ALL SELECT ended.created_at, ended.id, false FROM ( \
        SELECT state, created_at, id FROM orders \
        WHERE merchant_id = ? AND (state, created_at, id) < (?, ?, ?) AND state >= ? \
        ORDER BY orders.state DESC, orders.created_at DESC, orders.id DESC LIMIT 1 OFFSET 999) AS ended \
    WHERE (SELECT count(*) FROM page) <= ?";

/// A look at a thousand orders that were paid more than a day after they were made.
const PAID_LONG_AFTER: &str = "\
    WITH page AS MATERIALIZED (SELECT looked.created_at, looked.id FROM ( \
        SELECT created_at, id FROM orders \
        WHERE paid_at - created_at > interval '1 day' AND merchant_id = ? \
          AND (created_at, id) < (?, ?) AND created_at >= ? \
        ORDER BY orders.created_at DESC, orders.id DESC LIMIT 1000) AS looked \
        {kept} \
        ORDER BY looked.created_at DESC, looked.id DESC LIMIT ?) \
    SELECT page.created_at, page.id, true AS is_found FROM page \
    UNION ALL SELECT ended.created_at, ended.id, false FROM ( \
        SELECT created_at, id FROM orders \
        WHERE paid_at - created_at > interval '1 day' AND merchant_id = ? \
          AND (created_at, id) < (?, ?) AND created_at >= ? \
        ORDER BY orders.created_at DESC, orders.id DESC LIMIT 1 OFFSET 999) AS ended \
    WHERE (SELECT count(*) FROM page) <= ?";

/// A look at these orders.
const NAMED: &str = "\
    WITH page AS MATERIALIZED (SELECT looked.created_at, looked.id FROM ( \
        SELECT o.created_at, o.id FROM unnest(?) AS named (id) \
        CROSS JOIN LATERAL (SELECT created_at, id FROM orders WHERE id = named.id OFFSET 0) AS o \
        WHERE (o.created_at, o.id) < (?, ?) AND o.created_at >= ? \
        ORDER BY o.created_at DESC, o.id DESC LIMIT 1000) AS looked \
        {kept} \
        ORDER BY looked.created_at DESC, looked.id DESC LIMIT ?) \
    SELECT page.created_at, page.id, true AS is_found FROM page \
    UNION ALL SELECT ended.created_at, ended.id, false FROM ( \
        SELECT o.created_at, o.id FROM unnest(?) AS named (id) \
        CROSS JOIN LATERAL (SELECT created_at, id FROM orders WHERE id = named.id OFFSET 0) AS o \
        WHERE (o.created_at, o.id) < (?, ?) AND o.created_at >= ? \
        ORDER BY o.created_at DESC, o.id DESC LIMIT 1 OFFSET 999) AS ended \
    WHERE (SELECT count(*) FROM page) <= ?";

/// A look at three hundred payments of each way: where one way has more, the look ends where that one did.
const OF_WAYS: &str = "\
    WITH seen AS MATERIALIZED (SELECT made.created_at, made.id, made.nth \
        FROM unnest(?, ?) AS way (method, channel) CROSS JOIN LATERAL ( \
            SELECT next.order_created_at AS created_at, next.order_id AS id, \
                row_number() OVER () AS nth \
            FROM (SELECT order_created_at, order_id FROM payments \
                  WHERE merchant_id = ? AND method = way.method \
                    AND (CASE WHEN channel IS NULL THEN '' ELSE channel END, order_created_at, order_id) \
                          < (way.channel, ?, ?) \
                    AND CASE WHEN channel IS NULL THEN '' ELSE channel END >= way.channel \
                  ORDER BY CASE WHEN payments.channel IS NULL THEN '' ELSE payments.channel END DESC, \
                      payments.order_created_at DESC, payments.order_id DESC LIMIT 300) AS next \
            OFFSET 0) AS made), \
    ended AS MATERIALIZED (SELECT seen.created_at, seen.id FROM seen WHERE seen.nth = 300 \
        ORDER BY seen.created_at DESC, seen.id DESC LIMIT 1), \
    page AS MATERIALIZED (SELECT looked.created_at, looked.id FROM ( \
        SELECT DISTINCT seen.created_at, seen.id FROM seen \
        WHERE NOT EXISTS (SELECT FROM ended \
            WHERE (seen.created_at, seen.id) < (ended.created_at, ended.id)) \
        ORDER BY seen.created_at DESC, seen.id DESC OFFSET 0) AS looked {kept} \
        ORDER BY looked.created_at DESC, looked.id DESC LIMIT ?) \
    SELECT page.created_at, page.id, true AS is_found FROM page \
    UNION ALL SELECT ended.created_at, ended.id, false FROM ended \
    WHERE (SELECT count(*) FROM page) <= ?";

/// The channels that a method has at a merchant, each found after the one before it.
const CHANNELS: &str = "\
    WITH RECURSIVE known (channel, nth) AS ( \
        (SELECT CASE WHEN channel IS NULL THEN '' ELSE channel END, 1 FROM payments \
         WHERE merchant_id = ? AND method = ? \
         ORDER BY CASE WHEN payments.channel IS NULL THEN '' ELSE payments.channel END LIMIT 1) \
        UNION ALL \
        SELECT next.channel, known.nth + 1 FROM known CROSS JOIN LATERAL ( \
            SELECT CASE WHEN channel IS NULL THEN '' ELSE channel END AS channel FROM payments \
            WHERE merchant_id = ? AND method = ? \
              AND CASE WHEN channel IS NULL THEN '' ELSE channel END > known.channel \
            ORDER BY CASE WHEN payments.channel IS NULL THEN '' ELSE payments.channel END \
            LIMIT 1) AS next WHERE known.nth < ?) \
    SELECT channel FROM known";

impl Wanted<'_> {
    /// Adds the values of the filters and of the page's size.
    fn kept(&self, statement: Statement) -> Statement {
        let filter = self.filter;
        let state = filter.state.map(|state| state.as_str().to_owned());
        statement
            .bind::<SqlUuid, _>(self.merchant)
            .bind::<Nullable<Text>, _>(state.clone())
            .bind::<Nullable<Text>, _>(state)
            .bind::<Nullable<Timestamptz>, _>(filter.paid_from)
            .bind::<Nullable<Timestamptz>, _>(filter.paid_from)
            .bind::<Nullable<Timestamptz>, _>(filter.paid_to)
            .bind::<Nullable<Timestamptz>, _>(filter.paid_to)
            .bind::<Bool, _>(!filter.asks_for_way())
            .bind::<Nullable<Text>, _>(filter.method.clone())
            .bind::<Nullable<Text>, _>(filter.method.clone())
            .bind::<Nullable<Text>, _>(filter.channel.clone())
            .bind::<Nullable<Text>, _>(filter.channel.clone())
            .bind::<BigInt, _>(self.limit.saturating_add(1))
    }

    /// Makes a look that names its rows twice: for the page, and for the last of them.
    fn look(&self, sql: &'static str, rows: impl Fn(Statement) -> Statement) -> Statement {
        let page = self.kept(rows(Statement::of(sql.replace("{kept}", KEPT))));
        rows(page).bind::<BigInt, _>(self.limit)
    }
}

impl Tx<'_> {
    /// Runs a look, which ends at a row older than the span's begin: an index that is read by several columns
    /// could not stop there, and would read on.
    fn look(&mut self, statement: Statement, span: Span) -> Result<Look, LedgerError> {
        let rows: Vec<Seen> = statement.load(self.connection()?)?;
        let mut look = Look::default();
        for row in rows {
            let place = PageEnd {
                created_at: row.created_at,
                id: OrderId::from_uuid(row.id),
            };
            match row.is_found {
                _ if place.created_at < span.from => {}
                true => look.found.push(place),
                false => look.end = Some(place),
            }
        }
        Ok(look)
    }

    pub(super) fn look_at_newest(
        &mut self,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        self.look_by_time(NEWEST, wanted, span)
    }

    pub(super) fn look_at_paid_long_after(
        &mut self,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        self.look_by_time(PAID_LONG_AFTER, wanted, span)
    }

    /// Looks along an index that has nothing before the time at which orders were made.
    fn look_by_time(
        &mut self,
        sql: &'static str,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        let statement = wanted.look(sql, |statement| {
            statement
                .bind::<SqlUuid, _>(wanted.merchant)
                .bind::<Timestamptz, _>(span.before.created_at)
                .bind::<SqlUuid, _>(span.before.id.as_uuid())
                .bind::<Timestamptz, _>(span.from)
        });
        self.look(statement, span)
    }

    pub(super) fn look_at_state(
        &mut self,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        let state = wanted.filter.state.map_or("", |state| state.as_str());
        let statement = wanted.look(OF_STATE, |statement| {
            statement
                .bind::<SqlUuid, _>(wanted.merchant)
                .bind::<Text, _>(state)
                .bind::<Timestamptz, _>(span.before.created_at)
                .bind::<SqlUuid, _>(span.before.id.as_uuid())
                .bind::<Text, _>(state)
        });
        self.look(statement, span)
    }

    /// Looks at these orders only.
    pub(super) fn look_at(
        &mut self,
        wanted: &Wanted<'_>,
        span: Span,
        named: Vec<Uuid>,
    ) -> Result<Look, LedgerError> {
        let statement = wanted.look(NAMED, |statement| {
            statement
                .bind::<Array<SqlUuid>, _>(named.clone())
                .bind::<Timestamptz, _>(span.before.created_at)
                .bind::<SqlUuid, _>(span.before.id.as_uuid())
                .bind::<Timestamptz, _>(span.from)
        });
        self.look(statement, span)
    }

    /// Looks by a method, a channel, or a channel of a method, of any of an order's payments.
    pub(super) fn look_at_ways(
        &mut self,
        wanted: &Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        let Some(ways) = self.ways(wanted)? else {
            return self.look_at_newest(wanted, span);
        };
        let statement = Statement::of(OF_WAYS.replace("{kept}", KEPT))
            .column::<Text, _>(ways.iter().map(|(method, _)| method.clone()))
            .column::<Text, _>(ways.iter().map(|(_, channel)| channel.clone()))
            .bind::<SqlUuid, _>(wanted.merchant)
            .bind::<Timestamptz, _>(span.before.created_at)
            .bind::<SqlUuid, _>(span.before.id.as_uuid());
        let statement = wanted.kept(statement).bind::<BigInt, _>(wanted.limit);
        self.look(statement, span)
    }

    /// Returns method and channel of the payments that match; a payment without a channel has an empty one.
    /// `None` when they are too many.
    fn ways(&mut self, wanted: &Wanted<'_>) -> Result<Option<Vec<Way>>, LedgerError> {
        let filter = wanted.filter;
        let method = match (&filter.method, &filter.channel) {
            (Some(method), Some(channel)) => {
                return Ok(Some(vec![(method.clone(), channel.clone())]));
            }
            (None, Some(channel)) => {
                let all = Method::ALL.iter();
                let of = |method: &Method| (method.as_str().to_owned(), channel.clone());
                return Ok(Some(all.map(of).collect()));
            }
            (Some(method), None) => method,
            (None, None) => return Ok(None),
        };
        let mut statement = Statement::new(CHANNELS);
        for _ in 0..2 {
            statement = statement
                .bind::<SqlUuid, _>(wanted.merchant)
                .bind::<Text, _>(method.clone());
        }
        let known: Vec<Channel> = statement
            .bind::<BigInt, _>(i64::try_from(CHANNELS_MAX).unwrap_or(i64::MAX))
            .load(self.connection()?)?;
        let of = |row: Channel| (method.clone(), row.channel);
        Ok((known.len() < CHANNELS_MAX).then(|| known.into_iter().map(of).collect()))
    }
}
