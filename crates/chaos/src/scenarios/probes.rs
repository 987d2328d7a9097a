//! Questions asked from outside at certain points of a run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use devstack::run_sql;
use serde_json::{Value, json};

use crate::{
    harness::rig::Rig,
    load::context::{Request, World},
    tools::{clock::now_ms, http::Call, journal},
};

/// The most creates sent once more at the end.
const REPLAYS_MAX: usize = 300;
/// The distance between those of them that come with another body.
const MISMATCH_EVERY: usize = 15;

/// Rotates the first shop's secret, if the API has the call already.
pub async fn rotate_secret(rig: &Rig) {
    let (Some(shop), Some(api)) = (rig.world.shops.first(), rig.world.apis.first()) else {
        return;
    };
    let path = format!("/v1/webhook-endpoints/{}/rotate-secret", shop.endpoint);
    let call = Call::new(*api, "POST", path)
        .header("Authorization", format!("Bearer {}", shop.api_key))
        .json("{}")
        .within(Duration::from_secs(5));
    let reply = call.send().await;
    let status = reply.as_ref().map_or(0, |reply| reply.status);
    let secret = reply.map(|reply| reply.json()).unwrap_or_default();
    let secret = secret.get("secret").and_then(Value::as_str);
    if let Some(secret) = secret {
        rig.sink.rotate(shop.index, secret);
    }
    let line = json!({
        "t": "rotation", "at_ms": now_ms(), "status": status, "rotated": secret.is_some(),
    });
    rig.world.journal.record(&line).await;
}

/// Sends creates that were answered 201 once more, byte for byte, and some with another body.
pub async fn replay(world: &World) {
    let Ok(lines) = journal::read(&world_journal(world)) else {
        return;
    };
    let promised: BTreeSet<u64> = lines
        .iter()
        .filter(|line| line.get("t") == Some(&json!("reply")))
        .filter(|line| line.get("status") == Some(&json!(201)))
        .filter_map(|line| line.get("n").and_then(Value::as_u64))
        .collect();
    let mut seen = BTreeMap::new();
    for line in &lines {
        let number = line.get("n").and_then(Value::as_u64);
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        if line.get("what") == Some(&json!("create"))
            && number.is_some_and(|number| promised.contains(&number))
            && let Some(op) = text("op")
        {
            seen.insert(op, (text("shop"), text("key"), text("body")));
        }
    }
    let every = seen.len() / REPLAYS_MAX + 1;
    for (turn, (op, (shop, key, body))) in seen.into_iter().step_by(every).enumerate() {
        let shop = world
            .shops
            .iter()
            .find(|known| Some(&known.id) == shop.as_ref());
        let request = Request {
            op,
            what: "replay",
            shop: shop.map_or(0, |shop| shop.index),
            method: "POST",
            path: "/v1/orders".to_owned(),
            key,
            body,
        };
        // The journal holds the answer; the checker compares it.
        world.request(&request, 0).await.ok();
        if turn % MISMATCH_EVERY == 0 {
            world.request(&mismatch(request), 1).await.ok();
        }
    }
}

/// Builds a request with the same key for something else.
fn mismatch(request: Request) -> Request {
    let body = request.body.as_deref().unwrap_or_default();
    let mut body: Value = serde_json::from_str(body).unwrap_or_default();
    if let Value::Object(members) = &mut body {
        members.insert("description".to_owned(), json!("Teh manis"));
    }
    Request {
        what: "mismatch",
        body: Some(body.to_string()),
        ..request
    }
}

fn world_journal(world: &World) -> std::path::PathBuf {
    world.journal.path().to_path_buf()
}

/// Counts the payments that the provider's journal shows paid and the database does not show
/// received.
#[must_use]
pub fn unbooked(rig: &Rig) -> usize {
    let lines = journal::read(&rig.journals.provider()).unwrap_or_default();
    let paid: BTreeSet<String> = lines
        .iter()
        .filter(|line| line.get("event") == Some(&json!("settle")))
        .filter(|line| line.get("status") == Some(&json!("00")))
        .filter_map(|line| line.get("reference").and_then(Value::as_str))
        .map(str::to_owned)
        .collect();
    let booked = "SELECT replace(id::text, '-', '') FROM payments \
         WHERE received_minor > 0 OR state = 'review'";
    let booked = run_sql(&rig.database_url(), booked).unwrap_or_default();
    let booked: BTreeSet<&str> = booked.lines().collect();
    paid.iter()
        .filter(|id| !booked.contains(id.as_str()))
        .count()
}
