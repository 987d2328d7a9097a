//! Events and their deliveries: what they say, who gets them, one holder at a time, to the end.

use ayolinx_core::method::Method;
use chrono::TimeDelta;
use ledger::{DeliveryNext, LeasedDelivery, TryResult, Urgency};

use crate::monitoring::gauges::queues;
use crate::support::{Books, paid};

async fn lease(books: &Books, limit: i64, per_endpoint: i64) -> Vec<LeasedDelivery> {
    books
        .run(move |tx| tx.lease_deliveries(limit, per_endpoint, TimeDelta::seconds(30)))
        .await
}

fn tried(next: DeliveryNext, status: Option<u16>) -> TryResult {
    TryResult {
        next,
        outcome: "tried".to_owned(),
        status,
        duration_ms: 12,
    }
}

async fn settle(books: &Books, delivery: LeasedDelivery, next: DeliveryNext) -> bool {
    let result = tried(next, Some(500));
    books
        .ledger
        .settle_delivery(&delivery, &result)
        .await
        .unwrap()
}

/// Ids and times differ in each run; everything else is golden.
fn masked(body: &[u8]) -> String {
    let mut value: serde_json::Value = serde_json::from_slice(body).unwrap();
    mask(&mut value);
    serde_json::to_string_pretty(&value).unwrap()
}

fn mask(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let time = name.ends_with("_at") || name == "timestamp";
                match member.as_str() {
                    Some(text) if time => {
                        assert!(text.ends_with("+07:00") && text.len() == 29, "{text}");
                        *member = "[time]".into();
                    }
                    Some(text) if name == "id" => {
                        let prefix = text.split_at(text.len() - 32).0;
                        *member = format!("{prefix}[id]").into();
                    }
                    Some(text) if name.ends_with("_url") && text.contains("/pay/") => {
                        let (start, rest) = text.split_once("ord_").unwrap();
                        *member = format!("{start}ord_[id]{}", rest.split_at(32).1).into();
                    }
                    _ => mask(member),
                }
            }
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(mask),
        _ => {}
    }
}

#[tokio::test]
async fn the_bodies_are_those_of_the_contract() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    for method in Method::ALL {
        let one = books.pending_by(method.as_str(), method).await;
        let delivery = lease(&books, 1, 1).await.remove(0);
        assert_eq!(delivery.event_type, "order.payable");
        let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(body["id"], delivery.event_id.to_string());
        assert_eq!(body["data"]["order"]["id"], one.order.to_string());
        insta::assert_snapshot!(
            format!("payable_{}", method.as_str()),
            masked(&delivery.body)
        );
        settle(&books, delivery, DeliveryNext::Delivered).await;
    }
    let one = books.pending("paid").await;
    books.say(one.payment, paid()).await;
    for delivery in lease(&books, 10, 10).await {
        if delivery.event_type == "order.paid" {
            insta::assert_snapshot!("paid", masked(&delivery.body));
        }
    }
}

#[tokio::test]
async fn a_body_is_the_same_at_every_try_and_shows_the_order_as_it_was() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let one = books.pending_by("A-1", Method::VirtualAccount).await;
    let first = lease(&books, 1, 1).await.remove(0);
    let body = first.body.clone();
    settle(&books, first, DeliveryNext::RetryAfter(TimeDelta::zero())).await;
    books.say(one.payment, paid()).await;
    let again = lease(&books, 10, 10).await;
    let second = again
        .iter()
        .find(|delivery| delivery.event_type == "order.payable")
        .unwrap();
    assert_eq!((second.body == body, second.tries), (true, 1));
    let text = String::from_utf8(body).unwrap();
    assert!(text.contains("Budi Santoso") && text.contains("BUDI SANTOSO"));
    assert!(text.contains(r#""status":"pending""#));
    assert_eq!(
        books.count("events WHERE body LIKE '%Budi%' OR body LIKE '%BUDI%'"),
        0
    );
}

#[tokio::test]
async fn every_endpoint_that_wants_it_gets_each_event() {
    let books = Books::open().await;
    let all = books.endpoint("all").await;
    let some = books.endpoint("some").await;
    let off = books.endpoint("off").await;
    let gone = books.endpoint("gone").await;
    books.sql(&format!(
        "UPDATE webhook_endpoints SET event_types = '{{order.paid}}' WHERE id = '{}'",
        some.as_uuid()
    ));
    books.sql(&format!(
        "UPDATE webhook_endpoints SET enabled = false WHERE id = '{}'",
        off.as_uuid()
    ));
    books.sql(&format!(
        "UPDATE webhook_endpoints SET deleted_at = now() WHERE id = '{}'",
        gone.as_uuid()
    ));
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    let mut got: Vec<_> = lease(&books, 10, 10)
        .await
        .into_iter()
        .map(|delivery| (delivery.endpoint_id, delivery.event_type))
        .collect();
    got.sort();
    let mut expected = vec![
        (all, "order.paid".to_owned()),
        (all, "order.payable".to_owned()),
        (some, "order.paid".to_owned()),
    ];
    expected.sort();
    assert_eq!(got, expected);
    let stranger = Books::open().await;
    assert!(lease(&stranger, 10, 10).await.is_empty());
}

#[tokio::test]
async fn one_endpoint_holds_no_more_than_its_places() {
    let books = Books::open().await;
    let (slow, quick) = (books.endpoint("slow").await, books.endpoint("quick").await);
    for number in 0..6 {
        books.pending(&format!("A-{number}")).await;
    }
    let first = lease(&books, 100, 2).await;
    for endpoint in [slow, quick] {
        assert_eq!(
            first
                .iter()
                .filter(|one| one.endpoint_id == endpoint)
                .count(),
            2
        );
    }
    assert!(
        lease(&books, 100, 2).await.is_empty(),
        "all places are taken"
    );
    for delivery in first {
        if delivery.endpoint_id == quick {
            settle(&books, delivery, DeliveryNext::Delivered).await;
        }
    }
    let next = lease(&books, 100, 2).await;
    assert!(next.iter().all(|one| one.endpoint_id == quick) && next.len() == 2);
}

#[tokio::test]
async fn a_delivery_has_one_holder_and_a_late_one_changes_nothing() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    for number in 0..20 {
        books.pending(&format!("A-{number}")).await;
    }
    let mut events = Vec::new();
    // Who finds an endpoint just being served by another passes it by, so that this takes rounds.
    for _round in 0..20 {
        let mut workers = Vec::new();
        for _ in 0..4 {
            let ledger = books.ledger.clone();
            workers.push(tokio::spawn(async move {
                ledger
                    .at(Urgency::Write)
                    .transact(|tx| tx.lease_deliveries(10, 100, TimeDelta::seconds(30)))
                    .await
                    .unwrap()
            }));
        }
        for worker in workers {
            events.extend(worker.await.unwrap().into_iter().map(|one| one.event_id));
        }
        if events.len() >= 20 {
            break;
        }
    }
    let taken = events.len();
    events.sort();
    events.dedup();
    assert_eq!((taken, events.len()), (20, 20));
    books.sql("UPDATE deliveries SET leased_until = now() - interval '1 s'");
    let old = lease(&books, 1, 100).await.remove(0);
    books.sql("UPDATE deliveries SET leased_until = now() - interval '1 s'");
    let mut all = lease(&books, 100, 100).await;
    let at = all
        .iter()
        .position(|one| one.event_id == old.event_id)
        .unwrap();
    let new = all.remove(at);
    assert!(!settle(&books, old, DeliveryNext::Dead).await);
    assert_eq!(
        books.count("deliveries WHERE state = 'dead' OR tries > 0"),
        0
    );
    assert_eq!(books.count("delivery_tries"), 0);
    assert!(settle(&books, new, DeliveryNext::Delivered).await);
    assert_eq!(books.count("delivery_tries"), 1);
}

#[tokio::test]
async fn tries_end_delivered_later_or_dead() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    books.pending("A-1").await;
    let one = lease(&books, 1, 1).await.remove(0);
    settle(
        &books,
        one,
        DeliveryNext::RetryAfter(TimeDelta::seconds(60)),
    )
    .await;
    assert!(lease(&books, 1, 1).await.is_empty());
    assert_eq!(queues(&books).await.outbox.waiting, 0);
    books.sql("UPDATE deliveries SET due_at = now()");
    assert_eq!(queues(&books).await.outbox.waiting, 1);
    let one = lease(&books, 1, 1).await.remove(0);
    assert_eq!(one.tries, 1);
    settle(&books, one, DeliveryNext::Dead).await;
    assert_eq!(queues(&books).await.dead, 1);
    assert!(lease(&books, 1, 1).await.is_empty());
    assert_eq!(
        books.sql("SELECT array_agg(try_no ORDER BY id) FROM delivery_tries"),
        "{1,2}"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_its_deliveries_wait() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    books.pending("A-1").await;
    books.pending("A-2").await;
    let one = lease(&books, 1, 1).await.remove(0);
    settle(&books, one, DeliveryNext::EndpointGone).await;
    assert!(lease(&books, 10, 10).await.is_empty());
    assert_eq!(
        books.sql("SELECT enabled, disabled_reason FROM webhook_endpoints"),
        "f|gone (410)"
    );
    books.sql("UPDATE webhook_endpoints SET enabled = true");
    assert_eq!(lease(&books, 10, 10).await.len(), 2);
}

#[tokio::test]
async fn two_secrets_sign_while_one_is_rotated_out() {
    let books = Books::open().await;
    let id = books.endpoint("hook").await;
    books.pending("A-1").await;
    books.sql(&format!(
        "UPDATE webhook_endpoints SET previous_secret_sealed = secret_sealed, \
         previous_secret_until = now() + interval '1 h' WHERE id = '{}'",
        id.as_uuid()
    ));
    let one = lease(&books, 1, 1).await.remove(0);
    let secrets: Vec<&str> = one.secrets.iter().map(|secret| secret.expose()).collect();
    assert_eq!(secrets, ["whsec_hook", "whsec_hook"]);
    settle(&books, one, DeliveryNext::RetryAfter(TimeDelta::zero())).await;
    books.sql("UPDATE webhook_endpoints SET previous_secret_until = now()");
    assert_eq!(lease(&books, 1, 1).await.remove(0).secrets.len(), 1);
}

/// Whatever it is that cannot be read.
#[tokio::test]
async fn a_webhook_that_cannot_be_read_holds_up_no_other_and_comes_when_it_can() {
    for broken in [
        "UPDATE webhook_endpoints SET secret_sealed = 'broken' WHERE url LIKE '%/bad'",
        "UPDATE events SET body = 'not JSON' WHERE order_id = (SELECT id FROM orders WHERE reference = 'A-1')",
        "UPDATE payers SET sealed = 'broken' WHERE order_id = (SELECT id FROM orders WHERE reference = 'A-1')",
    ] {
        let books = Books::open().await;
        for endpoint in ["good", "bad"] {
            books.endpoint(endpoint).await;
        }
        for number in 1..=3 {
            books.pending(&format!("A-{number}")).await;
        }
        for table in ["webhook_endpoints", "events", "payers"] {
            books.sql(&format!(
                "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            ));
        }
        books.sql(broken);
        let leased = lease(&books, 100, 16).await;
        let unreadable = books.count("deliveries WHERE last_error = 'unreadable' AND tries = 0 AND leased_until IS NULL AND due_at > now() + interval '5 minutes'");
        assert_eq!(
            i64::try_from(leased.len()).unwrap() + unreadable,
            6,
            "{broken}"
        );
        assert!((2..=3).contains(&unreadable), "{broken}: {unreadable}");
        for delivery in leased {
            assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
        }
        assert!(lease(&books, 100, 16).await.is_empty());
        books.sql("UPDATE webhook_endpoints SET secret_sealed = kept.secret_sealed FROM kept_webhook_endpoints kept WHERE kept.id = webhook_endpoints.id");
        books.sql(
            "UPDATE events SET body = kept.body FROM kept_events kept WHERE kept.id = events.id",
        );
        books.sql("UPDATE payers SET sealed = kept.sealed FROM kept_payers kept WHERE kept.order_id = payers.order_id");
        books.sql("UPDATE deliveries SET due_at = now() WHERE state = 'due'");
        let rest = lease(&books, 100, 16).await;
        assert_eq!(i64::try_from(rest.len()).unwrap(), unreadable, "{broken}");
        for delivery in rest {
            assert!(settle(&books, delivery, DeliveryNext::Delivered).await);
        }
        assert_eq!(books.count("deliveries WHERE state <> 'delivered'"), 0);
    }
}
