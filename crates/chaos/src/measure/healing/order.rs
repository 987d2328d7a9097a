//! One order: opened, paid without any callback, and at the end its timeline.

use std::{net::SocketAddr, time::Duration};

use chrono::DateTime;
use devstack::{Trouble, order_request};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::payers::Plan;
use crate::tools::{clock::now_ms, http::Call};

/// The time for which an order is watched: its first ten minutes, and a little more.
pub(super) const WATCHED_FOR: Duration = Duration::from_secs(605);
const RUPIAH: u64 = 25_000;
const TEN_MINUTES_MS: u64 = 600_000;
const WITHIN: Duration = Duration::from_secs(15);

/// Observations of an order.
#[derive(Debug, Clone, Default)]
pub(super) struct Life {
    order: String,
    /// The contract's spelling.
    pub(super) method: &'static str,
    shown_ms: u64,
    /// Time at which its payer paid, in milliseconds since 1970; nothing when that is after the
    /// end.
    pub(super) paid_ms: Option<u64>,
    found_ms: Option<u64>,
    /// Times of the inquiries about it.
    pub(super) asked_ms: Vec<u64>,
}

impl Life {
    /// Returns the time from the payment until we knew of it.
    pub(super) fn healed_ms(&self) -> Option<u64> {
        Some(self.found_ms?.saturating_sub(self.paid_ms?))
    }

    /// Counts the inquiries in its first ten minutes.
    pub(super) fn asked_early(&self) -> usize {
        let end = self.shown_ms.saturating_add(TEN_MINUTES_MS);
        self.asked_ms.iter().filter(|ms| **ms < end).count()
    }
}

/// The shop of the orders.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) api: SocketAddr,
    pub(super) sandbox: SocketAddr,
    pub(super) api_key: String,
}

impl Shop {
    /// Opens an order, waits as its payer does, and pays.
    pub(super) async fn open_and_pay(
        &self,
        seed: u64,
        number: u64,
        plan: Plan,
    ) -> Result<Life, Trouble> {
        let wanted = order_request(&format!("H-{seed}-{number}"), plan.method, RUPIAH);
        let create = self
            .to_api("POST", "/v1/orders")
            .header("Idempotency-Key", format!("h-{seed}-{number}"))
            .json(wanted.to_string());
        let order = expect(&create, 201).await?;
        let shown_ms = now_ms();
        let mut life = Life {
            order: text(&order, "/id")?,
            method: plan.method,
            shown_ms,
            ..Life::default()
        };
        if plan.pays_after > WATCHED_FOR {
            return Ok(life);
        }
        sleep(plan.pays_after).await;
        let payment = text(&order, "/payments/0/id")?;
        let path = format!("/_sandbox/transactions/{payment}/pay");
        let pay = Call::new(self.sandbox, "POST", path)
            .json(json!({"amount": format!("{RUPIAH}.00")}).to_string())
            .within(WITHIN);
        life.paid_ms = Some(now_ms());
        let paid = expect(&pay, 200).await?;
        if paid.pointer("/callback/state") == Some(&json!("delivered")) {
            return Err(Trouble::new(
                "a callback was delivered although all are lost",
            ));
        }
        Ok(life)
    }

    /// Adds the facts of the order's timeline.
    pub(super) async fn what_happened(&self, mut life: Life) -> Result<Life, Trouble> {
        let path = format!("/v1/orders/{}/timeline", life.order);
        let timeline = expect(&self.to_api("GET", &path), 200).await?;
        let items = timeline.get("data").and_then(Value::as_array);
        for item in items.into_iter().flatten() {
            let is = |field: &str, word: &str| item.get(field) == Some(&json!(word));
            let at_ms = text(item, "/at").map(|at| millis(&at))??;
            if is("source", "inquiry") || (is("source", "provider_call") && is("fact", "inquiry")) {
                life.asked_ms.push(at_ms);
            }
            if is("order_status_to", "paid") && !is("order_status_from", "paid") {
                life.found_ms = life.found_ms.or(Some(at_ms));
            }
        }
        Ok(life)
    }

    fn to_api(&self, method: &'static str, path: &str) -> Call {
        Call::new(self.api, method, path)
            .header("Authorization", format!("Bearer {}", self.api_key))
            .within(WITHIN)
    }
}

async fn expect(call: &Call, status: u16) -> Result<Value, Trouble> {
    let (method, path) = (call.method, &call.path);
    match call.send().await {
        Ok(reply) if reply.status == status => Ok(reply.json()),
        Ok(reply) => {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            let got = reply.status;
            Err(Trouble::new(format!(
                "{method} {path} answered {got}: {text}"
            )))
        }
        Err(why) => Err(Trouble::new(format!(
            "{method} {path} had no answer: {why}"
        ))),
    }
}

fn text(json: &Value, pointer: &str) -> Result<String, Trouble> {
    let text = json.pointer(pointer).and_then(Value::as_str);
    let text = text.map(str::to_owned);
    text.ok_or_else(|| Trouble::new(format!("no {pointer} in {json}")))
}

fn millis(at: &str) -> Result<u64, Trouble> {
    let parsed = DateTime::parse_from_rfc3339(at)
        .ok()
        .and_then(|at| u64::try_from(at.timestamp_millis()).ok());
    parsed.ok_or_else(|| Trouble::new(format!("{at} is no time")))
}
