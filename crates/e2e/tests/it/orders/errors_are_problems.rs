//! Whatever is wrong with a request, the answer is a problem that a program can read.

use serde_json::{Value, json};

use crate::support::{Answer, Http, Shop, an_order, shared, with};

async fn call(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let url = format!("{}{path}", shared().api_url(0));
    Http::new().send(method, &url, headers, body.to_vec()).await
}

#[actix_rt::test]
async fn of_every_kind() {
    let stack = shared();
    let bearer = format!("Bearer {}", stack.merchant().api_key);
    let key = ("authorization", bearer.as_str());
    let json = ("content-type", "application/json");
    let order = an_order("qris").to_string();
    let order = order.as_bytes();
    let too_large = vec![b' '; 64 * 1024 + 1];
    let nobodys = "/v1/orders/ord_00000000000000000000000000000000";
    type Case<'a> = (
        u16,
        &'a str,
        &'a str,
        &'a str,
        Vec<(&'a str, &'a str)>,
        &'a [u8],
    );
    let cases: [Case<'_>; 19] = [
        (
            400,
            "malformed_json",
            "POST",
            "/v1/orders",
            vec![key, json],
            b"{",
        ),
        (
            400,
            "malformed_json",
            "POST",
            "/v1/orders",
            vec![key, json],
            b"[]",
        ),
        (
            400,
            "malformed_json",
            "POST",
            "/v1/orders",
            vec![key, json],
            b"",
        ),
        (
            400,
            "malformed_json",
            "POST",
            "/v1/orders",
            vec![key, json],
            b"{\"a\":1,\"a\":2}",
        ),
        (
            400,
            "malformed_json",
            "POST",
            "/v1/orders",
            vec![key, json],
            b"{\"a\":\"\xff\"}",
        ),
        (
            400,
            "malformed_request",
            "POST",
            "/v1/orders?x=1",
            vec![key, json],
            order,
        ),
        (
            400,
            "malformed_request",
            "GET",
            "/v1/orders?limit=0",
            vec![key],
            b"",
        ),
        (
            400,
            "malformed_request",
            "GET",
            "/v1/orders?cursor=x",
            vec![key],
            b"",
        ),
        (
            400,
            "malformed_request",
            "POST",
            "/v1/orders",
            vec![key, json, ("idempotency-key", "")],
            order,
        ),
        (401, "unauthorized", "POST", "/v1/orders", vec![json], order),
        (
            401,
            "unauthorized",
            "GET",
            "/v1/orders",
            vec![("authorization", "Bearer gk_made_up")],
            b"",
        ),
        (
            401,
            "unauthorized",
            "GET",
            nobodys,
            vec![("authorization", "Basic eA==")],
            b"",
        ),
        (404, "not_found", "GET", "/", vec![], b""),
        (404, "not_found", "GET", "/v1/nothing", vec![key], b""),
        (404, "not_found", "GET", nobodys, vec![key], b""),
        (404, "not_found", "GET", "/v1/orders/ord_x", vec![key], b""),
        (
            405,
            "method_not_allowed",
            "DELETE",
            "/v1/orders",
            vec![key],
            b"",
        ),
        (
            413,
            "body_too_large",
            "POST",
            "/v1/orders",
            vec![key, json],
            &too_large,
        ),
        (
            415,
            "unsupported_media_type",
            "POST",
            "/v1/orders",
            vec![key, ("content-type", "text/plain")],
            order,
        ),
    ];
    for (status, code, method, path, headers, body) in cases {
        let answer = call(method, path, &headers, body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
        assert_eq!(
            answer.status,
            status,
            "{method} {path} {shown}: {}",
            answer.text()
        );
        answer.problem(status, code);
    }
}

#[actix_rt::test]
async fn the_callers_request_id_is_kept() {
    let id = ("x-request-id", "shop-17.A_b");
    let answer = call("GET", "/v1/orders", &[id], b"")
        .await
        .problem(401, "unauthorized");
    assert_eq!(answer.header("x-request-id"), Some("shop-17.A_b"));
    let odd = call("GET", "/v1/orders", &[("x-request-id", "a b")], b"").await;
    assert_ne!(
        odd.problem(401, "unauthorized").header("x-request-id"),
        Some("a b")
    );
}

#[actix_rt::test]
async fn a_key_without_the_scope_is_forbidden() {
    let stack = shared();
    let merchant = &stack.merchant().id;
    let create = ["keys", "create", "--merchant", merchant, "--scope", "read"];
    let key = stack.gatewayctl_json(&create).unwrap();
    let reader = Shop::with_key(stack, key["api_key"].as_str().unwrap());
    reader.get("/v1/orders?limit=1").await.expect(200);
    reader
        .create(&an_order("qris"))
        .await
        .problem(403, "forbidden");
    let made = Shop::of(stack).made(&an_order("qris")).await;
    for verb in ["cancel", "sync", "payments"] {
        let path = format!("/v1/orders/{}/{verb}", made["id"].as_str().unwrap());
        reader
            .post(&path, &json!({}))
            .await
            .problem(403, "forbidden");
    }
    let create = [
        "keys",
        "create",
        "--merchant",
        merchant,
        "--scope",
        "orders",
    ];
    let key = stack.gatewayctl_json(&create).unwrap();
    let writer = Shop::with_key(stack, key["api_key"].as_str().unwrap());
    writer.create(&an_order("qris")).await.expect(201);
    writer.get("/v1/orders").await.problem(403, "forbidden");
}

#[actix_rt::test]
async fn every_field_that_is_wrong_is_named() {
    let shop = Shop::of(shared());
    let wrong = json!({
        "reference": "a b",
        "amount": {"value": "25000.50", "currency": "IDR"},
        "payment": {"method": "ewallet"},
        "return_url": null,
        "description": "x".repeat(256),
        "expires_at": "2020-01-01T00:00:00+07:00",
        "metadata": {"cart": 7},
        "colour": "red",
    });
    let answer = shop.create(&with(an_order("qris"), wrong)).await;
    let answer = answer.problem(422, "validation_failed");
    let errors = answer.json["errors"].as_array().unwrap();
    let found: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| {
            (
                error["field"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    for expected in [
        ("reference", "invalid_format"),
        ("amount.value", "not_whole_rupiah"),
        ("return_url", "required"),
        ("description", "too_long"),
        ("expires_at", "in_the_past"),
        ("metadata.cart", "wrong_type"),
        ("colour", "unknown_field"),
    ] {
        assert!(
            found.contains(&expected),
            "{expected:?} is not in {found:?}"
        );
    }
}

#[actix_rt::test]
async fn every_limit_of_a_channel_is_told() {
    let shop = Shop::of(shared());
    let of = |channel: &str, value: &str| -> Value {
        with(
            an_order(channel),
            json!({"amount": {"value": value, "currency": "IDR"}}),
        )
    };
    for (channel, value, code) in [
        ("qris", "10000001.00", "above_maximum"),
        ("VIRTUAL_ACCOUNT_BNI", "9999.00", "below_minimum"),
        ("VIRTUAL_ACCOUNT_BNI", "500000001.00", "above_maximum"),
        ("RETAIL_ALFAMART", "5000001.00", "above_maximum"),
    ] {
        let answer = shop
            .create(&of(channel, value))
            .await
            .problem(422, "validation_failed");
        assert_eq!(
            answer.json["errors"][0]["field"], "amount.value",
            "{channel} {value}"
        );
        assert_eq!(answer.json["errors"][0]["code"], code, "{channel} {value}");
    }
}
