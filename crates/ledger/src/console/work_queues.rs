//! Lists of what needs a person's eyes: orders in review and late ones, payments of unknown outcome,
//! webhooks that were given up.

use ayolinx_core::ids::{EventId, OrderId};
use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::{ListPage, READ, timed};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows;
use crate::tx::Tx;
use crate::webhooks::failing_endpoints::of_failing_endpoints;

/// The most entries of each list that are counted.
const COUNTED_MAX: i64 = 1_000;
/// The newest and the greatest id.
const LAST: Uuid = Uuid::max();

/// A row of a list, whatever the list.
#[derive(Debug, Clone)]
pub struct EyeLine {
    /// The notification or event that an action is about.
    pub key: Option<Uuid>,
    /// The order.
    pub order: Option<OrderId>,
    /// The order's number at the shop.
    pub reference: Option<String>,
    /// The shop.
    pub shop: Option<String>,
    /// The matter, in a word or two.
    pub what: String,
    /// Further detail.
    pub detail: String,
    /// The amount asked for.
    pub amount: Option<Amount>,
    /// Time since which it waits.
    pub since: DateTime<Utc>,
}

impl EyeLine {
    /// Returns the event of a webhook that was given up.
    #[must_use]
    pub fn event(&self) -> Option<EventId> {
        self.key.map(EventId::from_uuid)
    }
}

/// The lengths of the lists, up to a thousand each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct CountedEyes {
    /// Orders in review.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Callbacks in quarantine.
    #[diesel(sql_type = BigInt)]
    pub quarantine: i64,
    /// Webhooks that were given up.
    #[diesel(sql_type = BigInt)]
    pub dead: i64,
    /// Payments of unknown outcome.
    #[diesel(sql_type = BigInt)]
    pub unknown: i64,
    /// Refunds to be made.
    #[diesel(sql_type = BigInt)]
    pub refunds: i64,
    /// Late orders that were made in the last 30 days.
    #[diesel(sql_type = BigInt)]
    pub late: i64,
}

#[derive(QueryableByName)]
struct OrderFound {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    reference: String,
    #[diesel(sql_type = Text)]
    shop: String,
    #[diesel(sql_type = Text)]
    what: String,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = BigInt)]
    amount_minor: i64,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Timestamptz)]
    since: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    place: Uuid,
}

impl OrderFound {
    fn line(self) -> Result<EyeLine, LedgerError> {
        Ok(EyeLine {
            key: None,
            order: Some(OrderId::from_uuid(self.id)),
            reference: Some(self.reference),
            shop: Some(self.shop),
            what: self.what,
            detail: self.detail,
            amount: Some(rows::values::amount(self.amount_minor, &self.currency)?),
            since: self.since,
        })
    }
}

#[derive(QueryableByName)]
struct DeadFound {
    #[diesel(sql_type = SqlUuid)]
    event_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = Text)]
    event_type: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    order_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    shop: String,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Nullable<diesel::sql_types::SmallInt>)]
    last_status: Option<i16>,
    #[diesel(sql_type = Timestamptz)]
    updated_at: DateTime<Utc>,
}

fn lines(
    found: Vec<OrderFound>,
    place: impl Fn(&OrderFound) -> String,
) -> Result<ListPage<EyeLine>, LedgerError> {
    let page = ListPage::of(found, place);
    let rows = page.rows.into_iter().map(OrderFound::line);
    Ok(ListPage {
        rows: rows.collect::<Result<_, _>>()?,
        next: page.next,
    })
}

impl Tx<'_> {
    pub(super) fn orders_in_review(
        &mut self,
        before: Option<Uuid>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let found = Statement::new(
            "SELECT o.id, o.reference, m.name AS shop, o.state AS what, \
                 'in suspense: Rp ' || coalesce((SELECT sum(suspense_minor) / 100 FROM payments \
                     WHERE order_id = o.id), 0)::bigint AS detail, \
                 o.amount_minor, o.currency, o.updated_at AS since, o.updated_at AS due_at, \
                 o.id AS place \
             FROM (SELECT * FROM orders WHERE state = 'review' AND id < ? \
                   ORDER BY id DESC LIMIT ?) o JOIN merchants m ON m.id = o.merchant_id \
             ORDER BY o.id DESC",
        )
        .bind::<SqlUuid, _>(before.unwrap_or(LAST))
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        lines(found, |row| row.place.simple().to_string())
    }

    pub(super) fn orders_paid_late(
        &mut self,
        before: Option<Uuid>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let found = Statement::new(
            "SELECT o.id, o.reference, m.name AS shop, o.state AS what, \
                 'its time ended ' || to_char(o.expires_at AT TIME ZONE 'Asia/Jakarta', \
                     'YYYY-MM-DD HH24:MI') AS detail, \
                 o.amount_minor, o.currency, coalesce(o.paid_at, o.updated_at) AS since, \
                 o.updated_at AS due_at, o.id AS place \
             FROM (SELECT * FROM orders WHERE paid_late AND id < ? \
                   ORDER BY id DESC LIMIT ?) o JOIN merchants m ON m.id = o.merchant_id \
             ORDER BY o.id DESC",
        )
        .bind::<SqlUuid, _>(before.unwrap_or(LAST))
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        lines(found, |row| row.place.simple().to_string())
    }

    /// Lists payments of unknown outcome; they have work until it is known.
    pub(super) fn unknown_payments(
        &mut self,
        after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let (at, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
        let found = Statement::new(
            "SELECT o.id, o.reference, m.name AS shop, p.state AS what, \
                 p.method || ' ' || coalesce(p.channel, '') || ', asked next ' || \
                     to_char(work.due_at AT TIME ZONE 'Asia/Jakarta', 'HH24:MI:SS') AS detail, \
                 p.amount_minor, p.currency, p.created_at AS since, work.due_at, \
                 work.payment_id AS place \
             FROM provider_work AS work CROSS JOIN LATERAL (SELECT * FROM payments \
                 WHERE id = work.payment_id AND state = 'unknown' OFFSET 0) AS p \
             CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = p.order_id OFFSET 0) AS o \
             JOIN merchants m ON m.id = o.merchant_id \
             WHERE work.kind = 'resolve' AND (work.due_at, work.payment_id) > (?, ?) \
             ORDER BY work.due_at, work.payment_id LIMIT ?",
        )
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        lines(found, |row| timed(row.due_at, row.place))
    }

    /// Lists refunds that wait, the longest waiting first.
    pub(super) fn waiting_to_go_back(
        &mut self,
        after: Option<(DateTime<Utc>, Uuid)>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let (at, id) = after.unwrap_or((DateTime::UNIX_EPOCH, Uuid::nil()));
        let found = Statement::new(
            "SELECT o.id, o.reference, m.name AS shop, 'refund' AS what, r.reason AS detail, \
                 r.amount_minor, r.currency, r.created_at AS since, r.created_at AS due_at, \
                 r.id AS place \
             FROM (SELECT * FROM refunds WHERE state = 'manual_required' AND created_at >= ? \
                     AND (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?) AS r \
             CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = r.order_id OFFSET 0) AS o \
             JOIN merchants m ON m.id = r.merchant_id \
             ORDER BY r.created_at, r.id",
        )
        .bind::<Timestamptz, _>(at)
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(id)
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        lines(found, |row| timed(row.due_at, row.place))
    }

    /// Lists dead webhooks, endpoint by endpoint; those of deleted endpoints concern nobody. Endpoints are
    /// stepped through by the index of what was given up, so that one without such costs nothing, and a page
    /// ends the steps.
    pub(super) fn dead_webhooks(
        &mut self,
        after: Option<&str>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        let place = after.and_then(|text| text.split_once('.'));
        let parsed = place.and_then(|(endpoint, event)| {
            Some((endpoint.parse::<Uuid>().ok()?, event.parse::<Uuid>().ok()?))
        });
        let (endpoint, event) = parsed.unwrap_or_default();
        let found: Vec<DeadFound> = Statement::new(of_failing_endpoints!(
            "SELECT page.event_id, page.endpoint_id, ev.type AS event_type, ev.order_id, \
                 m.name AS shop, page.url, page.last_status, page.updated_at \
             FROM (SELECT gave_up.*, e.url, e.merchant_id FROM failing \
                 CROSS JOIN LATERAL (SELECT url, merchant_id FROM webhook_endpoints \
                     WHERE id = failing.endpoint_id AND deleted_at IS NULL OFFSET 0) AS e \
                 CROSS JOIN LATERAL (SELECT event_id, endpoint_id, last_status, updated_at \
                     FROM deliveries WHERE endpoint_id = failing.endpoint_id AND state = 'dead' \
                         AND (last_error IS NULL \
                             OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted')) \
                       AND (endpoint_id, event_id) > (?, ?) \
                     ORDER BY event_id LIMIT ?) AS gave_up \
                 LIMIT ?) AS page \
             JOIN merchants m ON m.id = page.merchant_id \
             CROSS JOIN LATERAL (SELECT type, order_id FROM events \
                 WHERE id = page.event_id OFFSET 0) AS ev \
             ORDER BY page.endpoint_id, page.event_id"
        ))
        .bind::<SqlUuid, _>(endpoint)
        .bind::<SqlUuid, _>(endpoint)
        .bind::<SqlUuid, _>(event)
        .bind::<BigInt, _>(READ)
        .bind::<BigInt, _>(READ)
        .load(self.connection()?)?;
        let page = ListPage::of(found, |row| {
            format!("{}.{}", row.endpoint_id.simple(), row.event_id.simple())
        });
        Ok(ListPage {
            rows: page.rows.into_iter().map(dead_line).collect(),
            next: page.next,
        })
    }

    /// Counts the entries of each list.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn count_eyes(&mut self) -> Result<CountedEyes, LedgerError> {
        let recent = super::money_flow::id_of_time(self.now()?, -30 * 86_400);
        Ok(Statement::new(of_failing_endpoints!(
            "SELECT (SELECT count(*) FROM (SELECT FROM orders WHERE state = 'review' \
                     LIMIT 1000) AS a) AS review, \
                 (SELECT count(*) FROM (SELECT FROM notifications \
                     WHERE verdict IN ('unknown_reference', 'unreadable') LIMIT 1000) AS b) \
                     AS quarantine, \
                 (SELECT count(*) FROM (SELECT FROM failing \
                     CROSS JOIN LATERAL (SELECT FROM webhook_endpoints \
                         WHERE id = failing.endpoint_id AND deleted_at IS NULL OFFSET 0) AS e \
                     CROSS JOIN LATERAL (SELECT FROM deliveries \
                         WHERE endpoint_id = failing.endpoint_id AND state = 'dead' \
                         AND (last_error IS NULL \
                             OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted')) \
                         LIMIT 1000) AS gave_up \
                     LIMIT 1000) AS c) AS dead, \
                 (SELECT count(*) FROM (SELECT payment_id FROM provider_work \
                     WHERE kind = 'resolve' ORDER BY due_at LIMIT ?) AS work \
                     CROSS JOIN LATERAL (SELECT FROM payments WHERE id = work.payment_id \
                         AND state = 'unknown' OFFSET 0) AS d) AS unknown, \
                 (SELECT count(*) FROM (SELECT FROM refunds WHERE state = 'manual_required' \
                     LIMIT 1000) AS e) AS refunds, \
                 (SELECT count(*) FROM (SELECT FROM orders WHERE paid_late AND id > ? \
                     LIMIT 1000) AS f) AS late"
        ))
        .bind::<SqlUuid, _>(Uuid::nil())
        .bind::<BigInt, _>(COUNTED_MAX)
        .bind::<SqlUuid, _>(recent)
        .get_result(self.connection()?)?)
    }
}

fn dead_line(row: DeadFound) -> EyeLine {
    let status = row
        .last_status
        .map(|status| format!(", last answer {status}"));
    EyeLine {
        key: Some(row.event_id),
        order: row.order_id.map(OrderId::from_uuid),
        reference: None,
        shop: Some(row.shop),
        what: row.event_type,
        detail: format!("{}{}", row.url, status.unwrap_or_default()),
        amount: None,
        since: row.updated_at,
    }
}
