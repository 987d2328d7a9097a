//! What is told to those who watch: how much waits, the money, and what the process counted of it.

use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ledger::{Money, PendingMoney, QueueDepth, Received};
use prometheus::{Registry, TextEncoder};

use crate::inbox::{inbound, says};
use crate::support::{Books, PRICE, paid, refused, unknown, word};

async fn depth(books: &Books, queue: &str) -> QueueDepth {
    let queues = books.run(|tx| tx.queues()).await;
    let mut depths = queues.depths.into_iter();
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
    books.settle(&lost, unknown()).await;
    books.pending("A-2").await;
    books.sql("UPDATE payments SET created_at = now() - interval '90 s' WHERE state = 'unknown'");
    books.sql("UPDATE provider_work SET due_at = now() - interval '40 s' WHERE kind = 'inquire'");
    let unknown = depth(&books, "unknown").await;
    assert_eq!((unknown.waiting, unknown.oldest_seconds), (1, 90));
    let inquire = depth(&books, "inquire").await;
    assert_eq!((inquire.waiting, inquire.oldest_seconds), (1, 40));
    // What somebody does already does not wait.
    books
        .run(|tx| tx.lease_work(ledger::WorkKind::Inquire, 1))
        .await;
    assert_eq!(depth(&books, "inquire").await.waiting, 0);

    let nobodys = says(lost.payment, "00", "1.00").replace(&lost.payment.to_string(), "of-nobody");
    let inbound = inbound(&nobodys, Channelled::Callback);
    let received = books.ledger.receive(inbound).await.unwrap();
    assert_eq!(received, Received::UnknownReference);
    books.sql("UPDATE notifications SET received_at = now() - interval '70 s'");
    let inbox = depth(&books, "inbox").await;
    assert_eq!((inbox.waiting, inbox.oldest_seconds), (1, 70));
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
    assert_eq!((untold.waiting, untold.oldest_seconds), (1, 20));
    let queues = books.run(|tx| tx.queues()).await;
    assert_eq!(queues.endpoints, [("healthy".to_owned(), 1)]);
    let id = hook.as_uuid();
    books.sql(&format!(
        "UPDATE webhook_endpoints SET enabled = false WHERE id = '{id}'"
    ));
    assert_eq!(depth(&books, "paid_untold").await.waiting, 0);
    let queues = books.run(|tx| tx.queues()).await;
    assert_eq!(queues.endpoints, [("disabled".to_owned(), 1)]);
}

#[tokio::test]
async fn money_is_told_by_channel_and_a_journal_that_is_wrong_is_seen() {
    let books = Books::open().await;
    books.pending("A-1").await;
    books.pending("A-2").await;
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
    books.sql(
        "SET session_replication_role = replica; \
         UPDATE entries SET minor = minor - 100 WHERE account = 'suspense'",
    );
    assert_eq!(money(&books).await.unbalanced, 1);
}

#[tokio::test]
async fn payments_and_rupiah_are_counted_when_they_are_committed() {
    let books = Books::open().await;
    let registry = Registry::new();
    books.ledger.register(&registry).unwrap();
    let one = books.pending("A-1").await;
    let failed: Result<(), _> = books
        .ledger
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
