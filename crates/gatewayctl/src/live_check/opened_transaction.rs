//! A transaction that the check opens: what it is for, and what is known of it.

use ayolinx_core::channels::Channel;
use ayolinx_core::method::Method;
use chrono::{DateTime, TimeDelta, Utc};

use super::provider_http::new_reference;

/// The query of one callback URL.
pub(crate) const QUERY: &str = "check=1";

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its callback is answered as documented.
    Plain,
    /// Its callback URL has a query, and its first callback is refused.
    Query,
    /// It expires unpaid.
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
    /// One that is to be opened now.
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
