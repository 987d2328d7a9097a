//! Callbacks on their way in: stored once, in force once, matched later, and never lost.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ayolinx_core::states::OrderState;
use ledger::{InboundNotification, Received, RefusedNotification, WorkKind};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::support::{Books, PRICE, rupiah};

pub(crate) fn inbound(body: &str, channelled: Channelled) -> InboundNotification {
    let body_digest = Sha256::digest(body).into();
    InboundNotification {
        path: "/v1.0/qr/qr-mpm-notify",
        matched_route: "/v1.0/qr/qr-mpm-notify",
        body: body.as_bytes().to_vec(),
        body_digest,
        headers: "{}".to_owned(),
        channelled,
    }
}

pub(crate) fn says(payment: PaymentId, status: &str, value: &str) -> String {
    format!(
        r#"{{"originalPartnerReferenceNo":"{payment}","latestTransactionStatus":"{status}","amount":{{"value":"{value}","currency":"IDR"}}}}"#
    )
}

async fn receive(books: &Books, body: &str, channelled: Channelled) -> Received {
    let inbound = inbound(body, channelled);
    books.ledger.receive(inbound).await.unwrap()
}

async fn fresh(books: &Books, body: &str) -> Received {
    receive(books, body, Channelled::Callback).await
}

#[tokio::test]
async fn a_callback_takes_effect_once_and_its_repeats_are_counted() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    assert_eq!(fresh(&books, &body).await, Received::Applied);
    for _ in 0..3 {
        assert_eq!(fresh(&books, &body).await, Received::Duplicate);
    }
    assert_eq!(
        books.sql("SELECT verdict, seen FROM notifications"),
        "applied|4"
    );
    assert_eq!(books.view(one.order).await.version, 3);
    // The same fact in other bytes is another notification, and still no second receipt.
    let other = says(one.payment, "00", "150000");
    assert_eq!(fresh(&books, &other).await, Received::NoChange);
    assert_eq!(fresh(&books, &other).await, Received::Duplicate);
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn sixteen_at_once_are_one() {
    let books = Books::open().await;
    for round in 0..5 {
        let one = books.pending(&format!("A-{round}")).await;
        let body = says(one.payment, "00", "150000.00");
        let mut twins = Vec::new();
        for _ in 0..16 {
            let (ledger, inbound) = (books.ledger.clone(), inbound(&body, Channelled::Callback));
            twins.push(tokio::spawn(async move {
                ledger.receive(inbound).await.unwrap()
            }));
        }
        let mut answers = Vec::new();
        for twin in twins {
            answers.push(twin.await.unwrap());
        }
        let applied = answers
            .iter()
            .filter(|answer| **answer == Received::Applied)
            .count();
        let repeats = answers
            .iter()
            .filter(|answer| **answer == Received::Duplicate)
            .count();
        assert_eq!((applied, repeats), (1, 15));
        let seen = format!(
            "SELECT seen FROM notifications WHERE payment_id = '{}'",
            one.payment
        );
        assert_eq!(books.sql(&seen), "16");
        assert_eq!(
            books.events(one.order).await,
            ["order.payable", "order.paid"]
        );
    }
    books.audit().await;
}

#[tokio::test]
async fn different_callbacks_about_one_order_at_once_agree() {
    let books = Books::open().await;
    let first = books.pending("A-1").await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    let mut bodies = Vec::new();
    for payment in [first.payment, second.payment] {
        for status in ["00", "01", "03", "05", "06"] {
            bodies.push(says(payment, status, "150000.00"));
            bodies.push(says(payment, status, "150000"));
        }
    }
    let mut tasks = Vec::new();
    for body in bodies {
        let (ledger, inbound) = (books.ledger.clone(), inbound(&body, Channelled::Callback));
        tasks.push(tokio::spawn(async move {
            ledger.receive(inbound).await.unwrap()
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let view = books.view(first.order).await;
    assert_eq!(view.status, OrderState::Paid);
    assert_eq!(
        view.paid_amount,
        rupiah(PRICE).into(),
        "suspense is not in it"
    );
    assert_eq!(books.held().await, (PRICE, PRICE));
    books.audit().await;
}

#[tokio::test]
async fn a_stale_callback_is_kept_asked_about_and_applied_when_it_comes_fresh() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let body = says(one.payment, "00", "150000.00");
    assert_eq!(
        receive(&books, &body, Channelled::StaleCallback).await,
        Received::Asked
    );
    assert_eq!(books.view(one.order).await.status, OrderState::Pending);
    assert_eq!(
        books
            .run(|tx| tx.lease_work(WorkKind::Inquire, 9))
            .await
            .len(),
        1
    );
    assert_eq!(fresh(&books, &body).await, Received::Applied);
    assert_eq!(books.view(one.order).await.status, OrderState::Paid);
    books.audit().await;
}

#[tokio::test]
async fn what_cannot_be_read_or_placed_is_kept() {
    let books = Books::open().await;
    let stranger = PaymentId::from_uuid(Uuid::now_v7());
    let unknown = says(stranger, "00", "150000.00");
    for (body, received, verdict) in [
        (
            unknown.as_str(),
            Received::UnknownReference,
            "unknown_reference",
        ),
        ("{not json", Received::Unreadable, "unreadable"),
        ("{}", Received::Unreadable, "unreadable"),
        ("\u{0}\u{1}", Received::Unreadable, "unreadable"),
    ] {
        for _ in 0..2 {
            assert_eq!(fresh(&books, body).await, received, "{body}");
        }
        let newest = "SELECT verdict FROM notifications ORDER BY received_at DESC LIMIT 1";
        assert_eq!(books.sql(newest), verdict);
    }
    assert_eq!(books.run(|tx| tx.quarantine(None, 10)).await.len(), 4);
    let due = "notifications WHERE rematch_due_at > now() + interval '50 s'";
    assert_eq!(books.count(due), 1);
}

#[tokio::test]
async fn a_callback_before_its_payment_is_placed_when_that_appears() {
    let books = Books::open().await;
    let mut new = crate::support::order(books.merchant, "A-1", Some(Method::Qris));
    let payment = new.payment.as_ref().unwrap().id;
    let body = says(payment, "00", "150000.00");
    assert_eq!(fresh(&books, &body).await, Received::UnknownReference);
    assert_eq!(
        books.run(|tx| tx.rematch(10)).await.placed,
        0,
        "it is not due yet"
    );
    books.sql("UPDATE notifications SET rematch_due_at = now()");
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 0);
    new.expires_at = crate::support::in_an_hour();
    books.begin(&new, &crate::support::claim("A-1")).await;
    assert_eq!(books.run(|tx| tx.retry_quarantine(None)).await, 1);
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 1);
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 0);
    assert_eq!(books.view(new.id).await.status, OrderState::Paid);
    assert_eq!(fresh(&books, &body).await, Received::Duplicate);
    books.audit().await;
}

#[tokio::test]
async fn matching_again_ends_after_three_days_and_survives_a_broken_row() {
    let books = Books::open().await;
    for number in 0..3 {
        let stranger = PaymentId::from_uuid(Uuid::now_v7());
        fresh(&books, &says(stranger, "00", &format!("15000{number}"))).await;
    }
    let one = books.creating("A-1").await;
    fresh(&books, "{}").await;
    books.sql(
        "UPDATE notifications SET rematch_due_at = now() - interval '1 s', \
         received_at = CASE WHEN id = (SELECT max(id::text)::uuid FROM notifications) \
         THEN received_at ELSE now() - interval '73 h' END",
    );
    books.sql("UPDATE notifications SET body_sealed = 'broken' WHERE verdict = 'unreadable'");
    let body = says(one.payment, "00", "150000.00");
    let placed = inbound(&body, Channelled::Callback);
    books.run(move |tx| tx.receive(&placed)).await;
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 0);
    assert_eq!(
        books.count("notifications WHERE rematch_due_at IS NOT NULL"),
        1
    );
    books.audit().await;
}

#[tokio::test]
async fn a_link_is_known_by_its_code() {
    let books = Books::open().await;
    let one = books.pending_by("A-1", Method::PaymentLink).await;
    let body = r#"{"partnerReferenceNo":"whatever","latestTransactionStatus":"00",
        "amount":{"value":"150000.00","currency":"IDR"},"additionalInfo":{"plh":"PLH-7"}}"#;
    assert_eq!(fresh(&books, body).await, Received::Applied);
    assert_eq!(books.view(one.order).await.status, OrderState::Paid);
    let other = body.replace("PLH-7", "PLH-8");
    assert_eq!(fresh(&books, &other).await, Received::UnknownReference);
    books.audit().await;
}

#[tokio::test]
async fn the_newest_thousand_refused_callbacks_are_kept_for_a_day() {
    let books = Books::open().await;
    let refused = |number: usize| RefusedNotification {
        path: "/v1.0/debit/notify".to_owned(),
        query: None,
        headers: "{}".to_owned(),
        body: format!("forged {number}").into_bytes(),
        reason: "bad signature".to_owned(),
        explanation: None,
    };
    books
        .run(move |tx| (0..1010).try_for_each(|number| tx.keep_refused(&refused(number))))
        .await;
    assert_eq!(books.count("rejected_notifications"), 1000);
    let newest = books.run(|tx| tx.refused(2)).await;
    assert_eq!(newest[0].body, b"forged 1009");
    books.sql("UPDATE rejected_notifications SET received_at = now() - interval '25 h'");
    books.run(move |tx| tx.keep_refused(&refused(2000))).await;
    assert_eq!(books.count("rejected_notifications"), 1);
    assert_eq!(books.count("orders"), 0);
}

/// A transaction that locks an order and waits until it is told to end.
async fn hold_order(
    books: &Books,
    order: ayolinx_core::ids::OrderId,
) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (holds, held) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (ledger, merchant) = (books.ledger.clone(), books.merchant);
    let task = tokio::spawn(async move {
        let change = move |tx: &mut ledger::Tx<'_>| {
            tx.claim_sync(
                merchant,
                order,
                chrono::TimeDelta::zero(),
                ledger::Source::Merchant,
            )?;
            holds.send(()).unwrap();
            released.recv().ok();
            Ok(())
        };
        ledger
            .at(ledger::Urgency::Write)
            .transact(change)
            .await
            .unwrap();
    });
    held.await.unwrap();
    (release, task)
}

/// Callbacks that are received lock the order first. Whoever matched one again held its row and waited
/// for the order; a repeat of that callback held the order and waited for the row.
#[tokio::test]
async fn matching_again_holds_no_callback_while_its_order_is_held() {
    let books = Books::open().await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        let mut new =
            crate::support::order(books.merchant, &format!("A-{number}"), Some(Method::Qris));
        new.expires_at = crate::support::in_an_hour();
        let body = says(new.payment.as_ref().unwrap().id, "00", "150000.00");
        assert_eq!(fresh(&books, &body).await, Received::UnknownReference);
        books
            .begin(&new, &crate::support::claim(&new.reference))
            .await;
        waiting.push((new.id, body));
    }
    // The oldest, one in the middle and the newest.
    let mut held = Vec::new();
    for place in [0, 2, 5] {
        held.push(hold_order(&books, waiting[place].0).await);
    }
    books.run(|tx| tx.retry_quarantine(None)).await;
    assert_eq!(books.run(|tx| tx.rematch(10)).await.placed, 3);
    assert_eq!(books.count("orders WHERE state = 'paid'"), 3);
    for (release, task) in held {
        release.send(()).unwrap();
        task.await.unwrap();
    }
    // While all of it is matched and told again at once, everything is taken in and nothing fails.
    let matching = async {
        let mut placed = 0;
        for _ in 0..5 {
            placed += books.run(|tx| tx.rematch(10)).await.placed;
        }
        placed
    };
    let told = async {
        for (_, body) in &waiting {
            let received = fresh(&books, body).await;
            assert!(
                matches!(
                    received,
                    Received::Applied | Received::Duplicate | Received::NoChange
                ),
                "{received:?}"
            );
        }
    };
    tokio::join!(matching, told);
    assert_eq!(books.count("orders WHERE state = 'paid'"), 6);
    assert_eq!(
        books.count("notifications WHERE rematch_due_at IS NOT NULL"),
        0
    );
    books.audit().await;
}
