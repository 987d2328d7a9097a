//! A shop takes an order back: at the provider where that can be, never against money that is on
//! its way, and not at all while the provider cannot be asked.

use devstack::Stack;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, quick, shared};

async fn cancel(shop: &Shop, order: &Value) -> Answer {
    let id = order["id"].as_str().unwrap();
    shop.post(&format!("/v1/orders/{id}/cancel"), &json!({}))
        .await
}

#[actix_rt::test]
async fn a_qris_order_also_at_the_provider() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let cancelled = cancel(&shop, &made).await.expect(200).json;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["payments"][0]["status"], "cancelled");
    let there = sandbox.transaction(&made["payments"][0]).await;
    assert_eq!(there["latestTransactionStatus"], "05", "{there}");
    let again = cancel(&shop, &made).await.expect(200).json;
    assert_eq!(again, cancelled);
}

#[actix_rt::test]
async fn other_methods_only_here() {
    let shop = Shop::of(shared());
    for channel in [
        "EMONEY_DANA_SNAP",
        "VIRTUAL_ACCOUNT_BNI",
        "RETAIL_ALFAMART",
        "payment_link",
    ] {
        let made = shop.made(&an_order(channel)).await;
        let cancelled = cancel(&shop, &made).await.expect(200).json;
        assert_eq!(cancelled["status"], "cancelled", "{channel}");
    }
}

#[actix_rt::test]
async fn not_when_its_payer_was_faster() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let unheard = json!({"callback": false});
    sandbox.settle(&made["payments"][0], "pay", unheard).await;
    let refused = cancel(&shop, &made).await.problem(409, "order_paid");
    assert_eq!(refused.json["order_id"], made["id"]);
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(order["status"], "paid", "the cancel itself found the money");
    cancel(&shop, &made).await.problem(409, "order_paid");
}

#[actix_rt::test]
async fn not_when_its_money_came_and_went_back() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    for act in ["pay", "refund"] {
        let unheard = json!({"callback": false});
        sandbox.settle(&made["payments"][0], act, unheard).await;
    }
    let refused = cancel(&shop, &made).await.problem(409, "state_conflict");
    assert_eq!(refused.json["order_id"], made["id"]);
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_ne!(order["status"], "pending", "the cancel itself found it");
    assert_ne!(order["status"], "paid");
    cancel(&shop, &made).await.problem(409, "state_conflict");
}

#[actix_rt::test]
async fn not_while_its_payer_is_paying() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let paying = json!({"status": "02", "callback": false});
    sandbox.settle(&made["payments"][0], "pay", paying).await;
    // The sandbox would cancel it; a provider that refuses is what is asked for here.
    let refuses = json!({"call": "qris_cancel", "reference": made["payments"][0]["id"],
        "action": {"kind": "error", "http_status": 403, "response_code": "4037715"}});
    sandbox.fault(refuses).await;
    cancel(&shop, &made).await.problem(409, "state_conflict");
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(order["status"], "pending");
    assert_eq!(order["version"], made["version"], "nothing changed");
}

#[actix_rt::test]
async fn not_when_the_provider_refuses() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let refuses = json!({"call": "qris_cancel", "reference": made["payments"][0]["id"],
        "action": {"kind": "error", "http_status": 403, "response_code": "4037715"}});
    sandbox.fault(refuses).await;
    cancel(&shop, &made).await.problem(409, "state_conflict");
    assert_eq!(
        shop.order(made["id"].as_str().unwrap()).await["status"],
        "pending"
    );
}

async fn stays_as_it_was(stack: &mut Stack, shop: &Shop, made: &Value) {
    stack.kill("ayolinx-sandbox").unwrap();
    let refused = cancel(shop, made)
        .await
        .problem(503, "provider_unavailable");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(&order, made, "nothing changed");
}

#[actix_rt::test]
async fn not_while_the_provider_is_away() {
    let mut stack = quick().start().await.unwrap();
    let shop = Shop::of(&stack);
    let made = shop.made(&an_order("qris")).await;
    stays_as_it_was(&mut stack, &shop, &made).await;
}

#[actix_rt::test]
async fn and_money_that_comes_later_still_wins() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BRI")).await;
    cancel(&shop, &made).await.expect(200);
    sandbox.pay(&made["payments"][0]).await;
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&order["status"], &order["paid_late"]),
        (&json!("paid"), &json!(true))
    );
}
