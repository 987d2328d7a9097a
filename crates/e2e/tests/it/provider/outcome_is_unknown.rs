//! When nobody can say whether the provider took a create, the shop is told 202 and the gateway
//! finds out: what is not there is sent again under its own name, what is there without its
//! artefact is replaced, and nothing is ever accepted twice.

use std::time::Duration;

use devstack::{Stack, StackBuilder};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Journal, Sandbox, Shop, an_order, quick, reference, until, with};

/// What becomes of a payment whose create was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mended {
    /// The same payment is sent again.
    Resent,
    /// A new payment takes its place.
    Replaced,
}
use Mended::{Replaced, Resent};

pub(crate) fn unsettled() -> StackBuilder {
    quick()
        .env("CREATE_REPLY_MS", "1500")
        .env("PROVIDER_TIMEOUT_MS", "3000")
        .env("LEASE_MS", "8000")
        .env(
            "RESOLVE_SCHEDULE",
            "500ms,1500ms,2500ms,4s,5s,6s,7s,8s,10s,12s",
        )
}

fn create_call(channel: &str) -> &'static str {
    match channel.split('_').next() {
        Some("BNC") => "qris_generate",
        Some("EMONEY") => "ewallet_payment",
        Some("VIRTUAL") => "va_create",
        Some("RETAIL") => "retail_create",
        _ => "link_create",
    }
}

async fn fault_once(sandbox: &Sandbox, channel: &str, action: &Value) {
    let mut rule = json!({"call": create_call(channel), "times": 1, "action": action});
    if channel != "payment_link" {
        rule["channel"] = json!(channel);
    }
    sandbox.fault(rule).await;
}

pub(crate) struct Scene {
    pub(crate) stack: Stack,
    pub(crate) shop: Shop,
    pub(crate) sandbox: Sandbox,
    pub(crate) journal: Journal,
}

impl Scene {
    async fn start() -> Self {
        Self::of(unsettled()).await
    }

    pub(crate) async fn of(builder: StackBuilder) -> Self {
        let journal = Journal::new();
        let stack = builder.sandbox_env("SANDBOX_JOURNAL", &journal.path());
        let stack = stack.start().await.unwrap();
        Self {
            shop: Shop::of(&stack),
            sandbox: Sandbox::of(&stack),
            stack,
            journal,
        }
    }

    /// An order whose create is lost in this way: 202, and a twin gets the same.
    async fn lost(&self, channel: &str, action: &Value) -> (Value, Value) {
        fault_once(&self.sandbox, channel, action).await;
        let order = an_order(channel);
        let answer = self.shop.create(&order).await;
        assert_eq!(answer.status, 202, "{channel} {action}: {}", answer.text());
        assert_eq!(answer.json["status"], "pending", "{channel} {action}");
        assert_eq!(
            answer.json["payments"][0]["status"], "unknown",
            "{channel} {action}"
        );
        assert_eq!(answer.json["payments"][0]["next_action"], json!(null));
        (order, answer.json)
    }

    async fn is_mended(&self, channel: &str, action: &Value, mended: Mended) {
        let (order, lost) = self.lost(channel, action).await;
        let id = lost["id"].as_str().unwrap();
        let what = format!("{channel} {action} is {mended:?}");
        let mended_at_last = self.shop.until(id, &what, |order| {
            order["payments"][0]["status"] == "pending"
        });
        mended_at_last.await;
        let order_now = self.shop.order(id).await;
        let payments = order_now["payments"].as_array().unwrap();
        let old = payments.last().unwrap();
        assert_eq!(old["id"], lost["payments"][0]["id"], "{what}");
        match mended {
            Resent => assert_eq!(payments.len(), 1, "{what}: {order_now}"),
            Replaced => {
                assert_eq!(payments.len(), 2, "{what}: {order_now}");
                assert_eq!(old["status"], "cancelled", "{what}");
                assert_eq!(old["failure"]["code"], "artefact_lost", "{what}");
                assert_ne!(payments[0]["id"], old["id"]);
                if channel == "BNC_QRIS" {
                    let there = self.sandbox.transaction(old).await;
                    assert_eq!(there["latestTransactionStatus"], "05", "{what}: {there}");
                }
            }
        }
        assert_ne!(payments[0]["next_action"], json!(null), "{what}");
        self.is_replayed(&order, &order_now).await;
        let within = Duration::from_secs(20);
        let heard = self
            .stack
            .receiver()
            .wait_for(within, |d| d.is("order.payable", id));
        assert_eq!(heard.await.unwrap().verified, Ok(()), "{what}");
        self.sandbox.pay(&payments[0]).await;
        assert_eq!(self.shop.order(id).await["status"], "paid", "{what}");
    }

    /// What was lost is cancelled at the provider.
    async fn is_closed(&self, lost: &Value) {
        let within = Duration::from_secs(20);
        until(within, "it is closed at the provider", async || {
            let there = self.sandbox.transaction(&lost["payments"][0]).await;
            there["latestTransactionStatus"] == "05"
        })
        .await;
    }

    /// After 202 comes 201 with the order as it then was, and those bytes are kept.
    async fn is_replayed(&self, order: &Value, now: &Value) {
        let resolved: Answer = self.shop.create(order).await.expect(201);
        assert_eq!(&resolved.json, now);
        let again = self.shop.create(order).await.expect(201);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.bytes, resolved.bytes);
    }
}

fn error(http: u16, code: &str) -> Value {
    json!({"kind": "error", "http_status": http, "response_code": code})
}

fn done(kind: &str) -> Value {
    json!({"kind": kind, "after_effect": true})
}

fn not_done(kind: &str) -> Value {
    json!({"kind": kind, "after_effect": false})
}

#[actix_rt::test]
async fn whatever_the_wire_does() {
    let scene = Scene::start().await;
    // One fault a channel and round, so that no fault meets another's order.
    let rounds: [Vec<(&str, Value, Mended)>; 2] = [
        vec![
            ("BNC_QRIS", json!("drop_after_effect"), Replaced),
            ("EMONEY_DANA_SNAP", json!("reset_after_effect"), Replaced),
            ("VIRTUAL_ACCOUNT_BNI", json!("drop_before_effect"), Resent),
            ("VIRTUAL_ACCOUNT_CIMB", json!("reset_before_effect"), Resent),
            (
                "VIRTUAL_ACCOUNT_MANDIRI",
                json!({"kind": "hang", "after_effect": true}),
                Replaced,
            ),
            ("VIRTUAL_ACCOUNT_BRI", json!({"kind": "hang"}), Resent),
            ("RETAIL_ALFAMART", json!("http_500_after_effect"), Replaced),
            ("RETAIL_ALFAMIDI", done("garbage"), Replaced),
            ("RETAIL_DANDAN", not_done("half_status_line"), Resent),
            ("RETAIL_PEGADAIAN", json!("truncate"), Replaced),
            ("RETAIL_POS_INDONESIA", not_done("html_502"), Resent),
            ("payment_link", json!("drop_after_effect"), Replaced),
        ],
        vec![
            ("BNC_QRIS", json!("wrong_echo_reference"), Replaced),
            ("EMONEY_DANA_SNAP", json!("missing_artefact"), Replaced),
            ("VIRTUAL_ACCOUNT_BNI", json!("missing_artefact"), Replaced),
            ("VIRTUAL_ACCOUNT_CIMB", error(409, "4092701"), Resent),
            (
                "VIRTUAL_ACCOUNT_MANDIRI",
                json!("wrong_echo_amount"),
                Replaced,
            ),
            ("VIRTUAL_ACCOUNT_BRI", error(404, "4042718"), Resent),
            ("RETAIL_ALFAMART", done("in_progress_202"), Replaced),
            ("RETAIL_ALFAMIDI", not_done("in_progress_202"), Resent),
            ("RETAIL_DANDAN", done("garbage_body"), Replaced),
            ("RETAIL_PEGADAIAN", error(504, "5045400"), Resent),
            ("RETAIL_POS_INDONESIA", not_done("garbage"), Resent),
            ("payment_link", json!("missing_artefact"), Replaced),
        ],
    ];
    for round in &rounds {
        let rows = round.iter();
        join_all(rows.map(|(channel, action, mended)| scene.is_mended(channel, action, *mended)))
            .await;
        scene.sandbox.heal().await;
    }
    scene.journal.assert_nothing_was_accepted_twice();
}

#[actix_rt::test]
async fn an_answer_that_is_only_late_completes_the_payment() {
    let scene = Scene::start().await;
    let late = json!({"kind": "delay", "ms": 2200});
    let (order, lost) = scene.lost("BNC_QRIS", &late).await;
    let while_unknown = scene.shop.create(&order).await;
    assert!(
        matches!(while_unknown.status, 202 | 201),
        "{}",
        while_unknown.text()
    );
    let id = lost["id"].as_str().unwrap();
    let now = scene.shop.until(id, "the artefact came", |order| {
        order["payments"][0]["status"] == "pending"
    });
    now.await;
    let now = scene.shop.order(id).await;
    assert_eq!(now["payments"].as_array().unwrap().len(), 1);
    assert_eq!(now["payments"][0]["id"], lost["payments"][0]["id"]);
    scene.is_replayed(&order, &now).await;
    scene.journal.assert_nothing_was_accepted_twice();
}

#[actix_rt::test]
async fn a_reused_external_id_is_repeated_at_once_with_a_new_one() {
    let scene = Scene::start().await;
    fault_once(&scene.sandbox, "BNC_QRIS", &error(409, "4094700")).await;
    let made = scene.shop.made(&an_order("qris")).await;
    assert_eq!(made["payments"][0]["status"], "pending");
    let twice = json!({"call": "retail_create", "times": 2, "action": error(409, "4095400")});
    scene.sandbox.fault(twice).await;
    let unknown = scene.shop.create(&an_order("RETAIL_DANDAN")).await;
    assert_eq!(unknown.status, 202, "{}", unknown.text());
}

#[actix_rt::test]
async fn money_on_a_lost_payment_still_wins() {
    let scene = Scene::start().await;
    let (_, lost) = scene
        .lost("VIRTUAL_ACCOUNT_BNI", &json!("drop_after_effect"))
        .await;
    let id = lost["id"].as_str().unwrap();
    let replaced = scene.shop.until(id, "it is replaced", |order| {
        order["payments"][0]["status"] == "pending"
    });
    replaced.await;
    scene.sandbox.pay(&lost["payments"][0]).await;
    let paid = scene.shop.order(id).await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(paid["payments"][1]["status"], "paid");
    assert_eq!(paid["payments"][0]["status"], "cancelled");

    // And before anybody has looked: the callback alone settles it.
    let (order, lost) = scene.lost("BNC_QRIS", &json!("drop_after_effect")).await;
    scene.sandbox.pay(&lost["payments"][0]).await;
    let paid = scene.shop.order(lost["id"].as_str().unwrap()).await;
    assert_eq!(paid["status"], "paid", "{paid}");
    assert_eq!(
        scene.shop.create(&order).await.expect(201).json["status"],
        "paid"
    );
}

#[actix_rt::test]
async fn a_lost_code_is_replaced_also_where_the_provider_refuses_to_cancel_it() {
    let scene = Scene::start().await;
    for (http, code) in [(403, "4037715"), (405, "4057701"), (400, "4007702")] {
        let refuses = json!({"call": "qris_cancel", "action": error(http, code)});
        scene.sandbox.fault(refuses).await;
        let (_, lost) = scene.lost("BNC_QRIS", &json!("drop_after_effect")).await;
        let id = lost["id"].as_str().unwrap();
        let what = format!("{code}: it is replaced");
        let replaced = (scene.shop).until(id, &what, |it| it["payments"][0]["status"] == "pending");
        replaced.await;
        let order = scene.shop.order(id).await;
        assert_eq!(order["payments"][1]["id"], lost["payments"][0]["id"]);
        scene.sandbox.pay(&lost["payments"][0]).await;
        assert_eq!(scene.shop.order(id).await["status"], "paid", "{code}");
        scene.sandbox.heal().await;
    }
}

/// Asked, cancelled, and then something comes between: the next look finds it cancelled, by us.
#[actix_rt::test]
async fn a_lost_code_that_we_cancelled_is_replaced_whatever_comes_between() {
    let scene = Scene::start().await;
    for between in [
        error(500, "5005100"),
        error(429, "4295100"),
        json!("drop_after_effect"),
    ] {
        let second = json!({"call": "qris_query", "skip": 1, "times": 1, "action": between});
        scene.sandbox.fault(second).await;
        let (_, lost) = scene.lost("BNC_QRIS", &json!("drop_after_effect")).await;
        let id = lost["id"].as_str().unwrap();
        let what = format!("{between}: it is replaced");
        let replaced = (scene.shop).until(id, &what, |it| it["payments"][0]["status"] == "pending");
        replaced.await;
        assert_eq!(scene.sandbox.fired().await, [1, 1], "{between}");
        let there = scene.sandbox.transaction(&lost["payments"][0]).await;
        assert_eq!(there["latestTransactionStatus"], "05", "{between}");
        let order = scene.shop.order(id).await;
        assert_eq!(order["payments"][1]["failure"]["code"], "artefact_lost");
        scene.sandbox.pay(&order["payments"][0]).await;
        assert_eq!(scene.shop.order(id).await["status"], "paid", "{between}");
        scene.sandbox.heal().await;
    }
}

#[actix_rt::test]
async fn a_shop_may_take_it_back_meanwhile() {
    let scene = Scene::start().await;
    let (_, lost) = scene.lost("BNC_QRIS", &json!("drop_after_effect")).await;
    let path = format!("/v1/orders/{}/cancel", lost["id"].as_str().unwrap());
    let cancelled = scene.shop.post(&path, &json!({})).await.expect(200).json;
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    scene.is_closed(&lost).await;
    let order = scene.shop.order(lost["id"].as_str().unwrap()).await;
    assert_eq!(
        order["payments"].as_array().unwrap().len(),
        1,
        "nothing replaces it: {order}"
    );
}

#[actix_rt::test]
async fn an_artefact_that_arrives_for_what_was_taken_back_is_closed_and_never_shown() {
    let scene = Scene::start().await;
    let late = json!({"kind": "delay", "ms": 2500});
    let (_, lost) = scene.lost("BNC_QRIS", &late).await;
    let path = format!("/v1/orders/{}/cancel", lost["id"].as_str().unwrap());
    scene.shop.post(&path, &json!({})).await.expect(200);
    scene.is_closed(&lost).await;
    let order = scene.shop.order(lost["id"].as_str().unwrap()).await;
    assert_eq!(order["status"], "cancelled");
    assert_eq!(order["payments"][0]["next_action"], json!(null));
}

#[actix_rt::test]
async fn after_three_replacements_it_fails() {
    let scene = Scene::start().await;
    let always = json!({"call": "va_create", "action": "missing_artefact"});
    scene.sandbox.fault(always).await;
    let order = an_order("VIRTUAL_ACCOUNT_BNI");
    assert_eq!(scene.shop.create(&order).await.status, 202);
    let begun = scene.shop.find(reference(&order)).await;
    let id = begun["id"].as_str().unwrap();
    let failed = scene.shop.until_status(id, "failed").await;
    let payments = failed["payments"].as_array().unwrap();
    assert_eq!(
        payments.len(),
        4,
        "the first and three replacements: {failed}"
    );
    assert_eq!(payments[0]["status"], "failed");
    assert_eq!(payments[0]["failure"]["code"], "artefact_lost");
    assert!(
        payments[1..]
            .iter()
            .all(|payment| payment["status"] == "cancelled")
    );
    let within = Duration::from_secs(20);
    let heard = scene
        .stack
        .receiver()
        .wait_for(within, |d| d.is("order.failed", id))
        .await;
    assert!(heard.is_some());
    scene.journal.assert_nothing_was_accepted_twice();
}

#[actix_rt::test]
async fn past_its_time_nothing_is_sent_again() {
    let scene = Scene::start().await;
    let never = json!({"call": "retail_create", "action": "drop_before_effect"});
    scene.sandbox.fault(never).await;
    let order = with(an_order("RETAIL_ALFAMART"), json!({"expires_in": 3}));
    let lost = scene.shop.create(&order).await.expect(202).json;
    let id = lost["id"].as_str().unwrap();
    let expired = scene.shop.until_status(id, "expired").await;
    assert_eq!(
        expired["payments"].as_array().unwrap().len(),
        1,
        "{expired}"
    );
    assert_eq!(expired["payments"][0]["status"], "expired");
}
