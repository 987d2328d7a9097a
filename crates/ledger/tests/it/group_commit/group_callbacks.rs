//! Callbacks that share a commit: each has its own effect, and none is held up by another.

use std::time::Duration;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::Channelled;
use ledger::{LedgerError, Observation, Received, Source, Urgency};

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, PRICE, Started};

/// Sends each of the bodies at the same time.
async fn at_once(books: &Books, bodies: Vec<String>) -> Vec<Result<Received, LedgerError>> {
    let mut running = Vec::new();
    for body in bodies {
        let ledger = books.ledger.clone();
        let inbound = inbound(&body, Channelled::Callback);
        running.push(tokio::spawn(async move { ledger.receive(inbound).await }));
    }
    let mut received = Vec::new();
    for one in running {
        received.push(one.await.unwrap());
    }
    received
}

async fn pending(books: &Books, count: usize) -> Vec<Started> {
    let mut all = Vec::new();
    for number in 0..count {
        all.push(books.pending(&format!("A-{number}")).await);
    }
    all
}

fn paid(payment: PaymentId) -> String {
    says(payment, "00", "150000.00")
}

#[tokio::test]
async fn callbacks_that_arrive_together_share_commits_and_each_takes_effect() {
    let books = Books::open().await;
    let orders = pending(&books, 60).await;
    let bodies = orders.iter().map(|one| paid(one.payment)).collect();
    for received in at_once(&books, bodies).await {
        assert_eq!(received.unwrap(), Received::Applied);
    }
    let group = books.ledger.group_commits();
    assert_eq!(group.entries, 60);
    assert!(group.commits < 30, "{group:?}");
    assert_eq!(books.held().await, (60 * PRICE, 0));
    assert_eq!(books.count("events WHERE type = 'order.paid'"), 60);
    books.audit().await;
}

#[tokio::test]
async fn what_is_about_one_order_takes_effect_in_turn_within_a_group() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let other = books.further(one.order, Method::Ewallet, "key").await;
    books.accept(&other, Method::Ewallet).await;
    // Twins of one callback, the same fact in other bytes, and money by another way.
    let mut bodies = vec![paid(one.payment); 20];
    bodies.extend((0..5).map(|spaces| format!("{}{}", paid(one.payment), " ".repeat(spaces))));
    bodies.push(paid(other.payment));
    let mut applied = 0;
    for received in at_once(&books, bodies).await {
        applied += usize::from(received.unwrap() == Received::Applied);
    }
    assert_eq!(applied, 2, "each payment is paid once");
    let (for_merchant, in_suspense) = books.held().await;
    assert_eq!(for_merchant + in_suspense, 2 * PRICE);
    let seen = books.sql("SELECT sum(seen), count(*) FROM notifications");
    assert_eq!(seen, "26|6");
    books.audit().await;
}

#[tokio::test]
async fn an_order_that_is_held_elsewhere_holds_up_only_its_own_callback() {
    let books = Books::open().await;
    let orders = pending(&books, 12).await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let id = orders[5].payment;
    let holder = books.ledger.clone();
    let holding = tokio::spawn(async move {
        holder
            .at(Urgency::Write)
            .transact(move |tx| {
                // A word that changes nothing locks its order until the end.
                tx.apply(
                    id,
                    &Observation::fact(Source::Inquiry, Fact::OutcomeUnknown),
                )?;
                tell.send(()).ok();
                released.recv_timeout(Duration::from_secs(2)).ok();
                Ok(())
            })
            .await
    });
    told.await.unwrap();
    let (ledger, body) = (books.ledger.clone(), paid(id));
    let waiting =
        tokio::spawn(async move { ledger.receive(inbound(&body, Channelled::Callback)).await });
    let others = orders.iter().filter(|one| one.payment != id);
    for received in at_once(&books, others.map(|one| paid(one.payment)).collect()).await {
        assert_eq!(received.unwrap(), Received::Applied);
    }
    assert!(
        !waiting.is_finished(),
        "it waits for whoever holds its order"
    );
    release.send(()).unwrap();
    holding.await.unwrap().unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Received::Applied);
    assert_eq!(books.held().await, (12 * PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn one_that_cannot_be_applied_does_not_fail_the_others() {
    let books = Books::open().await;
    let orders = pending(&books, 20).await;
    books.sql("ALTER TABLE payments DROP CONSTRAINT payments_method_check");
    let broken = orders[7].payment;
    books.sql(&format!(
        "UPDATE payments SET method = 'cheque' WHERE id = '{}'",
        broken.as_uuid()
    ));
    let bodies = orders.iter().map(|one| paid(one.payment)).collect();
    for (one, received) in orders.iter().zip(at_once(&books, bodies).await) {
        if one.payment == broken {
            assert!(
                matches!(received, Err(LedgerError::Corrupt(_))),
                "{received:?}"
            );
        } else {
            assert_eq!(received.unwrap(), Received::Applied);
        }
    }
    assert_eq!(books.held().await, (19 * PRICE, 0));
}
