//! The reads of the operator's console, of all merchants: an order by any of its names, lists of what needs a
//! person's eyes, and the flow of money. The console in `gateway-api` calls it; it calls `orders`, `refunds` and
//! `callbacks` for what they show. Invariant: every list is bounded and goes on where it ended; every read finds
//! its rows by an index.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::callbacks::quarantine::QuarantineLine;
use crate::error::LedgerError;
use crate::tx::Tx;

mod accounts;
mod money_flow;
mod search;
mod work_queues;

pub use accounts::{EndpointState, KeyState};
pub use money_flow::{ChannelMoney, ChannelTraffic};
pub use search::{Dossier, FoundOrder, PaymentMoney};
pub use work_queues::{CountedEyes, EyeLine};

/// Number of rows on a page of a list.
pub const PAGE_ROWS: i64 = 50;

/// A list of what a person should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Orders with money of another amount, or a refund before money.
    Review,
    /// Verified callbacks that could not be matched.
    Quarantine,
    /// Webhooks that were given up.
    Dead,
    /// Payments of which nobody knows whether the provider has them.
    Unknown,
    /// Orders paid after they had ended.
    Late,
    /// Refunds that somebody has to make.
    Refunds,
}

impl List {
    /// Every list.
    pub const ALL: [Self; 6] = [
        Self::Review,
        Self::Quarantine,
        Self::Dead,
        Self::Unknown,
        Self::Late,
        Self::Refunds,
    ];

    /// Returns its spelling in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Quarantine => "quarantine",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
            Self::Late => "late",
            Self::Refunds => "refunds",
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// The place where the next page begins; `None` on the last.
    pub next: Option<String>,
}

impl<T> ListPage<T> {
    /// Makes a page of rows of which one more was read than it has.
    fn of(mut rows: Vec<T>, place: impl Fn(&T) -> String) -> Self {
        let size = usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        let has_more = rows.len() > size;
        rows.truncate(size);
        let next = rows.last().filter(|_| has_more).map(place);
        Self { rows, next }
    }
}

/// Number of rows read: one more than a page has, which shows whether there is a next one.
const READ: i64 = 51;

/// Reads a place in a list by id; what is not one is the beginning.
fn id_place(after: Option<&str>) -> Option<Uuid> {
    after.and_then(|text| text.parse().ok())
}

/// Reads a place in a list by time and id.
fn timed_place(after: Option<&str>) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = after?.split_once('.')?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some((at, id.parse().ok()?))
}

fn timed(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}.{}", at.timestamp_micros(), id.simple())
}

impl Tx<'_> {
    /// Returns a page of a list, from after a place in it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn console_list(
        &mut self,
        list: List,
        after: Option<&str>,
    ) -> Result<ListPage<EyeLine>, LedgerError> {
        match list {
            List::Review => self.orders_in_review(id_place(after)),
            List::Late => self.orders_paid_late(id_place(after)),
            List::Unknown => self.unknown_payments(timed_place(after)),
            List::Quarantine => {
                let waiting = self.quarantine(timed_place(after), READ)?;
                let page = ListPage::of(waiting, |row| timed(row.received_at, row.id));
                Ok(ListPage {
                    rows: page.rows.into_iter().map(quarantined).collect(),
                    next: page.next,
                })
            }
            List::Refunds => self.waiting_to_go_back(timed_place(after)),
            List::Dead => self.dead_webhooks(after),
        }
    }
}

fn quarantined(row: QuarantineLine) -> EyeLine {
    EyeLine {
        key: Some(row.id),
        order: None,
        reference: None,
        shop: None,
        what: row.verdict,
        detail: format!("{}, came {}x", row.path, row.seen),
        amount: None,
        since: row.received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_written_and_nonsense_is_the_beginning() {
        let (at, id) = (
            DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            Uuid::now_v7(),
        );
        assert_eq!(timed_place(Some(&timed(at, id))), Some((at, id)));
        for nonsense in ["", ".", "1", "x.y", "1.", &format!("{}.{id}", i64::MAX)] {
            assert_eq!(timed_place(Some(nonsense)), None, "{nonsense}");
            assert_eq!(id_place(Some(nonsense)), None, "{nonsense}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_begins_only_when_there_is_one() {
        let page = |rows: i64| ListPage::of((0..rows).collect(), ToString::to_string);
        assert_eq!(page(PAGE_ROWS).next, None);
        let long = page(READ);
        assert_eq!(long.next.as_deref(), Some("49"));
        assert_eq!(long.rows.len(), 50);
    }
}
