//! The provider's number on two payments of ours is noticed by the database, by whatever door it came.

use ayolinx_core::method::Method;
use ayolinx_core::reading::ProviderWord;
use futures_util::future::join_all;
use ledger::{CallOutcome, Observation, Source};

use crate::support::{Books, PRICE, accepted, word};

fn named(name: &str, status: &str) -> ProviderWord {
    ProviderWord {
        provider_reference: Some(name.to_owned()),
        ..word(status, PRICE)
    }
}

async fn shared(books: &Books) -> i64 {
    books.run(|tx| tx.shared_references()).await
}

/// How a payment may come to its name.
#[derive(Debug, Clone, Copy)]
enum Door {
    Reply,
    FirstWord,
    OtherName,
}

async fn comes_by(books: &Books, door: Door, reference: &str, name: &str) {
    let started = books.creating(reference).await;
    let mut outcome = accepted(Method::Qris);
    if let (CallOutcome::Accepted(observation), Door::Reply) = (&mut outcome, door) {
        **observation = Observation {
            provider_reference: Some(name.to_owned()),
            ..observation.as_ref().clone()
        };
    }
    books.settle(&started, outcome).await;
    match door {
        Door::Reply => {}
        Door::FirstWord => drop(books.say(started.payment, named(name, "00")).await),
        Door::OtherName => {
            let own = format!("own of {reference}");
            books.say(started.payment, named(&own, "00")).await;
            books.say(started.payment, named(name, "00")).await;
        }
    }
}

#[tokio::test]
async fn one_name_for_two_payments_is_noticed_by_every_door_and_in_every_order() {
    let books = Books::open().await;
    let doors = [Door::Reply, Door::FirstWord, Door::OtherName];
    let mut known = 0;
    for (at, first) in doors.into_iter().enumerate() {
        for (then, second) in doors.into_iter().enumerate() {
            let name = format!("N-{at}-{then}");
            comes_by(&books, first, &format!("A-{at}-{then}"), &name).await;
            assert_eq!(shared(&books).await, known, "{first:?} alone");
            comes_by(&books, second, &format!("B-{at}-{then}"), &name).await;
            known += 1;
            assert_eq!(shared(&books).await, known, "{first:?} then {second:?}");
        }
    }
    let told = books.count("history WHERE fact = 'provider_reference_shared'");
    assert_eq!(told, known);
    // Heard again, nothing is noticed twice.
    let payment = books.sql("SELECT payment_id FROM shared_references LIMIT 1");
    let name = books.sql("SELECT provider_reference FROM shared_references LIMIT 1");
    let payment = ayolinx_core::ids::PaymentId::from_uuid(payment.trim().parse().unwrap());
    books.say(payment, named(name.trim(), "00")).await;
    assert_eq!(shared(&books).await, known);
    books.audit().await;
}

#[tokio::test]
async fn two_that_come_in_one_moment_do_not_pass_unseen() {
    let books = Books::open().await;
    for round in 0..10 {
        let (one, two) = (
            books.pending(&format!("A-{round}")).await,
            books.pending(&format!("B-{round}")).await,
        );
        let say = |payment| {
            let word = named(&format!("N-{round}"), "00");
            let observation = Observation::word(Source::Callback, word);
            books.run(move |tx| tx.apply(payment, &observation))
        };
        join_all([say(one.payment), say(two.payment)]).await;
        assert!(shared(&books).await > round, "round {round}");
    }
}
