//! A process that is killed while the provider has its call leaves nothing hanging: once its lease
//! has run out another one finds out what became of it.

use std::time::Duration;

use serde_json::json;

use crate::support::{Journal, Sandbox, Shop, an_order, quick, reference, until};

#[actix_rt::test]
async fn and_another_one_finishes_it() {
    let journal = Journal::new();
    let mut stack = quick()
        .env("PROVIDER_TIMEOUT_MS", "1000")
        .env("LEASE_MS", "6000")
        .env("RESOLVE_SCHEDULE", "200ms,500ms,1s,3500ms,5s,6s,8s,10s")
        .sandbox_env("SANDBOX_JOURNAL", &journal.path())
        .start()
        .await
        .unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let hang = |done: bool| json!({"kind": "hang", "after_effect": done});
    sandbox
        .fault(json!([
            {"call": "qris_generate", "times": 1, "action": hang(true)},
            {"call": "va_create", "times": 1, "action": hang(false)},
        ]))
        .await;
    let orders = [an_order("qris"), an_order("VIRTUAL_ACCOUNT_BNI")];
    for order in orders.clone() {
        let shop = shop.clone();
        // Nobody will answer: the process dies first.
        actix_rt::spawn(async move { shop.try_post("/v1/orders", &order, &[]).await });
    }
    until(Duration::from_secs(10), "both calls hang", async || {
        sandbox.fired().await == [1, 1]
    })
    .await;
    stack.kill("gateway-api-1").unwrap();
    stack.start_again("gateway-api-1").await.unwrap();

    let replaced = shop.find(reference(&orders[0])).await;
    let replaced = replaced["id"].as_str().unwrap();
    let resent = shop.find(reference(&orders[1])).await;
    let resent = resent["id"].as_str().unwrap();
    let payable = |order: &serde_json::Value| order["payments"][0]["status"] == "pending";
    let order = shop
        .until(replaced, "the one that was done is replaced", payable)
        .await;
    assert_eq!(order["payments"].as_array().unwrap().len(), 2, "{order}");
    assert_eq!(order["payments"][1]["failure"]["code"], "artefact_lost");
    let order = shop
        .until(resent, "the one that was not done is sent again", payable)
        .await;
    assert_eq!(order["payments"].as_array().unwrap().len(), 1, "{order}");
    for order in &orders {
        let again = shop.create(order).await.expect(201);
        assert_eq!(again.json["payments"][0]["status"], "pending");
    }
    journal.assert_nothing_was_accepted_twice();
}
