//! Callback storms: one payment reported up to twenty times at once over all workers, among
//! forgeries, strangers and unreadable bodies.

use std::sync::atomic::{AtomicU64, Ordering};

use ayolinx_core::{secret::Secret, signing::RsaSigningKey};

use crate::{
    load::{
        context::World,
        manual_callbacks::{self, Kindness, Says, Word},
        payers::{self, Payment},
        recipe::Recipe,
    },
    tools::{clock::jakarta_now, rng::Rng},
};

/// Pays at the provider without its callback, then reports it in a storm of our own, until one
/// report was taken.
pub async fn pay_in_a_storm(world: &World, recipe: &Recipe, reference: &str, rng: &mut Rng) {
    let payment = Payment::of(recipe, reference, rng).silently();
    payers::pay(world, &payment).await;
    let Ok(key) = RsaSigningKey::from_pem(&Secret::new(world.provider_key.clone())) else {
        return;
    };
    let path = manual_callbacks::path_of(recipe.method);
    let body = notice(recipe, reference, recipe.rupiah);
    let forged = notice(recipe, reference, recipe.rupiah.saturating_add(7));
    let copies = rng.below(19).saturating_add(2);
    let mut tellings = vec![(Kindness::Genuine, body); usize::try_from(copies).unwrap_or(2)];
    tellings.push((Kindness::Forged, forged));
    if rng.chance(200) {
        let stranger = notice(recipe, &format!("{:032x}", rng.next()), recipe.rupiah);
        tellings.push((Kindness::Stranger, stranger));
        let unreadable = format!("{{\"nothing\": \"of {}\"", recipe.number);
        tellings.push((Kindness::Unreadable, unreadable));
    }
    rng.shuffle(&mut tellings);
    let told = AtomicU64::new(0);
    let telling = |(kind, body): (Kindness, String)| {
        let (key, told) = (&key, &told);
        async move {
            let turn = usize::try_from(told.fetch_add(1, Ordering::Relaxed)).unwrap_or(0);
            let word = Word {
                kind,
                path,
                body,
                unsigned: Vec::new(),
            };
            manual_callbacks::tell_until_taken(world, key, &word, turn).await;
        }
    };
    join_all(tellings.into_iter().map(telling).collect()).await;
}

fn notice(recipe: &Recipe, reference: &str, rupiah: u64) -> String {
    let says = Says {
        method: recipe.method,
        payment: reference,
        number: &format!("STORM{}", recipe.number),
        status: "00",
        rupiah,
        finished_at: &jakarta_now(),
    };
    manual_callbacks::plain_body(&says).to_string()
}

/// Runs futures side by side without a crate for it.
pub(crate) async fn join_all<F: Future<Output = ()>>(futures: Vec<F>) {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    std::future::poll_fn(move |context| {
        waiting.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if waiting.is_empty() {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
}
