//! What the ledger is given besides the database: where pages are, what seals personal data, and
//! the plans by which work becomes due.

use std::sync::Arc;

use ayolinx_core::channels::ChannelTable;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use chrono::TimeDelta;

use crate::error::LedgerError;

/// When things become due (contract 3 and 5).
#[derive(Debug, Clone)]
pub struct Plans {
    /// How long one exchange with the provider may hold a payment (`LEASE_MS`).
    pub lease: TimeDelta,
    /// How long after its expiry an unpaid order expires (`EXPIRY_GRACE_MS`).
    pub expiry_grace: TimeDelta,
    /// When an unknown outcome is resolved (`RESOLVE_SCHEDULE`).
    pub resolve: Schedule,
    /// When a payment is asked about (`INQUIRY_SCHEDULE`).
    pub inquiry: Schedule,
    /// The same for virtual accounts and retail, whose payers take longer.
    pub inquiry_slow: Schedule,
}

impl Plans {
    /// The inquiry plan of a method; `None` where the provider cannot be asked.
    #[must_use]
    pub const fn inquiry_of(&self, method: Method) -> Option<&Schedule> {
        match method {
            Method::Qris | Method::Ewallet => Some(&self.inquiry),
            Method::VirtualAccount | Method::Retail => Some(&self.inquiry_slow),
            Method::PaymentLink => None,
        }
    }
}

/// What every transaction may need.
pub struct Context {
    /// Where the public pages are.
    pub links: Links,
    /// Seals personal data, webhook secrets and stored replies.
    pub keyring: Arc<Keyring>,
    /// When things become due.
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
