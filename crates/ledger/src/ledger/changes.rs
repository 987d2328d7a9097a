//! Changes that share their commit with others: a create, the end of a call, a callback, an attempt to deliver.
//! Each is queued for the writer and answered by it; one that would hold up the others is done in a transaction of
//! its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::callbacks::inbox::{InboundNotification, Received};
use crate::database::spans;
use crate::database::urgency::Urgency;
use crate::error::LedgerError;
use crate::group_commit::group::GroupCommits;
use crate::group_commit::unclaimed_call::{OnUntaken, Untaken};
use crate::group_commit::writer::{Change, Done, Entry, Outcome};
use crate::group_commit::writer_queue::{Class, Refused};
use crate::ledger::Ledger;
use crate::orders::begin_outcome::{Begun, NewOrder};
use crate::orders::create::Beginning;
use crate::payments::create_result::{CallEnd, CallSettled};
use crate::rows::creations::Claim;
use crate::rows::notifications::Arrived;
use crate::tx::Tx;
use crate::webhooks::delivery_queue::{LeasedDelivery, TryResult};
use crate::webhooks::delivery_results::Tried;

/// Number of deadlines that a result waits: longer than it takes until a writer that is stuck has been replaced.
const RESULT_DEADLINES: u32 = 4;

impl Ledger {
    /// Claims the key or the reference and commits the intent together with those that arrive at the same time, or
    /// finds the earlier request. A begun request that nobody takes is reported.
    ///
    /// # Errors
    /// As [`crate::Books::transact`]; [`LedgerError::Conflict`] when a concurrent duplicate committed in between:
    /// begin again.
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

    /// Begins in a transaction of its own. A begun request that nobody takes is reported.
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

    /// Records the outcome of a call, together with what arrives at the same time ([`Tx::end_call`]).
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

    /// Records an attempt, together with what arrives at the same time. A worker whose lease was taken over changes
    /// nothing and gets `false`.
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
        let class = change.class();
        let (patience, wait) = match class {
            Class::New => (Urgency::Callback.patience(), self.deadline()),
            Class::Result => (Duration::MAX, self.result_wait()),
        };
        let entry = Entry {
            change,
            queued_at: Instant::now(),
            patience,
            span: span.clone(),
            reply,
        };
        self.group()
            .push(class, entry)
            .map_err(|refused| match refused {
                Refused::Full => LedgerError::Overloaded,
                Refused::Closed => LedgerError::Unavailable("the writer has ended".to_owned()),
            })?;
        tokio::time::timeout(wait, answer)
            .await
            .map_err(|_| LedgerError::Unavailable("no answer within the deadline".to_owned()))?
            .map_err(|_| LedgerError::Unavailable("the writer has ended".to_owned()))
    }

    /// Returns the longest wait for the result of something done.
    fn result_wait(&self) -> Duration {
        self.deadline().saturating_mul(RESULT_DEADLINES)
    }

    /// Commits nothing, as everything else that shares a commit is committed, to check whether that can be done.
    pub(crate) async fn check_writer(&self) -> Result<(), LedgerError> {
        match self.share(Change::Check).await? {
            Outcome::Done(done) => done.map(|_| ()),
            Outcome::Alone => {
                self.at(Urgency::Write)
                    .transact(|tx| tx.write_nothing())
                    .await
            }
        }
    }

    /// Returns the counts of the shared commits since the process began.
    #[must_use]
    pub fn group_commits(&self) -> GroupCommits {
        let counters = &self.group().writer.counters;
        GroupCommits {
            commits: counters.commits.load(Ordering::Relaxed),
            entries: counters.entries.load(Ordering::Relaxed),
        }
    }
}

fn taken(begun: Untaken) -> Result<Begun, LedgerError> {
    begun
        .take()
        .ok_or_else(|| LedgerError::corrupt("begun and already taken"))
}
