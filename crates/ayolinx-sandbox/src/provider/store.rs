//! The transactions, bounded: beyond the limit the oldest settled one goes, else the oldest.
//! One short lock; nothing here awaits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::provider::transaction::Transaction;

/// Maximum number of transactions held.
const TRANSACTIONS_MAX: usize = 200_000;

/// All transactions by the merchant's reference.
pub(crate) struct Store {
    limit: usize,
    inner: Mutex<Inner>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            limit: TRANSACTIONS_MAX,
            inner: Mutex::default(),
        }
    }
}

#[derive(Default)]
struct Inner {
    next_sequence: u64,
    transactions: HashMap<String, Transaction>,
    link_codes: HashMap<String, String>,
    by_sequence: BTreeMap<u64, String>,
    settled: BTreeSet<u64>,
}

impl Store {
    /// Adds what `make` builds from the next sequence number, unless the reference is taken.
    pub(crate) fn open(
        &self,
        reference: &str,
        make: impl FnOnce(u64) -> Transaction,
    ) -> Option<Transaction> {
        let mut inner = self.lock();
        if inner.transactions.contains_key(reference) {
            return None;
        }
        inner.next_sequence = inner.next_sequence.saturating_add(1);
        let transaction = make(inner.next_sequence);
        inner.make_room(self.limit);
        inner.insert(transaction.clone());
        Some(transaction)
    }

    /// Returns a copy of the transaction behind a reference or a link code.
    pub(crate) fn find(&self, reference: &str) -> Option<Transaction> {
        self.change(reference, |transaction| transaction.clone())
    }

    /// Changes a transaction under the lock.
    pub(crate) fn change<T>(
        &self,
        reference: &str,
        change: impl FnOnce(&mut Transaction) -> T,
    ) -> Option<T> {
        let mut inner = self.lock();
        let reference = match inner.link_codes.get(reference) {
            Some(reference) => reference.clone(),
            None => reference.to_owned(),
        };
        let transaction = inner.transactions.get_mut(&reference)?;
        let result = change(transaction);
        let (sequence, is_open) = (transaction.sequence, transaction.status.is_open());
        if is_open {
            inner.settled.remove(&sequence);
        } else {
            inner.settled.insert(sequence);
        }
        Some(result)
    }

    /// Returns the newest ones and how many there are.
    pub(crate) fn newest(&self, limit: usize) -> (usize, Vec<Transaction>) {
        let inner = self.lock();
        let newest = inner
            .by_sequence
            .values()
            .rev()
            .take(limit)
            .filter_map(|reference| inner.transactions.get(reference).cloned())
            .collect();
        (inner.transactions.len(), newest)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut inner = self.lock();
        *inner = Inner {
            next_sequence: inner.next_sequence,
            ..Inner::default()
        };
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, transaction: Transaction) {
        let reference = transaction.create.reference.clone();
        if let Some(code) = &transaction.link_code {
            self.link_codes.insert(code.clone(), reference.clone());
        }
        self.by_sequence
            .insert(transaction.sequence, reference.clone());
        self.transactions.insert(reference, transaction);
    }

    fn make_room(&mut self, limit: usize) {
        while self.transactions.len() >= limit {
            let oldest = self
                .settled
                .first()
                .or_else(|| self.by_sequence.keys().next())
                .copied();
            let Some(sequence) = oldest else { return };
            self.settled.remove(&sequence);
            let gone = self
                .by_sequence
                .remove(&sequence)
                .and_then(|reference| self.transactions.remove(&reference));
            if let Some(code) = gone.and_then(|transaction| transaction.link_code) {
                self.link_codes.remove(&code);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;
    use crate::protocol::calls::Product;
    use crate::protocol::requests::Create;
    use crate::provider::transaction::Status;

    fn transaction(sequence: u64, reference: &str) -> Transaction {
        Transaction {
            sequence,
            create: Create {
                reference: reference.to_owned(),
                product: Product::PaymentLink,
                channel: "BNC_QRIS",
                amount: None,
                valid_until: None,
                notification_url: None,
                account: None,
                offered: Vec::new(),
                undocumented: Vec::new(),
            },
            request: serde_json::Value::Null,
            provider_reference: String::new(),
            artefact: String::new(),
            link_code: Some(format!("code-{reference}")),
            status: Status::pending(),
            paid: None,
            transfers: Vec::new(),
            created_at: Utc::now(),
            valid_until: Utc::now(),
            finished_at: None,
            callbacks: Vec::new(),
        }
    }

    #[test]
    fn beyond_the_limit_the_oldest_settled_goes_first_then_the_oldest() {
        let store = Store {
            limit: 3,
            inner: Mutex::default(),
        };
        let open = |reference: &str| {
            store.open(reference, |sequence| transaction(sequence, reference));
        };
        ["a", "b", "c"].iter().copied().for_each(open);
        store.change("c", |settled| settled.status = Status::failed());
        store.change("b", |settled| settled.status = Status::success());
        open("d");
        assert!(store.find("b").is_none() && store.find("c").is_some());
        open("e");
        open("f");
        let (count, newest) = store.newest(10);
        let held: Vec<&str> = newest
            .iter()
            .map(|one| one.create.reference.as_str())
            .collect();
        assert_eq!((count, held), (3, vec!["f", "e", "d"]));
        assert!(store.find("code-f").is_some());
        assert!(store.find("code-a").is_none());
        let inner = store.lock();
        assert_eq!((inner.link_codes.len(), inner.by_sequence.len()), (3, 3));
    }

    #[test]
    fn a_taken_reference_stays_taken() {
        let store = Store::default();
        assert!(
            store
                .open("a", |sequence| transaction(sequence, "a"))
                .is_some()
        );
        assert!(
            store
                .open("a", |sequence| transaction(sequence, "a"))
                .is_none()
        );
    }
}
