//! Sends callbacks and repeats them on the provider's plan (protocol 8.2), from one thread of its own.
//! Timestamp and signature are made anew for every attempt; a duplicate is the same bytes again.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::time::{sleep, timeout};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use crate::protocol::clock::jakarta;
use crate::provider::faults::{Action, Target};
use crate::provider::jobs::{FirstAnswer, Job, Notice};
use crate::provider::sandbox::Sandbox;
use crate::provider::transaction::{Attempt, Status};
use crate::service::settlement::{Settlement, settle};

use crate::callbacks::exchange::{Prepared, Sender, Twist};

/// Waits before the four repeats.
const REPEATS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(600),
    Duration::from_secs(3_600),
];
/// The longest wait of a held callback for the next one.
const HOLD_MAX: Duration = Duration::from_secs(60);
/// Maximum number of duplicates: more than any test needs.
const DUPLICATES_MAX: u32 = 10_000;

struct Courier {
    sandbox: Arc<Sandbox>,
    sender: Sender,
    held: RefCell<Vec<oneshot::Sender<()>>>,
}

/// Serves jobs until the sandbox is gone.
pub(crate) async fn run(sandbox: Arc<Sandbox>, mut jobs: UnboundedReceiver<Job>) {
    let courier = Rc::new(Courier {
        sender: Sender::new(),
        sandbox,
        held: RefCell::default(),
    });
    while let Some(job) = jobs.recv().await {
        let courier = Rc::clone(&courier);
        match job {
            Job::Deliver { notice, first } => {
                actix_rt::spawn(async move { courier.deliver(*notice, Some(first)).await });
            }
            Job::PayLater {
                reference,
                after,
                announced,
            } => {
                actix_rt::spawn(
                    async move { courier.pay_later(reference, after, announced).await },
                );
            }
        }
    }
}

impl Courier {
    async fn pay_later(&self, reference: String, after: Duration, announced: bool) {
        let epoch = self.sandbox.epoch();
        sleep(after).await;
        let is_open = self
            .sandbox
            .store
            .change(&reference, |transaction| transaction.status.is_open());
        if self.sandbox.epoch() != epoch || is_open != Some(true) {
            return;
        }
        let settlement = Settlement::of(Status::success());
        let Some(notice) = settle(&self.sandbox, &reference, &settlement, Utc::now()) else {
            return;
        };
        self.sandbox.record(|| settled_line(&notice)).await;
        if announced {
            self.deliver(notice, None).await;
        } else {
            self.note(&notice, "dropped");
        }
    }

    /// Sends one callback with its repeats.
    async fn deliver(&self, notice: Notice, mut first: Option<oneshot::Sender<FirstAnswer>>) {
        let epoch = self.sandbox.epoch();
        let mut repeats = REPEATS.iter();
        loop {
            let fault = self.sandbox.faults.pick(&Target {
                call: None,
                channel: Some(notice.channel),
                reference: Some(&notice.key),
            });
            if fault == Some(Action::Drop) {
                self.note(&notice, "dropped");
                tell(&mut first, "dropped", None);
                return;
            }
            self.wait_for_fault(&notice, fault.as_ref(), &mut first)
                .await;
            let accepted = self.attempt(&notice, fault.as_ref(), &mut first).await;
            self.release_held();
            if accepted {
                self.note(&notice, "delivered");
                return;
            }
            let Some(wait) = repeats.next() else {
                self.note(&notice, "given_up");
                return;
            };
            sleep(self.sandbox.scaled(*wait)).await;
            if self.sandbox.epoch() != epoch {
                return;
            }
        }
    }

    async fn wait_for_fault(
        &self,
        notice: &Notice,
        fault: Option<&Action>,
        first: &mut Option<oneshot::Sender<FirstAnswer>>,
    ) {
        match fault {
            Some(Action::Delay { ms }) => sleep(Duration::from_millis(*ms)).await,
            Some(Action::Reorder) => {
                let (release, released) = oneshot::channel();
                self.held.borrow_mut().push(release);
                self.note(notice, "held");
                tell(first, "held", None);
                // Either the next callback went first, or none came.
                if timeout(self.sandbox.scaled(HOLD_MAX), released)
                    .await
                    .is_err()
                {
                    tracing::debug!("a held callback was not overtaken");
                }
            }
            _ => {}
        }
    }

    fn release_held(&self) {
        for held in mem::take(&mut *self.held.borrow_mut()) {
            // A hold that has timed out needs no release.
            held.send(()).unwrap_or_default();
        }
    }

    /// Makes one attempt and its duplicates; `true` when the (first) answer was the documented
    /// success.
    async fn attempt(
        &self,
        notice: &Notice,
        fault: Option<&Action>,
        first: &mut Option<oneshot::Sender<FirstAnswer>>,
    ) -> bool {
        let twist = Twist::of(fault);
        let readings = &self.sandbox.settings.readings;
        let prepared = self.sender.prepare(&self.sandbox, notice, twist).await;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(reason) => {
                let attempt = failed_attempt(reason);
                self.keep(notice, None, &attempt).await;
                tell(first, "retrying", Some(attempt));
                return false;
            }
        };
        let attempt = self.sender.send(readings, notice, &prepared).await;
        let accepted = attempt.accepted;
        self.keep(notice, Some(&prepared), &attempt).await;
        let state = if accepted { "delivered" } else { "retrying" };
        tell(first, state, Some(attempt));
        if let Some(Action::Duplicate { times }) = fault {
            for _again in 0..(*times).min(DUPLICATES_MAX) {
                let again = self.sender.send(readings, notice, &prepared).await;
                self.keep(notice, Some(&prepared), &again).await;
            }
        }
        accepted
    }

    /// Records an attempt in the transaction and in the journal.
    async fn keep(&self, notice: &Notice, prepared: Option<&Prepared>, attempt: &Attempt) {
        self.sandbox
            .record(|| {
                json!({
                    "at": attempt.at,
                    "event": "callback",
                    "reference": notice.key,
                    "number": notice.number,
                    "url": notice.url,
                    "mode": notice.mode.as_str(),
                    "status": notice.status.code(),
                    "body": prepared.map(|prepared| String::from_utf8_lossy(&prepared.body)),
                    "answer": attempt,
                })
            })
            .await;
        let body = prepared.map(|prepared| String::from_utf8_lossy(&prepared.body).into_owned());
        self.sandbox.store.change(&notice.key, |transaction| {
            if let Some(record) = transaction.callback(notice.number) {
                if let Some(body) = body {
                    record.body = body;
                }
                record.state = "retrying";
                record.add(attempt.clone());
            }
        });
    }

    fn note(&self, notice: &Notice, state: &'static str) {
        self.sandbox.store.change(&notice.key, |transaction| {
            if let Some(record) = transaction.callback(notice.number) {
                record.state = state;
            }
        });
    }
}

/// Returns the journal line of a settlement.
pub(crate) fn settled_line(notice: &Notice) -> Value {
    json!({
        "at": jakarta(Utc::now()),
        "event": "settle",
        "reference": notice.key,
        "channel": notice.channel,
        "status": notice.status.code(),
        "amount": notice.amount.map(ayolinx_core::money::Money::from),
        "transfer": notice.transfer,
    })
}

fn tell(
    first: &mut Option<oneshot::Sender<FirstAnswer>>,
    state: &'static str,
    attempt: Option<Attempt>,
) {
    if let Some(first) = first.take() {
        // The control call may have stopped waiting.
        first
            .send(FirstAnswer { state, attempt })
            .unwrap_or_default();
    }
}

fn failed_attempt(reason: String) -> Attempt {
    let now = jakarta(Utc::now());
    Attempt {
        at: now.clone(),
        timestamp: now,
        accepted: false,
        http_status: None,
        response_code: None,
        response_body: None,
        error: Some(reason),
        duration_ms: 0,
    }
}
