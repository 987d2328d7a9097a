//! Callbacks made by hand with the provider's key: one payment told up to twenty times at once over
//! all workers, among forgeries, strangers and unreadable bodies, each journaled with its answer.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ayolinx_core::{
    secret::Secret,
    signing::{RsaSigningKey, SignedCallback, sign_callback},
};
use serde_json::{Value, json};

use crate::{
    clock::{jakarta_now, now_ms},
    load::Recipe,
    payers::{self, Payment},
    rng::Rng,
    timeline::Kind,
    wire::Call,
    world::World,
};

const QRIS: &str = "/v1.0/qr/qr-mpm-notify";
const DEBIT: &str = "/v1.0/debit/notify";
const ACCOUNT: &str = "/v1.0/transfer-va/payment";
const WITHIN: Duration = Duration::from_secs(10);
/// The provider repeats what was not taken.
const REPEATS: u32 = 40;
const REPEAT_EVERY: Duration = Duration::from_secs(2);

/// What is wrong with a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kindness {
    Genuine,
    Forged,
    Stranger,
    Unreadable,
}

impl Kindness {
    const fn name(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Forged => "forged",
            Self::Stranger => "stranger",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Pays at the provider without its callback, then tells of it in a storm of our own, until one
/// telling was taken.
pub async fn pay_in_a_storm(world: &World, recipe: &Recipe, reference: &str, rng: &mut Rng) {
    let payment = Payment::of(recipe, reference, rng).silently();
    payers::pay(world, &payment).await;
    let Ok(key) = RsaSigningKey::from_pem(&Secret::new(world.provider_key.clone())) else {
        return;
    };
    let path = match recipe.method {
        "qris" => QRIS,
        "virtual_account" => ACCOUNT,
        _ => DEBIT,
    };
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
            tell_until_taken(world, key, path, (kind, &body), turn).await;
        }
    };
    join_all(tellings.into_iter().map(telling).collect()).await;
}

async fn tell_until_taken(
    world: &World,
    key: &RsaSigningKey,
    path: &'static str,
    (kind, body): (Kindness, &str),
    turn: usize,
) {
    for again in 0..REPEATS {
        let worker = turn.wrapping_add(usize::try_from(again).unwrap_or(0));
        let answered = tell(world, key, path, (kind, body), worker).await;
        if matches!(answered, Some(200 | 401)) {
            return;
        }
        tokio::time::sleep(REPEAT_EVERY).await;
    }
}

async fn tell(
    world: &World,
    key: &RsaSigningKey,
    path: &'static str,
    (kind, body): (Kindness, &str),
    worker: usize,
) -> Option<u16> {
    let to = world
        .workers
        .get(worker.checked_rem(world.workers.len())?)?;
    let timestamp = jakarta_now();
    let signed: &[u8] = match kind {
        Kindness::Forged => b"{}",
        _ => body.as_bytes(),
    };
    let signature = sign_callback(
        key,
        &SignedCallback {
            route: path,
            body: signed,
            timestamp: &timestamp,
        },
    );
    let call = Call::new(*to, "POST", path)
        .header("X-TIMESTAMP", timestamp)
        .header("X-SIGNATURE", signature)
        .json(body.to_owned())
        .within(WITHIN);
    world.counts.requests.fetch_add(1, Ordering::Relaxed);
    let began = now_ms();
    let reply = call.send().await;
    let answer = reply.as_ref().ok().map(|reply| reply.status);
    let code = reply
        .ok()
        .and_then(|reply| reply.json().get("responseCode").cloned());
    let line = json!({
        "t": "callback", "at_ms": began, "kind": kind.name(), "path": path, "body": body,
        "answer": answer, "code": code,
    });
    world.journal.record(&line).await;
    if answer == Some(200) {
        world.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        if kind == Kindness::Genuine {
            world.timeline.success(Kind::Callback, began);
        }
    }
    answer
}

/// The documented non-SNAP body (protocol 8), with white space that a signature does not cover.
fn notice(recipe: &Recipe, reference: &str, rupiah: u64) -> String {
    let channel = match recipe.method {
        "qris" => "BNC_QRIS",
        "virtual_account" => "VIRTUAL_ACCOUNT_BNI",
        "retail" => "RETAIL_ALFAMART",
        _ => "EMONEY_DANA_SNAP",
    };
    let body: Value = json!({
        "additionalInfo": {"channel": channel},
        "originalReferenceNo": format!("STORM{}", recipe.number),
        "originalPartnerReferenceNo": reference,
        "latestTransactionStatus": "00",
        "finishedTime": jakarta_now(),
        "amount": {"value": format!("{rupiah}.00"), "currency": "IDR"},
    });
    body.to_string()
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
