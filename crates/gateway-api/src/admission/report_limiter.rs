//! Reads that take long: few at once in a process, so that payments always find a connection, and a share for each
//! shop.

use std::time::Duration;

use ayolinx_core::ids::MerchantId;
use prometheus::Registry;
use shares::{Limits, Place, Shares};

use super::share_refusal::share_of_shop;
use crate::http::error::ApiError;

/// Reports made at once, one of each shop; others wait in turn.
const REPORTS: Limits = Limits {
    places: 4,
    most_of_one: 1,
    guaranteed: 1,
    reserve: 2,
};
/// Reports that wait.
const REPORTS_WAITING: Limits = Limits {
    places: 64,
    most_of_one: 8,
    guaranteed: 2,
    reserve: 32,
};
/// Exports that run at once, two of each shop, one of them beside greedy others.
const EXPORTS: Limits = Limits {
    places: 16,
    most_of_one: 2,
    guaranteed: 1,
    reserve: 8,
};
/// Seconds in `Retry-After` when there is no slot for an export.
const EXPORT_RETRY_SECS: u64 = 10;

/// A shop's slot, given back when dropped.
pub type ShopPlace = Place<MerchantId>;

/// Slots for long reads, of all threads.
#[derive(Debug)]
pub struct LongReads {
    reports: Shares<MerchantId>,
    exports: Shares<MerchantId>,
}

impl Default for LongReads {
    fn default() -> Self {
        Self {
            reports: Shares::new("reports", REPORTS, REPORTS_WAITING),
            exports: Shares::new("exports", EXPORTS, Limits::NONE),
        }
    }
}

impl LongReads {
    /// Registers the metrics of these slots.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.reports.register(registry)?;
        self.exports.register(registry)
    }

    /// Takes a slot for a report, after a wait of at most this long.
    ///
    /// # Errors
    /// 429 when the shop's own reports take so long, or too many of them wait; 503 when those of other shops do.
    pub async fn report(
        &self,
        merchant: MerchantId,
        deadline: Duration,
    ) -> Result<ShopPlace, ApiError> {
        let place = self.reports.enter(&merchant, deadline).await;
        place.map_err(|why| share_of_shop(why, "reports"))
    }

    /// Takes a slot for an export.
    ///
    /// # Errors
    /// 429 when the shop runs as many as it may; 503 when all slots are taken.
    pub fn export(&self, merchant: MerchantId) -> Result<ShopPlace, ApiError> {
        let place = self.exports.try_enter(&merchant);
        place.map_err(|why| share_of_shop(why, "exports").retry_after_secs(EXPORT_RETRY_SECS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::ErrorCode;
    use uuid::Uuid;

    fn shop(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn greedy_shops_leave_each_other_shop_an_export() {
        let reads = LongReads::default();
        let greedy: Vec<_> = (0..1000)
            .filter_map(|turn| reads.export(shop(turn % 4)).ok())
            .collect();
        assert_eq!(greedy.len(), 8, "two of each");
        let refused = reads.export(shop(1)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        let others: Vec<_> = (10..18).map(|number| reads.export(shop(number))).collect();
        assert!(others.iter().all(Result::is_ok));
        let refused = reads.export(shop(99)).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Overloaded);
        drop((greedy, others));
        assert!(reads.export(shop(1)).is_ok());
    }

    #[actix_rt::test]
    async fn reports_of_one_shop_wait_for_each_other_and_keep_no_other_shop_waiting() {
        let reads = LongReads::default();
        let shortly = Duration::from_millis(10);
        let first = reads.report(shop(1), shortly).await.unwrap();
        let refused = reads.report(shop(1), shortly).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        let mut others = Vec::new();
        for number in 2..5 {
            others.push(reads.report(shop(number), shortly).await.unwrap());
        }
        let refused = reads.report(shop(5), shortly).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Overloaded);
        drop(first);
        assert!(reads.report(shop(5), shortly).await.is_ok());
    }
}
