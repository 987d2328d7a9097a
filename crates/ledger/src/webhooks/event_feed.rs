//! Reads of events: the feed that shops pull, one event, and the state of its deliveries.

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{EndpointId, EventId, MerchantId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::{delivery_tries, events};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;
use crate::webhooks::outbox::body_with_payer;
use crate::webhooks::pruning::{ENDPOINT_DELETED, ENDPOINT_DISABLED};

/// A place in a merchant's feed: after this event of this transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedPlace {
    /// The transaction that wrote the event.
    pub transaction: u64,
    /// The event.
    pub event: Uuid,
}

impl FeedPlace {
    /// The place before the first event.
    pub const START: Self = Self {
        transaction: 0,
        event: Uuid::nil(),
    };
}

/// A page of a merchant's events in the order of the feed.
#[derive(Debug)]
pub struct FeedPage {
    /// The bodies as webhooks have them.
    pub bodies: Vec<Vec<u8>>,
    /// The place to go on from: after the last of them, or where the page began when it is empty.
    pub next: FeedPlace,
    /// `true` when more is there already.
    pub has_more: bool,
}

/// An event on its way to one endpoint, for those who ask about it.
#[derive(Debug, Clone)]
pub struct DeliveryLine {
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// The endpoint's address.
    pub url: String,
    /// `due`, `delivered`, `dead`; `ended` when the endpoint was deleted before it was delivered, or disabled
    /// for longer than all attempts take.
    pub state: &'static str,
    /// Time of the next attempt; `None` also while it waits for a disabled endpoint.
    pub next_try_at: Option<DateTime<Utc>>,
    /// The attempts, oldest first.
    pub tries: Vec<TryLine>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct TryLine {
    /// Time of its end.
    pub at: DateTime<Utc>,
    /// One word: `delivered`, `http_status`, `timeout`, …
    pub outcome: String,
    /// HTTP status, when there was one.
    pub status: Option<i16>,
    /// Its duration.
    pub duration_ms: i32,
}

#[derive(QueryableByName)]
struct FeedRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    order_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    body: String,
    /// The number of the transaction that wrote it; no type of the client's can hold it.
    #[diesel(sql_type = Text)]
    place: String,
}

#[derive(QueryableByName)]
struct DeliveryRow {
    #[diesel(sql_type = SqlUuid)]
    endpoint_id: Uuid,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Bool)]
    enabled: bool,
    #[diesel(sql_type = Bool)]
    deleted: bool,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
}

impl DeliveryRow {
    /// Returns whether it was given up: no attempt failed, but the endpoint was not there to accept it.
    fn is_given_up(&self) -> bool {
        let error = self.last_error.as_deref();
        matches!(error, Some(ENDPOINT_DISABLED | ENDPOINT_DELETED))
    }

    fn line(self, tries: Vec<TryLine>) -> DeliveryLine {
        let state = match self.state.as_str() {
            "delivered" => "delivered",
            "dead" if self.is_given_up() => "ended",
            "dead" => "dead",
            _ if self.deleted => "ended",
            _ => "due",
        };
        DeliveryLine {
            endpoint_id: EndpointId::from_uuid(self.endpoint_id),
            url: self.url,
            state,
            next_try_at: self.due_at.filter(|_| self.enabled && state == "due"),
            tries,
        }
    }
}

/// Selects the next events of a merchant after a place, of one type or of all. There are two statements, since
/// each has an index of its own that gives its rows in their order: however much is left, a page reads a page.
/// The one of a type orders by the type, which no other index can do: with `type = ?` Postgres may take the
/// index of all types where a month has few of them in its statistics, and read that month whole. A compared
/// row ends no search but by its first column, so the type has a condition of its own, and what may still have
/// something before it is left out of what was read.
fn next_events(
    merchant: MerchantId,
    of_type: Option<&'static str>,
    after: FeedPlace,
    count: i64,
) -> Statement {
    let merchant = merchant.as_uuid();
    let transaction = after.transaction.to_string();
    match of_type {
        None => Statement::new(
            "SELECT id, order_id, body, transaction::text AS place FROM events \
             WHERE merchant_id = ? AND (transaction, id) > (?::xid8, ?) \
               AND transaction < pg_snapshot_xmin(pg_current_snapshot()) \
             ORDER BY events.transaction, events.id LIMIT ?",
        )
        .bind::<SqlUuid, _>(merchant)
        .bind::<Text, _>(transaction)
        .bind::<SqlUuid, _>(after.event)
        .bind::<BigInt, _>(count),
        Some(name) => Statement::new(
            "SELECT next.id, next.order_id, next.body, next.transaction::text AS place FROM ( \
                 SELECT id, order_id, body, transaction, type FROM events \
                 WHERE merchant_id = ? AND (type, transaction, id) > (?, ?::xid8, ?) AND type <= ? \
                 ORDER BY events.type, events.transaction, events.id LIMIT ?) AS next \
             WHERE next.transaction < pg_snapshot_xmin(pg_current_snapshot()) \
             ORDER BY next.type, next.transaction, next.id",
        )
        .bind::<SqlUuid, _>(merchant)
        .bind::<Text, _>(name)
        .bind::<Text, _>(transaction)
        .bind::<SqlUuid, _>(after.event)
        .bind::<Text, _>(name)
        .bind::<BigInt, _>(count),
    }
}

impl Tx<'_> {
    /// Returns a page of a merchant's events after a place. An event is shown only when no event that comes
    /// before it can still be committed: every transaction up to its own has ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn feed(
        &mut self,
        merchant: MerchantId,
        event_type: Option<EventType>,
        after: FeedPlace,
        limit: i64,
    ) -> Result<FeedPage, LedgerError> {
        let of_type = event_type.map(EventType::as_str);
        let mut rows: Vec<FeedRow> = next_events(merchant, of_type, after, limit.saturating_add(1))
            .load(self.connection()?)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            None => after,
            Some(last) => FeedPlace {
                transaction: last.place.parse().map_err(LedgerError::corrupt)?,
                event: last.id,
            },
        };
        let payers = self.payers_of(rows.iter().filter_map(|row| row.order_id))?;
        let bodies = rows
            .iter()
            .map(|row| {
                let payer = row.order_id.and_then(|order| payers.get(&order));
                body_with_payer(&row.body, payer)
            })
            .collect::<Result<_, _>>()?;
        Ok(FeedPage {
            bodies,
            next,
            has_more,
        })
    }

    /// Returns the body of one event of a merchant, as webhooks have it.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn event_body(
        &mut self,
        merchant: MerchantId,
        id: EventId,
    ) -> Result<Vec<u8>, LedgerError> {
        let (order_id, body): (Option<Uuid>, String) = events::table
            .filter(events::id.eq(id.as_uuid()))
            .filter(events::merchant_id.eq(merchant.as_uuid()))
            .select((events::order_id, events::body))
            .first(self.connection()?)?;
        let payer = order_id
            .map(|order| self.payer_of(order))
            .transpose()?
            .flatten();
        body_with_payer(&body, payer.as_ref())
    }

    /// Returns the merchant of an event.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn event_owner(&mut self, id: EventId) -> Result<MerchantId, LedgerError> {
        let owner: Uuid = events::table
            .find(id.as_uuid())
            .select(events::merchant_id)
            .first(self.connection()?)?;
        Ok(MerchantId::from_uuid(owner))
    }

    /// Returns the state of a merchant's event at each endpoint it goes to, oldest endpoint first.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when it is another merchant's.
    pub fn deliveries_of(
        &mut self,
        merchant: MerchantId,
        id: EventId,
    ) -> Result<Vec<DeliveryLine>, LedgerError> {
        if self.event_owner(id)? != merchant {
            return Err(LedgerError::NotFound);
        }
        let rows: Vec<DeliveryRow> = diesel::sql_query(
            "SELECT d.endpoint_id, e.url, e.enabled, e.deleted_at IS NOT NULL AS deleted, \
                    d.state, d.due_at, d.last_error \
             FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id \
             WHERE d.event_id = $1 ORDER BY e.created_at, e.id",
        )
        .bind::<SqlUuid, _>(id.as_uuid())
        .load(self.connection()?)?;
        type Tried = (Uuid, DateTime<Utc>, String, Option<i16>, i32);
        let tried: Vec<Tried> = delivery_tries::table
            .filter(delivery_tries::event_id.eq(id.as_uuid()))
            .select((
                delivery_tries::endpoint_id,
                delivery_tries::at,
                delivery_tries::outcome,
                delivery_tries::status,
                delivery_tries::duration_ms,
            ))
            .order(delivery_tries::id)
            .load(self.connection()?)?;
        let lines = rows.into_iter().map(|row| {
            let tries = tried
                .iter()
                .filter(|(endpoint, ..)| *endpoint == row.endpoint_id)
                .map(|(_, at, outcome, status, duration_ms)| TryLine {
                    at: *at,
                    outcome: outcome.clone(),
                    status: *status,
                    duration_ms: *duration_ms,
                })
                .collect();
            row.line(tries)
        });
        Ok(lines.collect())
    }
}
