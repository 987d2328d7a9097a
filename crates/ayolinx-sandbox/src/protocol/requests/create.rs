//! The content of a request, once it is read.

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};

use crate::protocol::calls::Product;
use crate::protocol::channels::ChannelName;

/// A create call that passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    /// The merchant's id.
    pub(crate) reference: String,
    /// Family.
    pub(crate) product: Product,
    /// Channel; for links the first one offered.
    pub(crate) channel: ChannelName,
    /// Absent for an open virtual account.
    pub(crate) amount: Option<Amount>,
    /// Time when the merchant wants it closed.
    pub(crate) valid_until: Option<DateTime<Utc>>,
    /// `urlParams` entry.
    pub(crate) notification_url: Option<String>,
    /// Virtual account numbers.
    pub(crate) account: Option<Account>,
    /// Channels offered on a payment link.
    pub(crate) offered: Vec<ChannelName>,
    /// Members no document names: tolerated, but shown.
    pub(crate) undocumented: Vec<String>,
}

/// The account that a virtual account create describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Bank prefix as sent.
    pub(crate) partner_service_id: String,
    /// Digits.
    pub(crate) customer_no: String,
    /// Number chosen by the merchant, modes b and c.
    pub(crate) number: Option<String>,
    /// Payer's name.
    pub(crate) name: String,
    /// `C`, `O` or `V`.
    pub(crate) trx_type: String,
}

/// A query or cancel call.
#[derive(Debug, Clone)]
pub(crate) struct Inquiry {
    /// The merchant's id.
    pub(crate) reference: String,
    /// Channel, of the call's family.
    pub(crate) channel: ChannelName,
    /// Members no document names.
    pub(crate) undocumented: Vec<String>,
}
