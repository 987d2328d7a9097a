//! What the callbacks' thread is given to do, and what it tells after the first try.

use std::time::Duration;

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::settings::CallbackMode;
use super::transaction::{Attempt, Status};
use crate::protocol::calls::Product;
use crate::protocol::channels::ChannelName;
use crate::protocol::requests::Account;

/// Something to do.
pub(crate) enum Job {
    /// Send a callback.
    Deliver {
        /// Its content.
        notice: Box<Notice>,
        /// Told once, after the first answer or when there will be none soon.
        first: oneshot::Sender<FirstAnswer>,
    },
    /// Pay by itself (magic amounts).
    PayLater {
        /// The merchant's reference.
        reference: String,
        /// When.
        after: Duration,
        /// Whether a callback is sent.
        announced: bool,
    },
}

/// How the first try went.
#[derive(Debug)]
pub(crate) struct FirstAnswer {
    /// State of the callback.
    pub(crate) state: &'static str,
    /// The try, when there was one.
    pub(crate) attempt: Option<Attempt>,
}

/// The content of one callback.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// The transaction it belongs to.
    pub(crate) key: String,
    /// Number of its record there.
    pub(crate) number: u64,
    /// Shape of the body.
    pub(crate) product: Product,
    /// `additionalInfo.channel`.
    pub(crate) channel: ChannelName,
    /// `latestTransactionStatus`.
    pub(crate) status: Status,
    /// Amount told.
    pub(crate) amount: Option<Amount>,
    /// Number of the transfer, where it has one of its own.
    pub(crate) transfer: Option<String>,
    /// Reference told.
    pub(crate) reference: String,
    /// Provider's number told.
    pub(crate) provider_reference: String,
    /// `additionalInfo.plh`.
    pub(crate) link_code: Option<String>,
    /// `additionalInfo.feeMoney`.
    pub(crate) fee: Option<Amount>,
    /// `finishedTime`.
    pub(crate) finished_at: DateTime<Utc>,
    /// VA only, with its number.
    pub(crate) account: Option<(Account, String)>,
    /// How it is sent.
    pub(crate) mode: CallbackMode,
    /// Where to.
    pub(crate) url: String,
    /// Makes up bank numbers.
    pub(crate) sequence: u64,
}
