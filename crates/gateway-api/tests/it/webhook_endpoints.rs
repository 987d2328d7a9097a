//! `/v1/webhook-endpoints…` against a real Postgres.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::edge::Reply;
use crate::service::{Shop, service};

const ENDPOINTS: &str = "/v1/webhook-endpoints";

fn path(endpoint: &Value) -> String {
    format!("{ENDPOINTS}/{}", endpoint["id"].as_str().unwrap())
}

fn members(value: &Value) -> BTreeSet<&str> {
    let members = value.as_object().unwrap().keys();
    members.map(String::as_str).collect()
}

#[track_caller]
fn url_is_refused(reply: &Reply) {
    assert_eq!(
        (reply.status, reply.problem()),
        (422, "validation_failed".to_owned())
    );
    let error = &reply.json()["errors"][0];
    assert_eq!(
        (error["field"].as_str(), error["code"].as_str()),
        (Some("url"), Some("url_not_allowed")),
        "{error}"
    );
}

#[test]
fn an_endpoint_lives_from_its_making_to_its_deletion() {
    let shop = service().shop();
    let body = r#"{"url":"http://127.0.0.1:9/hook","event_types":["order.paid"],"enabled":false}"#;
    let made = shop.post(ENDPOINTS, body);
    assert_eq!(made.status, 201);
    let made = made.json();
    let mut shown: BTreeSet<&str> = [
        "id",
        "object",
        "url",
        "event_types",
        "enabled",
        "disabled_reason",
        "created_at",
        "updated_at",
        "secret",
    ]
    .into();
    assert_eq!(members(&made), shown);
    assert_eq!(made["object"], "webhook_endpoint");
    assert_eq!(made["enabled"], false);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 40);

    shown.remove("secret");
    let read = shop.get(&path(&made)).json();
    assert_eq!(members(&read), shown, "the secret is shown once");
    assert_eq!(
        shop.get(ENDPOINTS).json()["data"],
        serde_json::json!([read])
    );

    let changed = shop.call(
        "PATCH",
        &path(&made),
        &[],
        r#"{"url":"http://127.0.0.1:9/new","event_types":null,"enabled":true}"#,
    );
    assert_eq!(changed.status, 200);
    let changed = changed.json();
    assert_eq!(changed["url"], "http://127.0.0.1:9/new");
    assert_eq!(changed["event_types"], Value::Null);
    assert_eq!(changed["enabled"], true);
    let unchanged = shop.call("PATCH", &path(&made), &[], "{}").json();
    assert_eq!(unchanged["url"], changed["url"]);

    let rotated = shop.post(&format!("{}/rotate-secret", path(&made)), "");
    assert_eq!(rotated.status, 200);
    let rotated = rotated.json();
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["id"], made["id"]);

    let deleted = shop.call("DELETE", &path(&made), &[], "");
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(shop.get(&path(&made)).problem(), "not_found");
    assert_eq!(shop.call("DELETE", &path(&made), &[], "").status, 404);
    assert_eq!(shop.get(ENDPOINTS).json()["data"], serde_json::json!([]));
}

#[test]
fn a_url_into_the_inner_network_is_refused() {
    let shop = service().shop();
    let endpoint = shop.endpoint();
    for url in [
        "http://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "http://shop.example.co.id/hook",
        "https://shop.example.co.id:22/hook",
        "https://user:pass@shop.example.co.id/hook",
        "https://2130706433/hook",
        "ftp://shop.example.co.id/hook",
        "shop.example.co.id",
    ] {
        let body = format!(r#"{{"url":"{url}"}}"#);
        url_is_refused(&shop.post(ENDPOINTS, &body));
        url_is_refused(&shop.call("PATCH", &path(&endpoint), &[], &body));
    }
    assert_eq!(
        shop.get(ENDPOINTS).json()["data"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a_repeated_request_gives_its_first_reply_and_does_nothing_twice() {
    let shop = service().shop();
    let key = ["idempotency-key: make-1"];
    let body = r#"{"url":"http://127.0.0.1:9/hook"}"#;
    let first = shop.call("POST", ENDPOINTS, &key, body);
    assert_eq!(
        (first.status, first.header("idempotent-replayed")),
        (201, None)
    );
    let spaced = r#"{ "url" : "http://127.0.0.1:9/hook" }"#;
    let again = shop.call("POST", ENDPOINTS, &key, spaced);
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (201, Some("true"))
    );
    assert_eq!(again.body, first.body, "the very bytes, with the secret");
    let other = shop.call("POST", ENDPOINTS, &key, r#"{"url":"http://127.0.0.1:9/"}"#);
    assert_eq!(other.problem(), "idempotency_key_reused");
    let order = r#"{"reference":"A-1","amount":{"value":"150000.00","currency":"IDR"}}"#;
    let elsewhere = shop.call("POST", "/v1/orders", &key, order);
    assert_eq!(elsewhere.problem(), "idempotency_key_reused");
    assert_eq!(
        shop.get(ENDPOINTS).json()["data"].as_array().unwrap().len(),
        1
    );

    let endpoint = first.json();
    let test = format!("{}/test", path(&endpoint));
    let key = ["idempotency-key: test-1"];
    let tested = shop.call("POST", &test, &key, "");
    assert_eq!(tested.status, 202);
    assert_eq!(shop.call("POST", &test, &key, "{}").body, tested.body);
    assert_eq!(shop.feed_of(1).len(), 1);
    assert_ne!(shop.post(&test, "").body, tested.body);

    let rotate = format!("{}/rotate-secret", path(&endpoint));
    let key = ["idempotency-key: rotate-1"];
    let rotated = shop.call("POST", &rotate, &key, "");
    assert_eq!(shop.call("POST", &rotate, &key, "").body, rotated.body);
    let stored = service()
        .sql("SELECT count(*) FROM creations WHERE position('whsec_'::bytea IN reply_sealed) > 0");
    assert_eq!(stored, "0", "kept replies are sealed");
}

#[test]
fn a_test_goes_to_this_endpoint_alone_while_it_is_enabled() {
    let shop = service().shop();
    let (endpoint, _other) = (shop.endpoint(), shop.endpoint());
    let only_paid = r#"{"event_types":["order.paid"]}"#;
    shop.call("PATCH", &path(&endpoint), &[], only_paid);
    let event = shop.post(&format!("{}/test", path(&endpoint)), "");
    assert_eq!(event.status, 202);
    let event = event.json();
    assert_eq!(event["type"], "webhook.test");
    assert_eq!(event["data"], serde_json::json!({}));
    let id = event["id"].as_str().unwrap();
    assert_eq!(shop.get(&format!("/v1/events/{id}")).json(), event);
    let deliveries = shop.get(&format!("/v1/events/{id}/deliveries")).json();
    let deliveries = deliveries["data"].as_array().unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0]["endpoint_id"], endpoint["id"]);
    shop.call("PATCH", &path(&endpoint), &[], r#"{"enabled":false}"#);
    let refused = shop.post(&format!("{}/test", path(&endpoint)), "");
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "state_conflict".to_owned())
    );
}

#[test]
fn a_merchant_has_a_hundred_endpoints_at_most() {
    let shop = service().shop();
    shop.endpoint();
    service().sql(&format!(
        "INSERT INTO webhook_endpoints (id, merchant_id, url, secret_sealed) \
         SELECT gen_random_uuid(), merchant_id, url, secret_sealed \
         FROM webhook_endpoints, generate_series(1, 99) WHERE merchant_id = '{}'",
        shop.merchant.as_uuid()
    ));
    let key = ["idempotency-key: make-1"];
    let body = r#"{"url":"http://127.0.0.1:9/hook"}"#;
    let refused = shop.call("POST", ENDPOINTS, &key, body);
    assert_eq!(refused.problem(), "state_conflict");
    let one = shop.get(ENDPOINTS).json()["data"][0].clone();
    shop.call("DELETE", &path(&one), &[], "");
    let made = shop.call("POST", ENDPOINTS, &key, body);
    assert_eq!(made.status, 201, "a refusal uses up no key");
}

#[test]
fn bad_bodies_are_named() {
    let shop = service().shop();
    let endpoint = shop.endpoint();
    for (body, status, code) in [
        ("{", 400, "malformed_json"),
        ("[]", 400, "malformed_json"),
        ("{}", 422, "validation_failed"),
        (r#"{"url":7}"#, 422, "validation_failed"),
        (
            r#"{"url":"http://127.0.0.1:9/","secret":"x"}"#,
            422,
            "validation_failed",
        ),
        (
            r#"{"url":"http://127.0.0.1:9/","event_types":["x"]}"#,
            422,
            "validation_failed",
        ),
        (
            r#"{"url":"http://127.0.0.1:9/","event_types":[]}"#,
            422,
            "validation_failed",
        ),
        (
            r#"{"url":"http://127.0.0.1:9/","enabled":"yes"}"#,
            422,
            "validation_failed",
        ),
    ] {
        let reply = shop.post(ENDPOINTS, body);
        assert_eq!(
            (reply.status, reply.problem()),
            (status, code.to_owned()),
            "{body}"
        );
    }
    let rotate = format!("{}/rotate-secret", path(&endpoint));
    assert_eq!(
        shop.post(&rotate, r#"{"secret":"mine"}"#).problem(),
        "validation_failed"
    );
    assert_eq!(
        shop.get(&format!("{ENDPOINTS}?limit=1")).problem(),
        "malformed_request"
    );
    assert_eq!(
        shop.call("PUT", &path(&endpoint), &[], "{}").problem(),
        "method_not_allowed"
    );
    let key = ["idempotency-key: a b"];
    let bad_key = shop.call("POST", ENDPOINTS, &key, r#"{"url":"http://127.0.0.1:9/"}"#);
    assert_eq!(bad_key.problem(), "malformed_request");
}

#[test]
fn anothers_endpoint_is_not_found_by_any_call() {
    let shop = service().shop();
    let endpoint = shop.endpoint();
    let stranger = service().shop();
    let (own, rotate) = (
        path(&endpoint),
        format!("{}/rotate-secret", path(&endpoint)),
    );
    let test = format!("{}/test", path(&endpoint));
    for (method, path, body) in [
        ("GET", own.as_str(), ""),
        ("PATCH", own.as_str(), r#"{"enabled":false}"#),
        ("DELETE", own.as_str(), ""),
        ("POST", rotate.as_str(), ""),
        ("POST", test.as_str(), ""),
    ] {
        let reply = stranger.call(method, path, &[], body);
        assert_eq!(
            (reply.status, reply.problem()),
            (404, "not_found".to_owned()),
            "{method}"
        );
    }
    assert_eq!(
        stranger.get(ENDPOINTS).json()["data"],
        serde_json::json!([])
    );
    assert_eq!(shop.get(&own).json()["enabled"], true);
    for id in ["whe_7", "ord_01934c5e7a107bbb8ccc0123456789ab", "x"] {
        assert_eq!(shop.get(&format!("{ENDPOINTS}/{id}")).status, 404, "{id}");
    }
}

#[test]
fn what_a_key_may_do_is_what_it_can() {
    let owner = service().shop();
    let endpoint = owner.endpoint();
    let with = |scopes: &[&str]| service().key_of(owner.merchant, scopes);
    let own = path(&endpoint);
    let (rotate, test) = (format!("{own}/rotate-secret"), format!("{own}/test"));
    let new = r#"{"url":"http://127.0.0.1:9/hook"}"#;
    let reading = [("GET", ENDPOINTS, ""), ("GET", own.as_str(), "")];
    let changing = [
        ("POST", ENDPOINTS, new),
        ("PATCH", own.as_str(), "{}"),
        ("POST", rotate.as_str(), ""),
        ("POST", test.as_str(), ""),
        ("DELETE", own.as_str(), ""),
    ];
    let status = |shop: &Shop, (method, path, body): (&str, &str, &str)| {
        shop.call(method, path, &[], body).status
    };
    for call in reading {
        assert_eq!(status(&with(&["read"]), call), 200, "{call:?}");
        assert_eq!(status(&with(&["webhooks"]), call), 200, "{call:?}");
        assert_eq!(status(&with(&["orders", "refunds"]), call), 403, "{call:?}");
    }
    for call in changing {
        let lacking = status(&with(&["orders", "refunds", "read"]), call);
        assert_eq!(lacking, 403, "{call:?}");
    }
    for call in changing {
        let holding = status(&with(&["webhooks"]), call);
        assert!((200..300).contains(&holding), "{call:?}");
    }
}
