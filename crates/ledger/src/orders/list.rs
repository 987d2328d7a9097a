//! Pages of a merchant's orders by any filters, newest first. The API calls it; `looks` finds the rows. Invariant:
//! whatever is asked, a page looks at a bounded number of rows, each found by an index in the order of the list;
//! where few of them match, the page is short and says where to go on.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::OrderView;
use ayolinx_core::states::OrderState;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::error::LedgerError;
use crate::rows::orders::OrderRow;
use crate::rows::payments::PaymentRow;
use crate::tx::{Tx, shifted};

mod looks;

use looks::{Look, Span};

/// A filter of a merchant's orders (contract 4.3).
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// The merchant's own order number.
    pub reference: Option<String>,
    /// State.
    pub state: Option<OrderState>,
    /// Method of any of the order's payments.
    pub method: Option<String>,
    /// Channel of any of the order's payments.
    pub channel: Option<String>,
    /// Earliest creation time, inclusive.
    pub created_from: Option<DateTime<Utc>>,
    /// Latest creation time, exclusive.
    pub created_to: Option<DateTime<Utc>>,
    /// Earliest time of payment, inclusive.
    pub paid_from: Option<DateTime<Utc>>,
    /// Latest time of payment, exclusive.
    pub paid_to: Option<DateTime<Utc>>,
    /// Retrieval reference number of any of the order's receipts.
    pub rrn: Option<String>,
}

/// The place in the list after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PageEnd {
    /// Creation time of the last order that was looked at.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: OrderId,
}

/// A page of orders, newest first.
#[derive(Debug)]
pub struct OrderPage {
    /// The orders as JSON values; fewer than asked for, or none, also where more follow.
    pub orders: Vec<OrderView>,
    /// The place to go on from; `None` on the last page.
    pub next: Option<PageEnd>,
}

/// Longest time from an order's creation to its payment for which the index by creation time serves; orders paid
/// later have an index of their own.
const PAID_SOON: TimeDelta = TimeDelta::days(1);
/// The most by which the database's clock may have gone back between an order and its money.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::hours(1);

impl OrderFilter {
    const fn asks_for_paid(&self) -> bool {
        self.paid_from.is_some() || self.paid_to.is_some()
    }

    const fn asks_for_way(&self) -> bool {
        self.method.is_some() || self.channel.is_some()
    }

    /// Returns the part of the list that is left after a place.
    fn span(&self, after: Option<PageEnd>) -> Span {
        let first = PageEnd {
            created_at: self.created_to.unwrap_or(Span::LAST_TIME),
            id: OrderId::from_uuid(self.created_to.map_or(Uuid::max(), |_| Uuid::nil())),
        };
        Span {
            before: after.map_or(first, |after| after.min(first)),
            from: self.created_from.unwrap_or(DateTime::UNIX_EPOCH),
        }
    }
}

impl Tx<'_> {
    /// Returns a page of a merchant's orders, newest first. It looks at no more than some thousand rows: where
    /// those do not fill a page, it is short or empty, and the next one goes on from where it ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_orders(
        &mut self,
        merchant: MerchantId,
        filter: &OrderFilter,
        after: Option<PageEnd>,
        limit: i64,
    ) -> Result<OrderPage, LedgerError> {
        let wanted = looks::Wanted {
            merchant: merchant.as_uuid(),
            filter,
            limit,
        };
        let span = filter.span(after);
        let mut look = match self.named(&wanted)? {
            Some(ids) => self.look_at(&wanted, span, ids)?,
            None => self.furthest_look(&wanted, span)?,
        };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = match look.found.len() > most {
            true => {
                look.found.truncate(most);
                look.found.last().copied()
            }
            false => look.end,
        };
        let rows = self.rows_of(&look.found, filter)?;
        Ok(OrderPage {
            orders: self.views_of(&rows)?,
            next,
        })
    }

    /// Returns the orders that a filter names, if one does.
    fn named(&mut self, wanted: &looks::Wanted<'_>) -> Result<Option<Vec<Uuid>>, LedgerError> {
        let by_rrn = match &wanted.filter.rrn {
            Some(rrn) => Some(self.orders_with_rrn(rrn)?),
            None => None,
        };
        let Some(reference) = &wanted.filter.reference else {
            return Ok(by_rrn);
        };
        let merchant = MerchantId::from_uuid(wanted.merchant);
        let by_reference = match self.order_by_reference(merchant, reference) {
            Ok(id) => vec![id.as_uuid()],
            Err(LedgerError::NotFound) => Vec::new(),
            Err(error) => return Err(error),
        };
        let is_one = |id: &Uuid| by_rrn.as_ref().is_none_or(|others| others.contains(id));
        Ok(Some(by_reference.into_iter().filter(is_one).collect()))
    }

    /// Tries each filter that has an index. Every look is complete as far as it came, so the one that has a page
    /// or came the furthest serves.
    fn furthest_look(
        &mut self,
        wanted: &looks::Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        let filter = wanted.filter;
        let most = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        let mut furthest: Option<Look> = None;
        let mut tried = [
            (filter.state.is_some(), Index::State),
            (filter.asks_for_way(), Index::Way),
            (filter.asks_for_paid(), Index::Paid),
        ]
        .into_iter()
        .filter_map(|(is_asked, index)| is_asked.then_some(index))
        .collect::<Vec<_>>();
        if tried.is_empty() {
            tried.push(Index::Newest);
        }
        for index in tried {
            let look = match index {
                Index::Newest => self.look_at_newest(wanted, span)?,
                Index::State => self.look_at_state(wanted, span)?,
                Index::Way => self.look_at_ways(wanted, span)?,
                Index::Paid => self.look_at_paid(wanted, span)?,
            };
            if look.end.is_none() || look.found.len() > most {
                return Ok(look);
            }
            if furthest.as_ref().is_none_or(|other| look.end < other.end) {
                furthest = Some(look);
            }
        }
        Ok(furthest.unwrap_or_default())
    }

    /// Looks at orders by their time of payment. An order that was paid in a span of time was made before its end;
    /// and not long before its begin, or it is among the few that were paid long after they were made.
    fn look_at_paid(
        &mut self,
        wanted: &looks::Wanted<'_>,
        span: Span,
    ) -> Result<Look, LedgerError> {
        let filter = wanted.filter;
        let mut soon = span;
        if let Some(to) = filter.paid_to {
            soon.before = soon.before.min(PageEnd {
                created_at: shifted(to, CLOCKS_DIFFER),
                id: OrderId::from_uuid(Uuid::nil()),
            });
        }
        let Some(paid_from) = filter.paid_from else {
            return self.look_at_newest(wanted, soon);
        };
        soon.from = soon.from.max(shifted(paid_from, -PAID_SOON));
        let mut look = Look::default();
        if soon.before.created_at >= soon.from {
            look = self.look_at_newest(wanted, soon)?;
        }
        let most = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
        if look.end.is_some() || look.found.len() > most || soon.from <= span.from {
            return Ok(look);
        }
        let long_before = Span {
            before: soon.before.min(PageEnd {
                created_at: soon.from,
                id: OrderId::from_uuid(Uuid::nil()),
            }),
            from: span.from,
        };
        let older = self.look_at_paid_long_after(wanted, long_before)?;
        look.found.extend(older.found);
        look.end = older.end;
        Ok(look)
    }

    /// Returns the rows of these orders in their order, as they are now, without those that no longer match the
    /// filter.
    fn rows_of(
        &mut self,
        found: &[PageEnd],
        filter: &OrderFilter,
    ) -> Result<Vec<OrderRow>, LedgerError> {
        let ids: Vec<Uuid> = found.iter().map(|one| one.id.as_uuid()).collect();
        let mut rows: Vec<OrderRow> = orders::table
            .filter(orders::id.eq_any(ids))
            .select(OrderRow::as_select())
            .load(self.connection()?)?;
        rows.retain(|row| {
            let at = |time: DateTime<Utc>| row.paid_at.is_some_and(|paid_at| paid_at >= time);
            filter.state.is_none_or(|state| row.state == state.as_str())
                && filter.paid_from.is_none_or(at)
                && filter
                    .paid_to
                    .is_none_or(|to| row.paid_at.is_some() && !at(to))
        });
        rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        Ok(rows)
    }

    fn views_of(&mut self, rows: &[OrderRow]) -> Result<Vec<OrderView>, LedgerError> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let all_payments: Vec<PaymentRow> = payments::table
            .filter(payments::order_id.eq_any(&ids))
            .select(PaymentRow::as_select())
            .order(payments::position.desc())
            .load(self.connection()?)?;
        let all_receipts = self.receipts_shown(&all_payments)?;
        let all_payers = self.payers_of(ids.iter().copied())?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let own: Vec<PaymentRow> = all_payments
                .iter()
                .filter(|payment| payment.order_id == row.id)
                .cloned()
                .collect();
            let record = row.record(&own, &all_receipts, all_payers.get(&row.id))?;
            views.push(OrderView::new(&record, &self.context.links));
        }
        Ok(views)
    }
}

/// The indexes that find orders in the order of the list.
#[derive(Clone, Copy)]
enum Index {
    Newest,
    State,
    Way,
    Paid,
}
