//! The shops: an open-loop stream of orders, each with a small life of its own: created with an
//! `Idempotency-Key`, sent again while nothing is promised, paid, paid late, cancelled, paid
//! another way, or left alone. An order never waits for the ones before it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    load::{
        callback_flood,
        context::{Request, World},
        history, payers,
        recipe::{Fate, Recipe},
        retry,
    },
    tools::rng::Rng,
};

/// Begins orders at this rate until the world is closing.
pub async fn run(world: Arc<World>, a_minute: u64) {
    let period = Duration::from_micros(60_000_000_u64.checked_div(a_minute).unwrap_or(60_000_000));
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut number = 0_u64;
    while !world.is_closing() {
        ticks.tick().await;
        number = number.saturating_add(1);
        world.counts.begun.fetch_add(1, Ordering::Relaxed);
        world.counts.lives.fetch_add(1, Ordering::Relaxed);
        let world = world.clone();
        tokio::spawn(async move {
            let mut rng = Rng::fork(world.seed, &format!("order-{number}"));
            let recipe = Recipe::draw(number, world.shops.len(), &mut rng);
            live(&world, &recipe, &mut rng).await;
            world.counts.lives.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Creates an order that nobody pays.
pub async fn create(world: &World, recipe: &Recipe) {
    let replica = usize::try_from(recipe.number % 2).unwrap_or(0);
    retry::until_promised(world, &recipe.request(), replica).await;
}

async fn live(world: &World, recipe: &Recipe, rng: &mut Rng) {
    let request = recipe.request();
    let order = if recipe.has_twin {
        let twin = retry::until_promised(world, &request, 1);
        let (first, second) = tokio::join!(retry::until_promised(world, &request, 0), twin);
        first.or(second)
    } else {
        let replica = usize::try_from(recipe.number % 2).unwrap_or(0);
        retry::until_promised(world, &request, replica).await
    };
    let Some(order) = order else { return };
    let Some(order) = retry::until_payable(world, recipe, order).await else {
        return;
    };
    let Some(payment) = payable_payment(&order) else {
        return;
    };
    meet_fate(world, recipe, &order, &payment, rng).await;
    read(world, recipe, &order).await;
}

async fn meet_fate(world: &World, recipe: &Recipe, order: &Value, payment: &str, rng: &mut Rng) {
    let patience = Duration::from_millis(rng.log_normal_ms(recipe.median_wait_ms()));
    match recipe.fate {
        Fate::Leave => {}
        Fate::Pay | Fate::PayLate => {
            sleep(patience.max(recipe.not_before())).await;
            let pay = payers::Payment::of(recipe, payment, rng);
            payers::pay(world, &pay).await;
        }
        Fate::PaySilently => {
            sleep(patience).await;
            let pay = payers::Payment::of(recipe, payment, rng).silently();
            payers::pay(world, &pay).await;
        }
        Fate::PayWrongAmount => {
            sleep(patience).await;
            let pay = payers::Payment::of(recipe, payment, rng).of_amount(recipe.rupiah + 1_000);
            payers::pay(world, &pay).await;
        }
        Fate::Storm => {
            sleep(patience).await;
            callback_flood::pay_in_a_storm(world, recipe, payment, rng).await;
        }
        Fate::Returns | Fate::Transfers => {
            sleep(patience).await;
            history::live_through(world, recipe, payment, rng).await;
        }
        Fate::Cancel => {
            sleep(patience).await;
            cancel(world, recipe, order).await;
        }
        Fate::CancelAndPay => {
            sleep(patience).await;
            let pay = payers::Payment::of(recipe, payment, rng);
            tokio::join!(cancel(world, recipe, order), payers::pay(world, &pay));
        }
        Fate::Switch => {
            sleep(patience).await;
            switch(world, recipe, order, payment, rng).await;
        }
        Fate::Fail | Fate::Refund => {
            sleep(patience).await;
            payers::end_badly(world, recipe, payment, rng).await;
        }
    }
}

/// Pays another way; then the old payment, the new one, or both are paid.
async fn switch(world: &World, recipe: &Recipe, order: &Value, old: &str, rng: &mut Rng) {
    let Some(id) = order.get("id").and_then(Value::as_str) else {
        return;
    };
    let request = Request {
        op: format!("s-{}", recipe.number),
        what: "switch",
        shop: recipe.shop,
        method: "POST",
        path: format!("/v1/orders/{id}/payments"),
        key: Some(format!("s-{}", recipe.number)),
        body: Some(recipe.other_way().to_string()),
    };
    let switched = retry::until_promised(world, &request, 0).await;
    let switched = match switched {
        Some(order) => retry::until_payable(world, recipe, order).await,
        None => None,
    };
    let new = switched.as_ref().and_then(payable_payment);
    let which = rng.below(3);
    if which != 0
        && let Some(new) = &new
    {
        let pay = payers::Payment::of(recipe, new, rng).without_snap();
        payers::pay(world, &pay).await;
    }
    if which != 1 {
        let pay = payers::Payment::of(recipe, old, rng);
        payers::pay(world, &pay).await;
    }
}

async fn cancel(world: &World, recipe: &Recipe, order: &Value) {
    let Some(id) = order.get("id").and_then(Value::as_str) else {
        return;
    };
    let request = Request {
        op: format!("c-{}", recipe.number),
        what: "cancel",
        shop: recipe.shop,
        method: "POST",
        path: format!("/v1/orders/{id}/cancel"),
        key: None,
        body: None,
    };
    retry::until_promised(world, &request, 1).await;
}

async fn read(world: &World, recipe: &Recipe, order: &Value) {
    let Some(id) = order.get("id").and_then(Value::as_str) else {
        return;
    };
    let path = if recipe.number.is_multiple_of(5) {
        "/v1/orders?limit=5".to_owned()
    } else {
        format!("/v1/orders/{id}")
    };
    let request = Request {
        op: format!("r-{}", recipe.number),
        what: "read",
        shop: recipe.shop,
        method: "GET",
        path,
        key: None,
        body: None,
    };
    retry::until_promised(world, &request, 0).await;
}

/// Returns the newest payment's id when somebody could pay it now.
fn payable_payment(order: &Value) -> Option<String> {
    let payment = order.pointer("/payments/0")?;
    let is_payable = payment
        .get("next_action")
        .is_some_and(|next| !next.is_null());
    let is_paid = payment.get("status") == Some(&json!("paid"));
    let id = payment.get("id")?.as_str()?;
    (is_payable || is_paid).then(|| id.to_owned())
}
