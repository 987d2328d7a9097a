//! Money that goes back at the provider goes back in the books: the whole, a part, or what was
//! never the merchant's.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, of, shared, suspense_minor};

async fn a_paid_order(channel: &str) -> (Shop, Sandbox, Value) {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order(channel)).await;
    sandbox.pay(&made["payments"][0]).await;
    let paid = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(paid["status"], "paid");
    (shop, sandbox, paid)
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

async fn is_told(order: &Value) {
    let within = Duration::from_secs(20);
    let receiver = shared().receiver();
    let heard = receiver
        .wait_for(within, |d| d.is("order.refunded", id(order)))
        .await;
    assert_eq!(heard.unwrap().order(), order);
}

#[actix_rt::test]
async fn the_whole() {
    for channel in ["qris", "EMONEY_DANA_SNAP"] {
        let (shop, sandbox, paid) = a_paid_order(channel).await;
        sandbox
            .settle(&paid["payments"][0], "refund", json!({}))
            .await;
        let order = shop.order(id(&paid)).await;
        assert_eq!(order["status"], "refunded", "{channel}: {order}");
        assert_eq!(order["payments"][0]["status"], "refunded");
        assert_eq!(order["paid_amount"]["value"], "0.00");
        is_told(&order).await;
        let again = sandbox
            .settle(&paid["payments"][0], "refund", json!({}))
            .await;
        assert_eq!(again["state"], "delivered");
        assert_eq!(
            shop.order(id(&paid)).await,
            order,
            "hearing it twice changes nothing"
        );
    }
}

#[actix_rt::test]
async fn a_part() {
    let (shop, sandbox, paid) = a_paid_order("qris").await;
    let part = json!({"amount": "10000.00"});
    sandbox.settle(&paid["payments"][0], "refund", part).await;
    let order = shop.order(id(&paid)).await;
    assert_eq!(order["status"], "paid", "{order}");
    assert_eq!(order["paid_amount"]["value"], "15000.00", "{order}");
    is_told(&order).await;
}

#[actix_rt::test]
async fn money_is_not_paid_again_by_an_old_success() {
    let (shop, sandbox, paid) = a_paid_order("qris").await;
    sandbox
        .settle(&paid["payments"][0], "refund", json!({}))
        .await;
    let refunded = shop.order(id(&paid)).await;
    sandbox.settle(&paid["payments"][0], "pay", json!({})).await;
    assert_eq!(shop.order(id(&paid)).await, refunded);
}

#[actix_rt::test]
async fn before_any_success_a_person_looks() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    sandbox
        .settle(&made["payments"][0], "refund", json!({}))
        .await;
    let order = shop.order(id(&made)).await;
    assert_eq!(order["status"], "review", "{order}");
    assert_eq!(order["paid_amount"]["value"], "0.00");
    assert_eq!(suspense_minor(stack, id(&made)), 0, "it has left again");
}

#[actix_rt::test]
async fn of_a_second_receipt_the_order_stays_paid() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    let path = format!("/v1/orders/{}/payments", id(&made));
    let moved = shop
        .post(&path, &of("EMONEY_DANA_SNAP"))
        .await
        .expect(201)
        .json;
    sandbox.pay(&moved["payments"][1]).await;
    sandbox.pay(&moved["payments"][0]).await;
    assert_eq!(suspense_minor(stack, id(&made)), 2_500_000);
    sandbox
        .settle(&moved["payments"][0], "refund", json!({}))
        .await;
    let order = shop.order(id(&made)).await;
    assert_eq!(order["status"], "paid", "{order}");
    assert_eq!(order["paid_amount"]["value"], "25000.00", "{order}");
    assert_eq!(suspense_minor(stack, id(&made)), 0);
}
