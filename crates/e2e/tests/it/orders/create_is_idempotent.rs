//! However often one order is asked for, there is one order, one transaction at the provider, and
//! one reply, byte for byte.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, of, reference, shared, unique, with};

async fn with_key(shop: &Shop, order: &Value, key: &str) -> Answer {
    let headers = [("idempotency-key", key)];
    shop.post_with("/v1/orders", order, &headers).await
}

async fn sixteen_at_once(order: Value, key: Option<String>) {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let headers: Vec<(&str, &str)> = key
        .iter()
        .map(|k| ("idempotency-key", k.as_str()))
        .collect();
    let asked = (0..16).map(|_| shop.post_with("/v1/orders", &order, &headers));
    let answers = join_all(asked).await;
    let fresh: Vec<&Answer> = answers
        .iter()
        .filter(|answer| answer.header("idempotent-replayed").is_none())
        .collect();
    let said = || fresh.iter().map(|answer| answer.text()).collect::<Vec<_>>();
    assert_eq!(fresh.len(), 1, "{:?}", said());
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.bytes, answers[0].bytes, "byte for byte");
    }
    let page = shop
        .get(&format!("/v1/orders?reference={}", reference(&order)))
        .await;
    assert_eq!(page.json["data"].as_array().unwrap().len(), 1);
    let payments = answers[0].json["payments"].as_array().unwrap().clone();
    assert_eq!(payments.len(), 1);
    assert!(!sandbox.transaction(&payments[0]).await.is_null());
    // No other transaction is of this order: its amount is its mark.
    let value = order["amount"]["value"].as_str().unwrap();
    let of_it = sandbox.transactions().await;
    let of_it = of_it
        .iter()
        .filter(|t| t["amount"]["value"] == value)
        .count();
    assert_eq!(of_it, 1);
}

#[actix_rt::test]
async fn sixteen_at_once_with_a_key() {
    let order = with(
        an_order("qris"),
        json!({"amount": {"value": "71001.00", "currency": "IDR"}}),
    );
    sixteen_at_once(order, Some(unique("key"))).await;
}

#[actix_rt::test]
async fn sixteen_at_once_without_a_key() {
    let order = with(
        an_order("VIRTUAL_ACCOUNT_BNI"),
        json!({"amount": {"value": "71002.00", "currency": "IDR"}}),
    );
    sixteen_at_once(order, None).await;
}

#[actix_rt::test]
async fn the_reply_stays_the_first_when_the_order_moves_on() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let order = an_order("qris");
    let first = shop.create(&order).await.expect(201);
    sandbox.pay(&first.json["payments"][0]).await;
    let now = shop.order(first.json["id"].as_str().unwrap()).await;
    assert_eq!(now["status"], "paid");
    let again = shop.create(&order).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.bytes, first.bytes);
}

#[actix_rt::test]
async fn bodies_are_equal_as_json_and_nothing_else() {
    let shop = Shop::of(shared());
    let order = with(
        an_order("qris"),
        json!({"customer": null, "return_url": null}),
    );
    let first = shop.create(&order).await.expect(201);
    let spaced = format!(
        "{{ \"payment\" :{{\"channel\":\"BNC_QRIS\",\n\"method\":\"qris\"}},\"reference\":\"{}\",\
         \"description\":\"Kopi\\u0020susu 3x\",\t\"amount\":{{\"currency\":\"IDR\",\"value\":\"25000.00\"}}}}",
        reference(&order)
    );
    // `qris` names no channel, so that this is another body; only member order and space differ below.
    let bearer = format!("Bearer {}", shop.key);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let url = format!("{}/v1/orders", shop.api);
    let other = shop
        .http
        .send("POST", &url, &headers, spaced.clone().into_bytes())
        .await;
    other.problem(409, "reference_exists");
    let same = spaced.replace("\"channel\":\"BNC_QRIS\",\n", "\n");
    let same = shop
        .http
        .send("POST", &url, &headers, same.into_bytes())
        .await
        .expect(201);
    assert_eq!(same.bytes, first.bytes);
}

#[actix_rt::test]
async fn a_key_is_for_one_request() {
    let shop = Shop::of(shared());
    let (order, key) = (an_order("qris"), unique("key"));
    let made = with_key(&shop, &order, &key).await.expect(201).json;
    let other = with_key(&shop, &an_order("qris"), &key).await;
    other.problem(422, "idempotency_key_reused");
    let path = format!("/v1/orders/{}/payments", made["id"].as_str().unwrap());
    let headers = [("idempotency-key", key.as_str())];
    let elsewhere = shop.post_with(&path, &of("RETAIL_DANDAN"), &headers).await;
    elsewhere.problem(422, "idempotency_key_reused");
    let page = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(page["payments"].as_array().unwrap().len(), 1);
}

#[actix_rt::test]
async fn a_reference_is_for_one_order() {
    let shop = Shop::of(shared());
    let order = an_order("qris");
    let made = shop.made(&order).await;
    let other = with(order.clone(), json!({"description": "Teh"}));
    let refused = shop.create(&other).await.problem(409, "reference_exists");
    assert_eq!(refused.json["order_id"], made["id"]);
    let refused = with_key(&shop, &order, &unique("key")).await;
    let refused = refused.problem(409, "reference_exists");
    assert_eq!(refused.json["order_id"], made["id"]);
}

#[actix_rt::test]
async fn a_refused_request_uses_up_neither_key_nor_reference() {
    let shop = Shop::of(shared());
    let (order, key) = (an_order("qris"), unique("key"));
    let wrong = with(
        order.clone(),
        json!({"amount": {"value": "0.00", "currency": "IDR"}}),
    );
    with_key(&shop, &wrong, &key)
        .await
        .problem(422, "validation_failed");
    with_key(&shop, &order, &key).await.expect(201);
}

#[actix_rt::test]
async fn a_further_payment_with_a_key_is_made_once() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("qris")).await;
    let path = format!("/v1/orders/{}/payments", made["id"].as_str().unwrap());
    let key = unique("key");
    let headers = [("idempotency-key", key.as_str())];
    let body = of("RETAIL_PEGADAIAN");
    let twins = join_all((0..4).map(|_| shop.post_with(&path, &body, &headers))).await;
    for twin in &twins {
        assert_eq!(twin.status, 201, "{}", twin.text());
        assert_eq!(twin.bytes, twins[0].bytes);
    }
    let order = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(order["payments"].as_array().unwrap().len(), 2);
}
