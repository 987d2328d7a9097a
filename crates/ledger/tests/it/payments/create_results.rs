//! Outcomes of creates: certain, unknown, late, from whoever no longer holds the lease; and how an
//! unknown one is mended.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::Utc;
use ledger::{CallOutcome, Effect, LeasedWork, REPLACEMENTS_MAX, WorkKind, WorkNext};
use uuid::Uuid;

use crate::support::{Books, Started, accepted, again, refused, unknown};

fn new_id() -> PaymentId {
    PaymentId::from_uuid(Uuid::now_v7())
}

/// The resolver's lease, whenever its work would be due.
async fn resolver(books: &Books) -> LeasedWork {
    books.sql("UPDATE provider_work SET due_at = now() WHERE kind = 'resolve'");
    let mut work = books.run(|tx| tx.lease_work(WorkKind::Resolve, 10)).await;
    assert_eq!(work.len(), 1);
    work.remove(0)
}

#[tokio::test]
async fn an_accepted_create_can_be_paid_and_is_looked_after() {
    let books = Books::open().await;
    for method in Method::ALL {
        let one = books.pending_by(method.as_str(), method).await;
        let view = books.view(one.order).await;
        assert_eq!(view.payments[0].status, PaymentState::Pending);
        assert!(view.payments[0].next_action.is_some());
        assert_eq!(books.events(one.order).await, ["order.payable"]);
    }
    assert_eq!(books.count("provider_work WHERE kind = 'resolve'"), 0);
    assert_eq!(books.count("provider_work WHERE kind = 'expire'"), 5);
    assert_eq!(
        books.count("provider_work WHERE kind = 'inquire'"),
        4,
        "links cannot be asked about"
    );
    books.audit().await;
}

#[tokio::test]
async fn a_refused_create_fails_with_the_providers_words() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let applied = books.settle(&one, refused()).await;
    assert_eq!(
        (applied.payment, applied.order),
        (PaymentState::Failed, OrderState::Failed)
    );
    let failure = books.view(one.order).await.payments[0]
        .failure
        .clone()
        .unwrap();
    assert_eq!(failure.code, "4004701");
    assert_eq!(books.events(one.order).await, ["order.failed"]);
    assert_eq!(books.count("provider_work"), 0);
    books.audit().await;
}

#[tokio::test]
async fn a_slow_exchange_is_unknown_until_its_late_answer() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let applied = books.settle(&one, CallOutcome::StillRunning).await;
    assert_eq!(applied.payment, PaymentState::Unknown);
    // Only its end, or the end of its lease, starts the resolving.
    assert!(
        books
            .run(|tx| tx.lease_work(WorkKind::Resolve, 10))
            .await
            .is_empty()
    );
    books.accept(&one, Method::Qris).await;
    assert_eq!(
        books.view(one.order).await.payments[0].status,
        PaymentState::Pending
    );
    let late = books.settle(&one, CallOutcome::StillRunning).await;
    assert_eq!(late.payment, PaymentState::Pending);
    books.audit().await;
}

#[tokio::test]
async fn an_unknown_outcome_is_due_on_the_resolve_schedule() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.settle(&one, unknown()).await;
    let wait = "SELECT round(extract(epoch FROM due_at - began_at)) FROM provider_work \
                WHERE kind = 'resolve'";
    assert_eq!(books.sql(wait), "2");
    // The commit's fate was unknown to the caller, who says it again: no harm.
    let twice = books.settle(&one, unknown()).await;
    assert_eq!(twice.effect, Effect::Unchanged);
    assert_eq!(books.view(one.order).await.version, 2);
    books.audit().await;
}

#[tokio::test]
async fn a_stale_token_changes_nothing_but_an_artefact_counts() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let stale = Started {
        token: Uuid::now_v7(),
        ..one.clone()
    };
    for outcome in [
        refused(),
        unknown(),
        CallOutcome::NotSent,
        CallOutcome::StillRunning,
    ] {
        let applied = books.settle(&stale, outcome).await;
        assert_eq!(
            (applied.effect, applied.payment),
            (Effect::Unchanged, PaymentState::Creating)
        );
    }
    assert_eq!(
        books.sql("SELECT coalesce(last_outcome, 'none') FROM payments"),
        "none"
    );
    let applied = books.settle(&stale, accepted(Method::Qris)).await;
    assert_eq!(applied.payment, PaymentState::Pending);
    // The holder's own answer comes after it.
    let same = books.accept(&one, Method::Qris).await;
    assert_eq!(same.effect, Effect::Unchanged);
    assert_eq!(books.events(one.order).await, ["order.payable"]);
    books.audit().await;
}

#[tokio::test]
async fn a_lost_artefact_is_replaced_three_times_then_the_order_fails() {
    let books = Books::open().await;
    let first = books.creating("A-1").await;
    let mut current = first.clone();
    for round in 1..=REPLACEMENTS_MAX {
        books.settle(&current, unknown()).await;
        let work = resolver(&books).await;
        let call = books
            .run(move |tx| tx.replace_lost(&work, new_id()))
            .await
            .unwrap();
        assert_ne!(call.payment_id, current.payment);
        let view = books.view(first.order).await;
        assert_eq!(view.payments.len(), usize::try_from(round).unwrap() + 1);
        assert_eq!(
            view.payments[1].failure.clone().unwrap().code,
            "artefact_lost"
        );
        assert_eq!(view.payments[1].status, PaymentState::Cancelled);
        assert_eq!(view.status, OrderState::Pending);
        current = again(&call);
        books.audit().await;
    }
    books.settle(&current, unknown()).await;
    let work = resolver(&books).await;
    assert!(
        books
            .run(move |tx| tx.replace_lost(&work, new_id()))
            .await
            .is_none()
    );
    let view = books.view(first.order).await;
    assert_eq!(
        (view.status, view.payments[0].status),
        (OrderState::Failed, PaymentState::Failed)
    );
    assert_eq!(books.events(first.order).await, ["order.failed"]);
    // They do not count towards the ten, and money on any of them still wins.
    books.further(first.order, Method::Qris, "k").await;
    books.say(first.payment, crate::support::paid()).await;
    assert_eq!(books.view(first.order).await.status, OrderState::Paid);
    books.audit().await;
}

#[tokio::test]
async fn nothing_is_replaced_that_the_order_no_longer_wants() {
    let books = Books::open().await;
    let superseded = books.creating("A-1").await;
    books.settle(&superseded, unknown()).await;
    books
        .further(superseded.order, Method::VirtualAccount, "k")
        .await;
    books.sql(
        "UPDATE provider_work SET due_at = now() + interval '1 h' WHERE payment_id NOT IN \
               (SELECT id FROM payments WHERE state = 'unknown')",
    );
    books.sql(
        "UPDATE provider_work SET due_at = now() WHERE payment_id IN \
               (SELECT id FROM payments WHERE state = 'unknown') AND kind = 'resolve'",
    );
    let work = books
        .run(|tx| tx.lease_work(WorkKind::Resolve, 10))
        .await
        .remove(0);
    let (resend, replace) = (work.clone(), work);
    assert!(
        books
            .run(move |tx| tx.lease_resend(&resend))
            .await
            .is_none()
    );
    assert!(
        books
            .run(move |tx| tx.replace_lost(&replace, new_id()))
            .await
            .is_none()
    );
    assert_eq!(books.count("payments"), 2);
    books.audit().await;
}

#[tokio::test]
async fn the_same_id_is_sent_again_under_a_new_lease_only_by_the_leaseholder() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    books.settle(&one, unknown()).await;
    let work = resolver(&books).await;
    books.sql("UPDATE provider_work SET leased_until = now() - interval '1 s'");
    let late = work.clone();
    assert!(books.run(move |tx| tx.lease_resend(&late)).await.is_none());
    let taken_over = resolver(&books).await;
    let (stale, fresh) = (work, taken_over);
    let replaced = stale.clone();
    assert!(
        books
            .run(move |tx| tx.replace_lost(&replaced, new_id()))
            .await
            .is_none()
    );
    let call = books.run(move |tx| tx.lease_resend(&fresh)).await.unwrap();
    assert_eq!(call.payment_id, one.payment);
    assert_ne!(call.token, one.token);
    let settled = books
        .run(move |tx| tx.settle_work(&stale, WorkNext::Done))
        .await;
    assert!(!settled, "its plan began anew with the call");
    let applied = books.settle(&again(&call), CallOutcome::NotSent).await;
    assert_eq!(applied.payment, PaymentState::Unknown);
    assert_eq!(books.count("provider_work WHERE kind = 'resolve'"), 1);
    books.audit().await;
}

#[tokio::test]
async fn a_dead_process_is_noticed_when_its_lease_ends() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    assert!(
        books
            .run(|tx| tx.lease_work(WorkKind::Resolve, 10))
            .await
            .is_empty()
    );
    let due = books
        .sql("SELECT due_at > now() + interval '25 s' FROM provider_work WHERE kind = 'resolve'");
    assert_eq!(due, "t");
    books.sql("UPDATE payments SET call_leased_until = now() - interval '1 s'");
    let payment = one.payment;
    let facts = books.run(move |tx| tx.payment_facts(payment)).await;
    assert!(!facts.never_sent && facts.call_leased_until.is_none() && facts.now <= Utc::now());
}
