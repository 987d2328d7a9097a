//! Group commit: creates and their outcomes, callbacks and delivery results that arrive while the last
//! commit runs share the next one. One thread takes what is queued, locks and reads it as a set, lets
//! the core decide each, writes it as a set and commits once; nothing waits on a timer. What would
//! hold up the others (an order or a row that is held elsewhere, a callback that cannot be applied)
//! is done alone.

use std::sync::Arc;
use std::sync::Once;

use crate::database::watchdog::{Watchdog, Watched};
use crate::group_commit::writer::{Entry, Writer};
use crate::group_commit::writer_queue::{Class, Refused};
use crate::tx::attempt::Database;

/// Counts of shared commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCommits {
    /// Number of transactions.
    pub commits: u64,
    /// Number of changes in them.
    pub entries: u64,
}

/// The queue before the thread that writes; the thread begins with the first change and ends with
/// the last handle to the ledger.
pub(crate) struct Group {
    pub(crate) writer: Arc<Writer>,
    begun: Once,
}

impl Group {
    pub(crate) fn new(database: Database, waiting_max: usize, watched: Watched) -> Self {
        Self {
            writer: Writer::new(database, waiting_max, watched),
            begun: Once::new(),
        }
    }

    pub(crate) fn watchdog(&self) -> &Arc<Watchdog> {
        self.writer.watchdog()
    }

    pub(crate) fn push(&self, class: Class, entry: Entry) -> Result<(), Refused> {
        self.begun.call_once(|| {
            if !self.writer.begin() {
                // Each change is answered "later".
                self.writer.queue.close();
            }
        });
        self.writer.queue.push(class, entry)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.writer.queue.close();
    }
}
