//! A shop sees its own and nothing else: what is another's is as absent as what never was, on every
//! call that the service tells of (promise P16).

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, reference, shared, unique, until};

/// What one shop owns, by the first word of the routes that name it.
struct Owned {
    orders: String,
    events: String,
    endpoints: String,
    refunds: String,
}

impl Owned {
    async fn by(shop: &Shop) -> Self {
        let hook = json!({
            "url": "https://shop.example.co.id/hook",
            "event_types": ["webhook.test"],
        });
        let hook = shop.post("/v1/webhook-endpoints", &hook).await;
        let paid = shop.made(&an_order("qris")).await;
        Sandbox::of(shared()).pay(&paid["payments"][0]).await;
        let paid = paid["id"].as_str().unwrap();
        shop.until_status(paid, "paid").await;
        let refund = json!({"reason": "Batal"});
        let refund = shop
            .post(&format!("/v1/orders/{paid}/refunds"), &refund)
            .await;
        let order = shop.made(&an_order("qris")).await;
        // The feed shows an event once no transaction of this server, whosever it is, can come before it.
        let mut event: Option<Value> = None;
        until(
            Duration::from_secs(60),
            "the feed has an event",
            async || {
                let events = shop.get("/v1/events").await.expect(200).json;
                event = events["data"].as_array().unwrap().last().cloned();
                event.is_some()
            },
        )
        .await;
        let event = event.unwrap()["id"].as_str().unwrap().to_owned();
        // From then on nothing happens by itself.
        let deliveries = format!("/v1/events/{event}/deliveries");
        until(
            Duration::from_secs(20),
            "the event is delivered",
            async || {
                let lines = shop.get(&deliveries).await.expect(200).json;
                lines["data"][0]["state"] == "delivered"
            },
        )
        .await;
        Self {
            orders: order["id"].as_str().unwrap().to_owned(),
            events: event,
            endpoints: hook.expect(201).str("/id").to_owned(),
            refunds: refund.expect(201).str("/id").to_owned(),
        }
    }

    /// As wide as the owner's, and nobody's.
    fn nobodys() -> Self {
        let of = |prefix: &str| format!("{prefix}_00000000000000000000000000000000");
        Self {
            orders: of("ord"),
            events: of("evt"),
            endpoints: of("whe"),
            refunds: of("rfd"),
        }
    }

    /// The route with the id of what it is about.
    fn fill(&self, route: &str) -> String {
        let id = match route.split('/').nth(2) {
            Some("orders") => &self.orders,
            Some("events") => &self.events,
            Some("webhook-endpoints") => &self.endpoints,
            Some("refunds") => &self.refunds,
            other => panic!("whose id does {route} take? ({other:?})"),
        };
        route.replace("{id}", id)
    }

    /// All that its owner can see of it.
    async fn seen_by(&self, shop: &Shop) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            format!("/v1/orders/{}", self.orders),
            format!("/v1/orders/{}/timeline", self.orders),
            format!("/v1/orders/{}/refunds", self.orders),
            format!("/v1/events/{}/deliveries", self.events),
            format!("/v1/webhook-endpoints/{}", self.endpoints),
            "/v1/webhook-endpoints".to_owned(),
            "/v1/events?limit=200".to_owned(),
            "/v1/orders?limit=200".to_owned(),
        ] {
            seen.push(shop.get(&path).await.expect(200).json);
        }
        seen
    }
}

/// A body that the call would accept.
fn body_for(method: &str, route: &str) -> Option<Value> {
    let body = match (method, route.rsplit('/').next()) {
        ("get" | "delete", _) => return None,
        (_, Some("payments")) => json!({"method": "ewallet"}),
        (_, Some("refunds")) => json!({"reason": "Batal"}),
        (_, Some("complete")) => json!({"evidence": "BCA 88123"}),
        (_, Some("resolve")) => json!({"action": "refund"}),
        ("patch", _) => json!({"enabled": false}),
        _ => json!({}),
    };
    Some(body)
}

/// Calls with an id that the service does not tell of as such.
const FURTHER: [(&str, &str); 3] = [
    ("get", "/v1/orders/{id}?wait=1"),
    ("get", "/v1/orders/{id}/qr.svg"),
    ("get", "/v1/orders/{id}/qr.png"),
];

/// Every call with an id in its path, as the service itself tells them, and those that it does not.
async fn calls_with_an_id(shop: &Shop) -> Vec<(String, String)> {
    let told = shop.get("/openapi.json").await.expect(200).json;
    let paths = told["paths"].as_object().unwrap();
    let with_id = paths.iter().filter(|(path, _)| path.contains("{id}"));
    let further = FURTHER.map(|(method, path)| (method.to_owned(), path.to_owned()));
    with_id
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            let verbs = ["get", "post", "patch", "delete"];
            let calls = methods.filter(move |method| verbs.contains(&method.as_str()));
            calls.map(|method| (method.clone(), path.clone()))
        })
        .chain(further)
        .collect()
}

/// What is left when what differs from request to request is taken away.
fn plain(answer: Answer) -> (u16, Vec<String>, Value) {
    let mut names: Vec<String> = answer.headers.into_iter().map(|(name, _)| name).collect();
    names.sort();
    let mut body = answer.json;
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    (answer.status, names, body)
}

#[actix_rt::test]
async fn what_is_anothers_is_as_absent_on_every_route_as_what_never_was() {
    let stack = shared();
    let owner = Shop::with_key(stack, &stack.new_merchant("Owner").unwrap().api_key);
    let other = Shop::with_key(stack, &stack.new_merchant("Other").unwrap().api_key);
    let (owned, nobodys) = (Owned::by(&owner).await, Owned::nobodys());
    let before = owned.seen_by(&owner).await;
    let calls = calls_with_an_id(&owner).await;
    assert!(
        calls.len() >= 15,
        "the service tells fewer calls: {calls:?}"
    );
    for (method, route) in calls {
        let body = body_for(&method, &route);
        let verb = method.to_uppercase();
        let ask = async |whose: &Owned| other.call(&verb, &whose.fill(&route), body.as_ref()).await;
        let (theirs, absent) = (ask(&owned).await, ask(&nobodys).await);
        let said = theirs.text();
        assert_eq!(theirs.status, 404, "{verb} {route}: {said}");
        for id in [
            &owned.orders,
            &owned.events,
            &owned.endpoints,
            &owned.refunds,
        ] {
            assert!(!said.contains(id.as_str()), "{verb} {route}: {said}");
        }
        assert_eq!(plain(theirs), plain(absent), "{verb} {route}");
    }
    assert_eq!(
        owned.seen_by(&owner).await,
        before,
        "and nothing happened to it"
    );
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
