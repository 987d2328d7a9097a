//! Money that comes after the end is money all the same, and the shop is told that it came late.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, shared, with};

async fn comes_late(shop: &Shop, order: &Value) {
    let stack = shared();
    let id = order["id"].as_str().unwrap();
    let callback = Sandbox::of(stack).pay(&order["payments"][0]).await;
    assert_eq!(callback["state"], "delivered", "{callback}");
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(paid["paid_late"], true, "{paid}");
    assert_eq!(paid["paid_amount"]["value"], "25000.00");
    assert_eq!(paid["payments"][0]["status"], "paid");
    let within = Duration::from_secs(20);
    let heard = stack
        .receiver()
        .wait_for(within, |d| d.is("order.paid_late", id))
        .await;
    assert_eq!(heard.unwrap().order()["paid_late"], true);
    let on_time = stack.receiver().deliveries();
    assert!(
        !on_time.iter().any(|d| d.is("order.paid", id)),
        "instead of order.paid"
    );
}

#[actix_rt::test]
async fn after_it_expired() {
    let shop = Shop::of(shared());
    let channels = [
        "qris",
        "VIRTUAL_ACCOUNT_BRI",
        "RETAIL_POS_INDONESIA",
        "payment_link",
    ];
    let late = channels.map(async |channel| {
        let order = with(an_order(channel), json!({"expires_in": 3}));
        let made = shop.made(&order).await;
        shop.until_status(made["id"].as_str().unwrap(), "expired")
            .await;
        comes_late(&shop, &made).await;
    });
    join_all(late).await;
}

#[actix_rt::test]
async fn after_the_shop_took_it_back() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("RETAIL_ALFAMART")).await;
    let path = format!("/v1/orders/{}/cancel", made["id"].as_str().unwrap());
    shop.post(&path, &json!({})).await.expect(200);
    comes_late(&shop, &made).await;
}

#[actix_rt::test]
async fn after_it_failed() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("EMONEY_DANA_SNAP")).await;
    Sandbox::of(shared())
        .settle(&made["payments"][0], "fail", json!({}))
        .await;
    comes_late(&shop, &made).await;
}
