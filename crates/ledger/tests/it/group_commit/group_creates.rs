//! Creates and outcomes of calls that share a commit: each is done once, and none holds up another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use ledger::{
    Begun, CallEnd, CallOutcome, CallSettled, Claim, KeepReply, Ledger, LedgerError, NewOrder,
    Observation, OnUntaken, Source, StoredReply, Urgency,
};
use tokio::task::JoinHandle;

use crate::support::{
    Books, accepted, claim, context, keyed, new_payment, order, rupiah, sent, settings, started,
};

fn nobody_left() -> OnUntaken {
    Arc::new(|begun| panic!("not taken: {begun:?}"))
}

fn begin(
    books: &Books,
    new: NewOrder,
    claim: Claim,
    untaken: OnUntaken,
) -> JoinHandle<Result<Begun, LedgerError>> {
    let ledger = books.ledger.clone();
    tokio::spawn(async move { ledger.begin_order(new, claim, untaken).await })
}

/// Begins all of these at the same time.
async fn at_once(books: &Books, all: Vec<(NewOrder, Claim)>) -> Vec<Result<Begun, LedgerError>> {
    let running: Vec<_> = all
        .into_iter()
        .map(|(new, claim)| begin(books, new, claim, nobody_left()))
        .collect();
    let mut begun = Vec::new();
    for one in running {
        begun.push(one.await.unwrap());
    }
    begun
}

fn shown(view: &ayolinx_core::order_view::OrderView) -> Result<StoredReply, LedgerError> {
    Ok(StoredReply {
        status: 201,
        body: serde_json::to_vec(view).unwrap(),
    })
}

async fn end_all(books: &Books, ends: Vec<CallEnd>) -> Vec<Result<CallSettled, LedgerError>> {
    let running: Vec<_> = ends
        .into_iter()
        .map(|end| {
            let ledger = books.ledger.clone();
            tokio::spawn(async move { ledger.end_call(end).await })
        })
        .collect();
    let mut settled = Vec::new();
    for one in running {
        settled.push(one.await.unwrap());
    }
    settled
}

#[tokio::test]
async fn creates_and_outcomes_that_arrive_together_share_commits_and_each_is_as_if_alone() {
    let books = Books::open().await;
    let methods = [
        Method::Qris,
        Method::VirtualAccount,
        Method::PaymentLink,
        Method::Retail,
    ];
    let wanted: Vec<(NewOrder, Claim)> = (0..48)
        .map(|number| {
            let name = format!("A-{number}");
            let new = order(books.merchant, &name, Some(methods[number % 4]));
            (new, keyed(&name, &name))
        })
        .collect();
    let mut ends = Vec::new();
    for begun in at_once(&books, wanted.clone()).await {
        let (call, creation) = sent(begun.unwrap());
        assert_eq!(
            call.customer_no.is_some(),
            call.method == Method::VirtualAccount
        );
        assert_eq!(
            call.link_channels.is_empty(),
            call.method != Method::PaymentLink
        );
        assert!(call.customer.is_some());
        ends.push(CallEnd {
            payment: call.payment_id,
            token: call.token,
            outcome: accepted(call.method),
            keep: Some(KeepReply {
                creation,
                reply: shown,
            }),
        });
    }
    let numbers = "SELECT count(DISTINCT customer_no), count(customer_no) FROM payments";
    assert_eq!(books.sql(numbers), "12|12");
    let settled = end_all(&books, ends).await;
    let group = books.ledger.group_commits();
    assert_eq!(group.entries, 96);
    assert!(group.commits < 48, "{group:?}");
    for ((new, claim), settled) in wanted.into_iter().zip(settled) {
        let reply = settled.unwrap().reply.unwrap();
        let view = books.view(new.id).await;
        assert_eq!(
            reply,
            shown(&view).unwrap(),
            "the reply is the order as it is"
        );
        let again = books.begin(&new, &claim).await;
        assert!(
            matches!(&again, Begun::Replay(kept) if *kept == reply),
            "{again:?}"
        );
    }
    books.audit().await;
}

#[tokio::test]
async fn twins_of_a_create_in_one_group_make_one_order() {
    let books = Books::open().await;
    let twin = || order(books.merchant, "A-1", Some(Method::Qris));
    let dearer = NewOrder {
        amount: rupiah(1_000),
        ..twin()
    };
    let mut all: Vec<(NewOrder, Claim)> = (0..20).map(|_| (twin(), claim("A-1"))).collect();
    all.push((dearer, claim("other")));
    let (mut send, mut under_way, mut taken) = (0, 0, 0);
    for begun in at_once(&books, all).await {
        match begun.unwrap() {
            Begun::Send { .. } => send += 1,
            Begun::InFlight => under_way += 1,
            Begun::ReferenceExists(_) => taken += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(send, 1);
    assert_eq!(under_way + taken, 20);
    assert_eq!(books.sql("SELECT count(*) FROM orders"), "1");
    assert_eq!(books.sql("SELECT count(*) FROM payments"), "1");
    assert_eq!(books.sql("SELECT count(*) FROM creations"), "1");
}

#[tokio::test]
async fn one_key_for_many_references_in_one_group_makes_one_order() {
    let books = Books::open().await;
    let all = (0..12)
        .map(|number| {
            let name = format!("A-{number}");
            let new = order(books.merchant, &name, Some(Method::Qris));
            (new, keyed(&name, "one key"))
        })
        .collect();
    let (mut send, mut reused) = (0, 0);
    for begun in at_once(&books, all).await {
        match begun.unwrap() {
            Begun::Send { .. } => send += 1,
            Begun::KeyReused => reused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((send, reused), (1, 11));
    assert_eq!(books.sql("SELECT count(*) FROM orders"), "1");
}

#[tokio::test]
async fn a_create_that_cannot_be_written_does_not_fail_the_others() {
    let books = Books::open().await;
    let all = (0..12)
        .map(|number| {
            // The books themselves refuse such a reference.
            let name = match number {
                5 => "A 5".to_owned(),
                _ => format!("A-{number}"),
            };
            (
                order(books.merchant, &name, Some(Method::Qris)),
                claim(&name),
            )
        })
        .collect();
    let begun = at_once(&books, all).await;
    for (number, begun) in begun.into_iter().enumerate() {
        match begun {
            Ok(Begun::Send { .. }) => assert_ne!(number, 5),
            other => {
                assert_eq!(number, 5, "{other:?}");
                assert!(other.is_err(), "{other:?}");
            }
        }
    }
    assert_eq!(books.sql("SELECT count(*) FROM orders"), "11");
}

#[tokio::test]
async fn what_is_begun_for_somebody_who_has_gone_is_reported_and_can_be_noted() {
    let books = Books::open().await;
    let reported = Arc::new(Mutex::new(Vec::new()));
    let report = Arc::clone(&reported);
    let untaken: OnUntaken = Arc::new(move |begun| report.lock().unwrap().push(begun));
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    let running = begin(&books, new.clone(), claim("A-1"), untaken);
    // Queued, and then nobody is there; whether it is begun is a race, and both ends are good.
    tokio::task::yield_now().await;
    running.abort();
    assert!(running.await.is_err());
    let again = books
        .ledger
        .begin_order(new, claim("A-1"), nobody_left())
        .await;
    match again.unwrap() {
        Begun::Send { .. } => assert!(reported.lock().unwrap().is_empty()),
        Begun::InFlight => {
            let begun = reported.lock().unwrap().pop().unwrap();
            let (call, _) = sent(begun);
            let applied = books
                .run(move |tx| tx.settle_call(call.payment_id, call.token, &CallOutcome::NotSent))
                .await;
            assert_eq!(applied.payment.as_str(), "creating");
            let new = order(books.merchant, "A-1", Some(Method::Qris));
            let retried = books
                .ledger
                .begin_order(new, claim("A-1"), nobody_left())
                .await;
            sent(retried.unwrap());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_order_that_is_held_elsewhere_holds_up_only_the_outcome_of_its_own_call() {
    let books = Books::open().await;
    let mut started = Vec::new();
    for number in 0..8 {
        started.push(books.creating(&format!("A-{number}")).await);
    }
    let end = |at: usize| CallEnd {
        payment: started[at].payment,
        token: started[at].token,
        outcome: accepted(Method::Qris),
        keep: Some(KeepReply {
            creation: started[at].creation,
            reply: shown,
        }),
    };
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (held, holder) = (started[3].payment, books.ledger.clone());
    let holding = tokio::spawn(async move {
        let work = move |tx: &mut ledger::Tx<'_>| {
            tx.apply(
                held,
                &Observation::fact(Source::Inquiry, Fact::OutcomeUnknown),
            )?;
            tell.send(()).ok();
            released.recv_timeout(Duration::from_secs(5)).ok();
            Ok(())
        };
        holder.at(Urgency::Write).transact(work).await
    });
    told.await.unwrap();
    // In the order of their numbers, so that the one that is held is in the middle of its group.
    let ends = (0..8).map(end).map(|end| {
        let ledger = books.ledger.clone();
        tokio::spawn(async move { ledger.end_call(end).await })
    });
    let mut running: Vec<_> = ends.collect();
    let waiting = running.remove(3);
    for one in running {
        let settled = one.await.unwrap().unwrap();
        assert_eq!(settled.applied.payment.as_str(), "pending");
    }
    assert!(
        !waiting.is_finished(),
        "it waits for whoever holds its order"
    );
    release.send(()).unwrap();
    holding.await.unwrap().unwrap();
    let settled = waiting.await.unwrap().unwrap();
    assert_eq!(settled.applied.payment.as_str(), "pending");
    for (number, one) in started.iter().enumerate() {
        let name = format!("A-{number}");
        let asked = order(books.merchant, &name, Some(Method::Qris));
        let kept = books.begin(&asked, &claim(&name)).await;
        let own = shown(&books.view(one.order).await).unwrap();
        assert!(
            matches!(&kept, Begun::Replay(reply) if *reply == own),
            "each has the reply about its own order: {kept:?}"
        );
    }
    books.audit().await;
}

#[tokio::test]
async fn a_twin_that_is_held_up_elsewhere_holds_up_only_itself() {
    let books = Books::open().await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let (new, mine) = (
        order(books.merchant, "A-1", Some(Method::Qris)),
        claim("A-1"),
    );
    let elsewhere = Ledger::new(&settings(books.database.url()), context());
    let holding = tokio::spawn(async move {
        let work = move |tx: &mut ledger::Tx<'_>| {
            let begun = tx.begin_order(&new, &mine)?;
            // Read back, so that it is written by now.
            tx.order_by_reference(new.merchant_id, "A-1")?;
            tell.send(()).ok();
            released.recv_timeout(Duration::from_secs(10)).ok();
            Ok(begun)
        };
        elsewhere.at(Urgency::Write).transact(work).await
    });
    told.await.unwrap();
    let create = |reference: &str| {
        let new = order(books.merchant, reference, Some(Method::Qris));
        begin(&books, new, claim(reference), nobody_left())
    };
    let twin = create("A-1");
    let others: Vec<_> = (2..8)
        .map(|number| create(&format!("A-{number}")))
        .collect();
    for other in others {
        let begun = other.await.unwrap();
        assert!(matches!(begun, Ok(Begun::Send { .. })), "{begun:?}");
    }
    assert!(!holding.is_finished(), "the others waited with the twin");
    release.send(()).unwrap();
    holding.await.unwrap().unwrap();
    let twin = twin.await.unwrap();
    assert!(matches!(twin, Err(LedgerError::Conflict(_))), "{twin:?}");
}

#[tokio::test]
async fn a_reply_that_is_kept_nowhere_is_made_all_the_same() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let (wanted, unkeyed) = (new_payment(Method::Ewallet), claim("payments"));
    let other = started(books.begin_payment(one.order, &wanted, &unkeyed).await);
    let end = CallEnd {
        payment: other.payment,
        token: other.token,
        outcome: accepted(Method::Ewallet),
        keep: Some(KeepReply {
            creation: None,
            reply: shown,
        }),
    };
    let reply = books.ledger.end_call(end).await.unwrap().reply;
    let view = books.view(one.order).await;
    assert_eq!(reply, Some(shown(&view).unwrap()));
}
