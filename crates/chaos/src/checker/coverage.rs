//! Invariant 28: what must have happened at least once in a run; what never happens is not tested
//! by it.

use std::collections::{BTreeMap, BTreeSet};

use super::database::{History, Receipt};
use super::evidence::Evidence;
use crate::checker::{delivery_invariants, lease_invariants, liveness_invariants};

type Seen = (&'static str, usize);

/// Returns the rare states of invariant 28, each with how often it was seen.
pub(super) fn all(evidence: &Evidence) -> Vec<Seen> {
    let mut all = told_to_shops(evidence);
    all.extend(at_the_provider(evidence));
    all.extend(in_the_database(evidence));
    all.extend(of_receipts(evidence));
    all.extend([
        (
            "commit whose outcome was unknown",
            unknown_commits(evidence),
        ),
        ("lease taken over", lease_invariants::taken_over(evidence)),
        ("stale worker fenced", lease_invariants::fenced(evidence)),
        (
            "token race won by one fetch",
            delivery_invariants::races_won_by_one(evidence),
        ),
        (
            "money found without a callback",
            liveness_invariants::healed(evidence),
        ),
    ]);
    let by_old = evidence
        .arrived
        .iter()
        .filter(|arrived| arrived.by_old_secret);
    all.push(("webhook verified by the old secret", by_old.count()));
    all
}

fn told_to_shops(evidence: &Evidence) -> Vec<Seen> {
    let replies = |test: &dyn Fn(&str, u16, &str) -> bool| {
        evidence
            .exchanges()
            .filter(|(asked, reply)| test(&asked.what, reply.status, &reply.body))
            .count()
    };
    let paid_at_once = r#""status":"paid""#;
    let replayed = evidence
        .answered
        .values()
        .filter(|one| one.replayed.is_some());
    vec![
        (
            "outcome unknown to the shop (202)",
            replies(&|what, status, _| what == "create" && status == 202),
        ),
        (
            "provider refused (424)",
            replies(&|_, status, _| status == 424),
        ),
        (
            "storage or provider away (503)",
            replies(&|_, status, _| status == 503),
        ),
        (
            "paid before the create's reply",
            replies(&|what, status, body| {
                what == "create" && status == 201 && body.contains(paid_at_once)
            }),
        ),
        ("reply replayed", replayed.count()),
        (
            "key used for another body (422)",
            replies(&|what, status, _| what == "mismatch" && status == 422),
        ),
    ]
}

fn at_the_provider(evidence: &Evidence) -> Vec<Seen> {
    let served = |test: &dyn Fn(&str, &str) -> bool| {
        evidence
            .served
            .iter()
            .filter(|served| {
                let code = served.response_code.as_deref().unwrap_or_default();
                test(code, served.fault.as_deref().unwrap_or_default())
            })
            .count()
    };
    let answered = |status: u64| {
        let callbacks = evidence.callbacks.iter();
        callbacks
            .filter(|callback| callback.status == Some(status))
            .count()
    };
    vec![
        (
            "create done, answer lost",
            served(&|_, fault| {
                fault.contains("AfterEffect") || fault.contains("after_effect: true")
            }),
        ),
        (
            "409..01, reference exists",
            served(&|code, fault| {
                is_409_01(code) || (fault.contains("409") && fault.contains("01\""))
            }),
        ),
        (
            "token refused, another fetched",
            served(&|code, fault| fault.is_empty() && code.starts_with("401")),
        ),
        ("callback refused (401)", answered(401)),
        ("callback's body too slow (408)", answered(408)),
        ("callback put off (503)", answered(503)),
    ]
}

fn in_the_database(evidence: &Evidence) -> Vec<Seen> {
    let database = &evidence.database;
    let events = |kind: &str| {
        database
            .events
            .iter()
            .filter(|event| event.kind == kind)
            .count()
    };
    let verdicts = |verdict: &str| {
        let rows = database.notifications.iter();
        rows.filter(|row| row.verdict == verdict).count()
    };
    let often = database.deliveries.iter().filter(|row| row.tries > 3);
    vec![
        ("paid after expiry", events("order.paid_late")),
        ("paid another amount", events("order.review_required")),
        ("paid twice", events("order.overpaid")),
        ("expired", events("order.expired")),
        ("cancelled", events("order.cancelled")),
        ("refunded", events("order.refunded")),
        (
            "stale callback",
            verdicts("stale").saturating_add(verdicts("asked")),
        ),
        ("stranger in quarantine", verdicts("unknown_reference")),
        ("unreadable in quarantine", verdicts("unreadable")),
        ("outcome unknown, resolved", resolved(evidence)),
        ("webhook tried over 3 times", often.count()),
    ]
}

fn is_409_01(code: &str) -> bool {
    code.starts_with("409") && code.ends_with("01")
}

/// Counts payments whose create ended unknown and which are something else now.
fn resolved(evidence: &Evidence) -> usize {
    let payments = evidence.database.payments.iter();
    payments
        .filter(|payment| payment.last_outcome.as_deref() == Some("unknown"))
        .count()
}

/// Counts the orders that were there when the shop asked again, after it had got no reply or 503.
fn unknown_commits(evidence: &Evidence) -> usize {
    let mut failed: BTreeSet<&str> = BTreeSet::new();
    let mut found = BTreeSet::new();
    for asked in evidence.asked.iter().filter(|asked| asked.what == "create") {
        match evidence.answered.get(&asked.n) {
            None => {
                failed.insert(&asked.op);
            }
            Some(reply) if reply.status == 503 => {
                failed.insert(&asked.op);
            }
            Some(reply) if reply.replayed.is_some() && failed.contains(asked.op.as_str()) => {
                found.insert(asked.op.as_str());
            }
            Some(_) => {}
        }
    }
    found.len()
}

/// Returns the rare histories of receipts: what came, what went back, and in which order it was
/// reported.
fn of_receipts(evidence: &Evidence) -> Vec<Seen> {
    let mut all = told_of_receipts(evidence);
    let database = &evidence.database;
    let receipts = |test: &dyn Fn(&Receipt) -> bool| {
        let rows = database.receipts.iter();
        rows.filter(|row| test(row)).count()
    };
    let mut of_payment: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for receipt in &database.receipts {
        let (right, wrong) = of_payment.entry(&receipt.payment_id).or_default();
        *right += u32::from(receipt.is_right);
        *wrong += u32::from(!receipt.is_right);
    }
    let payments = |test: &dyn Fn(u32, u32) -> bool| {
        of_payment.values().filter(|one| test(one.0, one.1)).count()
    };
    let mut into_paid: BTreeMap<&str, u32> = BTreeMap::new();
    for row in database
        .history
        .iter()
        .filter(|row| goes(row, None, "paid"))
    {
        *into_paid.entry(&row.order_id).or_default() += 1;
    }
    let changes = |from: &str, to: &str| {
        let rows = database.history.iter();
        rows.filter(|row| goes(row, Some(from), to)).count()
    };
    let again = into_paid.values().filter(|count| **count > 1);
    all.extend([
        (
            "part of the order's money went back",
            receipts(&|one| one.held == "merchant" && one.returned > 0),
        ),
        (
            "part of a wrong sum went back",
            receipts(&|one| one.held == "suspense" && one.returned > 0),
        ),
        (
            "a wrong sum went back whole",
            receipts(&|one| !one.is_right && one.returned == one.amount),
        ),
        ("two right transfers", payments(&|right, _| right > 1)),
        (
            "a right transfer beside a wrong",
            payments(&|right, wrong| right > 0 && wrong > 0),
        ),
        ("review became paid", changes("review", "paid")),
        (
            "paid went back, a wrong sum waits",
            changes("paid", "review"),
        ),
        ("an order became paid again", again.count()),
        (
            "review ended by what went back",
            changes("review", "refunded"),
        ),
    ]);
    all
}

fn goes(row: &History, from: Option<&str>, to: &str) -> bool {
    let (was, is) = (row.order_from.as_deref(), row.order_to.as_deref());
    is == Some(to) && was != is && (from.is_none() || was == from)
}

fn told_of_receipts(evidence: &Evidence) -> Vec<Seen> {
    let mut successes: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    let mut bodies: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    let mut repeats = 0_usize;
    let by_hand = evidence
        .callbacks
        .iter()
        .filter(|one| one.kind == "genuine");
    for callback in by_hand.filter(|one| one.is_accepted) {
        let Some(reference) = callback.reference.as_deref() else {
            continue;
        };
        let sum = (reference, callback.said.name.as_deref());
        match callback.said.status.as_deref() {
            Some("00") => {
                successes.insert(sum);
            }
            Some("04") if successes.contains(&sum) => {
                after.insert(sum);
            }
            Some("04") => {
                before.insert(sum);
            }
            _ => {}
        }
        let (spaced, tight) = bodies.entry(&callback.digest).or_default();
        repeats = repeats.saturating_add(usize::from(*spaced || *tight));
        *spaced |= callback.said.is_spaced;
        *tight |= !callback.said.is_spaced;
    }
    let respelt = bodies.values().filter(|(spaced, tight)| *spaced && *tight);
    vec![
        ("04 told before its 00", before.len()),
        ("04 told after its 00", after.len()),
        ("told again by hand", repeats),
        ("told again with other spacing", respelt.count()),
    ]
}
