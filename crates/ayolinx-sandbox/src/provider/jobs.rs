//! The jobs of the callbacks' thread, and its report after the first attempt.

use std::time::Duration;

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::settings::CallbackMode;
use super::transaction::{Attempt, Status};
use crate::protocol::calls::Product;
use crate::protocol::channels::ChannelName;
use crate::protocol::requests::Account;

/// A job of the thread.
pub(crate) enum Job {
    /// Send a callback.
    Deliver {
        /// Its content.
        notice: Box<Notice>,
        /// Receives one report, after the first answer or when there will be none soon.
        first: oneshot::Sender<FirstAnswer>,
    },
    /// Pay by itself (magic amounts).
    PayLater {
        /// The merchant's reference.
        reference: String,
        /// Time from now to the payment.
        after: Duration,
        /// True when a callback is sent.
        announced: bool,
    },
}

/// The result of the first attempt.
#[derive(Debug)]
pub(crate) struct FirstAnswer {
    /// State of the callback.
    pub(crate) state: &'static str,
    /// The attempt, if there was one.
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
    /// The reported amount.
    pub(crate) amount: Option<Amount>,
    /// Number of the transfer, if it has one of its own.
    pub(crate) transfer: Option<String>,
    /// The reported reference.
    pub(crate) reference: String,
    /// The provider's number that is reported.
    pub(crate) provider_reference: String,
    /// `additionalInfo.plh`.
    pub(crate) link_code: Option<String>,
    /// `additionalInfo.feeMoney`.
    pub(crate) fee: Option<Amount>,
    /// `finishedTime`.
    pub(crate) finished_at: DateTime<Utc>,
    /// VA only, with its number.
    pub(crate) account: Option<(Account, String)>,
    /// The way in which it is sent.
    pub(crate) mode: CallbackMode,
    /// The URL it is sent to.
    pub(crate) url: String,
    /// The number from which bank numbers are made up.
    pub(crate) sequence: u64,
}
