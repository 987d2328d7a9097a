//! What a shop missed it can pull, look into and have sent again; an order's timeline tells
//! everything that happened to it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, shared, until};

const WITHIN: Duration = Duration::from_secs(20);

/// A shop of its own whose webhooks come to the stack's receiver.
fn a_shop() -> Shop {
    let merchant = shared().new_merchant("Puller").unwrap();
    Shop::with_key(shared(), &merchant.api_key)
}

async fn paid_order(shop: &Shop) -> String {
    let made = shop.made(&an_order("qris")).await;
    Sandbox::of(shared()).pay(&made["payments"][0]).await;
    made["id"].as_str().unwrap().to_owned()
}

/// Every event of the shop, by pages of two.
async fn pulled(shop: &Shop, query: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/v1/events?limit=2{query}");
    loop {
        let page = shop.get(&path).await.expect(200).json;
        all.extend(page["data"].as_array().unwrap().clone());
        if page["has_more"] != true {
            return all;
        }
        let cursor = page["next_cursor"].as_str().unwrap();
        path = format!("/v1/events?limit=2{query}&after={cursor}");
    }
}

fn times_heard(event: &str) -> usize {
    let all = shared().receiver().deliveries();
    all.iter().filter(|delivery| delivery.id == event).count()
}

#[actix_rt::test]
async fn in_order_and_each_once() {
    let shop = a_shop();
    let mut expected = Vec::new();
    for _ in 0..3 {
        let order = paid_order(&shop).await;
        expected.push(("order.payable".to_owned(), order.clone()));
        expected.push(("order.paid".to_owned(), order));
    }
    until(WITHIN, "all are in the feed", async || {
        pulled(&shop, "").await.len() == 6
    })
    .await;
    let events = pulled(&shop, "").await;
    let told: Vec<(String, String)> = events
        .iter()
        .map(|event| {
            let order = &event["data"]["order"]["id"];
            (
                event["type"].as_str().unwrap().to_owned(),
                order.as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(pulled(&shop, "&type=order.paid").await.len(), 3);

    let event = events.last().unwrap();
    let id = event["id"].as_str().unwrap();
    let alone = shop.get(&format!("/v1/events/{id}")).await.expect(200).json;
    assert_eq!(&alone, event);
    let heard = shared()
        .receiver()
        .wait_for(WITHIN, |d| d.id == id)
        .await
        .unwrap();
    assert_eq!(&heard.body, event, "pushed and pulled are the same");
}

#[actix_rt::test]
async fn and_have_them_sent_again() {
    let shop = a_shop();
    let order = paid_order(&shop).await;
    let receiver = shared().receiver();
    let heard = receiver
        .wait_for(WITHIN, |d| d.is("order.paid", &order))
        .await
        .unwrap();
    let path = format!("/v1/events/{}", heard.id);
    until(WITHIN, "the delivery is on record", async || {
        let deliveries = shop
            .get(&format!("{path}/deliveries"))
            .await
            .expect(200)
            .json;
        deliveries["data"][0]["state"] == "delivered"
    })
    .await;
    let deliveries = shop.get(&format!("{path}/deliveries")).await.json;
    let attempts = deliveries["data"][0]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{deliveries}");
    assert_eq!(attempts[0]["status"], 200);

    shop.post(&format!("{path}/redeliver"), &json!({}))
        .await
        .expect(202);
    until(WITHIN, "it is heard again", async || {
        times_heard(&heard.id) == 2
    })
    .await;

    let range = json!({"from": "2020-01-01T00:00:00+07:00", "to": "2020-02-01T00:00:00+07:00"});
    shop.post("/v1/events/redeliver", &range).await.expect(202);
    let longer = json!({"from": "2020-01-01T00:00:00+07:00", "to": "2020-02-02T00:00:00+07:00"});
    shop.post("/v1/events/redeliver", &longer)
        .await
        .problem(422, "validation_failed");
}

#[actix_rt::test]
async fn nobody_elses() {
    let (shop, other) = (a_shop(), a_shop());
    let order = paid_order(&shop).await;
    let receiver = shared().receiver();
    let heard = receiver
        .wait_for(WITHIN, |d| d.is("order.paid", &order))
        .await
        .unwrap();
    assert_eq!(pulled(&other, "").await.len(), 0);
    for under in ["", "/deliveries"] {
        let path = format!("/v1/events/{}{under}", heard.id);
        other.get(&path).await.problem(404, "not_found");
    }
    let path = format!("/v1/events/{}/redeliver", heard.id);
    other
        .post(&path, &json!({}))
        .await
        .problem(404, "not_found");
    let path = format!("/v1/orders/{order}/timeline");
    other.get(&path).await.problem(404, "not_found");
}

#[actix_rt::test]
async fn the_timeline_tells_everything_and_no_secret() {
    let shop = a_shop();
    let order = paid_order(&shop).await;
    let path = format!("/v1/orders/{order}/timeline");
    let facts = async || -> Vec<String> {
        let told = shop.get(&path).await.expect(200).json;
        let items = told["data"].as_array().unwrap().iter();
        items
            .map(|item| item["fact"].as_str().unwrap().to_owned())
            .collect()
    };
    until(WITHIN, "the webhook's try is in it", async || {
        facts().await.iter().any(|fact| fact == "delivered")
    })
    .await;
    let facts = facts().await;
    let place = |fact: &str| {
        let found = facts.iter().position(|known| known == fact);
        found.unwrap_or_else(|| panic!("{fact} is not in {facts:?}"))
    };
    assert!(place("order_created") < place("accepted"), "{facts:?}");
    assert!(place("accepted") < place("paid_in_full"), "{facts:?}");
    let told = shop.get(&path).await.text();
    for secret in ["Budi", "081234567890", "budi@example", "00020101", "Bearer"] {
        assert!(!told.contains(secret), "the timeline tells {secret}");
    }
}
