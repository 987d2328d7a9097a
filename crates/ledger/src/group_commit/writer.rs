//! The thread that writes what is queued: it takes what is there, commits it as a set and answers each.
//! One thread at a time does so. One that is stuck with its session is given up, and the next begins.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::Span;

use crate::callbacks::inbox::Received;
use crate::database::spans;
use crate::database::transaction::Opening;
use crate::database::watchdog::{Watchdog, Watched};
use crate::error::LedgerError;
use crate::group_commit::unclaimed_call::{OnUntaken, Untaken};
use crate::group_commit::writer_queue::{Class, WriterQueue};
use crate::orders::create::Beginning;
use crate::payments::create_result::{CallEnd, CallSettled};
use crate::payments::prefetch::WhenHeld;
use crate::rows::notifications::Arrived;
use crate::tx::Tx;
use crate::tx::attempt::{Database, Failed};
use crate::webhooks::delivery_results::Tried;

/// The most changes that share a commit: more make it longer and not cheaper for each.
const GROUP_MAX: usize = 256;

/// A change to write.
#[derive(Clone)]
pub(crate) enum Change {
    Order(Arc<Beginning>, OnUntaken),
    /// An outcome under the span of its caller.
    CallEnd(Arc<CallEnd>, Span),
    Callback(Arc<Arrived>),
    Try(Arc<Tried>),
    /// Nothing, but written as all the rest is, to check whether that can be done.
    Check,
}

impl Change {
    /// Returns its class: results of what is done are kept, and so is the check whether anything can be
    /// written.
    pub(crate) const fn class(&self) -> Class {
        match self {
            Self::Order(..) | Self::Callback(_) => Class::New,
            Self::CallEnd(..) | Self::Try(_) | Self::Check => Class::Result,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Order(..) => "begin_order",
            Self::CallEnd(..) => "end_call",
            Self::Callback(_) => "receive",
            Self::Try(_) => "settle_delivery",
            Self::Check => "readiness",
        }
    }
}

/// The outcome of a change.
pub(crate) enum Done {
    Begun(Untaken),
    CallSettled(CallSettled),
    Received(Received),
    Settled(bool),
    Checked,
}

/// The answer to whoever queued a change.
pub(crate) enum Outcome {
    Done(Result<Done, LedgerError>),
    /// Nothing was done: the change needs a transaction of its own.
    Alone,
}

/// A change that waits to be written.
pub(crate) struct Entry {
    pub(crate) change: Change,
    pub(crate) queued_at: Instant,
    /// The longest wait, after which it is answered "later".
    pub(crate) patience: Duration,
    pub(crate) span: Span,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) entries: AtomicU64,
}

/// The state that the writer's threads share, one after the other.
pub(crate) struct Writer {
    database: Database,
    pub(crate) queue: WriterQueue<Entry>,
    pub(crate) counters: Counters,
    watchdog: Arc<Watchdog>,
}

impl Writer {
    pub(crate) fn new(database: Database, waiting_max: usize, watched: Watched) -> Arc<Self> {
        Arc::new_cyclic(|own: &Weak<Self>| {
            let own = own.clone();
            let replace = move || own.upgrade().is_some_and(|writer| writer.begin());
            Self {
                database,
                queue: WriterQueue::new(waiting_max),
                counters: Counters::default(),
                watchdog: Watchdog::new(watched, Box::new(replace)),
            }
        })
    }

    pub(crate) const fn watchdog(&self) -> &Arc<Watchdog> {
        &self.watchdog
    }

    /// Begins a thread that writes; `false` when none can be started.
    pub(crate) fn begin(self: &Arc<Self>) -> bool {
        let writer = Arc::clone(self);
        let thread = std::thread::Builder::new().name("ledger-writer".to_owned());
        let begun = thread.spawn(move || writer.run());
        if let Err(error) = &begun {
            tracing::error!(error = %error, "the writer's thread could not be started");
        }
        begun.is_ok()
    }

    fn run(&self) {
        while let Some(group) = self.queue.take(GROUP_MAX) {
            let group = in_time(group);
            if !group.is_empty() && self.commit(group) {
                return;
            }
        }
    }

    /// Commits a set; returns whether it took so long that another thread writes by now.
    fn commit(&self, group: Vec<Entry>) -> bool {
        let changes: Vec<Change> = group.iter().map(|one| one.change.clone()).collect();
        let span = spans::group(group.iter().map(|one| &one.span));
        let _under = span.enter();
        let mut watch = self.watchdog.watch(None, None);
        // A panic must not end the thread that all callbacks depend on.
        let committed = std::panic::catch_unwind(AssertUnwindSafe(|| {
            self.database
                .attempt(Opening::default(), &mut watch, |tx| write(tx, &changes))
        }));
        let is_given_up = watch.end();
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        let entries = u64::try_from(group.len()).unwrap_or(u64::MAX);
        self.counters.entries.fetch_add(entries, Ordering::Relaxed);
        self.database.count(|metrics| metrics.shared(group.len()));
        match committed {
            Ok(Ok(done)) => {
                for (entry, done) in group.into_iter().zip(done) {
                    entry.answer(done.map_or(Outcome::Alone, |it| Outcome::Done(Ok(it))));
                }
            }
            Ok(Err(Failed {
                error: LedgerError::Unavailable(reason),
                is_undone: false,
            })) => {
                for entry in group {
                    let away = LedgerError::Unavailable(reason.clone());
                    entry.answer(Outcome::Done(Err(away)));
                }
            }
            // One of them cannot be applied, or waits for another transaction: each alone, so that
            // the others are not held up by it.
            Ok(Err(_)) | Err(_) => {
                for entry in group {
                    entry.answer(Outcome::Alone);
                }
            }
        }
        is_given_up
    }
}

/// Writes each kind as a set; `None` for what is to be done alone.
fn write(tx: &mut Tx<'_>, changes: &[Change]) -> Result<Vec<Option<Done>>, LedgerError> {
    let (mut orders, mut ends) = (Vec::new(), Vec::new());
    let (mut arrived, mut tries) = (Vec::new(), Vec::new());
    let mut is_checked = false;
    for change in changes {
        match change {
            Change::Order(beginning, _) => orders.push(beginning.as_ref()),
            Change::CallEnd(end, span) => ends.push((end.as_ref(), span)),
            Change::Callback(one) => arrived.push(Arc::clone(one)),
            Change::Try(tried) => tries.push(tried.as_ref()),
            Change::Check => is_checked = true,
        }
    }
    if is_checked {
        tx.write_nothing()?;
    }
    let mut begun = tx.begin_orders(&orders)?.into_iter();
    let mut ended = tx.end_calls(&ends, WhenHeld::Skip)?.into_iter();
    let mut received = tx.receive_all(&arrived, WhenHeld::Skip)?.into_iter();
    let mut settled = tx.settle_all(&tries)?.into_iter();
    // What cannot be written was never begun, and nobody is told of it.
    tx.flush()?;
    Ok(changes
        .iter()
        .map(|change| match change {
            Change::Order(_, untaken) => (begun.next().flatten())
                .map(|begun| Done::Begun(Untaken::new(begun, Arc::clone(untaken)))),
            Change::CallEnd(..) => ended.next().flatten().map(Done::CallSettled),
            Change::Callback(_) => received.next().flatten().map(Done::Received),
            Change::Try(_) => settled.next().map(Done::Settled),
            Change::Check => Some(Done::Checked),
        })
        .collect())
}

impl Entry {
    fn answer(self, outcome: Outcome) {
        // Whoever asked may have gone: it is written all the same, and comes again as a duplicate.
        self.reply.send(outcome).ok();
    }
}

/// Returns the entries without those that nobody waits for, or that waited too long to be done in time.
fn in_time(group: Vec<Entry>) -> Vec<Entry> {
    let (fresh, late): (Vec<Entry>, Vec<Entry>) = group
        .into_iter()
        .filter(|entry| !entry.reply.is_closed())
        .partition(|entry| entry.queued_at.elapsed() <= entry.patience);
    for entry in late {
        entry.answer(Outcome::Done(Err(LedgerError::Overloaded)));
    }
    fresh
}
