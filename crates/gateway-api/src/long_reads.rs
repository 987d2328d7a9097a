//! Reads that take long: few at once in a process, so that payments always find a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ayolinx_core::ids::MerchantId;
use tokio::sync::Semaphore;

/// Reports made at once.
const REPORTS_MAX: usize = 2;
/// Exports that run at once.
const EXPORTS_MAX: usize = 6;
/// Of one merchant.
const EXPORTS_OF_MERCHANT_MAX: usize = 2;

/// Places for long reads, of all threads.
#[derive(Debug)]
pub struct LongReads {
    /// For reports.
    pub reports: Semaphore,
    /// For exports.
    pub exports: Exports,
}

impl Default for LongReads {
    fn default() -> Self {
        Self {
            reports: Semaphore::new(REPORTS_MAX),
            exports: Exports::default(),
        }
    }
}

/// Who exports just now, how often.
#[derive(Debug, Clone, Default)]
pub struct Exports(Arc<Mutex<HashMap<MerchantId, usize>>>);

/// A place, given back when dropped.
#[derive(Debug)]
pub struct ExportPlace {
    merchant: MerchantId,
    exports: Exports,
}

impl Exports {
    /// A place for a merchant, if there is one.
    #[must_use]
    pub fn enter(&self, merchant: MerchantId) -> Option<ExportPlace> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = running.values().sum();
        let own = running.get(&merchant).copied().unwrap_or_default();
        if all >= EXPORTS_MAX || own >= EXPORTS_OF_MERCHANT_MAX {
            return None;
        }
        running.insert(merchant, own.saturating_add(1));
        Some(ExportPlace {
            merchant,
            exports: self.clone(),
        })
    }
}

impl Drop for ExportPlace {
    fn drop(&mut self) {
        let running = &self.exports.0;
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        let left = running.get(&self.merchant).copied().unwrap_or_default();
        match left.saturating_sub(1) {
            0 => running.remove(&self.merchant),
            left => running.insert(self.merchant, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_few_of_each_and_of_all_and_places_come_back() {
        let exports = Exports::default();
        let merchant = |number| MerchantId::from_uuid(Uuid::from_u128(number));
        let held: Vec<_> = [1, 1, 2, 2, 3, 3]
            .map(|number| exports.enter(merchant(number)))
            .into();
        assert!(held.iter().all(Option::is_some));
        assert!(exports.enter(merchant(4)).is_none(), "all are taken");
        drop(held);
        let first = exports.enter(merchant(1));
        let second = exports.enter(merchant(1));
        assert!(first.is_some() && second.is_some());
        assert!(exports.enter(merchant(1)).is_none(), "its own are taken");
        drop(second);
        assert!(exports.enter(merchant(1)).is_some());
    }
}
