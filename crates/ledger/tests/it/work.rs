//! Work with the provider: one holder at a time, who loses it by waking up late.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use ledger::{LeasedWork, Source, WorkKind, WorkNext};

use crate::support::Books;

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
    books.settle(&one, crate::support::unknown()).await;
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
    books
        .settle(&crate::support::again(&call), crate::support::unknown())
        .await;
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
    books.say(one.payment, crate::support::paid()).await;
    assert!(
        !books
            .run(move |tx| tx.settle_work(&work, WorkNext::At(Utc::now())))
            .await
    );
    assert_eq!(books.count("provider_work"), 0);
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
