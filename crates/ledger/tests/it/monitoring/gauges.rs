//! What is told to those who watch: how much waits, the money, and what the process counted of it.

use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ledger::{Backlog, DeliveryNext, Money, PendingMoney, QueueDepth, Queues, Received, Urgency};
use prometheus::{Registry, TextEncoder};

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, PRICE, paid, refused, unknown, word};
use crate::webhooks::endpoints::{lease, settle};

pub(crate) async fn queues(books: &Books) -> Queues {
    books.run(|tx| tx.queues(&Backlog::default())).await.0
}

async fn depth(books: &Books, queue: &str) -> QueueDepth {
    let mut depths = queues(books).await.depths.into_iter();
    depths.find(|depth| depth.queue == queue).unwrap()
}

async fn money(books: &Books) -> Money {
    books.run(|tx| tx.money()).await
}

fn told(registry: &Registry) -> String {
    TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap()
}

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|one| one == line), "no {line} in\n{text}");
}

#[tokio::test]
async fn every_queue_tells_how_much_waits_and_since_when() {
    let books = Books::open().await;
    for queue in [
        "resolve",
        "inquire",
        "close",
        "expire",
        "unknown",
        "inbox",
        "paid_untold",
    ] {
        assert_eq!(depth(&books, queue).await.waiting, 0, "{queue}");
    }
    let lost = books.creating("A-1").await;
    assert_eq!(depth(&books, "unknown").await.waiting, 0, "it is known");
    books.settle(&lost, unknown()).await;
    books.pending("A-2").await;
    for queue in ["resolve", "inquire", "expire"] {
        assert_eq!(depth(&books, queue).await.waiting, 0, "{queue}: not yet");
    }
    books.sql("UPDATE payments SET created_at = now() - interval '90 s' WHERE state = 'unknown'");
    books.sql("UPDATE provider_work SET due_at = now() - interval '40 s' WHERE kind = 'inquire'");
    let unknown = depth(&books, "unknown").await;
    assert_eq!(unknown.waiting, 1);
    assert!((90..105).contains(&unknown.oldest_seconds), "{unknown:?}");
    let inquire = depth(&books, "inquire").await;
    assert_eq!(inquire.waiting, 1);
    assert!((40..55).contains(&inquire.oldest_seconds), "{inquire:?}");
    // What somebody does already does not wait.
    books
        .run(|tx| tx.lease_work(ledger::WorkKind::Inquire, 1))
        .await;
    assert_eq!(depth(&books, "inquire").await.waiting, 0);
    books.sql(
        "UPDATE provider_work SET leased_until = now() - interval '1 s' WHERE kind = 'inquire'",
    );
    assert_eq!(depth(&books, "inquire").await.waiting, 1, "nobody does it");

    let other = inbound(&says(lost.payment, "03", "150000.00"), Channelled::Callback);
    books.ledger.receive(other).await.unwrap();
    assert_eq!(depth(&books, "inbox").await.waiting, 0, "it was placed");
    let nobodys = says(lost.payment, "00", "1.00").replace(&lost.payment.to_string(), "of-nobody");
    let inbound = inbound(&nobodys, Channelled::Callback);
    let received = books.ledger.receive(inbound).await.unwrap();
    assert_eq!(received, Received::UnknownReference);
    books.sql("UPDATE notifications SET received_at = now() - interval '70 s'");
    let inbox = depth(&books, "inbox").await;
    assert_eq!(inbox.waiting, 1);
    assert!((70..85).contains(&inbox.oldest_seconds), "{inbox:?}");
}

#[tokio::test]
async fn a_paid_order_is_untold_until_its_shop_took_the_event() {
    let books = Books::open().await;
    let hook = books.endpoint("hook").await;
    let one = books.pending("A-1").await;
    assert_eq!(
        depth(&books, "paid_untold").await.waiting,
        0,
        "only payable"
    );
    books.say(one.payment, paid()).await;
    books.sql("UPDATE events SET created_at = now() - interval '20 s'");
    let untold = depth(&books, "paid_untold").await;
    assert_eq!(untold.waiting, 1);
    assert!((20..35).contains(&untold.oldest_seconds), "{untold:?}");
    books.sql("UPDATE events SET type = 'order.paid_late' WHERE type = 'order.paid'");
    assert_eq!(depth(&books, "paid_untold").await.waiting, 1);
    assert_eq!(queues(&books).await.endpoints, [("healthy".to_owned(), 1)]);
    let id = hook.as_uuid();
    books.sql(&format!(
        "UPDATE webhook_endpoints SET enabled = false WHERE id = '{id}'"
    ));
    assert_eq!(depth(&books, "paid_untold").await.waiting, 0);
    assert_eq!(queues(&books).await.endpoints, [("disabled".to_owned(), 1)]);
    for (failures, state) in [(4, "healthy"), (5, "troubled")] {
        books.sql(&format!(
            "UPDATE webhook_endpoints SET enabled = true, failures_in_row = {failures}"
        ));
        assert_eq!(queues(&books).await.endpoints, [(state.to_owned(), 1)]);
    }
    assert_eq!(depth(&books, "paid_untold").await.waiting, 1);
    assert_eq!(queues(&books).await.dead, 0);
    books.sql("UPDATE webhook_endpoints SET failures_in_row = 0");
    for delivery in lease(&books).await {
        assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
    }
    assert_eq!(depth(&books, "paid_untold").await.waiting, 0, "it was told");
    books.sql("UPDATE deliveries SET state = 'due', due_at = now()");
    assert_eq!(depth(&books, "paid_untold").await.waiting, 1);
    books.sql("UPDATE webhook_endpoints SET deleted_at = now()");
    assert_eq!(depth(&books, "paid_untold").await.waiting, 0);
    assert!(queues(&books).await.endpoints.is_empty());
}

#[tokio::test]
async fn money_is_told_by_channel_and_a_journal_that_is_wrong_is_seen() {
    let books = Books::open().await;
    books.pending("A-1").await;
    books.pending("A-2").await;
    let lost = books.creating("A-0").await;
    books.settle(&lost, unknown()).await;
    let other = books.pending_by("A-3", Method::VirtualAccount).await;
    let mut pending = money(&books).await.pending;
    pending.sort_by_key(|one| one.method.clone());
    let of = |method: &str, channel: &str, payments| PendingMoney {
        method: method.to_owned(),
        channel: channel.to_owned(),
        payments,
        rupiah: payments * PRICE,
    };
    let all = [
        of("qris", "BNC_QRIS", 2),
        of("virtual_account", "VIRTUAL_ACCOUNT_BNI", 1),
    ];
    assert_eq!(pending, all);
    books.say(other.payment, word("00", 149_999)).await;
    let now = money(&books).await;
    assert_eq!((now.suspense_rupiah, now.unbalanced), (149_999, 0));
    assert_eq!(now.pending.len(), 1);
    assert!(!now.pending_is_cut_off);
    let one = books.pending("A-4").await;
    books.say(one.payment, paid()).await;
    assert_eq!(money(&books).await.suspense_rupiah, 149_999);
    books.sql(
        "SET session_replication_role = replica; \
         INSERT INTO provider_work (payment_id, kind, due_at, began_at) \
         SELECT gen_random_uuid(), 'expire', now() + interval '1 d', now() \
         FROM generate_series(1, 20000)",
    );
    let now = money(&books).await;
    assert!(now.pending_is_cut_off);
    assert_eq!(now.pending.len(), 1);
    books.sql(
        "SET session_replication_role = replica; \
         UPDATE entries SET minor = minor - 100 WHERE account = 'suspense'",
    );
    assert_eq!(money(&books).await.unbalanced, 1);
    books.sql("SET session_replication_role = replica; DELETE FROM entries");
    assert_eq!(
        money(&books).await.unbalanced,
        2,
        "of nothing, neither sums to zero"
    );
}

#[tokio::test]
async fn payments_and_rupiah_are_counted_when_they_are_committed() {
    let books = Books::open().await;
    let registry = Registry::new();
    books.ledger.register(&registry).unwrap();
    let one = books.pending("A-1").await;
    let failed: Result<(), _> = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| {
            let word = ledger::Observation::word(ledger::Source::Callback, paid());
            tx.apply(one.payment, &word)?;
            Err(ledger::LedgerError::NotFound)
        })
        .await;
    assert!(failed.is_err());
    let booked = |rupiah: i64| {
        format!(
            "gateway_booked_rupiah_total{{booking=\"receive_for_merchant\",channel=\"BNC_QRIS\",method=\"qris\"}} {rupiah}"
        )
    };
    assert!(!told(&registry).contains("gateway_booked_rupiah_total"));
    let body = says(one.payment, "00", "150000.00");
    for expected in [Received::Applied, Received::Duplicate] {
        let inbound = inbound(&body, Channelled::Callback);
        assert_eq!(books.ledger.receive(inbound).await.unwrap(), expected);
    }
    let refused_one = books.creating("A-2").await;
    books.settle(&refused_one, refused()).await;
    let text = told(&registry);
    has(&text, &booked(PRICE));
    for state in ["pending", "paid", "failed"] {
        let labels = format!("channel=\"BNC_QRIS\",method=\"qris\",state=\"{state}\"");
        has(&text, &format!("gateway_payments_total{{{labels}}} 1"));
    }
    has(&text, "gateway_group_commit_changes_count 2");
    has(&text, "gateway_db_connections_max 8");
    has(
        &text,
        "gateway_db_transactions_total{outcome=\"refused\",urgency=\"write\"} 1",
    );
    has(&text, "gateway_db_connections_in_use 0");
    let again = Registry::new();
    books.ledger.register(&again).unwrap();
    has(&told(&again), &booked(PRICE));
}

#[tokio::test]
async fn the_oldest_transaction_that_has_written_is_known_until_it_ends() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let (merchant, ledger) = (books.merchant, books.ledger.clone());
    let (holds, held) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let holder = tokio::spawn(async move {
        let change = move |tx: &mut ledger::Tx<'_>| {
            let spacing = chrono::TimeDelta::zero();
            tx.claim_sync(merchant, one.order, spacing, ledger::Source::Merchant)?;
            holds.send(()).unwrap();
            released.recv().ok();
            Ok(())
        };
        ledger.at(Urgency::Write).transact(change).await.unwrap();
    });
    held.await.unwrap();
    books.pending("A-2").await;
    let first = books.run(|tx| tx.running_transactions()).await;
    books.pending("A-3").await;
    let second = books.run(|tx| tx.running_transactions()).await;
    // Tests beside this one have transactions on the same server, older ones too.
    assert!(first.oldest < first.next && first.next < second.next);
    assert!(second.oldest < first.next, "{first:?} {second:?}");
    release.send(()).unwrap();
    holder.await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while books.run(|tx| tx.running_transactions()).await.oldest < first.next {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
