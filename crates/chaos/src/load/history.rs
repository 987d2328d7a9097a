//! The story of one payment's money: sums that come, right or wrong, one or several, and parts or
//! all of them that go back. First it happens at the provider, unreported; then it is reported by
//! hand, in the order of a script or in any order, again and again in other spellings.

use std::sync::atomic::{AtomicUsize, Ordering};

use ayolinx_core::{secret::Secret, signing::RsaSigningKey};
use serde_json::{Value, json};

use crate::load::recipe::{Fate, Recipe};
use crate::{
    load::{
        callback_flood::join_all,
        context::World,
        manual_callbacks::{self, Kindness, Says, Word},
        payers,
    },
    tools::{clock::jakarta_now, rng::Rng},
};

/// An act on a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The sum that was asked for comes.
    Right,
    /// Another sum comes.
    Wrong,
    /// Part of it has gone back.
    Part,
    /// All of it has gone back.
    Whole,
}

impl Act {
    const fn comes(self) -> bool {
        matches!(self, Self::Right | Self::Wrong)
    }
}

/// A sum, by its index, and an act on it.
type Scene = (usize, Act);

/// Scripts for one sum, in the order of the reports; at the provider a sum comes before it goes
/// back.
const OF_ONE: [&[Scene]; 6] = [
    &[(0, Act::Whole), (0, Act::Right)],
    &[(0, Act::Part), (0, Act::Right)],
    &[(0, Act::Right), (0, Act::Part)],
    &[(0, Act::Right), (0, Act::Part), (0, Act::Whole)],
    &[(0, Act::Wrong), (0, Act::Part)],
    &[(0, Act::Wrong), (0, Act::Whole)],
];

/// Scripts for several transfers to one account.
const OF_SEVERAL: [&[Scene]; 8] = [
    &[(0, Act::Right), (1, Act::Right)],
    &[(0, Act::Right), (1, Act::Wrong)],
    &[(0, Act::Wrong), (1, Act::Right)],
    &[(0, Act::Right), (0, Act::Whole), (1, Act::Right)],
    &[(0, Act::Right), (1, Act::Wrong), (0, Act::Whole)],
    &[(0, Act::Right), (1, Act::Right), (0, Act::Whole)],
    &[(1, Act::Whole), (0, Act::Right), (1, Act::Wrong)],
    &[
        (0, Act::Wrong),
        (1, Act::Right),
        (0, Act::Part),
        (2, Act::Wrong),
    ],
];

/// Lets it happen, then reports it until every report was taken.
pub(super) async fn live_through(world: &World, recipe: &Recipe, payment: &str, rng: &mut Rng) {
    let Ok(key) = RsaSigningKey::from_pem(&Secret::new(world.provider_key.clone())) else {
        return;
    };
    let scripts: &[&[Scene]] = match recipe.fate {
        Fate::Transfers => &OF_SEVERAL,
        _ => &OF_ONE,
    };
    let script = rng.pick(scripts).copied().unwrap_or_default();
    let story = Story {
        recipe,
        payment,
        script,
    };
    let times = story.happen(world).await;
    let words: Vec<Value> = script
        .iter()
        .map(|scene| story.word(*scene, times.get(scene.0).map_or("", String::as_str)))
        .collect();
    if rng.chance(600) {
        for word in &words {
            let spelt = spell(recipe, word, rng);
            manual_callbacks::tell_until_taken(world, &key, &spelt, turn_of(rng)).await;
        }
    }
    // Everything that was reported already, in any order, many at once and each again.
    let mut all: Vec<Word> = Vec::new();
    for word in &words {
        let copies = rng.below(3).saturating_add(1);
        all.extend((0..copies).map(|_| spell(recipe, word, rng)));
    }
    rng.shuffle(&mut all);
    let turn = AtomicUsize::new(turn_of(rng));
    let tell = |word: Word| {
        let (key, turn) = (&key, &turn);
        async move {
            let worker = turn.fetch_add(1, Ordering::Relaxed);
            manual_callbacks::tell_until_taken(world, key, &word, worker).await;
        }
    };
    join_all(all.into_iter().map(tell).collect()).await;
}

fn turn_of(rng: &mut Rng) -> usize {
    usize::try_from(rng.below(1_000)).unwrap_or(0)
}

/// Spells the same report with other unsigned headers and other white space.
fn spell(recipe: &Recipe, word: &Value, rng: &mut Rng) -> Word {
    let body = if rng.chance(400) {
        serde_json::to_string_pretty(word).unwrap_or_default()
    } else {
        word.to_string()
    };
    let mut unsigned = vec![("X-EXTERNAL-ID", rng.next().to_string())];
    if rng.chance(500) {
        unsigned.push(("CHANNEL-ID", "H2H".to_owned()));
    }
    Word {
        kind: Kindness::Genuine,
        path: manual_callbacks::path_of(recipe.method),
        body,
        unsigned,
    }
}

/// The payment of a history.
struct Story<'s> {
    recipe: &'s Recipe,
    payment: &'s str,
    script: &'s [Scene],
}

impl Story<'_> {
    /// Acts at the provider, without callbacks; returns when each sum came.
    async fn happen(&self, world: &World) -> Vec<String> {
        let mut times = Vec::new();
        let sums = self.script.iter().map(|(sum, _)| *sum).max().unwrap_or(0);
        for sum in 0..=sums {
            let scenes = self.script.iter().filter(|(of, _)| *of == sum);
            for scene in scenes.filter(|(_, act)| act.comes()) {
                self.settle(world, *scene, "pay").await;
            }
            times.push(jakarta_now());
        }
        for scene in self.script.iter().filter(|(_, act)| !act.comes()) {
            self.settle(world, *scene, "refund").await;
        }
        times
    }

    async fn settle(&self, world: &World, (sum, act): Scene, verb: &str) {
        let rupiah = self.rupiah((sum, act));
        let mut body = json!({"amount": format!("{rupiah}.00"), "callback": false});
        if let (Value::Object(members), Fate::Transfers) = (&mut body, self.recipe.fate) {
            members.insert("transfer".to_owned(), json!(self.number(sum)));
        }
        payers::settle(world, self.payment, verb, &body).await;
    }

    /// Builds the report of it.
    fn word(&self, (sum, act): Scene, finished_at: &str) -> Value {
        let is_success = act.comes();
        let says = Says {
            method: self.recipe.method,
            payment: self.payment,
            number: &self.number(sum),
            status: if is_success { "00" } else { "04" },
            rupiah: self.rupiah((sum, act)),
            finished_at,
        };
        if is_success && self.recipe.fate == Fate::Transfers {
            return manual_callbacks::account_body(&says);
        }
        manual_callbacks::plain_body(&says)
    }

    /// Returns, in whole rupiah, what came, or what has gone back by then.
    fn rupiah(&self, (sum, act): Scene) -> u64 {
        let place = u64::try_from(sum).unwrap_or(0);
        let asked = self.recipe.rupiah;
        let came = if self.script.contains(&(sum, Act::Wrong)) {
            asked.saturating_add(place.saturating_add(1).saturating_mul(1_000))
        } else {
            asked
        };
        match act {
            Act::Part => came / 3,
            Act::Right | Act::Wrong | Act::Whole => came,
        }
    }

    fn number(&self, sum: usize) -> String {
        format!("T{}S{sum}", self.recipe.number)
    }
}
