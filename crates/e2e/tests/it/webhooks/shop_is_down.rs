//! A shop that does not answer hears of everything later; one that is gone is left alone; one that
//! is slow delays no other.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use devstack::{Delivery, StackBuilder};
use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, quick, until};

const WITHIN: Duration = Duration::from_secs(20);

fn eager() -> StackBuilder {
    quick().env(
        "WEBHOOK_SCHEDULE",
        "0s,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,100ms,1s,1s",
    )
}

async fn a_paid_order(shop: &Shop, sandbox: &Sandbox) -> Value {
    let made = shop.made(&an_order("qris")).await;
    sandbox.pay(&made["payments"][0]).await;
    made
}

#[actix_rt::test]
async fn it_hears_again_until_it_answers() {
    let stack = eager().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    stack.receiver().answer_with(500);
    let made = a_paid_order(&shop, &sandbox).await;
    let id = made["id"].as_str().unwrap();
    let tries = || -> Vec<Delivery> {
        let all = stack.receiver().deliveries().into_iter();
        all.filter(|delivery| delivery.is("order.paid", id))
            .collect()
    };
    until(WITHIN, "it was tried three times", async || {
        tries().len() >= 3
    })
    .await;
    stack.receiver().answer_with(204);
    until(WITHIN, "it was taken", async || {
        tries().iter().any(|t| t.answered == 204)
    })
    .await;

    let next = a_paid_order(&shop, &sandbox).await;
    let next = next["id"].as_str().unwrap();
    let heard = stack
        .receiver()
        .wait_for(WITHIN, |d| d.is("order.paid", next))
        .await;
    assert!(heard.is_some());
    let tries = tries();
    assert_eq!(
        tries.iter().filter(|t| t.answered == 204).count(),
        1,
        "no more after success"
    );
    for attempt in &tries {
        assert_eq!(attempt.verified, Ok(()), "signed anew each time");
        assert_eq!(attempt.id, tries[0].id, "one event");
        assert_eq!(attempt.body, tries[0].body, "the order as it was then");
    }
}

#[actix_rt::test]
async fn one_that_says_gone_is_left_alone() {
    let stack = eager().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let other = stack.new_merchant("Other").unwrap();
    let other = Shop::with_key(&stack, &other.api_key);
    stack.receiver().answer_with(410);
    let gone = a_paid_order(&shop, &sandbox).await;
    let gone = gone["id"].as_str().unwrap();
    let heard = stack
        .receiver()
        .wait_for(WITHIN, |d| d.order()["id"] == gone)
        .await;
    assert_eq!(heard.unwrap().answered, 410);
    until(WITHIN, "it is switched off", async || {
        let endpoints = shop.get("/v1/webhook-endpoints").await.expect(200).json;
        endpoints["data"][0]["enabled"] == false
    })
    .await;
    stack.receiver().answer_with(200);

    let unheard = a_paid_order(&shop, &sandbox).await;
    // The other's endpoint goes on, and its events are made and sent after these.
    for _ in 0..3 {
        let heard = a_paid_order(&other, &sandbox).await;
        let heard = heard["id"].as_str().unwrap();
        let receiver = stack.receiver();
        let heard = receiver.wait_for(WITHIN, |d| d.is("order.paid", heard));
        assert_eq!(heard.await.unwrap().answered, 200);
    }
    let all = stack.receiver().deliveries();
    let about_it = all.iter().filter(|d| d.order()["id"] == unheard["id"]);
    assert_eq!(about_it.count(), 0, "nothing more is sent to it");
}

#[actix_rt::test]
async fn a_slow_one_delays_no_other() {
    let stack = quick()
        .env("WEBHOOK_TIMEOUT_MS", "30000")
        .start()
        .await
        .unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    // Connections are taken by the kernel, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let made = stack
        .gatewayctl_json(&["merchants", "create", "--name", "Slow"])
        .unwrap();
    let merchant = made["merchant_id"].as_str().unwrap();
    stack
        .gatewayctl(&["webhooks", "add", "--merchant", merchant, "--url", &url])
        .unwrap();
    let slow = Shop::with_key(&stack, made["api_key"].as_str().unwrap());
    for _ in 0..20 {
        a_paid_order(&slow, &sandbox).await;
    }
    let began = Instant::now();
    let quick_one = a_paid_order(&shop, &sandbox).await;
    let id = quick_one["id"].as_str().unwrap();
    let heard = stack
        .receiver()
        .wait_for(WITHIN, |d| d.is("order.paid", id))
        .await;
    assert!(heard.is_some());
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(
        slow.get("/v1/orders?status=paid").await.json["next_cursor"],
        json!(null)
    );
}
