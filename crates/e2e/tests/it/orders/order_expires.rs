//! An order that nobody pays expires, after a last look for money, and stays expired.

use std::time::Duration;

use serde_json::json;

use crate::support::{CHANNELS, Sandbox, Shop, an_order, of, shared, with};

const WITHIN: Duration = Duration::from_secs(20);

#[actix_rt::test]
async fn of_every_channel() {
    let stack = shared();
    let shop = Shop::of(stack);
    let mut made = Vec::new();
    for channel in CHANNELS {
        let order = with(an_order(channel), json!({"expires_in": 3}));
        made.push(shop.made(&order).await);
    }
    for order in made {
        let id = order["id"].as_str().unwrap();
        let expired = shop.until_status(id, "expired").await;
        assert_eq!(expired["payments"][0]["status"], "expired", "{expired}");
        assert_eq!(expired["payments"][0]["next_action"], json!(null));
        assert_eq!(expired["paid_amount"]["value"], "0.00");
        let heard = stack
            .receiver()
            .wait_for(WITHIN, |d| d.is("order.expired", id))
            .await;
        assert_eq!(heard.unwrap().verified, Ok(()));
    }
}

#[actix_rt::test]
async fn also_when_its_payer_never_chose() {
    let stack = shared();
    let shop = Shop::of(stack);
    let order = with(an_order("qris"), json!({"payment": null, "expires_in": 3}));
    let made = shop.made(&order).await;
    assert_eq!(made["payments"], json!([]));
    shop.until_status(made["id"].as_str().unwrap(), "expired")
        .await;
}

#[actix_rt::test]
async fn and_takes_no_new_payment_from_then_on() {
    let shop = Shop::of(shared());
    let order = with(an_order("qris"), json!({"expires_in": 3}));
    let made = shop.made(&order).await;
    let id = made["id"].as_str().unwrap();
    shop.until_status(id, "expired").await;
    let path = format!("/v1/orders/{id}/payments");
    let refused = shop.post(&path, &of("VIRTUAL_ACCOUNT_BNI")).await;
    refused.problem(409, "order_not_payable");
    let refused = shop
        .post(&format!("/v1/orders/{id}/cancel"), &json!({}))
        .await;
    refused.problem(409, "state_conflict");
}

#[actix_rt::test]
async fn not_while_money_waits_at_the_provider() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let order = with(an_order("qris"), json!({"expires_in": 3}));
    let made = shop.made(&order).await;
    // Paid in time, and the callback is lost: the last look finds it.
    let lost = json!({"callback": false});
    sandbox.settle(&made["payments"][0], "pay", lost).await;
    let id = made["id"].as_str().unwrap();
    let paid = shop
        .until(id, "final", |order| order["status"] != "pending")
        .await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(paid["paid_late"], false);
}
