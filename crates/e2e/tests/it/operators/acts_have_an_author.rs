//! Whatever is done to an order, and by whichever door: the timeline says who did it.

use std::time::Duration;

use devstack::Stack;
use serde_json::{Value, json};

use crate::checkout::checkout_page::{Page, payer_chooses};
use crate::operators::console::EMAIL;
use crate::support::{Operator, Sandbox, Shop, an_order, quick, until_some};

const WITHIN: Duration = Duration::from_secs(30);

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Sync,
    Cancel,
    PayAnotherWay,
    AskRefund,
    CompleteRefund,
    Resolve,
    Redeliver,
    Erase,
}

/// By which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Api,
    Checkout,
    Console,
    Tool,
}

impl Door {
    /// As the timeline spells it.
    fn source(self) -> &'static str {
        match self {
            Self::Api => "merchant",
            Self::Checkout => "payer",
            Self::Console | Self::Tool => "operator",
        }
    }
}

const ACTS: [Act; 8] = [
    Act::Sync,
    Act::Cancel,
    Act::PayAnotherWay,
    Act::AskRefund,
    Act::CompleteRefund,
    Act::Resolve,
    Act::Redeliver,
    Act::Erase,
];
const DOORS: [Door; 4] = [Door::Api, Door::Checkout, Door::Console, Door::Tool];

struct Scene<'s> {
    stack: &'s Stack,
    shop: Shop,
    sandbox: Sandbox,
    operator: Operator,
}

/// An order that an act can be done to, and what else of it the act needs.
struct Ready {
    order: Value,
    id: String,
    /// A refund or an event.
    other: String,
}

impl Scene<'_> {
    /// An order in the state that the act needs.
    async fn order_for(&self, act: Act) -> Ready {
        let asked = match act {
            Act::PayAnotherWay => payer_chooses(),
            _ => an_order("qris"),
        };
        let order = self.shop.made(&asked).await;
        let id = order["id"].as_str().unwrap().to_owned();
        let payment = &order["payments"][0];
        let mut other = String::new();
        match act {
            Act::Sync | Act::Cancel | Act::PayAnotherWay => {}
            Act::Resolve => {
                let wrong = json!({"amount": "1000.00"});
                self.sandbox.settle(payment, "pay", wrong).await;
                self.shop.until_status(&id, "review").await;
            }
            Act::AskRefund | Act::CompleteRefund | Act::Redeliver | Act::Erase => {
                self.sandbox.pay(payment).await;
                self.shop.until_status(&id, "paid").await;
            }
        }
        if act == Act::CompleteRefund {
            let path = format!("/v1/orders/{id}/refunds");
            let refund = self.shop.post(&path, &json!({"reason": "broken"})).await;
            other = refund.expect(201).str("/id").to_owned();
        }
        if act == Act::Redeliver {
            other = until_some(WITHIN, "its event", async || {
                let all = self.stack.receiver().deliveries();
                let paid = all.iter().find(|heard| heard.is("order.paid", &id));
                paid.map(|heard| heard.id.clone()).ok_or_else(String::new)
            })
            .await;
        }
        Ready { order, id, other }
    }

    /// Does it; `false` where this door does not have the act.
    async fn done(&self, act: Act, door: Door, ready: &Ready) -> bool {
        match door {
            Door::Api => self.by_the_api(act, ready).await,
            Door::Checkout => {
                if act == Act::PayAnotherWay {
                    let page = Page::of(&ready.order);
                    page.choose("VIRTUAL_ACCOUNT_BNI").await.expect(303);
                }
                act == Act::PayAnotherWay
            }
            Door::Console => self.by_the_console(act, ready).await,
            Door::Tool => self.by_the_tool(act, ready),
        }
    }

    async fn by_the_api(&self, act: Act, ready: &Ready) -> bool {
        let (id, other) = (&ready.id, &ready.other);
        let (path, body) = match act {
            Act::Sync => (format!("/v1/orders/{id}/sync"), json!({})),
            Act::Cancel => (format!("/v1/orders/{id}/cancel"), json!({})),
            Act::PayAnotherWay => (
                format!("/v1/orders/{id}/payments"),
                json!({"method": "virtual_account", "channel": "VIRTUAL_ACCOUNT_BNI"}),
            ),
            Act::AskRefund => (
                format!("/v1/orders/{id}/refunds"),
                json!({"reason": "broken"}),
            ),
            Act::CompleteRefund => (
                format!("/v1/refunds/{other}/complete"),
                json!({"evidence": "BCA 7781"}),
            ),
            Act::Resolve => (
                format!("/v1/orders/{id}/resolve"),
                json!({"action": "accept", "note": "agreed"}),
            ),
            Act::Redeliver => (format!("/v1/events/{other}/redeliver"), json!({})),
            Act::Erase => return false,
        };
        let answer = self.shop.post(&path, &body).await;
        assert!(answer.status < 300, "{act:?}: {}", answer.text());
        true
    }

    async fn by_the_console(&self, act: Act, ready: &Ready) -> bool {
        let (id, other) = (ready.id.as_str(), &ready.other);
        let form = self.operator.form_token().await;
        let refund = format!("rfd_{}", uuid::Uuid::now_v7().simple());
        let (path, fields) = match act {
            Act::Sync => (format!("/orders/{id}/sync"), vec![]),
            Act::Cancel => (format!("/orders/{id}/cancel"), vec![]),
            Act::AskRefund => (
                format!("/orders/{id}/refunds"),
                vec![("refund", refund.as_str()), ("reason", "broken")],
            ),
            Act::CompleteRefund => (
                format!("/refunds/{other}/complete"),
                vec![("order", id), ("evidence", "BCA 7781")],
            ),
            Act::Resolve => (
                format!("/orders/{id}/resolve"),
                vec![("verdict", "accept"), ("note", "agreed")],
            ),
            Act::Redeliver => (format!("/events/{other}/redeliver"), vec![("order", id)]),
            Act::PayAnotherWay | Act::Erase => return false,
        };
        let fields: Vec<_> = fields
            .into_iter()
            .chain([("csrf", form.as_str())])
            .collect();
        self.operator.submit(&path, &fields).await.expect(303);
        true
    }

    fn by_the_tool(&self, act: Act, ready: &Ready) -> bool {
        let (id, other) = (ready.id.as_str(), ready.other.as_str());
        let words: &[&str] = match act {
            Act::Sync => &["sync", id],
            Act::Cancel => &["orders", "cancel", id],
            Act::CompleteRefund => &["refunds", "complete", other, "--evidence", "BCA 7781"],
            Act::Redeliver => &["events", "redeliver", other],
            Act::Erase => &["erase", id, "--by", "ticket-7", "--yes"],
            Act::PayAnotherWay | Act::AskRefund | Act::Resolve => return false,
        };
        self.stack.gatewayctl(words).unwrap();
        true
    }

    /// Who asked for something of the order, oldest first.
    async fn authors(&self, id: &str) -> Vec<String> {
        let path = format!("/v1/orders/{id}/timeline");
        let timeline = self.shop.get(&path).await.expect(200);
        let items = timeline.json["data"].as_array().unwrap().iter();
        items
            .filter(|item| item["kind"] == "request")
            .map(|item| item["source"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[actix_rt::test]
async fn by_every_door_that_has_the_act() {
    let stack = quick().start().await.unwrap();
    let scene = Scene {
        stack: &stack,
        shop: Shop::of(&stack),
        sandbox: Sandbox::of(&stack),
        operator: Operator::new(&stack, EMAIL, "operator").await,
    };
    let mut tried = 0;
    for act in ACTS {
        for door in DOORS {
            let ready = scene.order_for(act).await;
            let before = scene.authors(&ready.id).await;
            if !scene.done(act, door, &ready).await {
                continue;
            }
            tried += 1;
            let after = scene.authors(&ready.id).await;
            let new = &after[before.len()..];
            assert!(!new.is_empty(), "{act:?} by {door:?} is not told");
            assert!(
                new.iter().all(|author| author == door.source()),
                "{act:?} by {door:?}: {new:?}"
            );
        }
    }
    assert_eq!(tried, 19, "every act by every door that has it");
}

#[actix_rt::test]
async fn a_range_of_events_says_who_wanted_it() {
    let stack = quick().start().await.unwrap();
    let shop = Shop::of(&stack);
    shop.made(&an_order("qris")).await;
    let (from, to) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let range = json!({"from": from, "to": to});
    let asked = shop.post("/v1/events/redeliver", &range).await;
    assert!(asked.status < 300, "{}", asked.text());
    let by = "SELECT asked_by FROM redeliveries ORDER BY created_at DESC LIMIT 1";
    let author = || devstack::run_sql(&stack.database_url(), by).unwrap();
    assert_eq!(author().trim(), "merchant");
    devstack::run_sql(
        &stack.database_url(),
        "UPDATE redeliveries SET finished_at = now() WHERE finished_at IS NULL",
    )
    .unwrap();
    let merchant = stack.merchant().id.as_str();
    let words = [
        "events",
        "redeliver",
        "--merchant",
        merchant,
        "--from",
        from,
        "--to",
        to,
    ];
    stack.gatewayctl(&words).unwrap();
    assert_eq!(author().trim(), "operator");
}
