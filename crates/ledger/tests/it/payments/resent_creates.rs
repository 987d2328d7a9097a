//! A create that is not there is sent again under its own name: what comes of it is counted, and what is always
//! answered alike ends.

use ayolinx_core::order_view::Failure;
use ayolinx_core::resend::{NextResend, Resends};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::TimeDelta;
use ledger::{CallOutcome, LeasedWork, WorkKind};

use crate::support::{Books, Started, again, unknown};

const RESENDS: usize = 3;

/// How a resend may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Silent,
    NotSent,
    Answered(&'static str),
}

const ENDS: [End; 4] = [
    End::Silent,
    End::NotSent,
    End::Answered("5002700"),
    End::Answered("01"),
];

impl End {
    fn outcome(self) -> CallOutcome {
        match self {
            Self::Silent => unknown(),
            Self::NotSent => CallOutcome::Undone("connection refused".to_owned()),
            Self::Answered(code) => CallOutcome::Unclear {
                reply: answer(code),
                reason: format!("provider error {code}"),
            },
        }
    }
}

fn answer(code: &str) -> Failure {
    Failure {
        code: code.to_owned(),
        message: "General Error".to_owned(),
    }
}

/// The resolver's lease, whenever its work would be due.
async fn resolver(books: &Books) -> LeasedWork {
    books.sql("UPDATE provider_work SET due_at = now() WHERE kind = 'resolve'");
    let mut work = books.run(|tx| tx.lease_work(WorkKind::Resolve, 10)).await;
    assert_eq!(work.len(), 1);
    work.remove(0)
}

/// A resend whose end is written so often: whoever did not hear that it was recorded writes it again.
async fn resend(books: &Books, work: LeasedWork, end: End, times: usize) -> Started {
    let call = books.run(move |tx| tx.lease_resend(&work)).await.unwrap();
    let started = again(&call);
    for _ in 0..times {
        books.settle(&started, end.outcome()).await;
    }
    started
}

/// What the sequence of ends comes to, reckoned here by hand.
fn reckoned(ends: &[End]) -> (Resends, Option<Failure>) {
    let silent = |end: &&End| !matches!(end, End::Answered(_));
    let last = ends.last().copied();
    let count = |number: usize| u16::try_from(number).unwrap();
    let alike = match last {
        Some(End::Answered(_)) => ends
            .iter()
            .rev()
            .take_while(|end| Some(**end) == last)
            .count(),
        _ => 0,
    };
    let resends = Resends {
        sent: count(ends.len()),
        alike: count(alike),
        unanswered: count(ends.iter().rev().take_while(silent).count()),
    };
    let reply = match last {
        Some(End::Answered(code)) => Some(answer(code)),
        _ => None,
    };
    (resends, reply)
}

#[tokio::test]
async fn every_order_of_ends_is_counted_as_it_came() {
    let books = Books::open().await;
    for number in 0..ENDS.len().pow(u32::try_from(RESENDS).unwrap()) {
        let mut left = number;
        let mut ends = Vec::new();
        for _ in 0..RESENDS {
            ends.push(ENDS[left % ENDS.len()]);
            left /= ENDS.len();
        }
        let one = books.creating(&format!("A-{number}")).await;
        // The first call is no resend, however it ended.
        books.settle(&one, ends[0].outcome()).await;
        if ends[0] == End::NotSent {
            // Its shop tries again; the resolver has nothing to do.
            assert_eq!(books.count("provider_work WHERE kind = 'resolve'"), 0);
            books.sql("DELETE FROM provider_work");
            continue;
        }
        for sent in 0..=RESENDS {
            let work = resolver(&books).await;
            let (resends, reply) = reckoned(&ends[..sent]);
            assert_eq!(work.resends, resends, "{:?}", &ends[..sent]);
            if sent > 0 {
                assert_eq!(work.last_reply, reply, "{:?}", &ends[..sent]);
            }
            if sent < RESENDS {
                resend(&books, work, ends[sent], 1 + (number + sent) % 3).await;
            }
        }
        books.sql("DELETE FROM provider_work");
    }
}

#[tokio::test]
async fn what_is_always_answered_alike_fails_with_that_answer() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.settle(&one, unknown()).await;
    for sent in 0..3 {
        let work = resolver(&books).await;
        let next = work.resends.next(TimeDelta::minutes(1));
        assert_eq!(next, NextResend::After(TimeDelta::zero()), "{sent}");
        resend(&books, work, End::Answered("01"), 2).await;
    }
    let work = resolver(&books).await;
    assert_eq!(work.resends.next(TimeDelta::minutes(1)), NextResend::GiveUp);
    let reply = work.last_reply.clone().unwrap();
    let (stale, answered) = (work.clone(), reply.clone());
    books
        .run(move |tx| tx.give_up_resending(&work, &answered))
        .await;
    let view = books.view(one.order).await;
    assert_eq!(view.status, OrderState::Failed);
    assert_eq!(view.payments[0].status, PaymentState::Failed);
    assert_eq!(view.payments[0].failure, Some(reply.clone()));
    assert_eq!(books.events(one.order).await, ["order.failed"]);
    assert_eq!(books.count("provider_work"), 0);
    // A worker that wakes up late changes nothing.
    let version = view.version;
    books
        .run(move |tx| tx.give_up_resending(&stale, &reply))
        .await;
    assert_eq!(books.view(one.order).await.version, version);
    books.audit().await;
}
