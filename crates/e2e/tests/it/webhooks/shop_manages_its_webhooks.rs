//! A shop says itself where its webhooks go, changes the secret without missing one, and tries an
//! endpoint before it counts on it.

use std::time::Duration;

use devstack::{Delivery, Stack, WebhookReceiver};
use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, shared, unique};

const WITHIN: Duration = Duration::from_secs(20);
const ENDPOINTS: &str = "/v1/webhook-endpoints";

/// A shop without any endpoint, and a receiver that trusts nobody yet.
fn a_shop(stack: &Stack) -> (Shop, WebhookReceiver) {
    let create = ["merchants", "create", "--name", "Manager"];
    let made = stack.gatewayctl_json(&create).unwrap();
    let shop = Shop::with_key(stack, made["api_key"].as_str().unwrap());
    (shop, WebhookReceiver::start(0).unwrap())
}

async fn paid_order(shop: &Shop) -> String {
    let made = shop.made(&an_order("qris")).await;
    Sandbox::of(shared()).pay(&made["payments"][0]).await;
    made["id"].as_str().unwrap().to_owned()
}

async fn hears(receiver: &WebhookReceiver, event: &str, order: &str) -> Delivery {
    let heard = receiver.wait_for(WITHIN, |d| d.is(event, order)).await;
    heard.unwrap_or_else(|| panic!("no {event} about {order}"))
}

async fn add(shop: &Shop, receiver: &WebhookReceiver, event_types: Value) -> Value {
    let body = json!({"url": receiver.url(), "event_types": event_types});
    let added = shop.post(ENDPOINTS, &body).await.expect(201).json;
    receiver.trust(added["secret"].as_str().unwrap());
    added
}

#[actix_rt::test]
async fn from_first_to_last() {
    let stack = shared();
    let (shop, receiver) = a_shop(stack);
    let added = add(&shop, &receiver, json!(["order.paid"])).await;
    let id = added["id"].as_str().unwrap();
    assert!(id.starts_with("whe_"), "{added}");
    assert!(added["secret"].as_str().unwrap().starts_with("whsec_"));
    let path = format!("{ENDPOINTS}/{id}");
    let shown = shop.get(&path).await.expect(200).json;
    assert_eq!(shown.get("secret"), None, "the secret is shown once");
    let listed = shop.get(ENDPOINTS).await.expect(200).json;
    assert_eq!(listed["data"], json!([shown]));

    let order = paid_order(&shop).await;
    assert_eq!(
        hears(&receiver, "order.paid", &order).await.verified,
        Ok(())
    );
    let others = receiver.deliveries();
    assert!(
        others.iter().all(|d| d.event_type == "order.paid"),
        "only what was asked for"
    );

    shop.post(&format!("{path}/test"), &json!({})).await;
    let tried = receiver
        .wait_for(WITHIN, |d| d.event_type == "webhook.test")
        .await;
    assert_eq!(tried.unwrap().verified, Ok(()));

    let off = shop
        .call("PATCH", &path, Some(&json!({"enabled": false})))
        .await
        .expect(200);
    assert_eq!(off.json["enabled"], false);
    let unheard = paid_order(&shop).await;
    let on = shop
        .call("PATCH", &path, Some(&json!({"enabled": true})))
        .await
        .expect(200);
    assert_eq!(on.json["enabled"], true);
    let heard = paid_order(&shop).await;
    hears(&receiver, "order.paid", &heard).await;
    let about_it = |d: &&Delivery| d.order()["id"] == unheard.as_str();
    assert_eq!(receiver.deliveries().iter().filter(about_it).count(), 0);

    shop.call("DELETE", &path, None).await.expect(204);
    shop.get(&path).await.problem(404, "not_found");
    assert_eq!(shop.get(ENDPOINTS).await.json["data"], json!([]));
}

#[actix_rt::test]
async fn a_new_secret_misses_nothing() {
    let stack = shared();
    let (shop, receiver) = a_shop(stack);
    let added = add(&shop, &receiver, json!(null)).await;
    let path = format!(
        "{ENDPOINTS}/{}/rotate-secret",
        added["id"].as_str().unwrap()
    );
    let rotated = shop.post(&path, &json!({})).await;
    assert!(matches!(rotated.status, 200 | 201), "{}", rotated.text());
    assert_ne!(rotated.json["secret"], added["secret"]);
    // The receiver knows the old secret only, then a second one the new secret only.
    let order = paid_order(&shop).await;
    assert_eq!(
        hears(&receiver, "order.paid", &order).await.verified,
        Ok(())
    );
    let second = WebhookReceiver::start(0).unwrap();
    second.trust(rotated.json["secret"].as_str().unwrap());
    let endpoint = format!("{ENDPOINTS}/{}", added["id"].as_str().unwrap());
    let moved = json!({"url": second.url()});
    shop.call("PATCH", &endpoint, Some(&moved))
        .await
        .expect(200);
    let order = paid_order(&shop).await;
    assert_eq!(hears(&second, "order.paid", &order).await.verified, Ok(()));
}

#[actix_rt::test]
async fn not_to_where_it_must_not_go() {
    let (shop, _receiver) = a_shop(shared());
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "http://10.0.0.1/",
        "http://example.com/",
        "https://2130706433/",
        "https://user@example.com/",
        "ftp://example.com/",
        "https://[::1]/",
    ] {
        let refused = shop.post(ENDPOINTS, &json!({"url": url})).await;
        assert_eq!(refused.status, 422, "{url}: {}", refused.text());
        refused.problem(422, "validation_failed");
    }
}

#[actix_rt::test]
async fn once_for_one_key() {
    let (shop, receiver) = a_shop(shared());
    let key = unique("key");
    let headers = [("idempotency-key", key.as_str())];
    let body = json!({"url": receiver.url()});
    let first = shop.post_with(ENDPOINTS, &body, &headers).await.expect(201);
    let again = shop.post_with(ENDPOINTS, &body, &headers).await.expect(201);
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let listed = shop.get(ENDPOINTS).await.json;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}
