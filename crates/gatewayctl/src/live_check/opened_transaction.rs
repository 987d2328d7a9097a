//! A transaction that the check opens: its purpose, and what is known of it.

use ayolinx_core::channels::Channel;
use ayolinx_core::method::Method;
use chrono::{DateTime, TimeDelta, Utc};

use super::provider_http::new_reference;

/// The query of one callback URL.
pub(crate) const QUERY: &str = "check=1";

/// The purpose of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A transaction whose callback is answered as documented.
    Plain,
    /// A transaction whose callback URL has a query, and whose first callback is refused.
    Query,
    /// A transaction that expires unpaid.
    Expiring,
}

/// A transaction that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) part: Part,
    pub(crate) method: Method,
    pub(crate) channel: String,
    pub(crate) reference: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) is_open: bool,
}

impl Made {
    /// Creates one that is to be opened now.
    pub(crate) fn new(part: Part, channel: &Channel, life: TimeDelta) -> Self {
        Self {
            part,
            method: channel.method,
            channel: channel.code.clone(),
            reference: new_reference(),
            expires_at: Utc::now() + life,
            is_open: false,
        }
    }
}
