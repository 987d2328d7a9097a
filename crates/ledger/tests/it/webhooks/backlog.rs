//! Looks at what waits to be told, which begin where the one before found the oldest.

use ayolinx_core::ids::EndpointId;
use ledger::{Backlog, DeliveryNext, Queues};

use crate::support::Books;
use crate::webhooks::endpoints::{lease, settle};
use crate::webhooks::scan_cursors::due_since;

async fn look(books: &Books, backlog: &Backlog) -> (Queues, Backlog) {
    let backlog = backlog.clone();
    books.run(move |tx| tx.queues(&backlog)).await
}

/// How many wait and since how many minutes, as a look from there finds it.
async fn outbox(books: &Books, backlog: &mut Backlog) -> (i64, i64) {
    let (queues, next) = look(books, backlog).await;
    *backlog = next;
    (queues.outbox.waiting, queues.outbox.oldest_seconds / 60)
}

fn enabled(books: &Books, shop: EndpointId, enabled: bool) {
    let id = shop.as_uuid();
    books.sql(&format!(
        "UPDATE webhook_endpoints SET enabled = {enabled} WHERE id = '{id}'"
    ));
}

#[tokio::test]
async fn a_look_begins_where_the_oldest_waited_and_a_whole_one_finds_the_rest() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    let mut backlog = Backlog::default();
    assert_eq!(outbox(&books, &mut backlog).await, (0, 0));
    due_since(&books, shop, 600).await;
    assert_eq!(
        outbox(&books, &mut backlog).await,
        (0, 0),
        "behind the front"
    );
    due_since(&books, shop, 0).await;
    assert_eq!(outbox(&books, &mut backlog).await.0, 1);
    let mut backlog = Backlog::default();
    assert_eq!(outbox(&books, &mut backlog).await, (2, 10), "a whole look");
    due_since(&books, shop, 300).await;
    due_since(&books, shop, 601).await;
    due_since(&books, shop, 700).await;
    assert_eq!(
        outbox(&books, &mut backlog).await,
        (4, 10),
        "a little before the oldest"
    );
    // Other endpoints are where nothing waited.
    let other = books.endpoint("other").await;
    due_since(&books, other, 900).await;
    assert_eq!(outbox(&books, &mut backlog).await, (4, 10));
    due_since(&books, other, 1).await;
    assert_eq!(outbox(&books, &mut backlog).await, (5, 10));
    for delivery in lease(&books).await {
        assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
    }
    assert_eq!(outbox(&books, &mut backlog).await, (0, 0));
}

#[tokio::test]
async fn what_waited_for_a_disabled_endpoint_is_found_when_it_is_enabled() {
    let books = Books::open().await;
    let shop = books.endpoint("shop").await;
    due_since(&books, shop, 60).await;
    due_since(&books, shop, 50).await;
    enabled(&books, shop, false);
    let mut backlog = Backlog::default();
    assert_eq!(outbox(&books, &mut backlog).await, (0, 0));
    assert_eq!(outbox(&books, &mut backlog).await, (0, 0));
    enabled(&books, shop, true);
    assert_eq!(outbox(&books, &mut backlog).await, (2, 1));
}
