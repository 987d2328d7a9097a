//! Work with the provider: one holder at a time, who loses it by waking up late.

use std::collections::BTreeSet;

use ayolinx_core::messages::ReceivedAmount;
use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::{Channelled, ProviderWord};
use chrono::{TimeDelta, Utc};
use ledger::{CallOutcome, Effect, LeasedWork, Source, Urgency, WorkKind, WorkNext};

use crate::support::{Books, Started, accepted, paid, unknown};

async fn lease(books: &Books, limit: i64) -> Vec<LeasedWork> {
    books
        .run(move |tx| tx.lease_work(WorkKind::Inquire, limit))
        .await
}

fn make_due(books: &Books) {
    books.sql("UPDATE provider_work SET due_at = now() - interval '1 s'");
}

#[tokio::test]
async fn each_piece_has_one_holder_among_many_workers() {
    let books = Books::open().await;
    for number in 0..30 {
        books.pending(&format!("A-{number}")).await;
    }
    assert!(lease(&books, 10).await.is_empty(), "nothing is due yet");
    make_due(&books);
    let mut workers = Vec::new();
    for _ in 0..8 {
        let ledger = books.ledger.clone();
        workers.push(tokio::spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..6 {
                let some = ledger
                    .at(Urgency::Write)
                    .transact(|tx| tx.lease_work(WorkKind::Inquire, 3))
                    .await
                    .unwrap();
                assert!(some.len() <= 3);
                taken.extend(some);
            }
            taken
        }));
    }
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    let distinct: BTreeSet<_> = all.iter().map(|work| work.payment_id).collect();
    assert_eq!((all.len(), distinct.len()), (30, 30));
    assert_eq!(
        books.count("provider_work WHERE kind = 'expire' AND lease_token IS NOT NULL"),
        0
    );
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_its_old_holder_changes_nothing() {
    let books = Books::open().await;
    books.pending("A-1").await;
    make_due(&books);
    let old = lease(&books, 1).await.remove(0);
    assert!(lease(&books, 1).await.is_empty());
    assert!(old.leased_until > Utc::now() + TimeDelta::seconds(20));
    books.sql("UPDATE provider_work SET leased_until = now() - interval '1 ms'");
    let late = old.clone();
    assert!(!books.run(move |tx| tx.still_leased(&late)).await);
    let new = lease(&books, 1).await.remove(0);
    let before = books.sql("SELECT * FROM provider_work ORDER BY kind");
    let late = old.clone();
    books
        .run(move |tx| tx.note_not_found(&late, Some(Utc::now())))
        .await;
    for next in [WorkNext::Done, WorkNext::At(Utc::now())] {
        let late = old.clone();
        assert!(!books.run(move |tx| tx.settle_work(&late, next)).await);
    }
    assert_eq!(
        books.sql("SELECT * FROM provider_work ORDER BY kind"),
        before
    );
    let held = new.clone();
    assert!(books.run(move |tx| tx.still_leased(&held)).await);
    let held = new.clone();
    assert!(
        books
            .run(move |tx| tx.settle_work(&held, WorkNext::At(Utc::now())))
            .await
    );
    assert!(
        !books
            .run(move |tx| tx.settle_work(&new, WorkNext::Done))
            .await
    );
    let steps = "SELECT steps FROM provider_work WHERE kind = 'inquire'";
    assert_eq!(books.sql(steps), "1");
}

#[tokio::test]
async fn not_found_is_remembered_until_it_is_sent_again() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.settle(&one, unknown()).await;
    for remembered in [false, true] {
        make_due(&books);
        let work = books
            .run(|tx| tx.lease_work(WorkKind::Resolve, 1))
            .await
            .remove(0);
        assert_eq!(work.not_found_at.is_some(), remembered);
        let at = Utc::now();
        books
            .run(move |tx| {
                tx.note_not_found(&work, Some(at))?;
                tx.settle_work(&work, WorkNext::At(at))
            })
            .await;
    }
    make_due(&books);
    let work = books
        .run(|tx| tx.lease_work(WorkKind::Resolve, 1))
        .await
        .remove(0);
    let call = books.run(move |tx| tx.lease_resend(&work)).await.unwrap();
    books.settle(&crate::support::again(&call), unknown()).await;
    make_due(&books);
    let work = books
        .run(|tx| tx.lease_work(WorkKind::Resolve, 1))
        .await
        .remove(0);
    assert!(work.not_found_at.is_none());
}

#[tokio::test]
async fn the_work_of_a_paid_payment_is_taken_from_its_holder() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    make_due(&books);
    let work = lease(&books, 1).await.remove(0);
    books.say(one.payment, paid()).await;
    assert!(
        !books
            .run(move |tx| tx.settle_work(&work, WorkNext::At(Utc::now())))
            .await
    );
    assert_eq!(books.count("provider_work"), 0);
}

/// A callback that could not be applied as it came: it asks for an inquiry.
fn unsure(door: Channelled) -> ProviderWord {
    ProviderWord {
        channelled: door,
        amount: match door {
            Channelled::StaleCallback => paid().amount,
            Channelled::Callback | Channelled::Inquiry => ReceivedAmount::Absent,
        },
        ..paid()
    }
}

/// What may happen to a payment between the callback that asks and the inquiry.
async fn then(books: &Books, one: &Started, what: &str) {
    let settle = async |outcome| books.settle(one, outcome).await;
    match what {
        "accepted" => drop(settle(accepted(Method::Qris)).await),
        "still running" => drop(settle(CallOutcome::StillRunning).await),
        "unknown" => drop(settle(unknown()).await),
        "expired" => drop(books.fact(one.payment, Fact::ExpiryReached).await),
        "paid" => drop(books.say(one.payment, paid()).await),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_inquiry_that_a_callback_asked_for_is_due_whatever_comes_after_it() {
    let books = Books::open().await;
    let lives: [&[&str]; 7] = [
        &["accepted"],
        &["still running", "accepted"],
        &["unknown", "accepted"],
        &["paid"],
        &["accepted", "paid"],
        &["expired"],
        &["accepted", "expired"],
    ];
    let mut number = 0;
    for door in [Channelled::Callback, Channelled::StaleCallback] {
        for life in lives {
            for asked_at in 0..life.len() {
                number += 1;
                let one = books.creating(&format!("A-{number}")).await;
                for (at, what) in life.iter().enumerate() {
                    if at == asked_at {
                        let asked = books.say(one.payment, unsure(door)).await;
                        assert_eq!(asked.effect, Effect::Asked, "{door:?} {life:?} {at}");
                    }
                    then(&books, &one, what).await;
                }
                let due = lease(&books, 9).await;
                let due: Vec<_> = due.iter().map(|work| work.payment_id).collect();
                assert_eq!(
                    due,
                    [one.payment],
                    "{door:?} {life:?} asked before {asked_at}"
                );
                books.sql("DELETE FROM provider_work WHERE kind = 'inquire'");
            }
        }
    }
}

#[tokio::test]
async fn what_is_wanted_while_an_inquiry_runs_is_asked_once_more() {
    let books = Books::open().await;
    for (reference, end) in [
        ("A-1", WorkNext::Done),
        ("A-2", WorkNext::At(Utc::now() + TimeDelta::hours(1))),
    ] {
        let one = books.pending(reference).await;
        make_due(&books);
        let work = lease(&books, 1).await.remove(0);
        books.say(one.payment, unsure(Channelled::Callback)).await;
        assert!(books.run(move |tx| tx.settle_work(&work, end)).await);
        let soon = "provider_work WHERE kind = 'inquire' AND wanted_at IS NOT NULL \
             AND due_at BETWEEN now() AND now() + interval '60 s'";
        assert_eq!(books.count(soon), 1, "{reference}");
        make_due(&books);
        let work = lease(&books, 1).await.remove(0);
        assert!(books.run(move |tx| tx.settle_work(&work, end)).await);
        let wanted = "provider_work WHERE kind = 'inquire' AND wanted_at IS NOT NULL";
        assert_eq!(books.count(wanted), 0, "{reference}");
        books.sql("DELETE FROM provider_work WHERE kind = 'inquire'");
    }
}

#[tokio::test]
async fn what_found_no_place_in_the_line_stays_wanted() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.say(one.payment, unsure(Channelled::Callback)).await;
    let work = lease(&books, 1).await.remove(0);
    let later = Utc::now() + TimeDelta::seconds(5);
    let untried = WorkNext::Untried(later);
    assert!(books.run(move |tx| tx.settle_work(&work, untried)).await);
    books.accept(&one, Method::Qris).await;
    let soon = "provider_work WHERE kind = 'inquire' AND steps = 0 \
         AND due_at <= now() + interval '5 s'";
    assert_eq!(books.count(soon), 1);
}

#[tokio::test]
async fn a_sync_is_claimed_once_in_its_spacing() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let (merchant, id) = (books.merchant, one.order);
    let mut claimed = Vec::new();
    for _ in 0..2 {
        claimed.push(
            books
                .run(move |tx| tx.claim_sync(merchant, id, TimeDelta::seconds(2), Source::Merchant))
                .await,
        );
    }
    books.sql("UPDATE orders SET synced_at = now() - interval '2 s'");
    claimed.push(
        books
            .run(move |tx| tx.claim_sync(merchant, id, TimeDelta::seconds(2), Source::Merchant))
            .await,
    );
    assert_eq!(claimed, [true, false, true]);
}
