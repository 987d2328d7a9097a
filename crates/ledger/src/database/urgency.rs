//! The urgency of a piece of work with the database, and what follows from it at the gate.

use std::time::Duration;

/// The order in which callers are let in when the database is asked for more than it can do, the most urgent
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// The provider's callbacks: it sends each report of money once.
    Callback,
    /// Work that was let in and goes on, since half a create is worse than none; also the loops.
    Write,
    /// A shop's request that would create or change something, before it is let in.
    Request,
    /// The same from a payer whose link was proven.
    Payer,
    /// Reads, which can be asked for again.
    Read,
    /// Whatever a stranger can cause: payers' pages, keys that are not known here, sign-ins.
    Public,
    /// Reads while more urgent work is turned away: only when the database has next to nothing to do, and
    /// nothing is waited for.
    Spare,
}

/// The longest wait of any caller.
pub(crate) const PATIENCE_MAX: Duration = Duration::from_secs(1);

impl Urgency {
    pub(crate) const COUNT: usize = 7;
    pub(crate) const ALL: [Self; Self::COUNT] = [
        Self::Callback,
        Self::Write,
        Self::Request,
        Self::Payer,
        Self::Read,
        Self::Public,
        Self::Spare,
    ];

    /// Returns its spelling in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::Write => "write",
            Self::Request => "request",
            Self::Payer => "payer",
            Self::Read => "read",
            Self::Public => "public",
            Self::Spare => "spare",
        }
    }

    /// Returns the index of its queue.
    pub(crate) const fn line(self) -> usize {
        match self {
            Self::Callback => 0,
            Self::Write => 1,
            Self::Request => 2,
            Self::Payer => 3,
            Self::Read => 4,
            Self::Public => 5,
            Self::Spare => 6,
        }
    }

    /// Returns the number of callers that may wait in this queue.
    pub(crate) fn waiting_max(self, waiting_max: usize) -> usize {
        match self {
            Self::Callback => waiting_max,
            Self::Write => waiting_max.saturating_sub(waiting_max.div_ceil(4)),
            Self::Request => waiting_max.div_ceil(4),
            Self::Payer | Self::Public => waiting_max.div_ceil(16),
            Self::Read => waiting_max.div_ceil(8),
            Self::Spare => 0,
        }
    }

    /// Returns the longest wait under too much load, after which a caller is answered "later" rather than
    /// kept waiting: a reply that comes late is worth nothing, and what is let in has more to wait for.
    pub(crate) const fn patience(self) -> Duration {
        Duration::from_millis(match self {
            Self::Callback | Self::Write => return PATIENCE_MAX,
            Self::Request | Self::Payer => 600,
            Self::Read | Self::Public | Self::Spare => 400,
        })
    }
}
