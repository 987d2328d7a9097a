//! Every example of the API's description, sent to the running service as it stands there; every reply
//! is as described.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, misfits, shared, until};

/// The description, and which of its calls were made.
struct Described {
    shop: Shop,
    document: Value,
    made: BTreeSet<String>,
}

impl Described {
    async fn by(shop: Shop) -> Self {
        let document = shop.get("/openapi.json").await.expect(200).json;
        Self {
            shop,
            document,
            made: BTreeSet::new(),
        }
    }

    /// Every call: its id, its verb, its path, what is said of it.
    fn calls(&self) -> Vec<(&str, &str, &str, &Value)> {
        let paths = self.document["paths"].as_object().unwrap();
        let calls = paths.iter().flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(verb, call)| {
                let id = call["operationId"].as_str().unwrap();
                (id, verb.as_str(), path.as_str(), call)
            })
        });
        calls.collect()
    }

    /// Sends a call's example, with this in place of the path's parameter and this query.
    async fn send(&mut self, id: &str, what: &str, query: &str) -> Answer {
        self.send_with(id, what, query, json!({})).await
    }

    /// [`Described::send`] with other members in the body.
    async fn send_with(&mut self, id: &str, what: &str, query: &str, members: Value) -> Answer {
        let calls = self.calls();
        let Some((_, verb, path, call)) = calls.into_iter().find(|call| call.0 == id) else {
            panic!("{id} is not described");
        };
        let path = path.replace("{id}", what).replace("{name}", what);
        let mut body = call["requestBody"]["content"]["application/json"]["example"].clone();
        if call["requestBody"].is_object() {
            assert!(body.is_object(), "{id} has no example");
            for (name, value) in members.as_object().unwrap() {
                body[name] = value.clone();
            }
        }
        let body = body.is_object().then_some(body);
        let verb = verb.to_uppercase();
        let answer = self
            .shop
            .call(&verb, &format!("{path}{query}"), body.as_ref())
            .await;
        assert!(
            (200..300).contains(&answer.status),
            "{id}: {}",
            answer.text()
        );
        self.check(id, call, &answer);
        self.made.insert(id.to_owned());
        answer
    }

    /// The reply is one that is described.
    fn check(&self, id: &str, call: &Value, answer: &Answer) {
        let described = &call["responses"][answer.status.to_string()];
        assert!(
            described.is_object(),
            "{id}: {} is not described",
            answer.status
        );
        let Some(kinds) = described["content"].as_object() else {
            assert!(answer.bytes.is_empty(), "{id}: {}", answer.text());
            return;
        };
        let kind = answer.header("content-type").unwrap();
        let content = kinds.get(kind);
        let content = content.unwrap_or_else(|| panic!("{id}: {kind} is not described"));
        if kind == "application/json" {
            let wrong = misfits(&self.document, &content["schema"], &answer.json);
            assert!(wrong.is_empty(), "{id}: {wrong:?} in {}", answer.text());
        }
        for name in ["x-request-id", "ratelimit", "ratelimit-policy"] {
            let named = described["headers"].as_object().unwrap().keys();
            let is_described = named
                .map(|known| known.to_lowercase())
                .any(|known| known == name);
            assert_eq!(answer.header(name).is_some(), is_described, "{id} {name}");
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// An order is made, looked at, paid another way, and part of it given back.
async fn an_order_lives(described: &mut Described, sandbox: &Sandbox) {
    let order = described.send("create_order", "", "").await.json;
    let id = text(&order["id"]);
    described.send("list_orders", "", "?limit=1").await;
    described.send("export_orders", "", "?format=csv").await;
    described.send("read_order", id, "?wait=0").await;
    described.send("read_order_qr_svg", id, "").await;
    described.send("read_order_qr_png", id, "?size=64").await;
    described.send("sync_order", id, "").await;
    let order = described.send("add_payment", id, "").await.json;
    sandbox.pay(&order["payments"][0]).await;
    described.shop.until_status(id, "paid").await;
    let refund = described.send("ask_refund", id, "").await.json;
    described.send("list_refunds", id, "").await;
    let refund = text(&refund["id"]);
    described.send("complete_refund", refund, "").await;
    let other = json!({"reason": "Barang rusak"});
    let other = described.send_with("ask_refund", id, "", other).await.json;
    described
        .send("cancel_refund", text(&other["id"]), "")
        .await;
    described.send("read_order_timeline", id, "").await;
    let other = json!({"reference": "INV-2026-0002"});
    let other = described
        .send_with("create_order", "", "", other)
        .await
        .json;
    described.send("cancel_order", text(&other["id"]), "").await;
    let wrong = json!({"reference": "INV-2026-0003"});
    let wrong = described
        .send_with("create_order", "", "", wrong)
        .await
        .json;
    let less = json!({"amount": "149000.00"});
    sandbox.settle(&wrong["payments"][0], "pay", less).await;
    let id = text(&wrong["id"]);
    described.shop.until_status(id, "review").await;
    described.send("resolve_review", id, "").await;
    described
        .send("read_daily_report", "", "?date=2026-11-20")
        .await;
    described.send("list_channels", "", "").await;
}

/// A webhook endpoint is made and changed, and events are sent to it.
async fn an_endpoint_lives(described: &mut Described) {
    let hook = described.send("create_webhook_endpoint", "", "").await.json;
    let hook = text(&hook["id"]);
    for id in [
        "read_webhook_endpoint",
        "change_webhook_endpoint",
        "rotate_webhook_secret",
        "test_webhook_endpoint",
    ] {
        described.send(id, hook, "").await;
    }
    described.send("list_webhook_endpoints", "", "").await;
    let shop = described.shop.clone();
    until(Duration::from_secs(30), "there are events", async || {
        let feed = shop.get("/v1/events").await.expect(200).json;
        !feed["data"].as_array().unwrap().is_empty()
    })
    .await;
    let feed = described.send("list_events", "", "?limit=1").await.json;
    let event = text(&feed["data"][0]["id"]);
    for id in ["read_event", "list_event_deliveries", "redeliver_event"] {
        described.send(id, event, "").await;
    }
    described.send("redeliver_events", "", "").await;
    described.send("delete_webhook_endpoint", hook, "").await;
}

#[actix_rt::test]
async fn each_is_accepted_and_answered_as_described() {
    let stack = shared();
    let merchant = stack.new_merchant("Described").unwrap();
    let shop = Shop::with_key(stack, &merchant.api_key);
    let mut described = Described::by(shop).await;
    an_order_lives(&mut described, &Sandbox::of(stack)).await;
    an_endpoint_lives(&mut described).await;
    described.send("read_openapi", "", "").await;
    described.send("read_docs", "", "").await;
    described.send("read_docs_errors", "", "").await;
    described.send("read_docs_file", "docs.css", "").await;
    let all: BTreeSet<String> = described
        .calls()
        .iter()
        .map(|call| call.0.to_owned())
        .collect();
    assert_eq!(described.made, all);
}

#[actix_rt::test]
async fn each_is_as_its_own_schema_says() {
    let described = Described::by(Shop::of(shared())).await;
    let mut tried = 0;
    for (id, _, _, call) in described.calls() {
        let replies = call["responses"].as_object().unwrap().values();
        let contents = replies.chain([&call["requestBody"]]);
        let contents = contents.filter_map(|reply| reply["content"].as_object());
        for content in contents.flat_map(|kinds| kinds.values()) {
            let named = content["examples"].as_object().into_iter().flatten();
            let known = &described.document["components"]["examples"];
            let named = named.map(|(name, _)| &known[name]["value"]);
            for example in named.chain(content.get("example")) {
                let wrong = misfits(&described.document, &content["schema"], example);
                assert!(wrong.is_empty(), "{id}: {wrong:?} in {example}");
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

#[test]
fn what_does_not_fit_is_seen() {
    let document = json!({"components": {"schemas": {"A": {
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": ["integer", "null"], "minimum": 1}, "b": {"enum": ["x"]}},
    }}}});
    let schema = json!({"$ref": "#/components/schemas/A"});
    for (fits, value) in [
        (true, json!({"a": 1, "b": "x"})),
        (true, json!({"a": null})),
        (false, json!({"a": 0})),
        (false, json!({"a": 1.5})),
        (false, json!({"b": "x"})),
        (false, json!({"a": 1, "b": "y"})),
        (false, json!({"a": 1, "c": 1})),
        (false, json!([])),
    ] {
        assert_eq!(
            misfits(&document, &schema, &value).is_empty(),
            fits,
            "{value}"
        );
        let either = json!({"oneOf": [{"type": "string"}, schema]});
        assert_eq!(
            misfits(&document, &either, &value).is_empty(),
            fits,
            "{value}"
        );
        let both = json!({"allOf": [{"type": "object"}, schema]});
        assert_eq!(
            misfits(&document, &both, &value).is_empty(),
            fits,
            "{value}"
        );
    }
}
