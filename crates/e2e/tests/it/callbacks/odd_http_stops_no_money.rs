//! What fronts, editors and old software make of a request or a reply on the way: money comes in all the same.

use chrono::Utc;
use devstack::Stack;
use serde_json::Value;

use crate::support::{Http, Provider, QRIS, Shop, an_order, shared, unique};

const MARK: &str = "\u{feff}";

async fn create(stack: &Stack, authorization: &str, body: &str) -> crate::support::Answer {
    let url = format!("{}/v1/orders", stack.api_url(0));
    let headers = [
        ("authorization", authorization),
        ("content-type", "application/json"),
    ];
    Http::new()
        .send("POST", &url, &headers, body.as_bytes().to_vec())
        .await
}

#[actix_rt::test]
async fn a_shop_may_put_a_byte_order_mark_before_its_json_and_blanks_behind_bearer() {
    let stack = shared();
    let key = &stack.merchant().api_key;
    let order = an_order("qris");
    for scheme in ["Bearer ", "bearer  ", "BEARER     "] {
        let mut order = order.clone();
        order["reference"] = unique("BOM").into();
        let authorization = format!("{scheme}{key}");
        let made = create(stack, &authorization, &format!("{MARK}{order}"))
            .await
            .expect(201);
        // It is the same body, so the same order.
        let again = create(stack, &authorization, &order.to_string())
            .await
            .expect(201);
        assert_eq!(again.bytes, made.bytes);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
}

/// A success for this payment, spelt so.
async fn paid_by(path: &str, body_of: impl Fn(&Value) -> String) {
    let stack = shared();
    let (shop, provider) = (Shop::of(stack), Provider::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let payment = &made["payments"][0];
    let body = body_of(&Provider::success(
        payment,
        made["amount"]["value"].as_str().unwrap(),
    ));
    let answer = provider.notify(path, body.as_bytes(), Utc::now()).await;
    assert_eq!(answer.expect(200).str("/responseCode"), "2005600", "{body}");
    let now = shop.order(made["id"].as_str().unwrap()).await;
    assert_eq!(now["status"], "paid", "{path} {body}");
}

#[actix_rt::test]
async fn a_callback_pays_with_a_byte_order_mark_other_slashes_and_our_reference_in_other_letters() {
    paid_by(QRIS, |told| format!("{MARK}{told}")).await;
    for path in [
        format!("{QRIS}/"),
        format!("/{QRIS}"),
        QRIS.replace('/', "//"),
    ] {
        paid_by(&path, Value::to_string).await;
    }
    let respelt = |told: &Value, spell: fn(&str) -> String| {
        let mut told = told.clone();
        let named = told["originalPartnerReferenceNo"].as_str().unwrap();
        told["originalPartnerReferenceNo"] = spell(named).into();
        told.to_string()
    };
    paid_by(QRIS, |told| respelt(told, str::to_ascii_uppercase)).await;
    paid_by(QRIS, |told| respelt(told, |named| format!(" {named}\t"))).await;
    paid_by(&format!("{QRIS}//"), |told| {
        format!(
            "{MARK}{}",
            respelt(told, |named| format!(
                "{}\u{a0}",
                named.to_ascii_uppercase()
            ))
        )
    })
    .await;
}
