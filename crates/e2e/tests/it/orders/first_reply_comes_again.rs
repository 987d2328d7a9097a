//! A request that created something gets its first reply again, whatever the clock, the channel table
//! and the order have come to say since; and what stands under a key is not replaced by what would not
//! do now either (contract 4.1: shape, then claim, then the rest).

use std::time::Duration;

use devstack::Stack;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, of, quick, unique, until, with};

const WITHIN: Duration = Duration::from_secs(30);
/// What the channel table says after a roll-out: these are off, or take no such amounts any more.
const OFF: &str = "[BNC_QRIS]\nenabled = false\n[VIRTUAL_ACCOUNT_BNI]\nenabled = false\n";
const NARROW: &str = "[BNC_QRIS]\nmax = 1000\nmin = 1\n[VIRTUAL_ACCOUNT_BNI]\nmin = 90000\n";

/// A request that creates something.
struct Request {
    path: String,
    body: Value,
    key: Option<String>,
    /// Another body of the right shape that is not right now either, and was not before.
    other: Value,
    first: Answer,
    order: String,
}

impl Request {
    async fn send(&self, shop: &Shop, body: &Value) -> Answer {
        send(shop, &self.path, body, self.key.as_deref()).await
    }
}

async fn send(shop: &Shop, path: &str, body: &Value, key: Option<&str>) -> Answer {
    let headers: Vec<_> = key.iter().map(|key| ("idempotency-key", *key)).collect();
    shop.post_with(path, body, &headers).await
}

/// One of each kind, for orders of this life: by key and by reference, of a channel and of no channel, a further
/// payment, a refund, an endpoint.
async fn requests(stack: &Stack, life_secs: u32) -> Vec<Request> {
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let lives = json!({"expires_in": life_secs});
    let far = json!({"expires_in": 400_000_000});
    let mut asked: Vec<(String, Value, bool, Value)> = Vec::new();
    for is_keyed in [true, false] {
        for channel in ["BNC_QRIS", "VIRTUAL_ACCOUNT_BNI"] {
            let order = with(an_order(channel), lives.clone());
            let other = with(order.clone(), far.clone());
            asked.push(("/v1/orders".to_owned(), order, is_keyed, other));
        }
        let chooses = with(
            with(an_order("qris"), lives.clone()),
            json!({"payment": null}),
        );
        let other = with(
            chooses.clone(),
            json!({"amount": {"value": "9000000000", "currency": "IDR"}}),
        );
        asked.push(("/v1/orders".to_owned(), chooses.clone(), is_keyed, other));
        let again = with(chooses.clone(), json!({"reference": unique("INV")}));
        let order = shop.create(&again).await.expect(201);
        let path = format!("/v1/orders/{}/payments", order.str("/id"));
        let gone = json!({"method": "virtual_account", "channel": "VIRTUAL_ACCOUNT_MOON"});
        asked.push((path, of("VIRTUAL_ACCOUNT_BNI"), is_keyed, gone));
    }
    let paid = shop.made(&with(an_order("qris"), lives)).await;
    sandbox.pay(&paid["payments"][0]).await;
    shop.until_status(paid["id"].as_str().unwrap(), "paid")
        .await;
    let path = format!("/v1/orders/{}/refunds", paid["id"].as_str().unwrap());
    let (refund, more) = (
        json!({"reason": "broken"}),
        json!({"reason": "more", "amount": {"value": "99000000", "currency": "IDR"}}),
    );
    asked.push((path, refund, true, more));
    let url = stack.receiver().url();
    let (hook, forbidden) = (
        json!({"url": url}),
        json!({"url": "https://169.254.169.254/x"}),
    );
    asked.push(("/v1/webhook-endpoints".to_owned(), hook, true, forbidden));

    let mut made = Vec::new();
    for (path, body, is_keyed, other) in asked {
        let key = is_keyed.then(|| unique("key"));
        let first = send(&shop, &path, &body, key.as_deref()).await;
        assert_eq!(first.status, 201, "{path}: {}", first.text());
        let order = first.json["id"].as_str().unwrap().to_owned();
        made.push(Request {
            path,
            body,
            key,
            other,
            first,
            order,
        });
    }
    made
}

/// The first reply again, byte for byte; a further payment without a key is the one that is open.
async fn comes_again(shop: &Shop, request: &Request, since: &str) {
    let again = request.send(shop, &request.body).await;
    let told = format!("{} after {since}: {}", request.path, again.text());
    if request.path.ends_with("/payments") && request.key.is_none() {
        match since {
            "its end" => assert_eq!(again.json["code"], "order_not_payable", "{told}"),
            _ => assert_eq!(
                (again.status, &again.json["id"]),
                (200, &request.first.json["id"]),
                "{told}"
            ),
        }
        return;
    }
    assert_eq!(
        (again.status, &again.bytes),
        (201, &request.first.bytes),
        "{told}"
    );
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{told}");
}

async fn another_body_is_told_so(shop: &Shop, request: &Request, since: &str) {
    let other = request.send(shop, &request.other).await;
    let told = format!("{} after {since}: {}", request.path, other.text());
    let code = match (&request.key, request.path.as_str()) {
        (Some(_), _) => "idempotency_key_reused",
        (None, "/v1/orders") => "reference_exists",
        (None, _) => return,
    };
    assert_eq!(other.json["code"], code, "{told}");
}

async fn all(shop: &Shop, requests: &[Request], since: &str) {
    for request in requests {
        comes_again(shop, request, since).await;
        another_body_is_told_so(shop, request, since).await;
    }
}

#[actix_rt::test]
async fn whatever_has_changed_since() {
    let mut stack = quick().start().await.unwrap();
    let name = stack
        .names()
        .into_iter()
        .find(|name| name.starts_with("gateway-api"))
        .unwrap();
    let brief = requests(&stack, 6).await;
    let long = requests(&stack, 3_600).await;
    let shop = Shop::of(&stack);
    all(&shop, &long, "nothing").await;
    // A time that was ahead and is not any more.
    let at = chrono::Utc::now() + chrono::TimeDelta::seconds(3);
    let timed = with(an_order("qris"), json!({"expires_at": at.to_rfc3339()}));
    let key = unique("key");
    let first = send(&shop, "/v1/orders", &timed, Some(&key))
        .await
        .expect(201);
    until(WITHIN, "its end", async || {
        chrono::Utc::now() > at + chrono::TimeDelta::seconds(4)
    })
    .await;
    let again = send(&shop, "/v1/orders", &timed, Some(&key)).await;
    assert_eq!(
        (again.status, &again.bytes),
        (201, &first.bytes),
        "{}",
        again.text()
    );
    all(&shop, &brief, "its end").await;

    for (since, table) in [
        ("the channels were switched off", OFF),
        ("their limits were narrowed", NARROW),
    ] {
        let file = stack.home().join("channels-since.toml");
        std::fs::write(&file, table).unwrap();
        let settings = [("AYOLINX_CHANNELS_FILE", file.to_str().unwrap())];
        stack.start_again_with(&name, &settings).await.unwrap();
        let shop = Shop::of(&stack);
        let new = shop.create(&an_order("BNC_QRIS")).await;
        assert_eq!(new.status, 422, "{since}: {}", new.text());
        all(&shop, &long, since).await;
    }
}

#[actix_rt::test]
async fn but_for_a_payer_who_was_erased() {
    let stack = quick().start().await.unwrap();
    let shop = Shop::of(&stack);
    for request in requests(&stack, 3_600).await {
        if !request.path.starts_with("/v1/orders") || request.path.ends_with("/refunds") {
            continue;
        }
        if request.path.ends_with("/payments") && request.key.is_none() {
            continue;
        }
        let done = ["erase", &request.order, "--by", "ticket-7", "--yes"];
        stack.gatewayctl(&done).unwrap();
        let again = request.send(&shop, &request.body).await;
        let problem = again.problem(409, "reference_exists");
        assert_eq!(
            problem.json["order_id"],
            request.order.as_str(),
            "{}",
            request.path
        );
        another_body_is_told_so(&shop, &request, "the payer was erased").await;
    }
}
