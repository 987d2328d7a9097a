//! Money that arrives: in time, late, twice, before the reply; and what changes nothing.

use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{TimeDelta, Utc};
use ledger::{Effect, Source, WorkKind};

use crate::support::{Books, PRICE, paid, rupiah, transfer, word};

#[tokio::test]
async fn a_success_pays_the_order_once_and_tells_it_once() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let applied = books.say(one.payment, paid()).await;
    assert_eq!(applied.effect, Effect::Changed);
    assert_eq!(applied.order, OrderState::Paid);
    assert_eq!(
        books.say(one.payment, paid()).await.effect,
        Effect::Unchanged
    );
    let view = books.view(one.order).await;
    assert_eq!(view.paid_amount, rupiah(PRICE).into());
    assert_eq!((view.version, view.paid_late), (3, false));
    assert!(view.paid_at.is_some() && view.payments[0].next_action.is_none());
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.paid"]
    );
    assert_eq!(books.held().await, (PRICE, 0));
    assert_eq!(books.count("provider_work"), 0);
    books.audit().await;
}

#[tokio::test]
async fn a_callback_may_come_before_the_reply() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.say(one.payment, paid()).await;
    let applied = books.accept(&one, Method::Qris).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Paid, OrderState::Paid)
    );
    assert_eq!(books.events(one.order).await, ["order.paid"]);
    books.audit().await;
}

#[tokio::test]
async fn money_after_the_end_is_late_and_still_counts() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let expired = books.pending("expired").await;
    books.fact(expired.payment, Fact::ExpiryReached).await;
    books.age(expired.order, 600);
    assert_eq!(books.run(|tx| tx.expire_orders(10)).await.ended, 1);
    let cancelled = books.pending("cancelled").await;
    let id = cancelled.order;
    books
        .run(move |tx| tx.cancel_order(merchant, id, Source::Merchant))
        .await
        .unwrap();
    let failed = books.pending("failed").await;
    books.say(failed.payment, word("06", PRICE)).await;
    for (one, state) in [
        (expired, OrderState::Expired),
        (cancelled, OrderState::Cancelled),
        (failed, OrderState::Failed),
    ] {
        let before = books.view(one.order).await;
        assert_eq!(before.status, state);
        books.say(one.payment, paid()).await;
        let after = books.view(one.order).await;
        assert_eq!((after.status, after.paid_late), (OrderState::Paid, true));
        assert_eq!(after.version, before.version + 1);
        let events = books.events(one.order).await;
        assert_eq!(events.last().unwrap(), "order.paid_late");
        assert!(!events.contains(&"order.paid".to_owned()));
    }
    assert_eq!(books.held().await, (3 * PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn the_providers_time_is_used_where_it_can_be_true() {
    let books = Books::open().await;
    for (reference, finished, taken) in [
        ("then", Utc::now() + TimeDelta::milliseconds(300), true),
        ("future", Utc::now() + TimeDelta::hours(1), false),
        ("before", Utc::now() - TimeDelta::hours(1), false),
    ] {
        let one = books.pending(reference).await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let mut success = paid();
        success.finished_at = Some(finished);
        books.say(one.payment, success).await;
        let said = ayolinx_core::order_view::jakarta_millis(finished);
        let view = books.view(one.order).await;
        assert_eq!(view.paid_at == Some(said), taken, "{reference}");
    }
}

#[tokio::test]
async fn an_order_paid_by_two_payments_is_overpaid_and_stays_paid() {
    let books = Books::open().await;
    let first = books.pending_by("A-1", Method::VirtualAccount).await;
    let second = books.further(first.order, Method::Qris, "k").await;
    books.accept(&second, Method::Qris).await;
    books.say(first.payment, paid()).await;
    assert_eq!(books.view(first.order).await.status, OrderState::Paid);
    let applied = books.say(second.payment, paid()).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Paid, OrderState::Paid)
    );
    assert_eq!(books.held().await, (PRICE, PRICE));
    let events = books.events(first.order).await;
    assert_eq!(events[events.len() - 2..], ["order.paid", "order.overpaid"]);
    books.audit().await;
}

#[tokio::test]
async fn a_second_transfer_is_overpaid_and_the_first_one_again_is_not() {
    let books = Books::open().await;
    let one = books.pending_by("A-1", Method::VirtualAccount).await;
    books.say(one.payment, transfer("T-1", PRICE)).await;
    let same = books.say(one.payment, transfer("T-1", PRICE)).await;
    assert_eq!(same.effect, Effect::Unchanged);
    books.say(one.payment, transfer("T-2", PRICE)).await;
    let same = books.say(one.payment, transfer("T-2", PRICE)).await;
    assert_eq!(same.effect, Effect::Unchanged);
    assert_eq!(books.held().await, (PRICE, PRICE));
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.paid", "order.overpaid"]
    );
    assert_eq!(
        books.view(one.order).await.paid_amount,
        rupiah(PRICE).into()
    );
    books.audit().await;
}

#[tokio::test]
async fn a_receipt_without_a_name_takes_the_first_name_that_comes_with_its_sum() {
    let books = Books::open().await;
    let one = books.pending_by("A-1", Method::VirtualAccount).await;
    // Another sum first: it is corrected, since nothing says that there are two receipts.
    books.say(one.payment, word("00", 7)).await;
    books.say(one.payment, paid()).await;
    books.say(one.payment, transfer("T-1", PRICE)).await;
    assert_eq!(books.held().await, (PRICE, 0));
    let named = books.say(one.payment, transfer("T-1", PRICE)).await;
    assert_eq!(named.effect, Effect::Unchanged);
    let other = books.say(one.payment, transfer("T-2", PRICE)).await;
    assert_eq!(other.effect, Effect::Changed);
    assert_eq!(books.held().await, (PRICE, PRICE));
    books.audit().await;
}

#[tokio::test]
async fn another_reference_of_the_provider_is_kept_and_changes_nothing() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    for name in ["P-1", "P-2", "P-2", "P-3"] {
        let mut success = paid();
        success.provider_reference = Some(name.to_owned());
        books.say(one.payment, success).await;
    }
    let view = books.view(one.order).await;
    assert_eq!(view.payments[0].provider_reference.as_deref(), Some("P-1"));
    assert_eq!((view.version, view.status), (3, OrderState::Paid));
    assert_eq!(
        books.sql("SELECT provider_reference FROM provider_aliases ORDER BY 1"),
        "P-2\nP-3"
    );
    assert_eq!(books.held().await, (PRICE, 0));
}

#[tokio::test]
async fn names_that_cannot_be_stored_as_they_are_do_not_stop_money() {
    let books = Books::open().await;
    for (reference, name) in [("nul", "a\0b".to_owned()), ("long", unindexable())] {
        let one = books.pending_by(reference, Method::VirtualAccount).await;
        let applied = books.say(one.payment, transfer(&name, PRICE)).await;
        assert_eq!(applied.payment, PaymentState::Paid);
        let same = books.say(one.payment, transfer(&name, PRICE)).await;
        assert_eq!(same.effect, Effect::Unchanged);
    }
    books.audit().await;
}

/// Too long for an index entry even when compressed.
fn unindexable() -> String {
    (0..40_000_u32)
        .map(|n| char::from_u32(0x30 + n.wrapping_mul(2_654_435_761) % 75).unwrap())
        .collect()
}

#[tokio::test]
async fn late_words_after_paid_are_recorded_and_change_nothing() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    let lines = books.count("history");
    for status in ["01", "02", "03", "05", "06", "07", "99"] {
        let applied = books.say(one.payment, word(status, PRICE)).await;
        assert_eq!(applied.effect, Effect::Unchanged, "{status}");
        assert_eq!(applied.order, OrderState::Paid);
    }
    let wrong = books.say(one.payment, word("00", 1)).await;
    assert_eq!(wrong.effect, Effect::Unchanged);
    assert_eq!(books.count("history"), lines + 8);
    assert_eq!(books.view(one.order).await.version, 3);
    books.audit().await;
}

#[tokio::test]
async fn versions_grow_by_one_and_each_has_its_history() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let mut versions = vec![books.view(one.order).await.version];
    for fact in [Fact::OutcomeUnknown, Fact::Accepted, Fact::ProviderFailed] {
        books.fact(one.payment, fact).await;
        versions.push(books.view(one.order).await.version);
    }
    let two = books.further(one.order, Method::Ewallet, "k").await;
    versions.push(books.view(one.order).await.version);
    books.accept(&two, Method::Ewallet).await;
    versions.push(books.view(one.order).await.version);
    books.say(one.payment, paid()).await;
    versions.push(books.view(one.order).await.version);
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
    let order = one.order;
    let history = books.run(move |tx| tx.history_of(order)).await;
    let mut seen: Vec<i32> = history
        .iter()
        .filter_map(|line| line.order_version)
        .collect();
    seen.dedup();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    books.audit().await;
}

#[tokio::test]
async fn a_stale_success_only_makes_the_worker_ask_once_a_minute() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let mut stale = paid();
    stale.channelled = ayolinx_core::reading::Channelled::StaleCallback;
    for _ in 0..3 {
        assert_eq!(
            books.say(one.payment, stale.clone()).await.effect,
            Effect::Asked
        );
    }
    let work = books.run(|tx| tx.lease_work(WorkKind::Inquire, 10)).await;
    assert_eq!(work.len(), 1);
    books.say(one.payment, paid()).await;
    // Its plan has ended, and with it the memory of the plan: the minute still holds.
    books.say(one.payment, stale).await;
    let work = books.run(|tx| tx.lease_work(WorkKind::Inquire, 10)).await;
    assert!(work.is_empty(), "{work:?}");
    books.audit().await;
}
