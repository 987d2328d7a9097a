//! Monthly partitions of history, inbox and outbox. Months are made ahead, and dropped when their retention
//! is over. The database's own functions do it, since the services' role may not.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};

use crate::error::LedgerError;
use crate::tx::Tx;

/// Number of months after the running one that have their tables.
pub const MONTHS_AHEAD: i32 = 3;
/// Number of tries to make or drop partitions; each gives up soon where it has to wait for others.
pub(crate) const TRIES: u32 = 10;
/// The pause between them.
pub(crate) const TRY_PAUSE: Duration = Duration::from_millis(500);

/// Tables that are made and dropped together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// History of orders.
    History,
    /// Reports of the provider.
    Inbox,
    /// Notifications of merchants: events, deliveries and their attempts.
    Outbox,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::History, Self::Inbox, Self::Outbox];

    /// Returns its spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Inbox => "inbox",
            Self::Outbox => "outbox",
        }
    }
}

/// Whole months before the running one that are kept, and days of creations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Months of [`Family::History`]; the database refuses less than 12.
    pub history: u32,
    /// Months of [`Family::Inbox`]; the database refuses less than 2.
    pub inbox: u32,
    /// Months of [`Family::Outbox`]; the database refuses less than 2.
    pub outbox: u32,
    /// Months of payers: no table of its own, see
    /// [`Ledger::erase_old_payers`](crate::Ledger::erase_old_payers).
    pub payers: u32,
    /// Days of creations, among those that are not old: see [`Tx::prune_creations`].
    pub creation_days: u32,
}

impl Retention {
    /// Returns the months of a family.
    #[must_use]
    pub const fn of(&self, family: Family) -> u32 {
        match family {
            Family::History => self.history,
            Family::Inbox => self.inbox,
            Family::Outbox => self.outbox,
        }
    }
}

/// One partition.
#[derive(Debug, Clone, QueryableByName)]
pub struct PartitionLine {
    /// `history`, `inbox` or `outbox`.
    #[diesel(sql_type = Text)]
    pub family: String,
    /// The table it is a part of.
    #[diesel(sql_type = Text)]
    pub parent: String,
    /// Its own name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The first day of its month; `None` for the one that takes in rows that no month was made for.
    #[diesel(sql_type = Nullable<Date>)]
    pub month: Option<NaiveDate>,
    /// Bytes on disk, with indexes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
    /// An estimate, `None` before the first; without a month: counted, up to a thousand.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub row_count: Option<i64>,
}

/// A partition whose retention is over and that stays, since deliveries of its month are still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPartition {
    /// Its name.
    pub name: String,
    /// Number of deliveries.
    pub due: i64,
}

/// The result of an upkeep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Partitions made.
    pub made: Vec<String>,
    /// Partitions dropped, with all their rows.
    pub dropped: Vec<String>,
    /// Partitions that could not be dropped.
    pub held: Vec<HeldPartition>,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
pub(crate) struct Over {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) due: Option<i64>,
}

impl Tx<'_> {
    /// Returns every partition, tables in the order in which they are written.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn partitions(&mut self) -> Result<Vec<PartitionLine>, LedgerError> {
        Ok(diesel::sql_query(
            "SELECT family, parent, name, month, bytes, row_count FROM partition_list() \
             ORDER BY place, month NULLS LAST",
        )
        .load(self.connection()?)?)
    }

    /// Makes this month's and later partitions, where they are missing. Returns the names of the new ones.
    pub(crate) fn make_partitions(&mut self) -> Result<Vec<String>, LedgerError> {
        made(self.connection()?)
    }

    /// Drops the partitions older than a number of whole months before the running one.
    pub(crate) fn drop_partitions(
        &mut self,
        family: Family,
        months: u32,
    ) -> Result<Vec<Over>, LedgerError> {
        let kept_from = shifted_month(self.now()?, months)
            .ok_or_else(|| LedgerError::corrupt("nothing is kept for so many months"))?;
        Ok(
            diesel::sql_query("SELECT name, due FROM drop_partitions($1, $2)")
                .bind::<Text, _>(family.as_str())
                .bind::<Date, _>(kept_from)
                .load(self.connection()?)?,
        )
    }
}

/// Makes partitions like [`Tx::make_partitions`] without a transaction around it.
pub(crate) fn made(connection: &mut PgConnection) -> Result<Vec<String>, LedgerError> {
    let made: Vec<Named> = diesel::sql_query("SELECT make_partitions($1) AS name")
        .bind::<Integer, _>(MONTHS_AHEAD)
        .load(connection)?;
    Ok(made.into_iter().map(|one| one.name).collect())
}

/// Returns the first day of the month that is `months` before.
fn shifted_month(now: DateTime<Utc>, months: u32) -> Option<NaiveDate> {
    now.date_naive()
        .with_day(1)?
        .checked_sub_months(chrono::Months::new(months))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_from_the_running_one() {
        let now = "2026-01-31T23:59:59Z".parse().unwrap();
        let date = |text: &str| text.parse().ok();
        assert_eq!(shifted_month(now, 0), date("2026-01-01"));
        assert_eq!(shifted_month(now, 3), date("2025-10-01"));
    }
}
