//! A create that is not there is sent again under its own name, and not for ever.

use std::time::Duration;

use serde_json::json;

use crate::provider::outcome_is_unknown::{Scene, unsettled};
use crate::provider::provider_hands_us::counted;
use crate::support::{an_order, until_some, with};

const WITHIN: Duration = Duration::from_secs(20);

#[actix_rt::test]
async fn what_is_always_answered_alike_fails_after_three_resends() {
    let scene = Scene::of(unsettled()).await;
    let words = "Store closed";
    let cases = [
        ("RETAIL_ALFAMART", "retail_create", 200, "01"),
        ("VIRTUAL_ACCOUNT_BNI", "va_create", 500, "5002700"),
        ("ewallet", "ewallet_payment", 500, "581000002"),
        ("qris", "qris_generate", 202, "2024700"),
    ];
    let mut begun = Vec::new();
    for (channel, call, http, code) in cases {
        let answered =
            json!({"kind": "error", "http_status": http, "response_code": code, "message": words});
        let fault = json!({"call": call, "action": answered});
        scene.sandbox.fault(fault).await;
        begun.push(scene.shop.create(&an_order(channel)).await.expect(202).json);
    }
    for (order, (channel, _, _, code)) in begun.iter().zip(cases) {
        let failed = scene
            .shop
            .until_status(order["id"].as_str().unwrap(), "failed")
            .await;
        assert_eq!(
            failed["payments"].as_array().unwrap().len(),
            1,
            "{channel}: {failed}"
        );
        let failure = json!({"code": code, "message": words});
        assert_eq!(failed["payments"][0]["failure"], failure, "{channel}");
        let heard = scene.stack.receiver().wait_for(WITHIN, |d| {
            d.is("order.failed", order["id"].as_str().unwrap())
        });
        assert!(heard.await.is_some(), "{channel}");
    }
    assert_eq!(
        scene.sandbox.fired().await,
        [4, 4, 4, 4],
        "the first and three resends"
    );
    for (series, most) in [
        ("gateway_alarms_total{what=\"resends_exhausted\"}", 4),
        ("gateway_provider_resends_total{outcome=\"given_up\"}", 4),
        ("gateway_provider_resends_total{outcome=\"sent\"}", 12),
    ] {
        assert_eq!(
            counted(&scene, "callback-worker-1", series).await,
            most,
            "{series}"
        );
    }
}

#[actix_rt::test]
async fn who_does_not_answer_is_knocked_at_more_and_more_seldom() {
    let scene = Scene::of(unsettled()).await;
    let silence = json!({"call": "va_create", "action": "drop_before_effect"});
    scene.sandbox.fault(silence).await;
    let order = with(an_order("VIRTUAL_ACCOUNT_BNI"), json!({"expires_in": 20}));
    let begun = scene.shop.create(&order).await.expect(202).json;
    let expired = until_some(Duration::from_secs(60), "its time is over", async || {
        let order = scene.shop.order(begun["id"].as_str().unwrap()).await;
        let is_over = order["status"] == "expired";
        is_over.then_some(order.clone()).ok_or(order.to_string())
    });
    expired.await;
    // By the steps alone it would have been sent a dozen times.
    let sent = scene.sandbox.fired().await;
    assert!((3..=6).contains(&sent[0]), "{sent:?}");
}
