//! The token in one process: fetched once, reused, replaced only when it is the one that was refused.

use std::time::Duration;

use ayolinx_client::{AyolinxClient, Outcome, TokenCache};
use ayolinx_core::method::Method;

use crate::bodies::{REFERENCE, channel, request};
use crate::stub::{Act, Stub, coded, ok, token_body};

const ANSWER: &str = r#"{"responseCode":"2005100","latestTransactionStatus":"03"}"#;

async fn ask(client: &AyolinxClient) -> &'static str {
    client
        .inquire(Method::Qris, "BNC_QRIS", REFERENCE)
        .await
        .name()
}

fn token_living(secs: &str) -> Act {
    ok(&token_body(1).replace("\"900\"", secs))
}

#[actix_rt::test]
async fn a_token_serves_many_calls_and_many_clients() {
    let stub = Stub::new(&[ok(ANSWER)]);
    let tokens = TokenCache::in_process();
    for _ in 0..3 {
        let client = stub.client_with(tokens.clone());
        assert_eq!(
            (ask(&client).await, ask(&client).await),
            ("accepted", "accepted")
        );
    }
    assert_eq!((stub.token_requests(), stub.calls().len()), (1, 6));
}

#[actix_rt::test]
async fn calls_in_parallel_fetch_one_token() {
    let slow = Act::Late(Duration::from_millis(100), Box::new(ok(&token_body(1))));
    let stub = Stub::with_token_acts(&[slow], &[ok(ANSWER)]);
    let client = stub.client();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            actix_rt::spawn(async move { ask(&client).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), "accepted");
    }
    assert_eq!(stub.token_requests(), 1);
}

#[actix_rt::test]
async fn a_token_refused_to_many_at_once_is_replaced_once() {
    let mut acts = vec![coded(401, "4015101"); 10];
    acts.push(ok(ANSWER));
    let stub = Stub::new(&acts);
    let client = stub.client();
    assert!(matches!(client.fetch_token().await, Outcome::Accepted(_)));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            actix_rt::spawn(async move { ask(&client).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let refused_again = stub
        .calls()
        .iter()
        .any(|call| call.header("authorization") == "Bearer token-3");
    assert!(
        stub.token_requests() <= 3 && !refused_again,
        "{}",
        stub.token_requests()
    );
}

#[actix_rt::test]
async fn a_refused_token_is_not_asked_for_again_at_once() {
    let refused = coded(401, "4017300");
    let stub = Stub::with_token_acts(&[refused, ok(&token_body(1))], &[ok(ANSWER)]);
    let client = stub.client();
    for _ in 0..20 {
        assert_eq!(ask(&client).await, "not_sent");
    }
    assert_eq!(
        stub.token_requests(),
        1,
        "a wrong clock or key asks once a second"
    );
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while ask(&client).await != "accepted" {
        assert!(
            std::time::Instant::now() < deadline,
            "asked again after a while"
        );
        actix_rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stub.token_requests(), 2);
}

#[actix_rt::test]
async fn a_life_is_never_assumed_to_be_long() {
    for (life, requests) in [
        ("\"1\"", 2),
        ("\"60\"", 1),
        ("3600", 1),
        ("\"\"", 1),
        ("null", 1),
    ] {
        let stub = Stub::with_token_acts(&[token_living(life)], &[ok(ANSWER)]);
        let client = stub.client();
        assert_eq!(
            (ask(&client).await, ask(&client).await),
            ("accepted", "accepted")
        );
        assert_eq!(stub.token_requests(), requests, "{life}");
    }
}

#[actix_rt::test]
async fn an_early_refresh_that_fails_leaves_the_old_token_serving() {
    // A token of one second is due at once and serves until it ends.
    let acts = [token_living("\"1\""), Act::Close];
    let stub = Stub::with_token_acts(&acts, &[ok(ANSWER)]);
    let client = stub.client();
    assert_eq!(
        (ask(&client).await, ask(&client).await),
        ("accepted", "accepted")
    );
    assert_eq!(stub.token_requests(), 2);
    assert!(
        stub.calls()
            .iter()
            .all(|call| call.header("authorization") == "Bearer token-1")
    );
}

#[actix_rt::test]
async fn a_token_fetched_on_purpose_tells_its_life_and_the_providers_clock() {
    let body = token_body(1);
    let date = Act::ReplyWith(200, "date: Sun, 01 Jun 2025 03:15:30 GMT", body);
    let stub = Stub::with_token_acts(&[date], &[ok(ANSWER)]);
    let client = stub.client();
    let Outcome::Accepted(receipt) = client.fetch_token().await else {
        panic!()
    };
    assert_eq!(receipt.lifetime, Some(Duration::from_secs(900)));
    assert_eq!(receipt.provider_time.unwrap().timestamp(), 1_748_747_730);
    assert_eq!(ask(&client).await, "accepted");
    assert_eq!(stub.token_requests(), 1);
}

#[actix_rt::test]
async fn every_exchange_has_its_own_connection() {
    // The stub closes each connection after one answer without saying so: a kept one would break the next call.
    let reply = r#"{"responseCode":"2004700","qrContent":"00020101021226180014ID.CO.TEST.WWW53033605405150005802ID63044AFE"}"#;
    let stub = Stub::new(&[ok(reply)]);
    let channel = channel("BNC_QRIS");
    let client = stub.client();
    for _ in 0..5 {
        assert_eq!(client.create(&request(&channel)).await.name(), "accepted");
    }
    let ids: std::collections::HashSet<String> = stub
        .calls()
        .iter()
        .map(|call| call.header("x-external-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 5);
}
