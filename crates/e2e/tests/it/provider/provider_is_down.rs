//! What was certainly not sent is told so: 503, safe to retry, and the retry goes on with the very
//! payment that was begun.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, of, quick, reference, until_some, with};

#[track_caller]
fn unavailable(answer: Answer) -> Answer {
    let answer = answer.problem(503, "provider_unavailable");
    assert_eq!(answer.json["safe_to_retry"], true);
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    answer
}

/// Asks again until it is made: the breaker may hold back a first retry.
async fn made_by_retrying(shop: &Shop, path: &str, body: &Value) -> Answer {
    until_some(
        Duration::from_secs(20),
        "a retry goes through",
        async || {
            let answer = shop.post(path, body).await;
            match answer.status {
                201 => Ok(answer),
                503 => Err(answer.text()),
                _ => panic!("{}", answer.text()),
            }
        },
    )
    .await
}

#[actix_rt::test]
async fn nobody_there() {
    let mut stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let chosen_later = shop
        .made(&with(an_order("qris"), json!({"payment": null})))
        .await;
    let path = format!(
        "/v1/orders/{}/payments",
        chosen_later["id"].as_str().unwrap()
    );
    stack.kill("ayolinx-sandbox").unwrap();

    let order = an_order("VIRTUAL_ACCOUNT_BNI");
    let refused = unavailable(shop.create(&order).await);
    let begun = shop.find(reference(&order)).await;
    assert_eq!(refused.json["order_id"], begun["id"]);
    assert_eq!(begun["status"], "pending");
    assert_eq!(begun["payments"][0]["status"], "creating");
    assert_eq!(begun["payments"][0]["next_action"], json!(null));
    unavailable(shop.create(&order).await);
    unavailable(shop.post(&path, &of("qris")).await);

    stack.start_again("ayolinx-sandbox").await.unwrap();
    let made = made_by_retrying(&shop, "/v1/orders", &order).await.json;
    assert_eq!(made["payments"].as_array().unwrap().len(), 1);
    assert_eq!(
        made["payments"][0]["id"], begun["payments"][0]["id"],
        "the same payment"
    );
    assert_eq!(made["payments"][0]["status"], "pending");
    let moved = made_by_retrying(&shop, &path, &of("qris")).await.json;
    assert_eq!(moved["payments"].as_array().unwrap().len(), 1, "{moved}");
    sandbox.pay(&made["payments"][0]).await;
    assert_eq!(
        shop.order(made["id"].as_str().unwrap()).await["status"],
        "paid"
    );
}

#[actix_rt::test]
async fn it_does_not_let_us_in() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let error = |http: u16, code: &str| json!({"kind": "error", "http_status": http, "response_code": code});
    let cases = [
        ("token", error(401, "4017300")),
        ("token", json!({"kind": "html_502"})),
        ("token", json!("drop_before_effect")),
        ("token", json!("missing_artefact")),
        ("qris_generate", error(401, "4014701")),
        ("qris_generate", error(500, "581000001")),
        ("qris_generate", error(429, "4294700")),
    ];
    for (call, action) in cases {
        let order = an_order("qris");
        if call == "token" {
            sandbox.revoke_tokens().await;
        }
        sandbox.fault(json!({"call": call, "action": action})).await;
        let refused = shop.create(&order).await;
        assert_eq!(refused.status, 503, "{call} {action}: {}", refused.text());
        unavailable(refused);
        let begun = shop.find(reference(&order)).await;
        assert_eq!(
            begun["payments"][0]["status"], "creating",
            "{call} {action}"
        );
        sandbox.heal().await;
        let made = made_by_retrying(&shop, "/v1/orders", &order).await.json;
        let ids = (&made["payments"][0]["id"], &begun["payments"][0]["id"]);
        assert_eq!(ids.0, ids.1, "{call} {action}");
        assert_eq!(made["payments"].as_array().unwrap().len(), 1);
    }
}

#[actix_rt::test]
async fn what_was_never_sent_expires_without_a_question() {
    let mut stack = quick().start().await.unwrap();
    let shop = Shop::of(&stack);
    stack.kill("ayolinx-sandbox").unwrap();
    let order = with(an_order("qris"), json!({"expires_in": 3}));
    unavailable(shop.create(&order).await);
    let begun = shop.find(reference(&order)).await;
    let expired = shop
        .until_status(begun["id"].as_str().unwrap(), "expired")
        .await;
    assert_eq!(expired["payments"][0]["status"], "expired");
}

#[actix_rt::test]
async fn a_token_that_ran_out_there_is_no_trouble_at_all() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    shop.made(&an_order("qris")).await;
    sandbox.revoke_tokens().await;
    shop.made(&an_order("RETAIL_ALFAMART")).await;
}
