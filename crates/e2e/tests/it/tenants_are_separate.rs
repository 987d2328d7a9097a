//! A shop sees its own and nothing else: another's order is as absent as one that never was.

use serde_json::json;

use crate::support::{Shop, an_order, reference, shared, unique};

#[actix_rt::test]
async fn anothers_order_is_not_found_on_any_route() {
    let stack = shared();
    let shop = Shop::of(stack);
    let other = stack.new_merchant("Other").unwrap();
    let other = Shop::with_key(stack, &other.api_key);
    let made = shop.made(&an_order("qris")).await;
    let (mine, nobodys) = (
        made["id"].as_str().unwrap(),
        "ord_00000000000000000000000000000000",
    );
    let strip = |mut problem: serde_json::Value| {
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    for path in ["", "?wait=1", "/qr.svg"] {
        let hers = other.get(&format!("/v1/orders/{mine}{path}")).await;
        let absent = other.get(&format!("/v1/orders/{nobodys}{path}")).await;
        let (hers, absent) = (
            hers.problem(404, "not_found"),
            absent.problem(404, "not_found"),
        );
        assert_eq!(strip(hers.json), strip(absent.json), "{path}");
    }
    for (verb, body) in [
        ("cancel", json!({})),
        ("sync", json!({})),
        ("payments", json!({"method": "qris"})),
    ] {
        let hers = other
            .post(&format!("/v1/orders/{mine}/{verb}"), &body)
            .await;
        let absent = other
            .post(&format!("/v1/orders/{nobodys}/{verb}"), &body)
            .await;
        let (hers, absent) = (
            hers.problem(404, "not_found"),
            absent.problem(404, "not_found"),
        );
        assert_eq!(strip(hers.json), strip(absent.json), "{verb}");
    }
    assert_eq!(shop.order(mine).await, made, "and nothing happened to it");
}

#[actix_rt::test]
async fn lists_references_and_keys_are_each_ones_own() {
    let stack = shared();
    let shop = Shop::of(stack);
    let other = stack.new_merchant("Other").unwrap();
    let other = Shop::with_key(stack, &other.api_key);
    let (order, key) = (an_order("qris"), unique("key"));
    let headers = [("idempotency-key", key.as_str())];
    let mine = shop
        .post_with("/v1/orders", &order, &headers)
        .await
        .expect(201);
    let hers = other
        .post_with("/v1/orders", &order, &headers)
        .await
        .expect(201);
    assert_ne!(mine.json["id"], hers.json["id"]);
    assert_eq!(hers.header("idempotent-replayed"), None);

    let listed = other.get("/v1/orders?limit=200").await.expect(200).json;
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "only hers");
    assert_eq!(listed[0]["id"], hers.json["id"]);
    assert_eq!(shop.find(reference(&order)).await["id"], mine.json["id"]);
}

#[actix_rt::test]
async fn a_cursor_of_one_shows_the_other_nothing() {
    let stack = shared();
    let shop = Shop::of(stack);
    for _ in 0..2 {
        shop.made(&an_order("qris")).await;
    }
    let page = shop.get("/v1/orders?limit=1").await.expect(200).json;
    let cursor = page["next_cursor"].as_str().unwrap();
    let other = stack.new_merchant("Other").unwrap();
    let other = Shop::with_key(stack, &other.api_key);
    let seen = other
        .get(&format!("/v1/orders?limit=200&cursor={cursor}"))
        .await;
    assert_eq!(seen.expect(200).json["data"], json!([]));
}
