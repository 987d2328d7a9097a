//! Whatever is sent, the edge answers with a reply of the 2xx or 4xx kind, never a 5xx, never nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::edge::post;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{1,18}(\\.[0-9]{0,3})?".prop_map(Value::from),
        Just(json!("IDR")),
        Just(json!("qris")),
        Just(json!("BNC_QRIS")),
        Just(json!("2026-11-22T00:00:00+07:00")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "reference",
            "amount",
            "value",
            "currency",
            "payment",
            "method",
            "channel",
            "channels",
            "expires_at",
            "expires_in",
            "description",
            "customer",
            "name",
            "email",
            "phone",
            "items",
            "price",
            "quantity",
            "return_url",
            "metadata",
            "url",
            "event_types",
            "enabled",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}",
    ]
}

fn any_order() -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), any_json()), 0..8).prop_map(|members| {
        let mut order = json!({"reference": "A", "amount": {"value": "20000", "currency": "IDR"}});
        order.as_object_mut().unwrap().extend(members);
        order
    })
}

const PATHS: [&str; 3] = [
    "/v1/orders",
    "/v1/orders/ord_01934c5e7a107bbb8ccc0123456789ab/payments",
    "/v1/webhook-endpoints",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_json_is_accepted_or_refused(body in prop_oneof![any_json(), any_order()], path in prop::sample::select(&PATHS[..])) {
        let reply = post(path, body.to_string().as_bytes());
        prop_assert!(matches!(reply.status, 201 | 400 | 422), "{reply:?}");
        if reply.status != 201 {
            reply.problem();
        }
    }

    #[test]
    fn random_bytes_are_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let reply = post("/v1/orders", &body);
        prop_assert!(matches!(reply.status, 400 | 422), "{reply:?}");
        reply.problem();
    }
}
