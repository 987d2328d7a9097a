//! A shop's patience: it repeats the same request while nothing was promised (contract 4.1).

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    load::{
        context::{Request, World},
        recipe::Recipe,
    },
    tools::{clock::now_ms, http::Reply, timeline::Kind},
};

const FIRST_PAUSE: Duration = Duration::from_millis(150);
const LONGEST_PAUSE: Duration = Duration::from_millis(1_000);

enum Verdict {
    Done(Value),
    Again,
    Over,
}

/// Sends until a final reply comes; returns the order of a 2xx reply.
pub(super) async fn until_promised(
    world: &World,
    request: &Request,
    first_replica: usize,
) -> Option<Value> {
    let deadline = Instant::now() + world.patience;
    let mut pause = FIRST_PAUSE;
    let mut replica = first_replica;
    loop {
        let began = now_ms();
        let answered = world.request(request, replica).await;
        if let Ok(reply) = &answered
            && reply.status == 201
            && request.what == "create"
            && reply.header("idempotent-replayed").is_none()
        {
            world.timeline.success(Kind::Create, began);
        }
        match verdict(&answered) {
            Verdict::Done(order) => return Some(order),
            Verdict::Over => return None,
            Verdict::Again if Instant::now() >= deadline => return None,
            Verdict::Again => {}
        }
        world.counts.retried.fetch_add(1, Ordering::Relaxed);
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        replica = replica.wrapping_add(1);
    }
}

fn verdict(answered: &Result<Reply, String>) -> Verdict {
    let Ok(reply) = answered else {
        return Verdict::Again;
    };
    match reply.status {
        200..=299 => Verdict::Done(reply.json()),
        // 408: the request was not read.
        408 | 429 | 503 => Verdict::Again,
        409 if reply.json().get("code") == Some(&json!("request_in_progress")) => Verdict::Again,
        _ => Verdict::Over,
    }
}

/// Reads the order until its newest payment can be paid or nothing more will come of it.
pub(super) async fn until_payable(
    world: &World,
    recipe: &Recipe,
    mut order: Value,
) -> Option<Value> {
    let deadline = Instant::now() + world.patience;
    let mut pause = FIRST_PAUSE;
    loop {
        if order.get("status") != Some(&json!("pending")) {
            return Some(order);
        }
        let payment = order.pointer("/payments/0/status").and_then(Value::as_str);
        if !matches!(payment, Some("unknown" | "creating")) {
            return Some(order);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        let id = order.get("id").and_then(Value::as_str)?.to_owned();
        let request = Request {
            op: format!("w-{}", recipe.number),
            what: "read",
            shop: recipe.shop,
            method: "GET",
            path: format!("/v1/orders/{id}"),
            key: None,
            body: None,
        };
        order = until_promised(world, &request, 0).await?;
    }
}
