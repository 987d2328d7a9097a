//! The provider forgets every token while both APIs create in parallel: many requests are refused at
//! once, and one token is to be fetched for all of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    harness::rig::Rig,
    load::{
        callback_flood,
        context::World,
        recipe::{Fate, Recipe},
        shops,
    },
    tools::{clock::now_ms, http::Call, journal},
};

const PARALLEL: u64 = 12;
/// The most races for one success. A slow Redis counts as none, and then each process fetches for
/// itself: on a busy machine some races may end so.
const TRIES: u64 = 6;
/// The first order number, far from the numbers of the load.
const NUMBERS_FROM: u64 = 9_000_000;
const PAUSE: Duration = Duration::from_millis(300);

/// Starts races until one was won by one fetch, a few times at most; each is journaled for the
/// checker.
pub async fn provoke(rig: &Rig) {
    for round in 0..TRIES {
        let from = calls(rig).len();
        let revoked = Call::new(rig.world.sandbox, "DELETE", "/_sandbox/tokens")
            .send()
            .await;
        let first = NUMBERS_FROM + round * PARALLEL;
        let world = &rig.world;
        let creates = (first..first + PARALLEL).map(|number| create(world, number));
        callback_flood::join_all(creates.collect()).await;
        let served = calls(rig);
        let line = json!({
            "t": "token_race", "at_ms": now_ms(), "from": from, "to": served.len(),
            "processes": rig.services().len(), "revoked": revoked.is_ok(),
        });
        world.journal.record(&line).await;
        let during = served.get(from..).unwrap_or_default();
        let fetched = during.iter().filter(|line| line["call"] == "token").count();
        if fetched == 1 && refused(during) > 1 {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn refused(lines: &[Value]) -> usize {
    let is_refused = |line: &&Value| {
        let code = line["responseCode"].as_str().unwrap_or_default();
        code.starts_with("401") && line["fault"].is_null()
    };
    lines.iter().filter(is_refused).count()
}

/// Reads the provider's calls so far.
fn calls(rig: &Rig) -> Vec<Value> {
    let mut lines = journal::read(&rig.journals.provider()).unwrap_or_default();
    lines.retain(|line| line["event"] == "call");
    lines
}

async fn create(world: &World, number: u64) {
    let shop = number.checked_rem(u64::try_from(world.shops.len()).unwrap_or(1));
    let recipe = Recipe {
        number,
        shop: usize::try_from(shop.unwrap_or(0)).unwrap_or(0),
        method: "qris",
        rupiah: 25_000,
        expires_in: 3_600,
        fate: Fate::Leave,
        has_twin: false,
    };
    shops::create(world, &recipe).await;
}
