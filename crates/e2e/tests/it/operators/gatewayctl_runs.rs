//! The operator's tool does its work on the same books, and says by its exit code how it went.

use std::time::Duration;

use devstack::run_sql;
use serde_json::json;

use crate::support::{
    Provider, QRIS, Sandbox, Shop, an_order, assert_books_balance, gatewayctl, quick, reference,
    shared, until,
};

#[actix_rt::test]
async fn merchants_and_keys_come_and_go() {
    let stack = shared();
    let made = stack
        .gatewayctl_json(&["merchants", "create", "--name", "Warung Kopi"])
        .unwrap();
    let merchant = made["merchant_id"].as_str().unwrap();
    assert!(merchant.starts_with("mer_"), "{made}");
    let key = made["api_key"].as_str().unwrap();
    assert!(key.starts_with("gk_"));
    let listed = stack.gatewayctl(&["merchants", "list"]).unwrap();
    assert!(
        listed.contains("Warung Kopi") && listed.contains(merchant),
        "{listed}"
    );
    assert!(!listed.contains(key));

    let second = stack
        .gatewayctl_json(&["keys", "create", "--merchant", merchant])
        .unwrap();
    let second = second["api_key"].as_str().unwrap().to_owned();
    for key in [key, &second] {
        Shop::with_key(stack, key)
            .get("/v1/orders")
            .await
            .expect(200);
    }
    let begins: String = second.chars().take(12).collect();
    let keys = stack
        .gatewayctl_json(&["keys", "list", "--merchant", merchant])
        .unwrap();
    assert!(
        !keys.to_string().contains(&second),
        "a key is shown once: {keys}"
    );
    stack
        .gatewayctl(&["keys", "revoke", "--merchant", merchant, &begins])
        .unwrap();
    let revoked = Shop::with_key(stack, &second).get("/v1/orders").await;
    revoked.problem(401, "unauthorized");
    Shop::with_key(stack, key)
        .get("/v1/orders")
        .await
        .expect(200);
}

#[actix_rt::test]
async fn orders_are_shown_synced_and_cancelled() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let order = an_order("qris");
    let made = shop.made(&order).await;
    let shown = stack
        .gatewayctl_json(&["orders", "show", reference(&order)])
        .unwrap();
    assert_eq!(shown["id"], made["id"], "{shown}");
    sandbox
        .settle(&made["payments"][0], "pay", json!({"callback": false}))
        .await;
    let id = made["id"].as_str().unwrap();
    stack.gatewayctl(&["sync", id]).unwrap();
    assert_eq!(shop.order(id).await["status"], "paid");
    let shown = stack.gatewayctl(&["orders", "show", id]).unwrap();
    assert!(shown.contains("paid"), "{shown}");

    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    stack.gatewayctl(&["orders", "cancel", id]).unwrap();
    assert_eq!(shop.order(id).await["status"], "cancelled");
    let there = sandbox.transaction(&made["payments"][0]).await;
    assert_eq!(there["latestTransactionStatus"], "05");
}

#[actix_rt::test]
async fn a_webhook_to_a_forbidden_address_is_refused() {
    let stack = shared();
    let merchant = &stack.merchant().id;
    for url in [
        "http://169.254.169.254/",
        "http://10.0.0.1/",
        "http://example.com/",
        "ftp://x/",
    ] {
        let add = ["webhooks", "add", "--merchant", merchant, "--url", url];
        assert!(stack.gatewayctl(&add).is_err(), "{url}");
    }
}

#[actix_rt::test]
async fn audit_proves_the_books_and_finds_what_was_changed() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let made = shop.made(&an_order("qris")).await;
    sandbox.pay(&made["payments"][0]).await;
    assert_books_balance(&stack);
    let id = made["id"].as_str().unwrap().trim_start_matches("ord_");
    let forge = format!("UPDATE orders SET paid_minor = paid_minor + 100 WHERE id = '{id}'");
    run_sql(&stack.database_url(), &forge).unwrap();
    let audit = gatewayctl(&stack, &["audit"]);
    assert_eq!(audit.code, Some(1), "{audit:?}");
    assert!(audit.stdout.contains("BROKEN"), "{audit:?}");
}

#[actix_rt::test]
async fn doctor_finds_a_running_stack_well() {
    let doctor = gatewayctl(shared(), &["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
}

#[actix_rt::test]
async fn what_the_worker_refused_is_explained() {
    let stack = quick().start().await.unwrap();
    let provider = Provider::of(&stack);
    let body = json!({"latestTransactionStatus": "00"}).to_string();
    provider.send(QRIS, &[], body.as_bytes()).await.expect(401);
    until(
        Duration::from_secs(10),
        "it is kept and explained",
        async || {
            let explained = gatewayctl(&stack, &["verify", "--rejected"]);
            explained.stdout.contains(QRIS)
        },
    )
    .await;
}

#[actix_rt::test]
async fn what_cannot_be_understood_is_said_so() {
    let stack = shared();
    for (arguments, code) in [
        (vec!["nonsense"], 2),
        (vec!["orders", "show"], 2),
        (vec!["orders", "show", "no-such-order"], 1),
    ] {
        let ran = gatewayctl(stack, &arguments);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran:?}");
    }
}
