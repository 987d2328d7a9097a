//! Every channel that is on can be paid, and the shop hears of it once, signed.

use std::time::Duration;

use devstack::Stack;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{CHANNELS, Sandbox, Shop, an_order, quick, shared};

const WITHIN: Duration = Duration::from_secs(20);

fn next_action(method: &str) -> &'static str {
    match method {
        "qris" => "show_qr",
        "virtual_account" => "show_virtual_account",
        "retail" => "show_payment_code",
        _ => "redirect",
    }
}

async fn is_paid(stack: &Stack, channel: &str, how: Value) {
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let made = shop.made(&an_order(channel)).await;
    let payment = &made["payments"][0];
    assert_eq!(made["status"], "pending", "{made}");
    assert_eq!(payment["status"], "pending", "{made}");
    let method = payment["method"].as_str().unwrap();
    assert_eq!(
        payment["next_action"]["type"],
        next_action(method),
        "{made}"
    );
    let callback = sandbox.settle(payment, "pay", how).await;
    assert_eq!(callback["state"], "delivered", "{channel}: {callback}");

    let id = made["id"].as_str().unwrap();
    // The callback was acknowledged, so that what it said is committed: no waiting.
    let paid = shop.order(id).await;
    assert_eq!(paid["status"], "paid", "{channel}: {paid}");
    assert_eq!(paid["paid_amount"]["value"], "25000.00", "{channel}");
    assert_eq!(paid["paid_late"], false, "{channel}");
    assert_eq!(paid["payments"][0]["status"], "paid", "{channel}");
    assert_eq!(paid["payments"][0]["next_action"], json!(null));
    assert!(paid["paid_at"].is_string() && paid["version"].as_i64() > made["version"].as_i64());

    let heard = stack
        .receiver()
        .wait_for(WITHIN, |delivery| delivery.is("order.paid", id))
        .await
        .unwrap_or_else(|| panic!("{channel}: no order.paid"));
    assert_eq!(heard.verified, Ok(()), "{channel}");
    assert_eq!(
        heard.order(),
        &paid,
        "{channel}: the event tells what the order was"
    );
}

async fn all_are_paid(stack: &Stack, channels: &[&str], how: &Value) {
    join_all(
        channels
            .iter()
            .map(|channel| is_paid(stack, channel, how.clone())),
    )
    .await;
}

#[actix_rt::test]
async fn by_plain_callbacks() {
    all_are_paid(shared(), &CHANNELS, &json!({"mode": "plain"})).await;
}

#[actix_rt::test]
async fn by_snap_callbacks_where_the_provider_has_them() {
    let snap: Vec<&str> = CHANNELS
        .into_iter()
        .filter(|channel| channel.starts_with("BNC") || channel.starts_with("VIRTUAL"))
        .collect();
    assert_eq!(snap.len(), 5);
    all_are_paid(shared(), &snap, &json!({"mode": "snap"})).await;
}

#[actix_rt::test]
async fn with_bodies_that_the_provider_hashes_in_php_spelling() {
    let stack = quick().sandbox_env("SANDBOX_BODY_SPELLING", "php").start();
    let stack = stack.await.unwrap();
    all_are_paid(&stack, &CHANNELS, &json!({})).await;
}

#[actix_rt::test]
async fn a_payer_of_a_link_chooses_any_of_its_channels() {
    for channel in ["BNC_QRIS", "EMONEY_DANA_SNAP", "RETAIL_ALFAMART"] {
        is_paid(shared(), "payment_link", json!({"channel": channel})).await;
    }
}

#[actix_rt::test]
async fn banks_that_are_unconfirmed_are_off() {
    let shop = Shop::of(shared());
    for channel in ["VIRTUAL_ACCOUNT_BCA", "VIRTUAL_ACCOUNT_PERMATA"] {
        let refused = shop.create(&an_order(channel)).await;
        refused.problem(422, "channel_unavailable");
    }
}
