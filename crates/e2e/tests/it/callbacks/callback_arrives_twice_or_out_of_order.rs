//! Facts may come twice, late and in any order: money counts once and is never undone by an older
//! word.

use std::time::Duration;

use chrono::Utc;
use serde_json::{Value, json};

use crate::support::{Provider, QRIS, Sandbox, Shop, an_order, shared};

async fn an_open_order(shop: &Shop) -> Value {
    shop.made(&an_order("qris")).await
}

/// Events that were made: with the change, so that there is nothing to wait for.
async fn paid_events(shop: &Shop, id: &str) -> usize {
    let path = format!("/v1/orders/{id}/timeline");
    let told = shop.get(&path).await.expect(200).json;
    let items = told["data"].as_array().unwrap().iter();
    items
        .filter(|item| item["kind"] == "event" && item["fact"] == "order.paid")
        .count()
}

#[actix_rt::test]
async fn the_same_bytes_twenty_times() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = an_open_order(&shop).await;
    let payment = &made["payments"][0];
    let twenty = json!({"reference": payment["id"], "action": {"kind": "duplicate", "times": 19}});
    sandbox.fault(twenty).await;
    sandbox.pay(payment).await;
    let id = made["id"].as_str().unwrap();
    let paid = shop.order(id).await;
    crate::support::until(
        Duration::from_secs(20),
        "all twenty are answered",
        async || {
            let there = sandbox.transaction(payment).await;
            there["callbacks"][0]["attempts"].as_array().unwrap().len() == 20
        },
    )
    .await;
    let there = sandbox.transaction(payment).await;
    let attempts = there["callbacks"][0]["attempts"].as_array().unwrap();
    for attempt in attempts {
        assert_eq!(attempt["responseCode"], "2005600", "{attempt}");
        assert_eq!(attempt["responseBody"], attempts[0]["responseBody"]);
    }
    let now = shop.order(id).await;
    assert_eq!(now, paid, "nothing changed after the first");
    assert_eq!(paid_events(&shop, id).await, 1);
}

#[actix_rt::test]
async fn the_same_content_with_other_white_space() {
    let stack = shared();
    let (shop, provider) = (Shop::of(stack), Provider::of(stack));
    let made = an_open_order(&shop).await;
    let body = Provider::success(&made["payments"][0], "25000.00");
    provider
        .notify(QRIS, body.to_string().as_bytes(), Utc::now())
        .await
        .expect(200);
    let paid = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(paid["status"], "paid");
    let spaced = serde_json::to_vec_pretty(&body).unwrap();
    let again = provider.notify(QRIS, &spaced, Utc::now()).await.expect(200);
    assert_eq!(again.json["responseCode"], "2005600");
    assert_eq!(shop.order(made["id"].as_str().unwrap()).await, paid);
}

#[actix_rt::test]
async fn older_words_after_the_money_change_nothing() {
    let stack = shared();
    let (shop, provider) = (Shop::of(stack), Provider::of(stack));
    let made = an_open_order(&shop).await;
    let payment = &made["payments"][0];
    let id = made["id"].as_str().unwrap();
    let say = async |status: &str| {
        let mut body = Provider::success(payment, "25000.00");
        body["latestTransactionStatus"] = json!(status);
        let said = provider
            .notify(QRIS, body.to_string().as_bytes(), Utc::now())
            .await;
        assert_eq!(said.expect(200).json["responseCode"], "2005600");
        shop.order(id).await
    };
    let paid = say("00").await;
    assert_eq!(paid["status"], "paid");
    for status in ["01", "02", "03", "05", "06", "07", "09"] {
        assert_eq!(say(status).await, paid, "status {status} after 00");
    }
    assert_eq!(paid_events(&shop, id).await, 1);
}

#[actix_rt::test]
async fn a_success_after_a_failure_wins() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = an_open_order(&shop).await;
    let payment = &made["payments"][0];
    sandbox.settle(payment, "fail", json!({})).await;
    assert_eq!(
        shop.order(made["id"].as_str().unwrap()).await["status"],
        "failed"
    );
    sandbox.pay(payment).await;
    let paid = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&paid["status"], &paid["paid_late"]),
        (&json!("paid"), &json!(true))
    );
}

#[actix_rt::test]
async fn a_callback_that_is_overtaken_by_the_next() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = an_open_order(&shop).await;
    let payment = &made["payments"][0];
    sandbox
        .fault(json!({"reference": payment["id"], "times": 1, "action": "reorder"}))
        .await;
    let held = sandbox.settle(payment, "fail", json!({})).await;
    assert_eq!(held["state"], "held");
    let callback = sandbox.pay(payment).await;
    assert_eq!(callback["state"], "delivered");
    crate::support::until(
        Duration::from_secs(20),
        "the held one came too",
        async || {
            let there = sandbox.transaction(payment).await;
            there["callbacks"][0]["state"] == "delivered"
        },
    )
    .await;
    let paid = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&paid["status"], &paid["paid_late"]),
        (&json!("paid"), &json!(false))
    );
}
