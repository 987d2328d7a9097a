//! The payers: they act at the provider, through the sandbox's control side, and see nothing of us.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    load::{
        context::World,
        recipe::{Fate, Recipe},
    },
    tools::{clock::now_ms, http::Call, rng::Rng, timeline::Kind},
};

/// The longest wait: the control side answers after the callback's first answer, which may take ten
/// seconds.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

/// A payer's act.
#[derive(Debug, Clone)]
pub struct Payment {
    reference: String,
    rupiah: u64,
    is_snap: bool,
    is_told: bool,
}

impl Payment {
    /// Builds the payment of what was asked, reported as the channel may.
    pub fn of(recipe: &Recipe, reference: &str, rng: &mut Rng) -> Self {
        let knows_snap = matches!(recipe.method, "qris" | "virtual_account");
        Self {
            reference: reference.to_owned(),
            rupiah: recipe.rupiah,
            is_snap: knows_snap && rng.chance(300),
            is_told: true,
        }
    }

    /// Sends no callback.
    #[must_use]
    pub fn silently(mut self) -> Self {
        self.is_told = false;
        self
    }

    /// Reports it without SNAP.
    #[must_use]
    pub fn without_snap(mut self) -> Self {
        self.is_snap = false;
        self
    }

    /// Pays another amount.
    #[must_use]
    pub fn of_amount(mut self, rupiah: u64) -> Self {
        self.rupiah = rupiah;
        self
    }
}

/// Pays at the provider.
pub async fn pay(world: &World, payment: &Payment) {
    let mut body = json!({"amount": format!("{}.00", payment.rupiah)});
    if let Value::Object(members) = &mut body {
        if payment.is_snap {
            members.insert("mode".to_owned(), json!("snap"));
        }
        if !payment.is_told {
            members.insert("callback".to_owned(), json!(false));
        }
    }
    settle(world, &payment.reference, "pay", &body).await;
}

/// Fails at the provider, or pays and is refunded.
pub async fn end_badly(world: &World, recipe: &Recipe, reference: &str, rng: &mut Rng) {
    if recipe.fate == Fate::Fail {
        settle(world, reference, "fail", &json!({})).await;
        return;
    }
    let payment = Payment::of(recipe, reference, rng);
    pay(world, &payment).await;
    sleep(Duration::from_secs(3)).await;
    settle(world, reference, "refund", &json!({})).await;
}

/// Does this to a transaction at the provider.
pub(crate) async fn settle(world: &World, reference: &str, verb: &str, body: &Value) {
    let path = format!("/_sandbox/transactions/{reference}/{verb}");
    let call = Call::new(world.sandbox, "POST", path)
        .json(body.to_string())
        .within(SETTLE_WITHIN);
    let began = now_ms();
    let Ok(reply) = call.send().await else {
        return;
    };
    if reply.json().pointer("/callback/state") == Some(&json!("delivered")) {
        world.timeline.success(Kind::Callback, began);
    }
}
