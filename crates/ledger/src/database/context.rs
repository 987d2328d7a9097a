//! The ledger's context besides the database: the addresses of pages, the keys that seal personal
//! data, and the plans by which work becomes due.

use std::sync::Arc;

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use chrono::TimeDelta;

use crate::error::LedgerError;

/// The times at which things become due (contract 3 and 5).
#[derive(Debug, Clone)]
pub struct Plans {
    /// The longest time that one exchange with the provider may hold a payment (`LEASE_MS`).
    pub lease: TimeDelta,
    /// The time from an unpaid order's end until it expires (`EXPIRY_GRACE_MS`).
    pub expiry_grace: TimeDelta,
    /// The times at which an unknown outcome is resolved (`RESOLVE_SCHEDULE`).
    pub resolve: Schedule,
    /// The times at which the provider is asked about a payment (`INQUIRY_SCHEDULE`).
    pub inquiry: Schedule,
    /// The same for virtual accounts and retail, whose payers take longer.
    pub inquiry_slow: Schedule,
}

impl Plans {
    /// Returns the inquiry plan of a method; `None` where the provider cannot be asked.
    #[must_use]
    pub const fn inquiry_of(&self, method: Method) -> Option<&Schedule> {
        match method {
            Method::Qris | Method::Ewallet => Some(&self.inquiry),
            Method::VirtualAccount | Method::Retail => Some(&self.inquiry_slow),
            Method::PaymentLink => None,
        }
    }
}

/// The context that every transaction may need.
pub struct Context {
    /// The addresses of the public pages.
    pub links: Links,
    /// The keys that seal personal data, webhook secrets and stored replies.
    pub keyring: Arc<Keyring>,
    /// The times at which things become due.
    pub plans: Plans,
    /// The channels and their rules.
    pub channels: Arc<ChannelTable>,
}

impl Context {
    pub(crate) fn seal(&self, plaintext: &[u8], context: &str) -> Result<Vec<u8>, LedgerError> {
        let mut nonce = [0_u8; 12];
        aws_lc_rs::rand::fill(&mut nonce).map_err(LedgerError::corrupt)?;
        self.keyring
            .seal(plaintext, context.as_bytes(), nonce)
            .map_err(LedgerError::corrupt)
    }

    pub(crate) fn open(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, LedgerError> {
        self.keyring
            .open(sealed, context.as_bytes())
            .map_err(LedgerError::corrupt)
    }
}
