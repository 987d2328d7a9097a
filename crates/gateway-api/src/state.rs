//! The state that handlers share: one per server thread, since the provider client cannot leave its
//! thread.

use std::future::Future;
use std::sync::Arc;

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::ids::MerchantId;
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use ledger::{Ledger, LedgerError, Tx, Urgency};
use payment_flows::Flows;
use service_shell::proxies::TrustedProxies;
use shares::Shares;
use tokio::sync::Semaphore;
use webhooks::UrlGuard;

use crate::admission::callers::Callers;
use crate::admission::checkout_links::Links;
use crate::admission::create_limiter::Creates;
use crate::admission::order_watch::Watching;
use crate::admission::rate_limit::RateLimit;
use crate::admission::report_limiter::LongReads;
use crate::admission::visits::Visits;
use crate::http::error::{ApiError, ErrorCode};
use crate::pages::pictures::Pictures;

/// The API of one thread.
pub struct Api {
    /// The exchanges with the provider.
    pub flows: Flows,
    /// Requests per second and key.
    pub rate_limit: RateLimit,
    /// Peppers of API keys, newest first.
    pub peppers: Vec<Secret>,
    /// The memory of API keys, of all threads.
    pub callers: Arc<Callers>,
    /// The slot for the note that a key was used, of all threads.
    pub key_notes: Arc<Semaphore>,
    /// The guard of webhook URLs.
    pub guard: UrlGuard,
    /// Default life of an order (`ORDER_DEFAULT_EXPIRY`).
    pub default_expiry: TimeDelta,
    /// Slots for creates under way, of all threads.
    pub creates: Arc<Creates>,
    /// Slots for notes about creates that were begun and not sent, of all threads.
    pub notes: Shares<MerchantId>,
    /// Payers' pages and held reads that wait for news, of all threads.
    pub watching: Arc<Watching>,
    /// Slots of payers' pages, of all threads.
    pub visits: Arc<Visits>,
    /// QR pictures, of all threads.
    pub pictures: Arc<Pictures>,
    /// The checkout links that are looked up.
    pub links: Arc<Links>,
    /// Slots for reads that take long, of all threads.
    pub long_reads: Arc<LongReads>,
    /// The proxies whose word about a client's address is trusted.
    pub proxies: TrustedProxies,
}

impl Api {
    /// Returns the ledger.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.flows.ledger()
    }

    /// Returns the channels.
    #[must_use]
    pub fn channels(&self) -> &ChannelTable {
        &self.ledger().context().channels
    }

    /// Returns the urgency of reads: while creates are turned away, reads take only what is free.
    #[must_use]
    pub fn urgency_of_reads(&self) -> Urgency {
        if self.creates.were_turned_away_lately() {
            Urgency::Spare
        } else {
            Urgency::Read
        }
    }

    /// Reads a merchant's part of the ledger: shed before anything that writes.
    ///
    /// # Errors
    /// See [`storage`].
    pub fn read<T, F>(
        &self,
        merchant: MerchantId,
        work: F,
    ) -> impl Future<Output = Result<T, ApiError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let ledger = self.ledger().for_merchant(merchant);
        let books = ledger.at(self.urgency_of_reads());
        async move { books.transact(work).await.map_err(storage) }
    }

    /// Runs admitted work in a merchant's part of the ledger, and returns its failures as replies.
    ///
    /// # Errors
    /// See [`storage`].
    pub fn transact<T, F>(
        &self,
        merchant: MerchantId,
        work: F,
    ) -> impl Future<Output = Result<T, ApiError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        let books = self.ledger().for_merchant(merchant).at(Urgency::Write);
        async move { books.transact(work).await.map_err(storage) }
    }
}

/// Converts a failure of the ledger to the caller's error: 404, 503 or 500.
#[must_use]
pub fn storage(error: LedgerError) -> ApiError {
    match error {
        LedgerError::NotFound => ApiError::of(ErrorCode::NotFound),
        LedgerError::Unavailable(_) => ApiError::of(ErrorCode::StorageUnavailable).because(error),
        LedgerError::Overloaded => ApiError::of(ErrorCode::Overloaded).because(error),
        LedgerError::Conflict(_) | LedgerError::Corrupt(_) => ApiError::internal(error),
    }
}
