//! Every callback is lost: how soon the worker's inquiries find the money (contract 5), with the
//! default plans and limits, in real time. Payers come as people do, log-normally after the QR is
//! shown. Payment links are left out: there is no inquiry for them.

mod order;
mod payers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use devstack::Trouble;
use serde_json::json;
use tokio::{runtime::Handle, time::sleep};

use self::order::{Life, Shop, WATCHED_FOR};
use self::payers::{DEFERRED, INSTANT};
use super::table::{bound, head, quantile, row, seconds};
use crate::harness::bed::Bed;
use crate::tools::{rng::Rng, terminal::say};

/// The time within which all orders are created.
const CREATED_WITHIN: Duration = Duration::from_secs(60);
/// Pause between reads: the default `API_RATE_LIMIT` holds for us too.
const BETWEEN_READS: Duration = Duration::from_millis(10);
const MEDIAN_MAX_MS: u64 = 15_000;
const P99_MAX_MS: u64 = 60_000;
const INQUIRIES_MAX: usize = 12;
/// The longest gap in the first ten minutes of the deferred methods' plan, plus time to ask.
const DEFERRED_GAP_MS: u64 = 603_000;

const INQUIRIES: [&str; 4] = [
    "call=\"qris_inquiry\"",
    "call=\"ewallet_inquiry\"",
    "call=\"virtual_account_inquiry\"",
    "call=\"retail_inquiry\"",
];

/// Measures with this many orders; returns whether every bound holds.
///
/// # Errors
/// Fails when the measurement itself fails.
pub async fn run(runtime: &Handle, seed: u64, orders: u64) -> Result<bool, Trouble> {
    say(format!(
        "healing: {orders} orders whose callbacks are all lost, seed {seed}; about twelve minutes"
    ));
    let bed = Bed::start(2, &[]).await?;
    bed.set_faults(&json!([{"call": "callback", "action": "drop"}]))
        .await?;
    let shop = Arc::new(Shop {
        api: bed.api(0)?,
        sandbox: bed.sandbox()?,
        api_key: bed.stack.merchant().api_key.clone(),
    });
    let began = Instant::now();
    let lives = live(runtime, &shop, seed, orders).await?;
    let rest = (CREATED_WITHIN + WATCHED_FOR).saturating_sub(began.elapsed());
    sleep(rest).await;
    let mut watched = Vec::new();
    for life in lives {
        sleep(BETWEEN_READS).await;
        watched.push(shop.what_happened(life).await?);
    }
    let mut asked = 0_u64;
    for worker in ["callback-worker-1", "callback-worker-2"] {
        let name = "gateway_provider_calls_total";
        asked = asked.saturating_add(bed.counter(worker, name, &INQUIRIES).await?);
    }
    Ok(judge(&watched, asked))
}

/// Creates the orders over the first minute and lets each be paid when its payer comes.
async fn live(
    runtime: &Handle,
    shop: &Arc<Shop>,
    seed: u64,
    orders: u64,
) -> Result<Vec<Life>, Trouble> {
    let mut rng = Rng::fork(seed, "healing");
    let plans = payers::plans(orders, &mut rng);
    let gap = CREATED_WITHIN
        .checked_div(u32::try_from(orders).unwrap_or(1))
        .unwrap_or_default();
    let mut ticks = tokio::time::interval(gap.max(Duration::from_millis(1)));
    let mut tasks = Vec::new();
    for (number, plan) in (0_u64..).zip(plans) {
        ticks.tick().await;
        let shop = Arc::clone(shop);
        tasks.push(runtime.spawn(async move { shop.open_and_pay(seed, number, plan).await }));
    }
    let mut lives = Vec::new();
    for task in tasks {
        let ended = task.await;
        lives.push(ended.map_err(|error| Trouble::new(format!("a payer died: {error}")))??);
    }
    Ok(lives)
}

fn judge(lives: &[Life], asked: u64) -> bool {
    head(
        "method",
        &[
            "orders",
            "paid",
            "found",
            "median",
            "p99",
            "max",
            "asked max",
        ],
    );
    for method in INSTANT.into_iter().chain(DEFERRED) {
        tell(method, &of(lives, &[method]));
    }
    let instant = of(lives, &INSTANT);
    tell("qris + ewallet", &instant);
    let most = lives.iter().map(Life::asked_early).max().unwrap_or(0);
    let shown: usize = lives.iter().map(|life| life.asked_ms.len()).sum();
    let late = of(lives, &DEFERRED)
        .iter()
        .filter(|life| life.healed_ms().is_some_and(|ms| ms > DEFERRED_GAP_MS))
        .count();
    let (median, p99) = (delay(&instant, 500), delay(&instant, 990));
    let within = |found: Option<u64>, max: u64| found.is_some_and(|ms| ms <= max);
    [
        bound(
            "half of qris and ewallet within 15 s",
            within(median, MEDIAN_MAX_MS),
        ),
        bound("99 of 100 within 60 s", within(p99, P99_MAX_MS)),
        bound(
            "virtual accounts and shops at the next step of their plan",
            late == 0,
        ),
        bound(
            &format!("at most {INQUIRIES_MAX} inquiries in an order's first ten minutes ({most})"),
            most <= INQUIRIES_MAX,
        ),
        bound(
            &format!("every inquiry stands in a timeline ({shown} of {asked})"),
            u64::try_from(shown).is_ok_and(|shown| shown == asked && asked > 0),
        ),
    ]
    .into_iter()
    .all(|holds| holds)
}

fn of<'a>(lives: &'a [Life], methods: &[&str]) -> Vec<&'a Life> {
    let wanted = |life: &&Life| methods.contains(&life.method);
    lives.iter().filter(wanted).collect()
}

/// Returns the delay that this share of those who paid or would have does not exceed: a payment
/// that was not found counts as never found.
fn delay(lives: &[&Life], per_thousand: usize) -> Option<u64> {
    let mut all: Vec<u64> = lives
        .iter()
        .map(|life| life.healed_ms().unwrap_or(u64::MAX))
        .collect();
    all.sort_unstable();
    quantile(&all, per_thousand).filter(|ms| *ms < u64::MAX)
}

fn tell(name: &str, lives: &[&Life]) {
    let paid = lives.iter().filter(|life| life.paid_ms.is_some()).count();
    let healed: Vec<u64> = lives.iter().filter_map(|life| life.healed_ms()).collect();
    let most = lives.iter().map(|life| life.asked_early()).max();
    row(
        name,
        &[
            lives.len().to_string(),
            paid.to_string(),
            healed.len().to_string(),
            seconds(delay(lives, 500)),
            seconds(delay(lives, 990)),
            seconds(healed.iter().max().copied()),
            most.unwrap_or(0).to_string(),
        ],
    );
}
