//! What the provider tells of a sum is kept with its receipt and found wherever one looks: in the order,
//! the webhook, the list, the export, the timeline, and by the operator.

use std::time::Duration;

use chrono::Utc;
use serde_json::json;

use crate::support::{Provider, QRIS, Shop, an_order, shared, unique};

const FEE: &str = "175.00";

#[actix_rt::test]
async fn with_fee_rrn_issuer_and_settlement_date() {
    let stack = shared();
    let (shop, provider) = (Shop::of(stack), Provider::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let rrn = unique("62")
        .chars()
        .filter(char::is_ascii_digit)
        .take(12)
        .collect::<String>();
    let mut body = Provider::success(&made["payments"][0], "25000.00");
    body["additionalInfo"]["RRN"] = json!(rrn);
    body["additionalInfo"]["bankName"] = json!("BANK BCA");
    body["additionalInfo"]["settleDate"] = json!("20261121");
    body["additionalInfo"]["feeMoney"] = json!({"value": FEE, "currency": "IDR"});
    let body_text = body.to_string();
    let told = provider.notify(QRIS, body_text.as_bytes(), Utc::now());
    told.await.expect(200);

    let order = shop.until_status(id, "paid").await;
    let receipt = &order["payments"][0]["receipts"][0];
    assert!(
        receipt["id"].as_str().unwrap().starts_with("rcp_"),
        "{order}"
    );
    assert_eq!(receipt["status"], "booked");
    assert_eq!(receipt["amount"]["value"], "25000.00");
    assert_eq!(receipt["returned_amount"]["value"], "0.00");
    assert_eq!(receipt["fee"]["value"], FEE);
    assert_eq!(receipt["net_amount"]["value"], "24825.00");
    assert_eq!(receipt["rrn"], rrn.as_str());
    assert_eq!(receipt["issuer"], "BANK BCA");
    assert_eq!(receipt["settles_on"], "2026-11-21");
    assert_eq!(receipt["settlement"], json!(null));
    assert_eq!(
        (&order["fee"]["value"], &order["net_amount"]["value"]),
        (&json!(FEE), &json!("24825.00"))
    );

    let heard = stack
        .receiver()
        .wait_for(Duration::from_secs(20), |d| d.is("order.paid", id))
        .await;
    assert_eq!(heard.unwrap().verified, Ok(()));
    let listed = shop
        .get(&format!("/v1/orders?rrn={rrn}"))
        .await
        .expect(200)
        .json;
    assert_eq!(listed["data"][0]["id"], id);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let none = shop
        .get("/v1/orders?rrn=000000000000")
        .await
        .expect(200)
        .json;
    assert_eq!(none["data"], json!([]));
    let export = format!("/v1/orders/export?format=csv&rrn={rrn}");
    let export = shop.get(&export).await.expect(200).text();
    let line = export.lines().nth(1).unwrap();
    assert!(
        line.ends_with(&format!(",{FEE},24825.00,{rrn},BANK BCA,2026-11-21,,")),
        "{line}"
    );
    let timeline = shop
        .get(&format!("/v1/orders/{id}/timeline"))
        .await
        .expect(200)
        .text();
    assert!(timeline.contains("issuer BANK BCA"), "{timeline}");
    let shown = stack.gatewayctl(&["orders", "show", &rrn]).unwrap();
    assert!(shown.contains(id) && shown.contains("BANK BCA"), "{shown}");
}

#[actix_rt::test]
async fn what_one_word_does_not_tell_another_one_may() {
    let stack = shared();
    let (shop, provider) = (Shop::of(stack), Provider::of(stack));
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let mut body = Provider::success(&made["payments"][0], "25000.00");
    let body_text = body.to_string();
    let told = provider.notify(QRIS, body_text.as_bytes(), Utc::now());
    told.await.expect(200);
    let bare = shop.until_status(id, "paid").await;
    assert_eq!(
        (&bare["fee"], &bare["net_amount"]),
        (&json!(null), &json!(null))
    );

    body["additionalInfo"]["feeMoney"] = json!({"value": FEE, "currency": "IDR"});
    let body_text = body.to_string();
    let told = provider.notify(QRIS, body_text.as_bytes(), Utc::now());
    told.await.expect(200);
    let order = shop.order(id).await;
    assert_eq!(order["fee"]["value"], FEE);
    assert_eq!(order["paid_amount"], bare["paid_amount"], "no money moved");
    assert!(order["version"].as_i64() > bare["version"].as_i64());
}

#[actix_rt::test]
async fn a_payment_link_says_what_the_payer_chose() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), crate::support::Sandbox::of(stack));
    let made = shop.made(&an_order("payment_link")).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["payments"][0]["channel"], json!(null));
    let how = json!({"channel": "RETAIL_ALFAMART"});
    sandbox.settle(&made["payments"][0], "pay", how).await;
    let order = shop.until_status(id, "paid").await;
    assert_eq!(order["payments"][0]["channel"], "RETAIL_ALFAMART");
}
