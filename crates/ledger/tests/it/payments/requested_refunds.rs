//! Refunds that a shop asks for: recorded, then completed by evidence or by the provider's word.

use ayolinx_core::ids::{MerchantId, OrderId, RefundId};
use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::{NewRefund, RefundCompletion, RefundLine, RefundRefused, Resolved, Source, Urgency};
use uuid::Uuid;

use crate::support::{Books, PRICE, Started, paid, rupiah, transfer, word};

fn new_refund(whole: Option<i64>) -> NewRefund {
    NewRefund {
        id: RefundId::from_uuid(Uuid::now_v7()),
        amount: whole.map(rupiah),
        reason: "Barang rusak".to_owned(),
        payee: None,
        source: Source::Merchant,
    }
}

fn evidence(text: &str) -> RefundCompletion {
    RefundCompletion {
        evidence: text.to_owned(),
        source: Source::Merchant,
    }
}

async fn ask(
    books: &Books,
    one: &Started,
    whole: Option<i64>,
) -> Result<RefundLine, RefundRefused> {
    let (merchant, order) = (books.merchant, one.order);
    let new = new_refund(whole);
    books
        .run_for_shop(move |tx| tx.ask_refund(merchant, order, &new))
        .await
}

async fn complete(books: &Books, id: RefundId, text: &str) -> Result<RefundLine, RefundRefused> {
    let (merchant, how) = (books.merchant, evidence(text));
    books
        .run_for_shop(move |tx| tx.complete_refund(merchant, id, &how))
        .await
}

async fn states(books: &Books, one: &Started) -> Vec<String> {
    let (merchant, order) = (books.merchant, one.order);
    let lines = books
        .run_for_shop(move |tx| tx.refunds_of(merchant, order))
        .await;
    lines.into_iter().map(|line| line.state).collect()
}

async fn paid_order(books: &Books) -> Started {
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    one
}

#[tokio::test]
async fn nothing_moves_until_somebody_shows_that_the_money_went_back() {
    let books = Books::open().await;
    let one = paid_order(&books).await;
    let asked = ask(&books, &one, None).await.unwrap();
    assert_eq!(
        (asked.state.as_str(), asked.amount),
        ("manual_required", rupiah(PRICE))
    );
    assert_eq!(books.held().await, (PRICE, 0));
    assert_eq!(books.view(one.order).await.status, OrderState::Paid);

    let done = complete(&books, asked.id, "transfer 88123").await.unwrap();
    assert_eq!(done.state, "completed");
    assert_eq!(done.completed_by.as_deref(), Some("merchant"));
    assert_eq!(done.evidence.as_deref(), Some("transfer 88123"));
    assert_eq!(books.held().await, (0, 0));
    let view = books.view(one.order).await;
    assert_eq!(view.status, OrderState::Refunded);
    assert_eq!(view.payments[0].status, PaymentState::Refunded);
    let events = ["order.payable", "order.paid", "order.refunded"];
    assert_eq!(books.events(one.order).await, events);

    // Said again it changes nothing; said otherwise it is refused.
    let again = complete(&books, asked.id, "transfer 88123").await.unwrap();
    assert_eq!(again.completed_at, done.completed_at);
    let other = complete(&books, asked.id, "transfer 99").await;
    assert_eq!(other.unwrap_err(), RefundRefused::CompletedOtherwise);
    // The provider's own word about it is no second refund.
    books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(books.events(one.order).await, events);
    books.audit().await;
}

#[tokio::test]
async fn no_more_is_asked_back_than_was_paid() {
    let books = Books::open().await;
    let one = paid_order(&books).await;
    let first = ask(&books, &one, Some(100_000)).await.unwrap();
    let refused = ask(&books, &one, Some(50_001)).await;
    assert_eq!(
        refused.unwrap_err(),
        RefundRefused::MoreThan(rupiah(50_000))
    );
    let rest = ask(&books, &one, None).await.unwrap();
    assert_eq!(rest.amount, rupiah(50_000));
    let nothing = ask(&books, &one, Some(1_000)).await;
    assert_eq!(nothing.unwrap_err(), RefundRefused::NothingLeft);

    complete(&books, first.id, "a").await.unwrap();
    let view = books.view(one.order).await;
    assert_eq!(
        (view.status, view.paid_amount),
        (OrderState::Paid, rupiah(50_000).into())
    );
    assert_eq!(books.held().await, (50_000, 0));
    complete(&books, rest.id, "b").await.unwrap();
    assert_eq!(books.view(one.order).await.status, OrderState::Refunded);
    let gone = ask(&books, &one, None).await;
    assert_eq!(gone.unwrap_err(), RefundRefused::NotPaid);
    books.audit().await;
}

#[tokio::test]
async fn the_providers_word_completes_what_waits_for_it() {
    let books = Books::open().await;
    let one = paid_order(&books).await;
    ask(&books, &one, Some(30_000)).await.unwrap();
    ask(&books, &one, Some(40_000)).await.unwrap();
    books.say(one.payment, word("04", 40_000)).await;
    assert_eq!(states(&books, &one).await, ["manual_required", "completed"]);
    books.say(one.payment, word("04", PRICE)).await;
    assert_eq!(states(&books, &one).await, ["completed", "completed"]);
    assert_eq!(books.held().await, (0, 0));
    books.audit().await;
}

#[tokio::test]
async fn only_a_shop_with_the_money_asks_and_only_for_its_own() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    assert_eq!(
        ask(&books, &one, None).await.unwrap_err(),
        RefundRefused::NotPaid
    );
    books.say(one.payment, paid()).await;
    let asked = ask(&books, &one, None).await.unwrap();
    let other = MerchantId::from_uuid(Uuid::now_v7());
    books
        .run(move |tx| tx.add_merchant(other, "Toko Siti"))
        .await;
    let theirs = books.ledger.for_merchant(other);
    let how = evidence("x");
    let order = one.order;
    for refused in [
        theirs
            .at(Urgency::Write)
            .transact(move |tx| tx.refunds_of(other, order).map(drop))
            .await,
        theirs
            .at(Urgency::Write)
            .transact(move |tx| tx.ask_refund(other, order, &new_refund(None)).map(drop))
            .await,
        theirs
            .at(Urgency::Write)
            .transact(move |tx| tx.complete_refund(other, asked.id, &how).map(drop))
            .await,
        theirs
            .at(Urgency::Write)
            .transact(move |tx| {
                tx.resolve_review(
                    other,
                    order,
                    (ReviewVerdict::Accept, None),
                    Source::Merchant,
                )
                .map(drop)
            })
            .await,
    ] {
        assert!(
            matches!(refused, Err(ledger::LedgerError::NotFound)),
            "{refused:?}"
        );
    }
}

async fn decided(verdict: ReviewVerdict) -> (Books, Started, Resolved) {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, word("00", 149_000)).await;
    assert_eq!(books.view(one.order).await.status, OrderState::Review);
    let (merchant, order) = (books.merchant, one.order);
    let done = books
        .run_for_shop(move |tx| {
            tx.resolve_review(merchant, order, (verdict, Some("seen")), Source::Merchant)
        })
        .await;
    (books, one, done)
}

#[tokio::test]
async fn what_is_under_review_is_decided_once_by_one_of_three_words() {
    for (verdict, state, held, event) in [
        (
            ReviewVerdict::Accept,
            OrderState::Paid,
            (149_000, 0),
            "order.paid",
        ),
        (
            ReviewVerdict::Refund,
            OrderState::Refunded,
            (0, 0),
            "order.refunded",
        ),
        (
            ReviewVerdict::Reject,
            OrderState::Failed,
            (0, 0),
            "order.failed",
        ),
    ] {
        let (books, one, done) = decided(verdict).await;
        assert_eq!(done, Resolved::Done);
        assert_eq!(books.view(one.order).await.status, state);
        assert_eq!(books.held().await, held);
        assert_eq!(books.events(one.order).await.last().unwrap(), event);
        let (merchant, order) = (books.merchant, one.order);
        let again = books
            .run_for_shop(move |tx| {
                tx.resolve_review(merchant, order, (verdict, None), Source::Merchant)
            })
            .await;
        assert_eq!(again, Resolved::Already, "told again it changes nothing");
        books.audit().await;
    }
    let (books, one, _) = decided(ReviewVerdict::Accept).await;
    let paid: Amount = rupiah(149_000);
    assert_eq!(books.view(one.order).await.paid_amount, paid.into());
}

async fn gives_back_what_is_beside(books: &Books, order: OrderId) -> Resolved {
    let merchant = books.merchant;
    let decide = async |verdict| {
        books
            .run_for_shop(move |tx| {
                tx.resolve_review(merchant, order, (verdict, None), Source::Merchant)
            })
            .await
    };
    let accepted = decide(ReviewVerdict::Accept).await;
    assert_eq!(accepted, Resolved::Nothing, "the order has its money");
    decide(ReviewVerdict::Refund).await
}

#[tokio::test]
async fn what_was_paid_beside_goes_back_and_the_order_stays_paid() {
    let books = Books::open().await;
    let first = books.pending_by("A-1", Method::VirtualAccount).await;
    let second = books.further(first.order, Method::Qris, "k").await;
    books.accept(&second, Method::Qris).await;
    books.say(first.payment, paid()).await;
    books.say(second.payment, paid()).await;
    let twice = books.pending_by("A-2", Method::VirtualAccount).await;
    books.say(twice.payment, transfer("T-1", PRICE)).await;
    books.say(twice.payment, transfer("T-2", PRICE)).await;
    assert_eq!(books.held().await, (2 * PRICE, 2 * PRICE));

    let given_back = gives_back_what_is_beside(&books, first.order).await;
    assert_eq!(given_back, Resolved::Done);
    assert_eq!(books.held().await, (2 * PRICE, PRICE));
    let given_back = gives_back_what_is_beside(&books, twice.order).await;
    assert_eq!(given_back, Resolved::Done);
    assert_eq!(books.held().await, (2 * PRICE, 0));
    for order in [first.order, twice.order] {
        let view = books.view(order).await;
        assert_eq!(
            (view.status, view.paid_amount),
            (OrderState::Paid, rupiah(PRICE).into())
        );
        let again = gives_back_what_is_beside(&books, order).await;
        assert_eq!(again, Resolved::Already, "only once");
    }
    books.audit().await;
}
