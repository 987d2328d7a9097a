//! Counts the sealed values under each key, page by page, and seals anew those that are not under the
//! newest. Begun again it goes on where it stopped: values that are done are under the newest key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ayolinx_core::key_id::KeyId;
use ledger::{Ledger, Resealed, SealedColumn, SealedValue, Urgency};

use crate::failure::Failure;
use crate::terminal::say;

/// Maximum number of rows looked at in one go: only their keys and the first bytes of their values.
const PAGE: i64 = 2_000;
/// Maximum number of values that are sealed anew in one transaction.
const BATCH: usize = 100;
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

/// The counts of what was found and of what was done with it.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// Number of values by column and key, as they are now. No key: it is no sealed value.
    pub(crate) values: BTreeMap<(String, Option<KeyId>), u64>,
    /// True when everything was looked at.
    pub(crate) is_complete: bool,
    /// Number of values sealed anew.
    pub(crate) resealed: u64,
    /// Number of values to be sealed anew, but held by others or gone meanwhile.
    pub(crate) held: u64,
    /// Number of values that do not open though their key is listed.
    pub(crate) broken: u64,
    looked_at: u64,
}

/// Counts until this time at the latest, or everything.
pub(crate) async fn count(books: &Ledger, until: Option<Instant>) -> Result<Census, Failure> {
    let mut census = Census::default();
    for column in SealedColumn::ALL {
        let mut after: Option<String> = None;
        loop {
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(census);
            }
            let (values, next) = page(books, column, after).await?;
            census.add(column, &values);
            match next {
                Some(_) => after = next,
                None => break,
            }
        }
    }
    census.is_complete = true;
    Ok(census)
}

/// Seals everything anew that is under one of `older`, and rests half of the time.
pub(crate) async fn reseal(
    books: &Ledger,
    newest: KeyId,
    older: &[KeyId],
) -> Result<Census, Failure> {
    let mut census = Census::default();
    let mut told_at = Instant::now();
    for column in SealedColumn::ALL {
        let mut after: Option<String> = None;
        loop {
            let (values, next) = page(books, column, after).await?;
            census.add(column, &values);
            for key in older {
                let rows: Vec<String> = values
                    .iter()
                    .filter(|value| value.key == Some(*key))
                    .map(|value| value.row.clone())
                    .collect();
                for batch in rows.chunks(BATCH) {
                    let done = batch_anew(books, column, batch.to_vec()).await?;
                    census.moved((column, *key, newest), batch.len(), done);
                }
            }
            if told_at.elapsed() >= PROGRESS_EVERY {
                told_at = Instant::now();
                let (looked_at, resealed) = (census.looked_at, census.resealed);
                let name = column.name();
                say(&format!(
                    "{name}: {looked_at} values looked at in all, {resealed} sealed anew"
                ));
            }
            match next {
                Some(_) => after = next,
                None => break,
            }
        }
    }
    census.is_complete = true;
    Ok(census)
}

async fn page(
    books: &Ledger,
    column: SealedColumn,
    after: Option<String>,
) -> Result<(Vec<SealedValue>, Option<String>), Failure> {
    let page = books
        .at(Urgency::Write)
        .transact(move |tx| tx.sealed_page(column, after.as_deref(), PAGE))
        .await?;
    Ok((page.values, page.next))
}

/// Seals a batch in one transaction, then rests as long as that took: the database has others to serve.
async fn batch_anew(
    books: &Ledger,
    column: SealedColumn,
    rows: Vec<String>,
) -> Result<Resealed, Failure> {
    let began = Instant::now();
    let done = books
        .at(Urgency::Write)
        .transact(move |tx| tx.reseal(column, &rows))
        .await?;
    tokio::time::sleep(began.elapsed()).await;
    Ok(done)
}

impl Census {
    fn add(&mut self, column: SealedColumn, values: &[SealedValue]) {
        for value in values {
            self.looked_at = self.looked_at.saturating_add(1);
            let sum = self.values.entry((column.name(), value.key)).or_default();
            *sum = sum.saturating_add(1);
        }
    }

    fn moved(
        &mut self,
        (column, from, to): (SealedColumn, KeyId, KeyId),
        wanted: usize,
        done: Resealed,
    ) {
        let left = self.values.entry((column.name(), Some(from))).or_default();
        *left = left.saturating_sub(done.sealed);
        let sum = self.values.entry((column.name(), Some(to))).or_default();
        *sum = sum.saturating_add(done.sealed);
        self.resealed = self.resealed.saturating_add(done.sealed);
        self.broken = self.broken.saturating_add(done.broken);
        let told = done.sealed.saturating_add(done.broken);
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        self.held = self.held.saturating_add(wanted.saturating_sub(told));
        self.values.retain(|_, values| *values > 0);
    }

    /// Returns the number of values by key, of all columns.
    pub(crate) fn by_key(&self) -> BTreeMap<Option<KeyId>, u64> {
        let mut sums: BTreeMap<Option<KeyId>, u64> = BTreeMap::new();
        for ((_column, key), values) in &self.values {
            let sum = sums.entry(*key).or_default();
            *sum = sum.saturating_add(*values);
        }
        sums
    }
}
