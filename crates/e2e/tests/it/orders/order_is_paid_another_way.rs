//! A payer changes her mind: the new way replaces the old one only once it is there, and money on
//! the old one still wins.

use serde_json::{Value, json};

use crate::support::{Answer, CHANNELS, Sandbox, Shop, an_order, of, shared};

async fn pay_by(shop: &Shop, order: &Value, channel: &str) -> Answer {
    let id = order["id"].as_str().unwrap();
    shop.post(&format!("/v1/orders/{id}/payments"), &of(channel))
        .await
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

#[actix_rt::test]
async fn the_superseded_payment_is_cancelled_at_the_provider_where_it_can_be() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let moved = pay_by(&shop, &made, "VIRTUAL_ACCOUNT_MANDIRI")
        .await
        .expect(201)
        .json;
    assert_eq!(moved["payments"][0]["channel"], "VIRTUAL_ACCOUNT_MANDIRI");
    assert_eq!(moved["payments"][0]["status"], "pending");
    assert_eq!(
        moved["payments"][1]["id"], made["payments"][0]["id"],
        "newest first"
    );

    let order = shop
        .until(id(&made), "the old one is closed", |order| {
            order["payments"][1]["status"] == "cancelled"
        })
        .await;
    assert_eq!(order["status"], "pending");
    crate::support::until(
        std::time::Duration::from_secs(20),
        "it is closed there",
        async || {
            let there = sandbox.transaction(&made["payments"][0]).await;
            there["latestTransactionStatus"] == "05"
        },
    )
    .await;
    sandbox.pay(&order["payments"][0]).await;
    assert_eq!(shop.order(id(&made)).await["status"], "paid");
}

#[actix_rt::test]
async fn an_old_payment_that_was_paid_meanwhile_wins_and_the_new_one_is_closed() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let unheard = json!({"callback": false});
    sandbox.settle(&made["payments"][0], "pay", unheard).await;
    pay_by(&shop, &made, "VIRTUAL_ACCOUNT_BNI")
        .await
        .expect(201);
    let paid = shop.until_status(id(&made), "paid").await;
    assert_eq!(paid["payments"][1]["status"], "paid", "{paid}");
    assert_eq!(paid["payments"][0]["status"], "cancelled", "{paid}");
    assert_eq!(paid["paid_amount"]["value"], "25000.00");
}

#[actix_rt::test]
async fn money_on_a_superseded_number_pays_the_order() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BRI")).await;
    let moved = pay_by(&shop, &made, "BNC_QRIS").await.expect(201).json;
    assert_eq!(moved["payments"][1]["status"], "cancelled", "{moved}");
    sandbox.pay(&moved["payments"][1]).await;
    let paid = shop.order(id(&made)).await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["paid_late"], false, "the order was pending");
    assert_eq!(paid["payments"][0]["status"], "cancelled");
    let (new, status) = (&moved["payments"][0], "05");
    crate::support::until(
        std::time::Duration::from_secs(20),
        "closed there",
        async || sandbox.transaction(new).await["latestTransactionStatus"] == status,
    )
    .await;
}

#[actix_rt::test]
async fn the_same_way_again_gives_the_open_payment() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    let again = pay_by(&shop, &made, "VIRTUAL_ACCOUNT_BNI")
        .await
        .expect(200)
        .json;
    assert_eq!(again, made);
}

#[actix_rt::test]
async fn at_most_ten_ways_an_order() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order(CHANNELS[0])).await;
    for channel in &CHANNELS[1..10] {
        pay_by(&shop, &made, channel).await.expect(201);
    }
    pay_by(&shop, &made, CHANNELS[10])
        .await
        .problem(409, "order_not_payable");
    let order = shop.order(id(&made)).await;
    assert_eq!(order["payments"].as_array().unwrap().len(), 10);
    assert_eq!(order["payments"][0]["channel"], CHANNELS[9]);
}

#[actix_rt::test]
async fn after_a_failure_the_order_is_pending_again() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("EMONEY_DANA_SNAP")).await;
    sandbox
        .settle(&made["payments"][0], "fail", json!({}))
        .await;
    assert_eq!(shop.order(id(&made)).await["status"], "failed");
    let again = pay_by(&shop, &made, "EMONEY_DANA_SNAP")
        .await
        .expect(201)
        .json;
    assert_eq!(again["status"], "pending");
    assert_ne!(again["payments"][0]["id"], made["payments"][0]["id"]);
    sandbox.pay(&again["payments"][0]).await;
    let paid = shop.order(id(&made)).await;
    assert_eq!(
        (&paid["status"], &paid["paid_late"]),
        (&json!("paid"), &json!(false))
    );
}

#[actix_rt::test]
async fn not_once_the_order_is_paid_or_taken_back() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order("qris")).await;
    sandbox.pay(&made["payments"][0]).await;
    pay_by(&shop, &made, "RETAIL_DANDAN")
        .await
        .problem(409, "order_paid");

    let made = shop.made(&an_order("RETAIL_ALFAMIDI")).await;
    let path = format!("/v1/orders/{}/cancel", id(&made));
    shop.post(&path, &json!({})).await.expect(200);
    let refused = pay_by(&shop, &made, "qris").await;
    refused.problem(409, "order_not_payable");
}
