//! What a stranger, or a shop that tries its luck, gets: each listener's own routes and no other,
//! no field that is not documented, no word of the inside, and text that stays text.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Http, Shop, an_order, assert_books_balance, shared, unique, with};

/// Words that only our own log may hold.
const INSIDE: [&str; 9] = [
    "panicked",
    "diesel",
    "postgres",
    "SELECT ",
    "src/",
    ".rs:",
    "actix",
    "RUST_",
    "127.0.0.1",
];

fn source(file: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(own.parent().unwrap().join(file)).unwrap()
}

#[track_caller]
fn tells_nothing(answer: &Answer, what: &str) {
    let text = answer.text();
    for word in INSIDE {
        assert!(!text.contains(word), "{what}: {word} stands in {text}");
    }
}

/// The paths that begin so in a service's URL map, with an id that nobody has.
fn paths(file: &str, begin: &str) -> BTreeSet<String> {
    let text = source(file);
    let parts = text.split('"').skip(1).step_by(2);
    let paths = parts.filter(|part| part.starts_with(begin));
    paths
        .map(|path| {
            path.replace("{id}", "ord_00000000000000000000000000000000")
                .replace("{name}", "checkout.css")
        })
        .collect()
}

/// S13: what belongs to one listener is nowhere else.
#[actix_rt::test]
async fn on_any_listener_but_the_one_that_has_it() {
    let stack = shared();
    let http = Http::new();
    let ops = |name| stack.ops_url(name).unwrap();
    let merchant = paths("gateway-api/src/routes.rs", "/v1/");
    let pages = paths("gateway-api/src/routes.rs", "/pay/");
    let callbacks = paths("ayolinx-core/src/provider/messages.rs", "/v1.0/");
    let probes = ["/livez", "/readyz", "/metrics"].map(str::to_owned);
    assert!(merchant.len() > 10 && pages.len() > 4 && callbacks.len() > 8);
    let groups = [merchant, pages, callbacks, BTreeSet::from(probes)];
    let listeners = [
        (stack.api_url(0), 0),
        (stack.checkout_url(), 1),
        (stack.callback_url(0), 2),
        (ops("gateway-api-1"), 3),
        (ops("callback-worker-1"), 3),
    ];
    for (origin, own) in &listeners {
        for (place, group) in groups.iter().enumerate() {
            for path in group.iter().filter(|_| place != *own) {
                for method in ["GET", "POST"] {
                    let answer = http
                        .send(method, &format!("{origin}{path}"), &[], vec![])
                        .await;
                    assert_eq!(answer.status, 404, "{method} {path} on {origin}");
                    tells_nothing(&answer, path);
                }
            }
        }
    }
}

/// S10: a key that is wrong in any way is told the same, and none of them is remembered.
#[actix_rt::test]
async fn by_guessing_keys() {
    let stack = shared();
    let good = stack.merchant().api_key.clone();
    let mut altered = good.clone();
    let last = altered.pop().unwrap();
    altered.push(if last == 'A' { 'B' } else { 'A' });
    let http = Http::new();
    let url = format!("{}/v1/orders", stack.api_url(0));
    let mut told = BTreeSet::new();
    let forms = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {altered}"),
        format!("Bearer {}", good.to_uppercase()),
        format!("Bearer {good}x"),
        format!("Basic {good}"),
        format!("Bearer gk_{}", "A".repeat(43)),
        "Bearer ' OR 1=1 --".to_owned(),
    ];
    for form in forms {
        let headers = [("authorization", form.as_str())];
        let answer = http.send("GET", &url, &headers, vec![]).await;
        let mut problem = answer.problem(401, "unauthorized").json;
        problem.as_object_mut().unwrap().remove("request_id");
        told.insert(problem.to_string());
    }
    assert_eq!(told.len(), 1, "{told:?}");
    let mut refused = 0;
    for _ in 0..200 {
        let guess = format!("Bearer gk_{}", unique("guess"));
        let headers = [("authorization", guess.as_str())];
        let answer = http.send("GET", &url, &headers, vec![]).await;
        refused += usize::from(answer.status == 401);
    }
    assert_eq!(refused, 200);
    Shop::of(stack).get("/v1/orders").await.expect(200);
}

/// Every column of every table, as the code knows them.
fn columns() -> BTreeSet<String> {
    let schema = source("ledger/src/database/schema.rs");
    let lines = schema.lines().filter(|line| line.contains(" -> "));
    lines
        .filter_map(|line| line.trim().split(' ').next())
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .map(str::to_owned)
        .collect()
}

/// S12: no column of ours can be set by naming it, in any body.
#[actix_rt::test]
async fn by_naming_our_columns() {
    let stack = shared();
    let shop = Shop::of(stack);
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let hook = json!({"url": "https://shop.example.co.id/hooks"});
    let payment = format!("/v1/orders/{id}/payments");
    let cancel = format!("/v1/orders/{id}/cancel");
    let names = columns();
    assert!(names.len() > 60, "{names:?}");
    for (path, body) in [
        ("/v1/orders", an_order("qris")),
        ("/v1/webhook-endpoints", hook),
        (payment.as_str(), json!({"method": "qris"})),
        (cancel.as_str(), json!({})),
    ] {
        for name in &names {
            if body.get(name).is_some() || DOCUMENTED.contains(&name.as_str()) {
                continue;
            }
            let more = with(body.clone(), json!({name.as_str(): "x"}));
            let answer = post_in_turn(&shop, path, &more).await;
            let answer = answer.problem(422, "validation_failed");
            let errors = answer.json["errors"].as_array().unwrap();
            let named = |error: &Value| error["field"] == *name && error["code"] == "unknown_field";
            assert!(errors.iter().any(named), "{path} {name}: {}", answer.text());
        }
    }
    assert_eq!(shop.order(id).await, made);
}

/// So many requests at once are more than a key may send: who is told to wait waits.
async fn post_in_turn(shop: &Shop, path: &str, body: &Value) -> Answer {
    loop {
        let answer = shop.post(path, body).await;
        if answer.status != 429 {
            return answer;
        }
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_secs(wait)).await;
    }
}

/// Columns that are also fields of a body.
const DOCUMENTED: [&str; 16] = [
    "items",
    "expires_in",
    "channels",
    "reference",
    "amount",
    "payment",
    "expires_at",
    "description",
    "customer",
    "return_url",
    "metadata",
    "url",
    "enabled",
    "event_types",
    "method",
    "channel",
];

/// S27, S28, S39: what looks like SQL, markup, a formula or a template is text, comes back as it was,
/// and stirs nothing.
#[actix_rt::test]
async fn by_writing_something_clever() {
    let stack = shared();
    // So many requests are one shop's own: the others of this stack have their allowance.
    let made = stack.gatewayctl_json(&["merchants", "create", "--name", "Clever"]);
    let shop = Shop::with_key(stack, made.unwrap()["api_key"].as_str().unwrap());
    for text in [
        "'; DROP TABLE orders; --",
        "\" OR \"\"=\"",
        "$1 $2 %s %n {} {0} ${jndi:ldap://a}",
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "../../../etc/passwd",
        "\\x00 \\u0000 %00",
        "\u{202e}txt.exe \u{feff}",
        "𝒮𝒬𝓛 ﷽ 👩‍👩‍👧‍👦",
    ] {
        let order = with(
            an_order("qris"),
            json!({
                "description": text,
                "metadata": {"note": text},
                "customer": {"name": text},
            }),
        );
        let made = shop.made(&order).await;
        let seen = shop.order(made["id"].as_str().unwrap()).await;
        assert_eq!(seen["description"], text);
        assert_eq!(seen["metadata"]["note"], text);
        assert_eq!(seen["customer"]["name"], text);
        for filter in ["reference", "status", "channel", "cursor", "method"] {
            let quoted: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let answer = shop.get(&format!("/v1/orders?{filter}={quoted}")).await;
            assert!(answer.status < 500, "{filter} {text}: {}", answer.text());
            tells_nothing(&answer, text);
        }
    }
    for control in ["\n", "\r", "\u{1b}[31m", "\0", "\u{7f}", "\u{85}"] {
        let order = with(
            an_order("qris"),
            json!({"description": format!("a{control}b")}),
        );
        shop.create(&order).await.problem(422, "validation_failed");
    }
    assert_books_balance(stack);
}
