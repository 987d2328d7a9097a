//! What all parts of a run share: the gates at which operations wait to be let on, one at a time,
//! the faults that commits will meet, and the provider's truth.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ledger::{LeasedWork, WorkKind};
use tokio::sync::{Notify, oneshot};

use super::operations::Told;
use super::provider::{Provider, Question};

/// Longer than any single move of a healthy run; what takes longer is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(20);

/// Where an operation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum At {
    /// Its request is on the way to the provider.
    Provider(Question),
    /// Its commit is done and it has not heard of it yet.
    Commit(Line),
    /// Between two of its steps.
    Pause,
}

/// Whose line to Postgres it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// One operation's.
    Single,
    /// The writer's: what else its replica would share a commit for waits behind it.
    Writer,
}

/// How it goes on.
#[derive(Debug)]
pub(crate) enum Release {
    /// With this answer; its text is nothing to commits and pauses.
    Answer(u16, String),
    /// The connection ends.
    Cut,
}

pub(crate) struct Gate {
    pub(crate) replica: usize,
    pub(crate) operation: u64,
    pub(crate) at: At,
    /// The provider's answer, when it has had its effect there already.
    pub(crate) answer: Option<(u16, String)>,
    release: oneshot::Sender<Release>,
}

/// What befalls the commit after so many others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is done, and the caller waits at a gate before hearing of it.
    Held,
    /// It is not done, and the caller hears nothing.
    CutBefore,
    /// It is done, and the caller hears nothing.
    CutAfter,
}

/// The lease under which an operation works.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) payment: String,
    pub(crate) kind: WorkKind,
    pub(crate) token: String,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) gates: Vec<Gate>,
    pub(crate) told: Vec<(u64, Told)>,
    pub(crate) leases: BTreeMap<u64, Lease>,
    pub(crate) provider: Provider,
    faults: [Option<(u8, Fault)>; 2],
    operations: u64,
    moving: u64,
    moves: u64,
}

#[derive(Default)]
pub(crate) struct World {
    inner: Mutex<Inner>,
    moved: Notify,
}

impl World {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A run that failed may have died with it in hand; the next one renews it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets everything for the next run.
    pub(crate) fn renew(&self) {
        *self.lock() = Inner::default();
    }

    /// A new operation, which moves now.
    pub(crate) fn begin(&self) -> u64 {
        let mut inner = self.lock();
        inner.operations += 1;
        inner.moving = inner.operations;
        inner.operations
    }

    pub(crate) fn end(&self, operation: u64, told: Told) {
        let mut inner = self.lock();
        inner.told.push((operation, told));
        inner.leases.remove(&operation);
        inner.moves += 1;
        drop(inner);
        self.moved.notify_one();
    }

    pub(crate) fn leased(&self, work: &LeasedWork) {
        let mut inner = self.lock();
        let operation = inner.moving;
        let lease = Lease {
            payment: work.payment_id.to_string(),
            kind: work.kind,
            token: work.token.to_string(),
        };
        inner.leases.insert(operation, lease);
    }

    /// Waits at a gate; `None` when the process died there.
    pub(crate) async fn wait(&self, replica: usize, at: At) -> Option<Release> {
        let (release, released) = oneshot::channel();
        {
            let mut inner = self.lock();
            if let At::Provider(question) = &at {
                inner.provider.arrived(question);
            }
            let operation = inner.moving;
            inner.gates.push(Gate {
                replica,
                operation,
                at,
                answer: None,
                release,
            });
            inner.moves += 1;
        }
        self.moved.notify_one();
        released.await.ok()
    }

    /// Waits between two steps of an operation, for ever when its process dies there.
    pub(crate) async fn pause(self: &Arc<Self>, replica: usize) {
        if self.wait(replica, At::Pause).await.is_none() {
            std::future::pending().await
        }
    }

    /// The gate at which the writer of a replica waits.
    pub(crate) fn held_writer(&self, replica: usize) -> Option<usize> {
        let held =
            |gate: &Gate| gate.replica == replica && matches!(gate.at, At::Commit(Line::Writer));
        self.lock().gates.iter().position(held)
    }

    pub(crate) fn moves(&self) -> u64 {
        self.lock().moves
    }

    /// Until the operation that moves has come to a gate or its end.
    pub(crate) async fn moved_since(&self, before: u64) {
        let moving = async {
            while self.moves() == before {
                self.moved.notified().await;
            }
        };
        let moved = tokio::time::timeout(STUCK_AFTER, moving).await;
        assert!(moved.is_ok(), "an operation is stuck");
    }

    /// Lets the n-th waiting operation on; the replica that moves then.
    pub(crate) fn release(&self, at: usize, release: Release) -> usize {
        let mut inner = self.lock();
        let gate = inner.gates.remove(at);
        inner.moving = gate.operation;
        drop(inner);
        // Who waited may be gone: a died process.
        gate.release.send(release).ok();
        gate.replica
    }

    pub(crate) fn arm(&self, replica: usize, after: u8, fault: Fault) {
        self.lock().faults[replica] = Some((after, fault));
    }

    pub(crate) fn disarm(&self) {
        self.lock().faults = [None, None];
    }

    /// What befalls this commit of a replica.
    pub(crate) fn fault(&self, replica: usize) -> Option<Fault> {
        let mut inner = self.lock();
        match inner.faults[replica] {
            None => None,
            Some((0, fault)) => {
                inner.faults[replica] = None;
                Some(fault)
            }
            Some((after, fault)) => {
                inner.faults[replica] = Some((after - 1, fault));
                None
            }
        }
    }
}
