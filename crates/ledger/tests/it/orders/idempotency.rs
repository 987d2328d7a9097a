//! The same request asked again: replayed, resumed, refused or waited for; never done twice.

use ayolinx_core::method::Method;
use ayolinx_core::order::OrderRefusal;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::{Begun, CallOutcome, LedgerError, PAYMENTS_MAX, StoredReply, Urgency};

use crate::support::{
    Books, PRICE, accepted, claim, keyed, new_payment, order, refused, sent, started, unknown, word,
};

fn reply(text: &str) -> StoredReply {
    StoredReply {
        status: 201,
        body: text.as_bytes().to_vec(),
    }
}

#[tokio::test]
async fn the_first_reply_is_given_again_to_the_byte() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    for key in [None, Some("key-1")] {
        let asked = match key {
            None => claim("body"),
            Some(key) => keyed("body", key),
        };
        let mut new = new.clone();
        new.reference = format!("A-{}", key.unwrap_or("none"));
        new.id = ayolinx_core::ids::OrderId::from_uuid(uuid::Uuid::now_v7());
        new.payment = Some(new_payment(Method::Qris));
        let one = started(books.begin(&new, &asked).await);
        assert!(matches!(books.begin(&new, &asked).await, Begun::InFlight));
        books.accept(&one, Method::Qris).await;
        let Begun::Settled {
            refused: false,
            creation,
            ..
        } = books.begin(&new, &asked).await
        else {
            panic!("it is settled");
        };
        assert_eq!(creation, one.creation);
        let creation = creation.unwrap();
        let first = books
            .run(move |tx| tx.keep_first_reply(creation, reply("first")))
            .await;
        let second = books
            .run(move |tx| tx.keep_first_reply(creation, reply("second")))
            .await;
        assert_eq!((first, second), (reply("first"), reply("first")));
        for _ in 0..2 {
            let Begun::Replay(kept) = books.begin(&new, &asked).await else {
                panic!("it is kept");
            };
            assert_eq!(kept, reply("first"));
        }
    }
    assert_eq!(books.count("orders"), 2);
    assert_eq!(
        books.count("creations WHERE replays > 0"),
        2,
        "a replay is written down"
    );
}

#[tokio::test]
async fn another_body_or_key_is_refused() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    let one = started(books.begin(&new, &keyed("body", "key-1")).await);
    let mut elsewhere = keyed("body", "key-1");
    elsewhere.endpoint = "POST /v1/orders/x/payments".to_owned();
    for wrong in [keyed("other body", "key-1"), elsewhere] {
        assert!(matches!(books.begin(&new, &wrong).await, Begun::KeyReused));
    }
    for wrong in [claim("other body"), keyed("body", "key-2")] {
        let begun = books.begin(&new, &wrong).await;
        assert!(
            matches!(begun, Begun::ReferenceExists(id) if id == one.order),
            "{begun:?}"
        );
    }
    // Without a key the reference names the request.
    assert!(matches!(
        books.begin(&new, &claim("body")).await,
        Begun::InFlight
    ));
    // The key of another merchant is another key.
    let other = Books::open().await;
    let new = order(other.merchant, "A-1", Some(Method::Qris));
    assert!(matches!(
        other.begin(&new, &keyed("x", "key-1")).await,
        Begun::Send { .. }
    ));
}

#[tokio::test]
async fn a_key_or_reference_refused_leaves_nothing_behind() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    books.begin(&new, &claim("body")).await;
    let before = books.sql("SELECT count(*) FROM creations, history, orders, payments");
    books.begin(&new, &keyed("body", "key-2")).await;
    books.begin(&new, &claim("other")).await;
    assert_eq!(
        books.sql("SELECT count(*) FROM creations, history, orders, payments"),
        before
    );
    let mut free = order(books.merchant, "A-2", Some(Method::Qris));
    free.payment = None;
    assert!(matches!(
        books.begin(&free, &keyed("body", "key-2")).await,
        Begun::Created { .. }
    ));
}

#[tokio::test]
async fn what_was_not_sent_is_resumed_with_the_same_payment() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::VirtualAccount));
    let (call, _) = sent(books.begin(&new, &claim("body")).await);
    let one = crate::support::again(&call);
    let applied = books.settle(&one, CallOutcome::NotSent).await;
    assert_eq!(applied.payment, PaymentState::Creating);
    assert_eq!(books.count("provider_work WHERE kind = 'resolve'"), 0);
    let (resumed, creation) = sent(books.begin(&new, &claim("body")).await);
    assert_eq!(resumed.payment_id, call.payment_id);
    assert_eq!(resumed.customer_no, call.customer_no);
    assert_ne!(resumed.token, call.token);
    assert!(creation.is_some());
    assert!(matches!(
        books.begin(&new, &claim("body")).await,
        Begun::InFlight
    ));
    // The first call wakes up late: only its artefact could count, its refusal does not.
    books.settle(&one, refused()).await;
    assert_eq!(books.view(one.order).await.status, OrderState::Pending);
    books
        .settle(
            &crate::support::again(&resumed),
            accepted(Method::VirtualAccount),
        )
        .await;
    assert_eq!(
        books.view(one.order).await.payments[0].status,
        PaymentState::Pending
    );
    books.audit().await;
}

#[tokio::test]
async fn what_was_not_sent_is_not_resumed_when_the_order_no_longer_wants_it() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    let one = started(books.begin(&new, &claim("body")).await);
    books.settle(&one, CallOutcome::NotSent).await;
    books.age(one.order, 1);
    let begun = books.begin(&new, &claim("body")).await;
    assert!(
        matches!(begun, Begun::Refused(OrderRefusal::NotPayable)),
        "{begun:?}"
    );
}

#[tokio::test]
async fn an_unknown_outcome_is_told_until_it_is_resolved() {
    let books = Books::open().await;
    for (reference, still_running) in [("a", true), ("b", false)] {
        let new = order(books.merchant, reference, Some(Method::Qris));
        let one = started(books.begin(&new, &claim(reference)).await);
        let outcome = if still_running {
            CallOutcome::StillRunning
        } else {
            unknown()
        };
        books.settle(&one, outcome).await;
        assert!(matches!(
            books.begin(&new, &claim(reference)).await,
            Begun::Resolving(_)
        ));
        books.accept(&one, Method::Qris).await;
        let begun = books.begin(&new, &claim(reference)).await;
        assert!(
            matches!(begun, Begun::Settled { refused: false, .. }),
            "{begun:?}"
        );
    }
    let new = order(books.merchant, "c", Some(Method::Qris));
    let one = started(books.begin(&new, &claim("c")).await);
    books.settle(&one, refused()).await;
    let begun = books.begin(&new, &claim("c")).await;
    assert!(
        matches!(begun, Begun::Settled { refused: true, .. }),
        "{begun:?}"
    );
    // Our process died in the call: nobody sends it again before it was asked about.
    let new = order(books.merchant, "d", Some(Method::Qris));
    books.begin(&new, &claim("d")).await;
    books.sql("UPDATE payments SET call_leased_until = now() - interval '1 s'");
    assert!(matches!(
        books.begin(&new, &claim("d")).await,
        Begun::Resolving(_)
    ));
}

#[tokio::test]
async fn a_reply_erased_with_its_payer_is_not_made_up() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", None);
    let Begun::Created { creation, order_id } = books.begin(&new, &claim("body")).await else {
        panic!("an order whose payer chooses");
    };
    books
        .run(move |tx| tx.keep_reply(creation, &reply("first")))
        .await;
    books.sql("UPDATE creations SET reply_sealed = NULL");
    let begun = books.begin(&new, &claim("body")).await;
    assert!(
        matches!(begun, Begun::Erased(id) if id == order_id),
        "{begun:?}"
    );
}

#[tokio::test]
async fn sixteen_twins_make_one_order_and_one_payment() {
    let books = Books::open().await;
    for key in [None, Some("key-1")] {
        let reference = key.unwrap_or("none");
        let asked = match key {
            None => claim("body"),
            Some(key) => keyed("body", key),
        };
        let mut twins = Vec::new();
        for _ in 0..16 {
            let ledger = books.ledger.clone();
            let new = order(books.merchant, reference, Some(Method::Qris));
            let asked = asked.clone();
            twins.push(tokio::spawn(async move {
                loop {
                    let (new, asked) = (new.clone(), asked.clone());
                    match ledger
                        .at(Urgency::Write)
                        .transact(move |tx| tx.begin_order(&new, &asked))
                        .await
                    {
                        Err(LedgerError::Conflict(_)) => {}
                        other => return other.unwrap(),
                    }
                }
            }));
        }
        let mut sends = 0;
        for twin in twins {
            match twin.await.unwrap() {
                Begun::Send { .. } => sends += 1,
                Begun::InFlight => {}
                other => panic!("{key:?}: {other:?}"),
            }
        }
        assert_eq!(sends, 1);
    }
    assert_eq!(books.count("orders"), 2);
    assert_eq!(books.count("payments"), 2);
    assert_eq!(books.count("creations"), 2);
    assert_eq!(books.count("payers"), 2);
    books.audit().await;
}

#[tokio::test]
async fn one_key_for_two_references_at_once_makes_one_order() {
    let books = Books::open().await;
    let mut tasks = Vec::new();
    for number in 0..8 {
        let ledger = books.ledger.clone();
        let new = order(books.merchant, &format!("A-{number}"), None);
        tasks.push(tokio::spawn(async move {
            let asked = keyed(&format!("body {number}"), "key-1");
            ledger
                .at(Urgency::Write)
                .transact(move |tx| tx.begin_order(&new, &asked))
                .await
        }));
    }
    let mut made = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Begun::Created { .. }) => made += 1,
            Ok(Begun::KeyReused) | Err(LedgerError::Conflict(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made, books.count("orders")), (1, 1));
}

#[tokio::test]
async fn a_further_payment_without_a_key_finds_the_open_one() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let asked = claim("payments");
    let same = books
        .begin_payment(one.order, &new_payment(Method::Qris), &asked)
        .await;
    assert!(matches!(same, Begun::Open(_)), "{same:?}");
    let two = started(
        books
            .begin_payment(one.order, &new_payment(Method::VirtualAccount), &asked)
            .await,
    );
    let virtual_account = new_payment(Method::VirtualAccount);
    let twin = books
        .begin_payment(one.order, &virtual_account, &asked)
        .await;
    assert!(matches!(twin, Begun::InFlight), "{twin:?}");
    books.settle(&two, CallOutcome::NotSent).await;
    let resumed = started(
        books
            .begin_payment(one.order, &virtual_account, &asked)
            .await,
    );
    assert_eq!(resumed.payment, two.payment);
    books.settle(&resumed, unknown()).await;
    let resolving = books
        .begin_payment(one.order, &virtual_account, &asked)
        .await;
    assert!(matches!(resolving, Begun::Resolving(_)), "{resolving:?}");
    books.audit().await;
}

#[tokio::test]
async fn sixteen_further_payments_at_once_are_one() {
    let books = Books::open().await;
    let new = order(books.merchant, "A-1", None);
    books.begin(&new, &claim("A-1")).await;
    let mut twins = Vec::new();
    for _ in 0..16 {
        let (ledger, merchant, id) = (books.ledger.clone(), books.merchant, new.id);
        twins.push(tokio::spawn(async move {
            ledger
                .at(Urgency::Write)
                .transact(move |tx| {
                    tx.begin_payment(merchant, id, &new_payment(Method::Qris), &claim("p"))
                })
                .await
                .unwrap()
        }));
    }
    let mut sends = 0;
    for twin in twins {
        sends += i32::from(matches!(twin.await.unwrap(), Begun::Send { .. }));
    }
    assert_eq!((sends, books.count("payments")), (1, 1));
    books.audit().await;
}

#[tokio::test]
async fn an_order_takes_ten_payments_and_none_when_it_has_ended() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    for number in 1..PAYMENTS_MAX {
        books
            .further(one.order, Method::Qris, &format!("k{number}"))
            .await;
    }
    let asked = keyed("p", "one too many");
    let begun = books
        .begin_payment(one.order, &new_payment(Method::Qris), &asked)
        .await;
    assert!(matches!(begun, Begun::TooManyPayments), "{begun:?}");
    for (status, refusal) in [("00", OrderRefusal::Paid), ("04", OrderRefusal::NotPayable)] {
        books.say(one.payment, word(status, PRICE)).await;
        let begun = books
            .begin_payment(one.order, &new_payment(Method::Qris), &asked)
            .await;
        assert!(
            matches!(begun, Begun::Refused(why) if why == refusal),
            "{begun:?}"
        );
    }
    let late = books.pending("A-2").await;
    books.say(late.payment, word("00", PRICE - 1)).await;
    let begun = books
        .begin_payment(late.order, &new_payment(Method::Qris), &asked)
        .await;
    assert!(
        matches!(begun, Begun::Refused(OrderRefusal::NotPayable)),
        "{begun:?}"
    );
    let other = ayolinx_core::ids::MerchantId::from_uuid(uuid::Uuid::now_v7());
    let order_id = late.order;
    let foreign = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| {
            tx.begin_payment(other, order_id, &new_payment(Method::Qris), &claim("p"))
        })
        .await;
    assert!(matches!(foreign, Err(LedgerError::NotFound)), "{foreign:?}");
}
