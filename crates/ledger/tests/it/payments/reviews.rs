//! Money or a claim of money that a person must look at.

use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::messages::ReceivedAmount;
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::{Effect, Resolved};

use crate::support::{Books, PRICE, paid, rupiah, word};

#[tokio::test]
async fn another_amount_is_held_until_the_right_one_comes() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let applied = books.say(one.payment, word("00", 149_999)).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Review, OrderState::Review)
    );
    assert_eq!(books.held().await, (0, 149_999));
    assert_eq!(books.view(one.order).await.paid_amount, rupiah(0).into());
    let again = books.say(one.payment, word("00", 149_999)).await;
    assert_eq!(again.effect, Effect::Unchanged);
    books.audit().await;
    books.say(one.payment, paid()).await;
    assert_eq!(books.held().await, (PRICE, 0));
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.review_required", "order.paid"]
    );
    books.audit().await;
}

#[tokio::test]
async fn another_currency_is_never_paid() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let mut dollars = paid();
    dollars.amount = ReceivedAmount::Unreadable;
    let applied = books.say(one.payment, dollars).await;
    assert_eq!(applied.payment, PaymentState::Review);
    assert_eq!(books.held().await, (0, 0));
    books.audit().await;
}

#[tokio::test]
async fn an_amount_that_is_absent_is_asked_for_first_and_then_looked_at() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let mut silent = paid();
    silent.amount = ReceivedAmount::Absent;
    assert_eq!(
        books.say(one.payment, silent.clone()).await.effect,
        Effect::Asked
    );
    assert_eq!(books.view(one.order).await.status, OrderState::Pending);
    silent.channelled = Channelled::Inquiry;
    let applied = books.say(one.payment, silent).await;
    assert_eq!(applied.payment, PaymentState::Review);
    assert_eq!(books.held().await, (0, 0));
    // The amount becomes known afterwards: it is held from now on.
    let named = books.say(one.payment, word("00", 9_999)).await;
    assert_eq!(named.effect, Effect::Changed);
    assert_eq!(books.held().await, (0, 9_999));
    books.audit().await;
}

#[tokio::test]
async fn a_stale_success_of_a_link_is_looked_at() {
    let books = Books::open().await;
    let one = books.pending_by("A-1", Method::PaymentLink).await;
    let mut stale = paid();
    stale.channelled = Channelled::StaleCallback;
    let applied = books.say(one.payment, stale).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Review, OrderState::Review)
    );
    assert_eq!(books.count("provider_work WHERE kind = 'inquire'"), 0);
    books.audit().await;
}

#[tokio::test]
async fn a_person_accepts_refunds_or_rejects() {
    let books = Books::open().await;
    for (reference, verdict, payment, order, event, held) in [
        (
            "a",
            ReviewVerdict::Accept,
            PaymentState::Paid,
            OrderState::Paid,
            "order.paid",
            (9_000, 0),
        ),
        (
            "b",
            ReviewVerdict::Refund,
            PaymentState::Refunded,
            OrderState::Refunded,
            "order.refunded",
            (9_000, 0),
        ),
        (
            "c",
            ReviewVerdict::Reject,
            PaymentState::Failed,
            OrderState::Failed,
            "order.failed",
            (9_000, 0),
        ),
    ] {
        let one = books.pending(reference).await;
        books.say(one.payment, word("00", 9_000)).await;
        assert_eq!(books.resolve(one.order, verdict).await, Resolved::Done);
        let view = books.view(one.order).await;
        assert_eq!((view.payments[0].status, view.status), (payment, order));
        assert_eq!(books.events(one.order).await.last().unwrap(), event);
        assert_eq!(books.held().await, held, "{reference}");
        assert_eq!(books.resolve(one.order, verdict).await, Resolved::Already);
        assert_eq!(books.view(one.order).await.version, view.version);
        books.audit().await;
    }
    let accepted = books.sql("SELECT paid_minor FROM orders WHERE reference = 'a'");
    assert_eq!(accepted, "900000");
}

#[tokio::test]
async fn a_refund_before_any_success_is_looked_at_and_holds_nothing() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let applied = books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Review, OrderState::Review)
    );
    let again = books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(
        (again.effect, again.payment),
        (Effect::Unchanged, PaymentState::Review)
    );
    assert_eq!(books.held().await, (0, 0));
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.review_required"]
    );
    books.audit().await;
}
