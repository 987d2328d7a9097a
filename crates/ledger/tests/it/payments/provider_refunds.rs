//! Money that goes back: the whole, a part, a further receipt; told once each.

use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::method::Method;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::Effect;

use crate::support::{Books, PRICE, paid, rupiah, transfer, word};

fn refund_of(key: &str, whole: i64) -> ProviderWord {
    ProviderWord {
        payment_request_id: Some(key.to_owned()),
        ..word("04", whole)
    }
}

#[tokio::test]
async fn a_whole_refund_ends_the_order() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    let applied = books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Refunded, OrderState::Refunded)
    );
    assert_eq!(books.view(one.order).await.paid_amount, rupiah(0).into());
    for late in [word("04", PRICE), paid(), word("06", PRICE)] {
        assert_eq!(books.say(one.payment, late).await.effect, Effect::Unchanged);
    }
    assert_eq!(books.held().await, (0, 0));
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.paid", "order.refunded"]
    );
    books.audit().await;
}

#[tokio::test]
async fn parts_add_up_and_the_same_total_counts_once() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    for (total, effect, left) in [
        (40_000, Effect::Changed, 110_000),
        (40_000, Effect::Unchanged, 110_000),
        (30_000, Effect::Unchanged, 110_000),
        (100_000, Effect::Changed, 50_000),
    ] {
        let applied = books.say(one.payment, word("04", total)).await;
        assert_eq!(
            (applied.effect, applied.order),
            (effect, OrderState::Paid),
            "{total}"
        );
        assert_eq!(books.held().await, (left, 0));
        assert_eq!(books.view(one.order).await.paid_amount, rupiah(left).into());
        books.audit().await;
    }
    let last = books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(last.order, OrderState::Refunded);
    assert_eq!(books.held().await, (0, 0));
    books.audit().await;
}

#[tokio::test]
async fn a_refund_of_a_further_transfer_leaves_the_order_paid_however_often_it_is_told() {
    let books = Books::open().await;
    let one = books.pending_by("A-1", Method::VirtualAccount).await;
    books.say(one.payment, transfer("T-1", PRICE)).await;
    books.say(one.payment, transfer("T-2", PRICE)).await;
    books.say(one.payment, transfer("T-3", PRICE)).await;
    assert_eq!(books.held().await, (PRICE, 2 * PRICE));
    let applied = books.say(one.payment, refund_of("T-2", PRICE)).await;
    assert_eq!(
        (applied.effect, applied.order),
        (Effect::Changed, OrderState::Paid)
    );
    for _ in 0..2 {
        let again = books.say(one.payment, refund_of("T-2", PRICE)).await;
        assert_eq!(
            (again.effect, again.order),
            (Effect::Unchanged, OrderState::Paid)
        );
    }
    assert_eq!(books.held().await, (PRICE, PRICE));
    books.audit().await;
    let whole = books.say(one.payment, refund_of("T-1", PRICE)).await;
    assert_eq!(whole.order, OrderState::Paid, "the third takes its place");
    assert_eq!(books.held().await, (PRICE, 0));
    let last = books.say(one.payment, refund_of("T-3", PRICE)).await;
    assert_eq!(last.order, OrderState::Refunded);
    assert_eq!(books.held().await, (0, 0));
    books.audit().await;
}

#[tokio::test]
async fn a_refund_of_the_other_payment_releases_suspense() {
    let books = Books::open().await;
    let first = books.pending_by("A-1", Method::VirtualAccount).await;
    let second = books.further(first.order, Method::Qris, "k").await;
    books.accept(&second, Method::Qris).await;
    books.say(second.payment, paid()).await;
    books.say(first.payment, paid()).await;
    assert_eq!(books.held().await, (PRICE, PRICE));
    let applied = books.say(first.payment, word("04", PRICE)).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Refunded, OrderState::Paid)
    );
    assert_eq!(books.held().await, (PRICE, 0));
    assert!(
        !books
            .events(first.order)
            .await
            .contains(&"order.refunded".to_owned())
    );
    books.audit().await;
}

#[tokio::test]
async fn a_part_refund_under_review_counts_once() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, word("00", 100_000)).await;
    for effect in [Effect::Changed, Effect::Unchanged] {
        let applied = books.say(one.payment, word("04", 30_000)).await;
        assert_eq!(
            (applied.effect, applied.payment),
            (effect, PaymentState::Review)
        );
        assert_eq!(books.held().await, (0, 70_000));
    }
    books.resolve(one.order, ReviewVerdict::Accept).await;
    assert_eq!(
        books.view(one.order).await.paid_amount,
        rupiah(70_000).into()
    );
    let again = books.say(one.payment, word("04", 30_000)).await;
    assert_eq!(again.effect, Effect::Unchanged);
    books.audit().await;
}

#[tokio::test]
async fn what_went_back_of_a_receipt_stays_so_when_its_amount_is_corrected() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, word("00", 100_000)).await;
    books.say(one.payment, word("04", 30_000)).await;
    books.say(one.payment, paid()).await;
    assert_eq!(books.held().await, (120_000, 0));
    books.say(one.payment, word("04", 40_000)).await;
    assert_eq!(books.held().await, (110_000, 0));
    assert_eq!(
        books.view(one.order).await.paid_amount,
        rupiah(110_000).into()
    );
    books.audit().await;
}
