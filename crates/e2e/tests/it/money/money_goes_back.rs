//! A shop gives money back, and decides about money under review.

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, shared, unique};

async fn paid(shop: &Shop) -> Value {
    let made = shop.made(&an_order("qris")).await;
    Sandbox::of(shared()).pay(&made["payments"][0]).await;
    shop.until_status(made["id"].as_str().unwrap(), "paid")
        .await
}

#[actix_rt::test]
async fn in_parts_and_told_each_time() {
    let shop = Shop::of(shared());
    let order = paid(&shop).await;
    let path = format!("/v1/orders/{}/refunds", order["id"].as_str().unwrap());
    let part = json!({"amount": {"value": "10000", "currency": "IDR"}, "reason": "Satu rusak"});
    let asked = shop.post(&path, &part).await.expect(201).json;
    assert_eq!(asked["status"], "manual_required");
    assert_eq!(asked["amount"]["value"], "10000.00");
    assert_eq!(
        shop.order(order["id"].as_str().unwrap()).await["status"],
        "paid"
    );

    let complete = format!("/v1/refunds/{}/complete", asked["id"].as_str().unwrap());
    let evidence = json!({"evidence": "BCA 88123"});
    let done = shop.post(&complete, &evidence).await.expect(200).json;
    assert_eq!(
        (&done["status"], &done["completed_by"]),
        (&json!("completed"), &json!("merchant"))
    );
    assert_eq!(shop.post(&complete, &evidence).await.expect(200).json, done);
    let other = json!({"evidence": "BCA 99"});
    shop.post(&complete, &other)
        .await
        .problem(409, "state_conflict");

    let rest = shop
        .post(&path, &json!({"reason": "Sisanya"}))
        .await
        .expect(201)
        .json;
    let complete = format!("/v1/refunds/{}/complete", rest["id"].as_str().unwrap());
    shop.post(&complete, &json!({"evidence": "BCA 88124"}))
        .await
        .expect(200);
    let order = shop
        .until_status(order["id"].as_str().unwrap(), "refunded")
        .await;
    assert_eq!(order["paid_amount"]["value"], "0.00");
    let listed = shop.get(&path).await.expect(200).json;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[actix_rt::test]
async fn never_more_than_was_paid_and_once_for_a_key() {
    let shop = Shop::of(shared());
    let order = paid(&shop).await;
    let path = format!("/v1/orders/{}/refunds", order["id"].as_str().unwrap());
    let much = json!({"amount": {"value": "999999", "currency": "IDR"}, "reason": "x"});
    let refused = shop
        .post(&path, &much)
        .await
        .problem(422, "validation_failed");
    assert_eq!(refused.str("/errors/0/field"), "amount.value");
    assert_eq!(refused.str("/errors/0/code"), "above_maximum");

    let key = unique("refund");
    let headers = [("idempotency-key", key.as_str())];
    let all = json!({"reason": "Batal"});
    let first = shop.post_with(&path, &all, &headers).await.expect(201);
    let again = shop.post_with(&path, &all, &headers).await.expect(201);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    shop.post(&path, &all)
        .await
        .problem(422, "validation_failed");

    let unpaid = shop.made(&an_order("qris")).await;
    let path = format!("/v1/orders/{}/refunds", unpaid["id"].as_str().unwrap());
    let refused = shop
        .post(&path, &all)
        .await
        .problem(422, "validation_failed");
    assert!(refused.text().contains("not paid"));
    shop.post(&path, &json!({}))
        .await
        .problem(422, "validation_failed");
}

#[actix_rt::test]
async fn a_wrong_amount_is_accepted_by_hand() {
    let shop = Shop::of(shared());
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let resolve = format!("/v1/orders/{id}/resolve");
    let accept = json!({"action": "accept", "note": "pembulatan"});
    shop.post(&resolve, &accept)
        .await
        .problem(409, "state_conflict");
    let less = json!({"amount": "24000.00"});
    let sandbox = Sandbox::of(shared());
    sandbox.settle(&made["payments"][0], "pay", less).await;
    shop.until_status(id, "review").await;
    let order = shop.post(&resolve, &accept).await.expect(200).json;
    assert_eq!(order["status"], "paid");
    assert_eq!(order["paid_amount"]["value"], "24000.00");
    let again = shop.post(&resolve, &accept).await.expect(200).json;
    assert_eq!(again, order, "told again it changes nothing");
    shop.post(&resolve, &json!({"action": "reject"}))
        .await
        .problem(409, "state_conflict");
}

#[actix_rt::test]
async fn channels_say_what_can_be_paid_with() {
    let shop = Shop::of(shared());
    let told = shop.get("/v1/channels").await.expect(200).json;
    let qris = &told["data"][0];
    assert_eq!(qris["method"], "qris");
    assert_eq!(qris["channels"][0]["status"], "up");
    assert_eq!(qris["channels"][0]["min"]["currency"], "IDR");
    assert!(qris["channels"][0]["max_expires_in"].as_u64().unwrap() > 0);
}
