//! Several payments on one order: superseding, closing, and when the order fails.

use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};

use crate::support::{Books, PRICE, claim, order, paid, refused, unknown, word};

async fn states(books: &Books, of: ayolinx_core::ids::OrderId) -> Vec<PaymentState> {
    let view = books.view(of).await;
    view.payments.iter().map(|payment| payment.status).collect()
}

#[tokio::test]
async fn a_payment_is_superseded_when_a_later_one_can_be_paid_and_not_before() {
    let books = Books::open().await;
    let first = books.pending("A-1").await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Creating, PaymentState::Pending]
    );
    books.accept(&second, Method::VirtualAccount).await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Pending, PaymentState::Cancelled]
    );
    assert_eq!(books.count("provider_work WHERE kind = 'close'"), 1);
    // The provider says 00 for the superseded one after all.
    books.say(first.payment, paid()).await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Cancelled, PaymentState::Paid]
    );
    assert_eq!(books.view(first.order).await.status, OrderState::Paid);
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn a_late_reply_to_the_earlier_payment_never_closes_the_later_one() {
    let books = Books::open().await;
    let first = books.creating("A-1").await;
    books.settle(&first, unknown()).await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    books.accept(&first, Method::Qris).await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Creating, PaymentState::Pending]
    );
    books.accept(&second, Method::VirtualAccount).await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Pending, PaymentState::Cancelled]
    );
    books.audit().await;
}

#[tokio::test]
async fn an_artefact_for_a_payment_already_closed_is_cancelled_and_never_shown() {
    let books = Books::open().await;
    let first = books.creating("A-1").await;
    books.settle(&first, unknown()).await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    books.accept(&second, Method::VirtualAccount).await;
    books.accept(&first, Method::Qris).await;
    let view = books.view(first.order).await;
    assert_eq!(view.payments[1].status, PaymentState::Cancelled);
    assert!(view.payments[1].next_action.is_none());
    let due = "provider_work WHERE kind = 'close' AND due_at <= now()";
    assert_eq!(books.count(due), 1);
    books.audit().await;
}

#[tokio::test]
async fn an_order_fails_when_its_last_payment_ends_by_the_provider() {
    let books = Books::open().await;
    for (reference, status, state) in [
        ("05", "05", PaymentState::Cancelled),
        ("06", "06", PaymentState::Failed),
    ] {
        let one = books.pending(reference).await;
        books.say(one.payment, word(status, PRICE)).await;
        assert_eq!(states(&books, one.order).await, [state]);
        assert_eq!(books.view(one.order).await.status, OrderState::Failed);
        assert_eq!(
            books.events(one.order).await,
            ["order.payable", "order.failed"]
        );
    }
    let one = books.pending("near").await;
    books.sql("UPDATE payments SET expires_at = now() + interval '59 s'");
    books.say(one.payment, word("05", PRICE)).await;
    assert_eq!(states(&books, one.order).await, [PaymentState::Expired]);
    let one = books.creating("424").await;
    books.settle(&one, refused()).await;
    assert_eq!(books.view(one.order).await.status, OrderState::Failed);
    books.audit().await;
}

#[tokio::test]
async fn an_order_does_not_fail_while_another_payment_is_open() {
    let books = Books::open().await;
    let first = books.pending("A-1").await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    books.settle(&second, refused()).await;
    assert_eq!(books.view(first.order).await.status, OrderState::Pending);
    books.say(first.payment, word("06", PRICE)).await;
    assert_eq!(books.view(first.order).await.status, OrderState::Failed);
    let third = books.further(first.order, Method::Qris, "k2").await;
    assert_eq!(books.view(first.order).await.status, OrderState::Pending);
    books.accept(&third, Method::Qris).await;
    books.audit().await;
}

#[tokio::test]
async fn an_order_whose_payer_chooses_does_not_fail() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", None);
    books.begin(&new, &claim("A-1")).await;
    let one = books.further(new.id, Method::Qris, "k").await;
    books.settle(&one, refused()).await;
    assert_eq!(states(&books, new.id).await, [PaymentState::Failed]);
    assert_eq!(books.view(new.id).await.status, OrderState::Pending);
    books.audit().await;
}

#[tokio::test]
async fn money_for_one_payment_closes_the_others_whatever_their_age() {
    let books = Books::open().await;
    let first = books.pending("A-1").await;
    let second = books
        .further(first.order, Method::VirtualAccount, "k")
        .await;
    books.say(first.payment, paid()).await;
    assert_eq!(
        states(&books, first.order).await,
        [PaymentState::Cancelled, PaymentState::Paid]
    );
    let late = books.accept(&second, Method::VirtualAccount).await;
    assert_eq!(late.payment, PaymentState::Cancelled);
    books.audit().await;
}

#[tokio::test]
async fn money_under_review_on_one_payment_does_not_hide_money_on_another() {
    let books = Books::open().await;
    let first = books.pending_by("A-1", Method::VirtualAccount).await;
    books.say(first.payment, word("00", 5_000)).await;
    books.resolve(first.order, ReviewVerdict::Reject).await;
    let second = books.further(first.order, Method::Qris, "k").await;
    books.accept(&second, Method::Qris).await;
    books.say(second.payment, paid()).await;
    books.say(first.payment, paid()).await;
    assert_eq!(books.held().await, (PRICE, PRICE));
    books.audit().await;
}
