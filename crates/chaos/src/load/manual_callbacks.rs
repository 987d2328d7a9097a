//! Callbacks made by hand with the provider's key, each journaled with its answer and repeated until it
//! was taken, at whichever worker.

use std::{sync::atomic::Ordering, time::Duration};

use ayolinx_core::signing::{RsaSigningKey, SignedCallback, sign_callback};
use serde_json::{Value, json};

use crate::{
    load::context::World,
    tools::{
        clock::{jakarta_now, now_ms},
        http::Call,
        timeline::Kind,
    },
};

const QRIS: &str = "/v1.0/qr/qr-mpm-notify";
const DEBIT: &str = "/v1.0/debit/notify";
const ACCOUNT: &str = "/v1.0/transfer-va/payment";
const WITHIN: Duration = Duration::from_secs(10);
/// The most repeats: the provider repeats what was not taken.
const REPEATS: u32 = 40;
const REPEAT_EVERY: Duration = Duration::from_secs(2);

/// The defect of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kindness {
    /// No defect.
    Genuine,
    /// A signature of something else.
    Forged,
    /// A payment that nobody knows.
    Stranger,
    /// A body that is no JSON.
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

/// A callback to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) kind: Kindness,
    pub(crate) path: &'static str,
    /// The exact bytes.
    pub(crate) body: String,
    /// Headers that no signature covers.
    pub(crate) unsigned: Vec<(&'static str, String)>,
}

/// Returns the path for callbacks about this method.
pub(crate) fn path_of(method: &str) -> &'static str {
    match method {
        "qris" => QRIS,
        "virtual_account" => ACCOUNT,
        _ => DEBIT,
    }
}

/// The content of a callback.
#[derive(Debug, Clone)]
pub(crate) struct Says<'s> {
    /// The contract's spelling.
    pub(crate) method: &'s str,
    /// Our payment.
    pub(crate) payment: &'s str,
    /// The provider's number for it.
    pub(crate) number: &'s str,
    /// `00` or `04`.
    pub(crate) status: &'s str,
    /// Whole rupiah.
    pub(crate) rupiah: u64,
    /// Time of the payment.
    pub(crate) finished_at: &'s str,
}

/// Builds the documented non-SNAP body (protocol 8).
pub(crate) fn plain_body(says: &Says<'_>) -> Value {
    json!({
        "additionalInfo": {"channel": channel(says.method)},
        "originalReferenceNo": says.number,
        "originalPartnerReferenceNo": says.payment,
        "latestTransactionStatus": says.status,
        "finishedTime": says.finished_at,
        "amount": {"value": format!("{}.00", says.rupiah), "currency": "IDR"},
    })
}

/// Builds the documented SNAP body of a transfer to a virtual account: always a success.
pub(crate) fn account_body(says: &Says<'_>) -> Value {
    json!({
        "trxId": says.payment,
        "paymentRequestId": says.number,
        "virtualAccountTrxType": "C",
        "paidAmount": {"value": format!("{}.00", says.rupiah), "currency": "IDR"},
        "additionalInfo": {
            "channel": channel(says.method),
            "paymentTimeIso8601": says.finished_at,
        },
    })
}

fn channel(method: &str) -> &'static str {
    match method {
        "qris" => "BNC_QRIS",
        "virtual_account" => "VIRTUAL_ACCOUNT_BNI",
        "retail" => "RETAIL_ALFAMART",
        _ => "EMONEY_DANA_SNAP",
    }
}

/// Sends a callback until it was taken or refused.
pub(crate) async fn tell_until_taken(world: &World, key: &RsaSigningKey, word: &Word, turn: usize) {
    for again in 0..REPEATS {
        let worker = turn.wrapping_add(usize::try_from(again).unwrap_or(0));
        let answered = tell(world, key, word, worker).await;
        if matches!(answered, Some(200 | 401)) {
            return;
        }
        tokio::time::sleep(REPEAT_EVERY).await;
    }
}

async fn tell(world: &World, key: &RsaSigningKey, word: &Word, worker: usize) -> Option<u16> {
    let (kind, path, body) = (word.kind, word.path, &word.body);
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
    let mut call = Call::new(*to, "POST", path)
        .header("X-TIMESTAMP", timestamp)
        .header("X-SIGNATURE", signature)
        .json(body.to_owned())
        .within(WITHIN);
    for (name, value) in &word.unsigned {
        call = call.header(name, value.clone());
    }
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
