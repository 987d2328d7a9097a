//! A notification that never comes costs time, not money: the worker asks.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{CHANNELS, Sandbox, Shop, an_order, of, quick, with};

fn asking() -> devstack::StackBuilder {
    let often = "300ms,800ms,1500ms,2s,3s,4s,5s,6s,8s,10s,12s,15s,20s";
    quick()
        .env("INQUIRY_SCHEDULE", often)
        .sandbox_env("SANDBOX_TIME_SCALE", "10")
}

#[actix_rt::test]
async fn of_every_channel_that_can_be_asked_about() {
    let stack = asking().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let found = CHANNELS
        .iter()
        .filter(|c| **c != "payment_link")
        .map(async |channel| {
            let made = shop.made(&an_order(channel)).await;
            let unheard = json!({"callback": false});
            sandbox.settle(&made["payments"][0], "pay", unheard).await;
            let paid = shop
                .until_status(made["id"].as_str().unwrap(), "paid")
                .await;
            assert_eq!(paid["paid_amount"]["value"], "25000.00", "{channel}");
        });
    join_all(found).await;
}

#[actix_rt::test]
async fn also_of_what_was_taken_back_or_replaced() {
    let stack = asking().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let unheard = json!({"callback": false});

    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BRI")).await;
    let id = made["id"].as_str().unwrap();
    shop.post(&format!("/v1/orders/{id}/cancel"), &json!({}))
        .await
        .expect(200);
    sandbox
        .settle(&made["payments"][0], "pay", unheard.clone())
        .await;
    let paid = shop.until_status(id, "paid").await;
    assert_eq!(paid["paid_late"], true);

    let made = shop.made(&an_order("RETAIL_ALFAMART")).await;
    let id = made["id"].as_str().unwrap();
    shop.post(&format!("/v1/orders/{id}/payments"), &of("qris"))
        .await
        .expect(201);
    sandbox.settle(&made["payments"][0], "pay", unheard).await;
    let paid = shop.until_status(id, "paid").await;
    assert_eq!(paid["payments"][1]["status"], "paid");
    assert_eq!(paid["payments"][0]["status"], "cancelled");
}

#[actix_rt::test]
async fn the_amounts_that_make_the_sandbox_act_do_what_a_shop_may_test_with() {
    let stack = asking().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let of_rupiah = |rupiah: &str| {
        with(
            an_order("qris"),
            json!({"amount": {"value": rupiah, "currency": "IDR"}}),
        )
    };
    let pays_itself = shop.made(&of_rupiah("25903")).await;
    let pays_silently = shop.made(&of_rupiah("25905")).await;
    let pays_late = with(of_rupiah("25904"), json!({"expires_in": 3}));
    let pays_late = shop.made(&pays_late).await;
    for order in [&pays_itself, &pays_silently] {
        let paid = shop
            .until_status(order["id"].as_str().unwrap(), "paid")
            .await;
        assert_eq!(paid["paid_late"], false);
    }
    let silent = sandbox.transaction(&pays_silently["payments"][0]).await;
    assert_eq!(silent["callbacks"][0]["state"], "dropped", "{silent}");
    shop.until_status(pays_late["id"].as_str().unwrap(), "paid")
        .await;
}

#[actix_rt::test]
async fn a_shop_that_will_not_wait_asks_itself() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let made = shop.made(&an_order("qris")).await;
    let sync = format!("/v1/orders/{}/sync", made["id"].as_str().unwrap());
    sandbox
        .settle(&made["payments"][0], "pay", json!({"callback": false}))
        .await;
    let paid = shop.post(&sync, &json!({})).await.expect(200).json;
    assert_eq!(paid["status"], "paid", "{paid}");
    let again = shop
        .post(&sync, &json!({}))
        .await
        .problem(429, "rate_limited");
    assert!(again.header("retry-after").is_some());

    let chosen_later = shop
        .made(&with(an_order("qris"), json!({"payment": null})))
        .await;
    let sync = format!("/v1/orders/{}/sync", chosen_later["id"].as_str().unwrap());
    shop.post(&sync, &json!({})).await.expect(200);
}
