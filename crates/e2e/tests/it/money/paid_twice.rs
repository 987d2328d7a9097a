//! A second receipt is nobody's mistake to lose: it is kept apart, the order stays paid, and the
//! shop is told.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, of, shared, suspense_minor};

async fn is_overpaid(shop: &Shop, paid: &Value, sum: &str) {
    let id = paid["id"].as_str().unwrap();
    let stack = shared();
    let within = Duration::from_secs(20);
    let heard = stack
        .receiver()
        .wait_for(within, |d| d.is("order.overpaid", id))
        .await;
    assert_eq!(heard.unwrap().verified, Ok(()));
    let order = shop.order(id).await;
    assert_eq!(order["status"], "paid");
    assert_eq!(order["paid_amount"]["value"], sum, "{order}");
    assert!(order["version"].as_i64() > paid["version"].as_i64());
    assert_eq!(suspense_minor(stack, id), 2_500_000);
}

#[actix_rt::test]
async fn on_two_payments_of_one_order() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/orders/{id}/payments");
    let moved = shop
        .post(&path, &of("RETAIL_ALFAMART"))
        .await
        .expect(201)
        .json;
    sandbox.pay(&moved["payments"][1]).await;
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid");
    sandbox.pay(&moved["payments"][0]).await;
    // What is in suspense is no part of it (contract 4.2).
    is_overpaid(&shop, &paid, "25000.00").await;
}

#[actix_rt::test]
async fn on_one_number_by_another_payment_request() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_CIMB")).await;
    let id = made["id"].as_str().unwrap();
    let first = json!({"mode": "snap", "providerReference": "REQUEST-1"});
    sandbox
        .settle(&made["payments"][0], "pay", first.clone())
        .await;
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid");

    let again = sandbox.settle(&made["payments"][0], "pay", first).await;
    assert_eq!(again["state"], "delivered");
    assert_eq!(
        shop.order(id).await,
        paid,
        "the same request is the same money"
    );

    let second = json!({"mode": "snap", "providerReference": "REQUEST-2"});
    sandbox.settle(&made["payments"][0], "pay", second).await;
    is_overpaid(&shop, &paid, "25000.00").await;
}

#[actix_rt::test]
async fn not_when_the_provider_only_names_it_differently() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    sandbox.pay(&made["payments"][0]).await;
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid");
    let alias = json!({"providerReference": "ANOTHER-NAME"});
    let callback = sandbox.settle(&made["payments"][0], "pay", alias).await;
    assert_eq!(callback["state"], "delivered");
    assert_eq!(shop.order(id).await, paid);
    assert_eq!(suspense_minor(stack, id), 0);
}
