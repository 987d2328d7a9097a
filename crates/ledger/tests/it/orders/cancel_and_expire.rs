//! Orders that end without money: cancelled by their merchant, or out of time.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::method::Method;
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::payment::Fact;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::{CancelPlan, LedgerError, Source, Urgency};
use uuid::Uuid;

use crate::support::{Books, PRICE, claim, order, paid, unknown, word};

#[tokio::test]
async fn a_cancel_withdraws_what_is_open_and_is_told_once() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let one = books.pending("A-1").await;
    let id = one.order;
    let plan = books.run(move |tx| tx.plan_cancel(merchant, id)).await;
    assert_eq!(plan, CancelPlan::CloseFirst(vec![one.payment]));
    for _ in 0..2 {
        let done = books
            .run(move |tx| tx.cancel_order(merchant, id, Source::Merchant))
            .await;
        assert_eq!(done, Ok(()));
    }
    let plan = books.run(move |tx| tx.plan_cancel(merchant, id)).await;
    assert_eq!(plan, CancelPlan::AlreadyCancelled);
    let view = books.view(id).await;
    assert_eq!(
        (view.status, view.payments[0].status, view.version),
        (OrderState::Cancelled, PaymentState::Cancelled, 3)
    );
    assert_eq!(books.events(id).await, ["order.payable", "order.cancelled"]);
    books.audit().await;
}

#[tokio::test]
async fn what_is_being_created_is_cancelled_here_and_closed_when_its_call_has_ended() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let one = books.creating("A-1").await;
    let id = one.order;
    let plan = books.run(move |tx| tx.plan_cancel(merchant, id)).await;
    assert_eq!(plan, CancelPlan::Local);
    books
        .run(move |tx| tx.cancel_order(merchant, id, Source::Merchant))
        .await
        .unwrap();
    let waits = "provider_work WHERE kind = 'close' AND due_at > now() + interval '20 s'";
    assert_eq!(books.count(waits), 1);
    books.accept(&one, Method::Qris).await;
    assert_eq!(
        books.count("provider_work WHERE kind = 'close' AND due_at <= now()"),
        1
    );
    assert_eq!(books.view(id).await.status, OrderState::Cancelled);
    books.audit().await;
}

#[tokio::test]
async fn an_order_that_has_ended_otherwise_is_not_cancelled() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let paid_one = books.pending("paid").await;
    books.say(paid_one.payment, paid()).await;
    let review = books.pending("review").await;
    books.say(review.payment, word("00", 1)).await;
    let failed = books.pending("failed").await;
    books.say(failed.payment, word("06", PRICE)).await;
    for (id, expected) in [
        (paid_one.order, Err(OrderRefusal::Paid)),
        (review.order, Err(OrderRefusal::StateConflict)),
        (failed.order, Ok(())),
    ] {
        let done = books
            .run(move |tx| tx.cancel_order(merchant, id, Source::Merchant))
            .await;
        assert_eq!(done, expected);
    }
    let stranger = MerchantId::from_uuid(Uuid::now_v7());
    let id = failed.order;
    let foreign = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.cancel_order(stranger, id, Source::Merchant))
        .await;
    assert!(matches!(foreign, Err(LedgerError::NotFound)));
    books.audit().await;
}

#[tokio::test]
async fn an_order_expires_after_its_grace_when_nothing_is_open() {
    let books = Books::open().await;
    let chosen = order(books.merchant, "never chosen", None);
    let chosen = ledger::NewOrder {
        reference: "A-0".to_owned(),
        ..chosen
    };
    books.begin(&chosen, &claim("A-0")).await;
    let open = books.pending("open").await;
    let ended = books.pending("ended").await;
    for id in [chosen.id, open.order, ended.order] {
        books.age(id, 200);
    }
    books.fact(ended.payment, Fact::ExpiryReached).await;
    assert_eq!(
        books.run(|tx| tx.expire_orders(10)).await.ended,
        0,
        "the grace is not over"
    );
    for id in [chosen.id, open.order, ended.order] {
        books.age(id, 301);
    }
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 2);
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 0);
    assert_eq!(books.view(open.order).await.status, OrderState::Pending);
    books.fact(open.payment, Fact::ExpiryReached).await;
    // The last payment has just ended: the order does not wait for its next look.
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 1);
    for id in [chosen.id, open.order, ended.order] {
        assert_eq!(books.view(id).await.status, OrderState::Expired);
        assert_eq!(books.events(id).await.last().unwrap(), "order.expired");
    }
    books.audit().await;
}

/// Ends what can be ended, as the loop does; how many orders were looked at for it.
async fn looked_at(books: &Books, at_once: i64) -> usize {
    let mut all = 0;
    loop {
        let found = books.run(move |tx| tx.expire_orders(at_once)).await;
        if found.looked_at == 0 {
            return all;
        }
        all += found.looked_at;
        assert!(all < 1_000, "the same are looked at again and again");
    }
}

#[tokio::test]
async fn orders_that_wait_for_a_payment_hold_up_no_other_and_are_looked_at_seldom() {
    let books = Books::open().await;
    let mut open = Vec::new();
    for number in 0..12 {
        let one = books.pending(&format!("open-{number}")).await;
        books.age(one.order, 10_000 + number);
        open.push(one);
    }
    let new = order(books.merchant, "new", None);
    books.begin(&new, &claim("new")).await;
    books.age(new.id, 301);
    // Each once, a few at a time; the new one, due last, in the same round.
    assert_eq!(looked_at(&books, 5).await, 13);
    assert_eq!(books.view(new.id).await.status, OrderState::Expired);
    // Half an hour later they are not in the way of the next one.
    for one in &open {
        books.sql(&format!(
            "UPDATE orders SET expiry_due_at = expiry_due_at - interval '30 minutes' WHERE id = '{}'",
            one.order.as_uuid()
        ));
    }
    assert_eq!(looked_at(&books, 5).await, 0);
    // However a payment ends, its order ends with it.
    let (first, rest) = open.split_first().unwrap();
    let (second, rest) = rest.split_first().unwrap();
    let (third, rest) = rest.split_first().unwrap();
    books.fact(first.payment, Fact::ExpiryReached).await;
    books.fact(second.payment, Fact::ProviderExpired).await;
    books.say(third.payment, word("05", PRICE)).await;
    assert_eq!(looked_at(&books, 5).await, 3);
    for one in [first, second, third] {
        assert_eq!(books.view(one.order).await.status, OrderState::Expired);
    }
    for one in rest {
        assert_eq!(books.view(one.order).await.status, OrderState::Pending);
    }
    // And in the end they are looked at all the same.
    books.sql("UPDATE orders SET expiry_due_at = expiry_due_at - interval '1 h'");
    assert_eq!(looked_at(&books, 5).await, rest.len());
    books.audit().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_ended_does_not_hold_up_the_others() {
    let books = Books::open().await;
    let mut ids = Vec::new();
    for reference in ["a", "b", "c"] {
        let new = order(books.merchant, reference, None);
        books.begin(&new, &claim(reference)).await;
        books.age(new.id, 400);
        ids.push(new.id);
    }
    books.sql("UPDATE orders SET metadata = 'not JSON' WHERE reference = 'b'");
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 2);
    assert_eq!(
        books.sql("SELECT string_agg(reference, ',') FROM orders WHERE state = 'pending'"),
        "b"
    );
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 0);
}

#[tokio::test]
async fn replicas_end_each_order_once() {
    let books = Books::open().await;
    for number in 0..40 {
        let reference = format!("A-{number}");
        let new = order(books.merchant, &reference, None);
        books.begin(&new, &claim(&reference)).await;
        books.age(new.id, 400);
    }
    let mut loops = Vec::new();
    for _ in 0..4 {
        let ledger = books.ledger.clone();
        loops.push(tokio::spawn(async move {
            let mut ended = 0;
            for _ in 0..20 {
                ended += ledger
                    .at(Urgency::Write)
                    .transact(|tx| tx.expire_orders(7))
                    .await
                    .unwrap()
                    .ended;
            }
            ended
        }));
    }
    let mut ended = 0;
    for one in loops {
        ended += one.await.unwrap();
    }
    assert_eq!((ended, books.count("events")), (40, 40));
    books.audit().await;
}

#[tokio::test]
async fn the_payment_of_a_dead_create_still_ends_its_order() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.settle(&one, unknown()).await;
    books.fact(one.payment, Fact::ExpiryReached).await;
    books.age(one.order, 301);
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 1);
    books.audit().await;
}
