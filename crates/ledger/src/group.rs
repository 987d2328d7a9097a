//! Group commit: callbacks that arrive while the last commit runs share the next one. One thread
//! takes what is queued, locks and reads it as a set, lets the core decide each, writes it as a set
//! and commits once; nothing waits on a timer. What would hold up the others (an order that is
//! locked elsewhere, a callback that cannot be applied) is done alone.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::oneshot;

use crate::arrivals::Arrived;
use crate::error::LedgerError;
use crate::notifications::{InboundNotification, Received};
use crate::pool::{Database, Ledger, QUEUE_AGE_MAX};
use crate::prefetched::WhenHeld;

/// So many share a commit at most: more make it longer and not cheaper for each.
const GROUP_MAX: usize = 256;

/// What became of a queued callback.
enum Outcome {
    Settled(Result<Received, LedgerError>),
    /// Nothing was done: do it in a transaction of its own.
    Alone,
}

struct Entry {
    arrived: Arc<Arrived>,
    queued_at: Instant,
    reply: oneshot::Sender<Outcome>,
}

/// How often callbacks shared a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCommits {
    /// Transactions.
    pub commits: u64,
    /// Callbacks in them.
    pub entries: u64,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    entries: AtomicU64,
}

/// The queue before the thread that writes; the thread begins with the first callback and ends with
/// the last handle to the ledger.
pub(crate) struct Group {
    database: Database,
    waiting_max: usize,
    queue: OnceLock<SyncSender<Entry>>,
    counters: Arc<Counters>,
}

impl Group {
    pub(crate) fn new(database: Database, waiting_max: usize) -> Self {
        Self {
            database,
            waiting_max,
            queue: OnceLock::new(),
            counters: Arc::default(),
        }
    }

    fn queue(&self) -> &SyncSender<Entry> {
        self.queue.get_or_init(|| {
            let (sender, receiver) = sync_channel(self.waiting_max.max(1));
            let writer = Writer {
                database: self.database.clone(),
                counters: Arc::clone(&self.counters),
            };
            let thread = std::thread::Builder::new().name("ledger-writer".to_owned());
            if let Err(error) = thread.spawn(move || writer.run(&receiver)) {
                // The queue is closed then, and each callback is answered "later".
                tracing::error!(error = %error, "the writer's thread could not be started");
            }
            sender
        })
    }
}

impl Ledger {
    /// Stores a verified callback and lets it take effect, together with those that arrive at the
    /// same time. The duplicate path writes too (T8).
    ///
    /// # Errors
    /// As [`Ledger::transact`]: then nothing may be acknowledged.
    pub async fn receive(&self, inbound: InboundNotification) -> Result<Received, LedgerError> {
        let arrived = Arc::new(Arrived::new(self.context(), inbound)?);
        let (reply, answer) = oneshot::channel();
        let entry = Entry {
            arrived: Arc::clone(&arrived),
            queued_at: Instant::now(),
            reply,
        };
        self.group()
            .queue()
            .try_send(entry)
            .map_err(|error| match error {
                TrySendError::Full(_) => LedgerError::Overloaded,
                TrySendError::Disconnected(_) => {
                    LedgerError::Unavailable("the writer has ended".to_owned())
                }
            })?;
        let outcome = tokio::time::timeout(self.deadline(), answer)
            .await
            .map_err(|_| LedgerError::Unavailable("no answer within the deadline".to_owned()))?
            .map_err(|_| LedgerError::Unavailable("the writer has ended".to_owned()))?;
        match outcome {
            Outcome::Settled(result) => result,
            Outcome::Alone => self.transact(move |tx| tx.receive_one(&arrived)).await,
        }
    }

    /// How often callbacks shared a commit since the process began.
    #[must_use]
    pub fn group_commits(&self) -> GroupCommits {
        let counters = &self.group().counters;
        GroupCommits {
            commits: counters.commits.load(Ordering::Relaxed),
            entries: counters.entries.load(Ordering::Relaxed),
        }
    }
}

struct Writer {
    database: Database,
    counters: Arc<Counters>,
}

impl Writer {
    fn run(&self, queue: &Receiver<Entry>) {
        while let Ok(first) = queue.recv() {
            let more = queue.try_iter().take(GROUP_MAX.saturating_sub(1));
            let group: Vec<Entry> = std::iter::once(first).chain(more).collect();
            let group = in_time(group);
            if !group.is_empty() {
                self.commit(group);
            }
        }
    }

    fn commit(&self, group: Vec<Entry>) {
        let arrived: Vec<Arc<Arrived>> = group.iter().map(|one| Arc::clone(&one.arrived)).collect();
        // A panic must not end the thread that all callbacks depend on.
        let committed = std::panic::catch_unwind(AssertUnwindSafe(|| {
            self.database
                .run(None, |tx| tx.receive_all(&arrived, WhenHeld::Skip))
        }));
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        let entries = u64::try_from(group.len()).unwrap_or(u64::MAX);
        self.counters.entries.fetch_add(entries, Ordering::Relaxed);
        match committed {
            Ok(Ok(received)) => {
                for (entry, received) in group.into_iter().zip(received) {
                    entry.answer(received.map_or(Outcome::Alone, |it| Outcome::Settled(Ok(it))));
                }
            }
            Ok(Err(LedgerError::Unavailable(reason))) => {
                for entry in group {
                    let away = LedgerError::Unavailable(reason.clone());
                    entry.answer(Outcome::Settled(Err(away)));
                }
            }
            // One of them cannot be applied: each alone, so that the others are not held up by it.
            Ok(Err(_)) | Err(_) => {
                for entry in group {
                    entry.answer(Outcome::Alone);
                }
            }
        }
    }
}

impl Entry {
    fn answer(self, outcome: Outcome) {
        // Whoever asked may have gone: it is written all the same, and comes again as a duplicate.
        self.reply.send(outcome).ok();
    }
}

/// Without those that nobody waits for, or that waited too long to be done in time.
fn in_time(group: Vec<Entry>) -> Vec<Entry> {
    let (fresh, late): (Vec<Entry>, Vec<Entry>) = group
        .into_iter()
        .filter(|entry| !entry.reply.is_closed())
        .partition(|entry| entry.queued_at.elapsed() <= QUEUE_AGE_MAX);
    for entry in late {
        entry.answer(Outcome::Settled(Err(LedgerError::Overloaded)));
    }
    fresh
}
