//! Group commit: creates and their outcomes, callbacks and delivery results that arrive while the last
//! commit runs share the next one. One thread takes what is queued, locks and reads it as a set, lets
//! the core decide each, writes it as a set and commits once; nothing waits on a timer. What would
//! hold up the others (an order or a row that is held elsewhere, a callback that cannot be applied)
//! is done alone.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::arrivals::Arrived;
use crate::beginnings::Beginning;
use crate::begun::{Begun, Claim, NewOrder};
use crate::call_ends::{CallEnd, CallSettled};
use crate::deliveries::{LeasedDelivery, TryResult};
use crate::error::LedgerError;
use crate::notifications::{InboundNotification, Received};
use crate::opening::Opening;
use crate::pool::{Database, Failed, Ledger};
use crate::prefetched::WhenHeld;
use crate::settlements::Tried;
use crate::spans;
use crate::tx::Tx;
use crate::untaken::{OnUntaken, Untaken};
use crate::urgency::Urgency;

/// So many share a commit at most: more make it longer and not cheaper for each.
const GROUP_MAX: usize = 256;

/// What is to be written.
#[derive(Clone)]
enum Change {
    Order(Arc<Beginning>, OnUntaken),
    /// Under the span of its caller.
    CallEnd(Arc<CallEnd>, Span),
    Callback(Arc<Arrived>),
    Try(Arc<Tried>),
}

impl Change {
    const fn name(&self) -> &'static str {
        match self {
            Self::Order(..) => "begin_order",
            Self::CallEnd(..) => "end_call",
            Self::Callback(_) => "receive",
            Self::Try(_) => "settle_delivery",
        }
    }
}

/// What came of it.
enum Done {
    Begun(Untaken),
    CallSettled(CallSettled),
    Received(Received),
    Settled(bool),
}

/// The answer to whoever queued a change.
enum Outcome {
    Done(Result<Done, LedgerError>),
    /// Nothing was done: do it in a transaction of its own.
    Alone,
}

struct Entry {
    change: Change,
    queued_at: Instant,
    span: Span,
    reply: oneshot::Sender<Outcome>,
}

/// How often changes shared a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCommits {
    /// Transactions.
    pub commits: u64,
    /// Changes in them.
    pub entries: u64,
}

#[derive(Default)]
struct Counters {
    commits: AtomicU64,
    entries: AtomicU64,
}

/// The queue before the thread that writes; the thread begins with the first change and ends with
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
                // The queue is closed then, and each change is answered "later".
                tracing::error!(error = %error, "the writer's thread could not be started");
            }
            sender
        })
    }
}

impl Ledger {
    /// Claims the key or the reference and commits the intent together with those that arrive at the
    /// same time, or finds out what came before. What is begun and finds nobody is reported.
    ///
    /// # Errors
    /// As [`crate::Books::transact`]; [`LedgerError::Conflict`] when a twin committed in between: begin
    /// again.
    pub async fn begin_order(
        &self,
        new: NewOrder,
        claim: Claim,
        untaken: OnUntaken,
    ) -> Result<Begun, LedgerError> {
        // While it waits for the writer it has one of its shop's places in the queue.
        let share = self.beginning().try_enter(&new.merchant_id);
        let _share = share.map_err(|_| LedgerError::Overloaded)?;
        let beginning = Arc::new(Beginning { new, claim });
        let change = Change::Order(Arc::clone(&beginning), Arc::clone(&untaken));
        match self.share(change).await? {
            Outcome::Done(Ok(Done::Begun(begun))) => taken(begun),
            Outcome::Done(Err(error)) => Err(error),
            Outcome::Done(Ok(_)) | Outcome::Alone => {
                let begin = move |tx: &mut Tx<'_>| tx.begin_order(&beginning.new, &beginning.claim);
                self.begin(begin, untaken).await
            }
        }
    }

    /// Begins in a transaction of its own. What is begun and finds nobody is reported.
    ///
    /// # Errors
    /// As [`crate::Books::transact`].
    pub async fn begin<F>(&self, begin: F, untaken: OnUntaken) -> Result<Begun, LedgerError>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<Begun, LedgerError> + Send + 'static,
    {
        let begun = self.at(Urgency::Write).transact(move |tx| {
            let begun = begin(tx)?;
            tx.flush()?;
            Ok(Untaken::new(begun, untaken))
        });
        taken(begun.await?)
    }

    /// Records the outcome of a call, together with what arrives at the same time
    /// ([`Tx::end_call`]).
    ///
    /// # Errors
    /// As [`crate::Books::transact`]; [`LedgerError::NotFound`] when there is no such payment.
    pub async fn end_call(&self, end: CallEnd) -> Result<CallSettled, LedgerError> {
        let end = Arc::new(end);
        match self
            .share(Change::CallEnd(Arc::clone(&end), Span::current()))
            .await?
        {
            Outcome::Done(Ok(Done::CallSettled(settled))) => Ok(settled),
            Outcome::Done(Err(error)) => Err(error),
            Outcome::Done(Ok(_)) | Outcome::Alone => {
                self.at(Urgency::Write)
                    .transact(move |tx| tx.end_call(&end))
                    .await
            }
        }
    }

    /// Stores a verified callback and lets it take effect, together with those that arrive at the
    /// same time. The duplicate path writes too (T8).
    ///
    /// # Errors
    /// As [`crate::Books::transact`]: then nothing may be acknowledged.
    pub async fn receive(&self, inbound: InboundNotification) -> Result<Received, LedgerError> {
        let arrived = Arc::new(Arrived::new(self.context(), inbound)?);
        match self.share(Change::Callback(Arc::clone(&arrived))).await? {
            Outcome::Done(Ok(Done::Received(received))) => Ok(received),
            Outcome::Done(Err(error)) => Err(error),
            Outcome::Done(Ok(_)) | Outcome::Alone => {
                self.at(Urgency::Callback)
                    .transact(move |tx| tx.receive_one(&arrived))
                    .await
            }
        }
    }

    /// Records a try, together with what arrives at the same time. A worker whose lease was taken
    /// over changes nothing and gets `false`.
    ///
    /// # Errors
    /// As [`crate::Books::transact`].
    pub async fn settle_delivery(
        &self,
        delivery: &LeasedDelivery,
        result: &TryResult,
    ) -> Result<bool, LedgerError> {
        let tried = Arc::new(Tried::new(delivery, result));
        match self.share(Change::Try(Arc::clone(&tried))).await? {
            Outcome::Done(Ok(Done::Settled(is_ours))) => Ok(is_ours),
            Outcome::Done(Err(error)) => Err(error),
            Outcome::Done(Ok(_)) | Outcome::Alone => {
                let settled = self
                    .at(Urgency::Write)
                    .transact(move |tx| tx.settle_all(&[tried.as_ref()]));
                Ok(settled.await?.contains(&true))
            }
        }
    }

    async fn share(&self, change: Change) -> Result<Outcome, LedgerError> {
        let span = spans::shared(change.name());
        let outcome = self.queue(change, &span).instrument(span.clone()).await;
        let is_alone = matches!(outcome, Ok(Outcome::Alone));
        span.record("db.done_alone", is_alone);
        spans::ended(&span, &outcome);
        outcome
    }

    async fn queue(&self, change: Change, span: &Span) -> Result<Outcome, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let entry = Entry {
            change,
            queued_at: Instant::now(),
            span: span.clone(),
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
        tokio::time::timeout(self.deadline(), answer)
            .await
            .map_err(|_| LedgerError::Unavailable("no answer within the deadline".to_owned()))?
            .map_err(|_| LedgerError::Unavailable("the writer has ended".to_owned()))
    }

    /// How often changes shared a commit since the process began.
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
        let changes: Vec<Change> = group.iter().map(|one| one.change.clone()).collect();
        let span = spans::group(group.iter().map(|one| &one.span));
        let _under = span.enter();
        // A panic must not end the thread that all callbacks depend on.
        let committed = std::panic::catch_unwind(AssertUnwindSafe(|| {
            self.database
                .attempt(Opening::default(), |tx| write(tx, &changes))
        }));
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
    }
}

/// Each kind as a set; `None` for what is to be done alone.
fn write(tx: &mut Tx<'_>, changes: &[Change]) -> Result<Vec<Option<Done>>, LedgerError> {
    let (mut orders, mut ends) = (Vec::new(), Vec::new());
    let (mut arrived, mut tries) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Order(beginning, _) => orders.push(beginning.as_ref()),
            Change::CallEnd(end, span) => ends.push((end.as_ref(), span)),
            Change::Callback(one) => arrived.push(Arc::clone(one)),
            Change::Try(tried) => tries.push(tried.as_ref()),
        }
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
        })
        .collect())
}

fn taken(begun: Untaken) -> Result<Begun, LedgerError> {
    begun
        .take()
        .ok_or_else(|| LedgerError::corrupt("begun and already taken"))
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
        .partition(|entry| entry.queued_at.elapsed() <= Urgency::Callback.patience());
    for entry in late {
        entry.answer(Outcome::Done(Err(LedgerError::Overloaded)));
    }
    fresh
}
