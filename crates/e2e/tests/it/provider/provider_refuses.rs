//! A refusal is final and told as it is: 424 with the provider's own code, the order failed, and
//! the same bytes whenever it is asked again.

use std::time::Duration;

use serde_json::json;

use crate::support::{CHANNELS, Sandbox, Shop, an_order, of, reference, shared, with};

/// The sandbox refuses every amount that ends so.
const REFUSED: &str = "25901.00";

#[actix_rt::test]
async fn on_every_channel() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    for channel in CHANNELS {
        let order = with(
            an_order(channel),
            json!({"amount": {"value": REFUSED, "currency": "IDR"}}),
        );
        let refused = shop.create(&order).await.problem(424, "provider_rejected");
        let code = refused.str("/provider/code");
        assert!(
            code.starts_with("403") && code.ends_with("05"),
            "{channel}: {code}"
        );
        assert_eq!(refused.str("/provider/message"), "Do Not Honor");
        assert_eq!(refused.json["safe_to_retry"], false);

        let failed = shop.find(reference(&order)).await;
        assert_eq!(failed["id"], refused.json["order_id"]);
        assert_eq!(failed["status"], "failed");
        assert_eq!(failed["payments"][0]["status"], "failed");
        assert_eq!(failed["payments"][0]["failure"]["code"], code);
        assert!(sandbox.transaction(&failed["payments"][0]).await.is_null());

        let again = shop.create(&order).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.bytes, refused.bytes);

        let id = failed["id"].as_str().unwrap();
        let heard = stack.receiver();
        let heard = heard
            .wait_for(Duration::from_secs(20), |d| d.is("order.failed", id))
            .await;
        assert_eq!(heard.unwrap().verified, Ok(()), "{channel}");
    }
}

#[actix_rt::test]
async fn an_order_whose_payer_chooses_stays_pending() {
    let shop = Shop::of(shared());
    let members = json!({"payment": null, "amount": {"value": REFUSED, "currency": "IDR"}});
    let made = shop.made(&with(an_order("qris"), members)).await;
    let id = made["id"].as_str().unwrap();
    let path = format!("/v1/orders/{id}/payments");
    shop.post(&path, &of("qris"))
        .await
        .problem(424, "provider_rejected");
    let order = shop.order(id).await;
    assert_eq!(order["status"], "pending");
    assert_eq!(order["payments"][0]["status"], "failed");
}

#[actix_rt::test]
async fn a_failure_that_is_told_later_fails_the_order() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    for (verb, state) in [("fail", "failed"), ("cancel", "cancelled")] {
        let made = shop.made(&an_order("EMONEY_DANA_SNAP")).await;
        sandbox.settle(&made["payments"][0], verb, json!({})).await;
        let order = shop.order(made["id"].as_str().unwrap()).await;
        assert_eq!(order["status"], "failed", "{verb}: {order}");
        assert_eq!(order["payments"][0]["status"], state, "{verb}: {order}");
    }
}
