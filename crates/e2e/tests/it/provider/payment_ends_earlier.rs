//! The provider ends some payments before we do: the code is dead from then on, and its order is not.

use chrono::{DateTime, TimeDelta};
use devstack::run_sql;
use serde_json::{Value, json};

use crate::provider::outcome_is_unknown::{Scene, unsettled};
use crate::provider::provider_hands_us::{counted, told};
use crate::support::{an_order, of, with};

/// The create's reply names an end: what becomes of the payment's.
async fn ending(scene: &Scene, channel: &str, action: &Value) -> (Value, TimeDelta, TimeDelta) {
    let call = match channel {
        "qris" => "qris_generate",
        "RETAIL_ALFAMART" => "retail_create",
        _ => "va_create",
    };
    let fault = json!({"call": call, "times": 1, "action": action});
    scene.sandbox.fault(fault).await;
    let order = with(an_order(channel), json!({"expires_in": 86_400}));
    let made = scene.shop.made(&order).await;
    let at = |text: &Value| DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    let left = |text: &Value| at(text) - at(&made["created_at"]);
    let (order, payment) = (
        left(&made["expires_at"]),
        left(&made["payments"][0]["expires_at"]),
    );
    (made, order, payment)
}

const EACH_END: [&str; 3] = ["qris", "VIRTUAL_ACCOUNT_BNI", "RETAIL_ALFAMART"];

#[actix_rt::test]
async fn the_providers_earlier_end_is_the_payments_and_not_the_orders() {
    let scene = Scene::of(unsettled()).await;
    for channel in EACH_END {
        let early = json!({"kind": "other_expiry", "from_now_seconds": 900});
        let (made, order, payment) = ending(&scene, channel, &early).await;
        assert_eq!((order.num_seconds() + 20) / 60, 1_440, "{channel}: {made}");
        assert_eq!((payment.num_seconds() + 20) / 60, 15, "{channel}: {made}");
        let said = told(&scene, made["id"].as_str().unwrap()).await;
        assert!(said.contains("ends_earlier"), "{channel}: {said}");

        // What cannot be meant changes nothing.
        for action in [
            json!({"kind": "other_expiry", "from_now_seconds": -900}),
            json!({"kind": "other_expiry", "from_now_seconds": 30}),
            json!({"kind": "other_expiry", "shift_seconds": -25_200}),
            json!({"kind": "other_expiry", "shift_seconds": 25_200}),
            json!({"kind": "other_expiry", "shift_seconds": -20}),
        ] {
            let (made, order, payment) = ending(&scene, channel, &action).await;
            assert_eq!(order, payment, "{channel} {action}: {made}");
            let said = told(&scene, made["id"].as_str().unwrap()).await;
            assert!(!said.contains("ends_earlier"), "{channel} {action}: {said}");
        }
    }
    for (finding, most) in [("earlier", 3), ("past", 6), ("other_zone", 3), ("later", 3)] {
        let mut seen = 0;
        for channel in ["BNC_QRIS", "VIRTUAL_ACCOUNT_BNI", "RETAIL_ALFAMART"] {
            let series = format!(
                "gateway_provider_expiries_total{{channel=\"{channel}\",finding=\"{finding}\"}}"
            );
            seen += counted(&scene, "gateway-api-1", &series).await;
        }
        assert_eq!(seen, most, "{finding}");
    }
}

#[actix_rt::test]
async fn a_payment_that_the_provider_ended_expires_and_its_payer_chooses_again() {
    let scene = Scene::of(unsettled()).await;
    let early = json!({"kind": "other_expiry", "from_now_seconds": 900});
    let (made, _, _) = ending(&scene, "qris", &early).await;
    let (id, payment) = (
        made["id"].as_str().unwrap(),
        made["payments"][0]["id"].as_str().unwrap(),
    );
    // A quarter of an hour passes; were its end still to come a day later, nothing would be due.
    for statement in [
        format!(
            "UPDATE provider_work SET due_at = now() WHERE kind = 'expire' AND payment_id = '{payment}' \
             AND due_at < now() + interval '16 min'"
        ),
        format!("UPDATE payments SET expires_at = now() - interval '1 min' WHERE id = '{payment}'"),
    ] {
        run_sql(&scene.stack.database_url(), &statement).unwrap();
    }
    let expired = scene.shop.until(id, "the payment expired", |order| {
        order["payments"][0]["status"] == "expired"
    });
    expired.await;
    let expired = scene.shop.order(id).await;
    assert_eq!(expired["status"], "pending", "{expired}");
    let again = scene
        .shop
        .post(&format!("/v1/orders/{id}/payments"), &of("qris"))
        .await;
    let again = again.expect(201).json;
    assert_eq!(again["payments"][0]["status"], "pending", "{again}");
    scene.sandbox.pay(&again["payments"][0]).await;
    assert_eq!(scene.shop.order(id).await["status"], "paid");
}
