//! Money that is not what was asked is never called paid: a person looks, and it is kept apart.

use std::time::Duration;

use serde_json::json;

use crate::support::{Sandbox, Shop, an_order, shared, suspense_minor};

#[actix_rt::test]
async fn more_or_less_than_was_asked() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    for (channel, value, minor) in [
        ("qris", "24999.00", 2_499_900),
        ("VIRTUAL_ACCOUNT_BNI", "25001.00", 2_500_100),
        ("EMONEY_DANA_SNAP", "250000.00", 25_000_000),
        ("RETAIL_ALFAMART", "1000.00", 100_000),
        ("payment_link", "24999.50", 2_499_950),
    ] {
        let made = shop.made(&an_order(channel)).await;
        let id = made["id"].as_str().unwrap();
        let callback = sandbox
            .settle(&made["payments"][0], "pay", json!({"amount": value}))
            .await;
        assert_eq!(callback["state"], "delivered", "{channel}: {callback}");
        let order = shop.order(id).await;
        assert_eq!(order["status"], "review", "{channel}: {order}");
        assert_eq!(order["payments"][0]["status"], "review", "{channel}");
        assert_eq!(order["paid_amount"]["value"], "0.00", "{channel}");
        assert_eq!(order["paid_at"], json!(null), "{channel}");
        assert_eq!(suspense_minor(stack, id), minor, "{channel}");
        let within = Duration::from_secs(20);
        let heard = stack
            .receiver()
            .wait_for(within, |d| d.is("order.review_required", id))
            .await;
        assert_eq!(heard.unwrap().verified, Ok(()), "{channel}");
    }
}

#[actix_rt::test]
async fn the_right_amount_that_comes_later_resolves_it() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    sandbox
        .settle(&made["payments"][0], "pay", json!({"amount": "1000.00"}))
        .await;
    assert_eq!(shop.order(id).await["status"], "review");
    sandbox
        .settle(&made["payments"][0], "pay", json!({"amount": "25000.00"}))
        .await;
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(paid["paid_amount"]["value"], "25000.00");
    assert_eq!(suspense_minor(stack, id), 0);
}

#[actix_rt::test]
async fn where_no_amount_is_told_the_provider_is_asked() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_MANDIRI")).await;
    let silent = json!({"withoutAmount": true});
    sandbox.settle(&made["payments"][0], "pay", silent).await;
    let paid = shop
        .until_status(made["id"].as_str().unwrap(), "paid")
        .await;
    assert_eq!(paid["paid_amount"]["value"], "25000.00");
}

#[actix_rt::test]
async fn where_nobody_can_be_asked_a_person_is() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("payment_link")).await;
    let silent = json!({"withoutAmount": true});
    sandbox.settle(&made["payments"][0], "pay", silent).await;
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(order["status"], "review", "{order}");
}
