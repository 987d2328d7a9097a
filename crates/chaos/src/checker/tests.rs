//! The checker on a small world that is right, and on that world with each violation planted.

use devstack::{TestDatabase, run_sql};
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::{Scope, weigh};
use crate::checker::seeded_violations;

const WORLD: &str = include_str!("tests/world.sql");

const SHOP: &str = "mer_000000000000000000000000000000a1";
const ORDER: &str = "ord_000000000000000000000000000000c1";
const PAID: &str = "000000000000000000000000000000d1";
const EVENT: &str = "evt_000000000000000000000000000000e1";
const PAYABLE: &str = "evt_000000000000000000000000000000e2";
const ENDPOINT: &str = "whe_000000000000000000000000000000b1";

fn migrate(url: &str) {
    ledger::migrate(url).unwrap();
}

fn body() -> String {
    json!({"originalPartnerReferenceNo": PAID, "amount": "x"}).to_string()
}

fn load() -> Vec<Value> {
    let create = json!({"reference": "R-1", "amount": {"value": "150000.00"}}).to_string();
    let reply = json!({"id": ORDER}).to_string();
    let mut lines = Vec::new();
    for (n, what) in [(1, "create"), (2, "replay")] {
        lines.push(json!({
            "t": "request", "n": n, "at_ms": n, "op": "o-1", "what": what, "shop": SHOP,
            "key": "k-1", "body": create,
        }));
        lines.push(json!({
            "t": "reply", "n": n, "status": 201, "body": reply, "content_type": "application/json",
        }));
    }
    for (kind, answer) in [("genuine", 200), ("forged", 401)] {
        let text = if kind == "forged" {
            "{}".to_owned()
        } else {
            body()
        };
        lines.push(json!({
            "t": "callback", "kind": kind, "path": "/v1.0/qr/qr-mpm-notify", "body": text,
            "answer": answer,
        }));
    }
    lines
}

fn provider() -> Vec<Value> {
    vec![
        json!({
            "event": "call", "call": "qris_generate", "reference": PAID, "responseCode": "2004700",
            "bodySha": "s",
        }),
        json!({"event": "settle", "reference": PAID, "status": "00", "amount": {"value": "150000.00"}}),
    ]
}

fn sink() -> Vec<Value> {
    let line = |kind: &str, id: &str, order: &str, version: u8| {
        json!({
            "endpoint": ENDPOINT, "id": id, "type": kind, "body_id": id, "order": order,
            "version": version, "sha": "s", "verified": true, "by_old_secret": false, "answer": 200,
        })
    };
    vec![
        line("order.paid", EVENT, ORDER, 2),
        line("order.payable", PAYABLE, ORDER, 1),
    ]
}

fn evidence(database: &TestDatabase) -> Evidence {
    let digest = super::evidence::minified_digest(&body());
    crate::monitor::lease_log::watch(&database.url()).unwrap();
    run_sql(&database.url(), &WORLD.replace("DIGEST", &digest)).unwrap();
    let mut evidence = Evidence::of(load(), provider(), sink(), &database.url()).unwrap();
    evidence.canaries = vec![("a secret".to_owned(), "canary".to_owned())];
    evidence.tokens_max = 3;
    evidence
}

#[test]
fn only_a_refusal_that_was_heard_may_be_followed_by_the_same_create() {
    let database = TestDatabase::create(migrate);
    crate::monitor::lease_log::watch(&database.url()).unwrap();
    for (fault, findings) in [
        (json!(null), 0),
        (json!("Drip { bytes_per_second: 400 }"), 0),
        (json!("Drop { after_effect: true }"), 1),
    ] {
        let create = |code: &str, fault: &Value| {
            json!({
                "event": "call", "call": "qris_generate", "reference": PAID, "responseCode": code,
                "fault": fault,
            })
        };
        let lines = vec![create("4014701", &fault), create("2004700", &json!(null))];
        let evidence = Evidence::of(Vec::new(), lines, Vec::new(), &database.url()).unwrap();
        let checked = crate::checker::money_invariants::asked_before_again(&evidence);
        assert_eq!(checked.findings.len(), findings, "{fault}");
    }
}

#[test]
fn a_world_that_is_right_passes_and_every_planted_violation_is_found() {
    let database = TestDatabase::create(migrate);
    let evidence = evidence(&database);
    let verdict = weigh(&evidence, Scope::Failover(0));
    assert_eq!(verdict.violations, 0, "{}", verdict.lines.join("\n"));
    let planted = seeded_violations::try_all(&evidence, &database.url()).unwrap();
    let missed: Vec<_> = planted.iter().filter(|(_, found)| !found).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
