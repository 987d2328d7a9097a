//! The operator tries the provider beside running services, and holds the books against it.

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, assert_books_balance, gatewayctl, quick};

#[actix_rt::test]
async fn the_workers_callbacks_tell_how_the_provider_signs() {
    let stack = quick().start().await.unwrap();
    let ran = gatewayctl(
        &stack,
        &[
            "live-check",
            "--stored",
            "--json",
            "--wait",
            "2m",
            "--expire-after",
            "10s",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let reading = |topic: &str| {
        let all = report["findings"].as_array().unwrap();
        let found = all.iter().find(|one| one["topic"] == topic).unwrap();
        found["reading"].as_str().unwrap().to_owned()
    };
    let route = reading("route in a callback's signature");
    assert!(route.contains("path of the URL"), "{route}");
    assert!(reading("route with a query").contains("with ? and the query"));
    assert_eq!(reading("callbacks of every method"), "all called back");
    let refused = reading("what counts as a failed callback");
    assert!(refused.contains("--listen"), "{refused}");
    let key = reading("the provider's public key");
    assert!(key.contains("one of ours"), "{key}");
}

#[actix_rt::test]
async fn the_books_are_held_against_the_provider() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let told = shop.made(&an_order("qris")).await;
    sandbox.pay(&told["payments"][0]).await;
    let silent = shop.made(&an_order("qris")).await;
    let made = &silent["payments"][0];
    sandbox
        .settle(made, "pay", json!({"callback": false}))
        .await;
    let range = [
        "reconcile",
        "--from",
        "2020-01-01",
        "--to",
        "2120-01-01",
        "--json",
    ];
    let ran = gatewayctl(&stack, &range);
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.stdout, ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["agree"], 1, "{report:#}");
    let found = &report["differences"][0];
    assert_eq!(found["difference"], "paid_there", "{report:#}");
    assert_eq!(found["payment_id"], made["id"]);
    let order = silent["id"].as_str().unwrap();
    assert_eq!(
        shop.order(order).await["status"],
        "pending",
        "it only reads"
    );
    stack.gatewayctl(&["sync", order]).unwrap();
    assert_eq!(gatewayctl(&stack, &range).code, Some(0));
    assert_books_balance(&stack);
}
