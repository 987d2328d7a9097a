//! Invariants of liveness, 24 to 27, and what must have happened at least once, 28.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Checked,
    evidence::{Evidence, minor},
    leases, telling,
};

/// An open create or unknown outcome is dealt with within this.
const DEADLINE_S: i64 = 60;

/// 24. No payment is under way or unknown beyond its deadline.
pub(super) fn nothing_hangs(evidence: &Evidence) -> Checked {
    Checked::each(evidence.database.payments.iter(), |payment| {
        let waits_for_shop = payment.last_outcome.as_deref() == Some("not_sent");
        let hangs = match payment.state.as_str() {
            "unknown" => true,
            "creating" => !waits_for_shop,
            _ => false,
        };
        (hangs && payment.age_s > DEADLINE_S)
            .then(|| format!("payment {} is {}", payment.id, payment.state))
    })
}

/// 25. Every event has reached its shop.
pub(super) fn all_is_told(evidence: &Evidence) -> Checked {
    Checked::each(evidence.database.deliveries.iter(), |row| {
        let is_told = row.state == "delivered";
        (!is_told).then(|| {
            format!(
                "event {} is {} after {} tries",
                row.event, row.state, row.tries
            )
        })
    })
}

/// 26. Orders past their expiry are over.
pub(super) fn the_expired_are_over(evidence: &Evidence) -> Checked {
    let past = evidence
        .database
        .orders
        .iter()
        .filter(|order| order.is_past);
    Checked::each(past, |order| {
        (order.state == "pending").then(|| format!("order {} is pending past its expiry", order.id))
    })
}

/// 27. After the last healing every new request works at once.
pub(super) fn all_works_again(evidence: &Evidence) -> Checked {
    let Some((from, to)) = evidence.calm else {
        return Checked::default();
    };
    let mut seen = BTreeSet::new();
    let first: Vec<_> = evidence
        .asked
        .iter()
        .filter(|asked| asked.what == "create" && seen.insert(asked.op.as_str()))
        .filter(|asked| (from..to).contains(&asked.at_ms))
        .collect();
    Checked::each(first.into_iter(), |asked| {
        let status = evidence
            .answered
            .get(&asked.n)
            .map(|answered| answered.status);
        let expected = match ending(asked.body.as_deref()?) {
            901 => [424, 424],
            902 => [202, 409],
            // A twin may be told to wait.
            _ => [201, 409],
        };
        let works = status.is_some_and(|status| expected.contains(&status));
        (!works).then(|| format!("{} got {status:?} in the calm", asked.op))
    })
}

/// The last three digits of the whole rupiah.
fn ending(body: &str) -> i64 {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let amount = body.pointer("/amount/value").and_then(Value::as_str);
    amount.and_then(minor).unwrap_or(0) / 100 % 1_000
}

type Seen = (&'static str, usize);

/// 28. Rare states, each with how often it was seen.
pub(super) fn sometimes(evidence: &Evidence) -> Vec<Seen> {
    let mut all = told_to_shops(evidence);
    all.extend(at_the_provider(evidence));
    all.extend(in_the_database(evidence));
    all.extend([
        (
            "commit whose outcome was unknown",
            unknown_commits(evidence),
        ),
        ("lease taken over", leases::taken_over(evidence)),
        ("stale worker fenced", leases::fenced(evidence)),
        (
            "token race won by one fetch",
            telling::races_won_by_one(evidence),
        ),
        ("money found without a callback", healed(evidence)),
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

/// Payments whose create ended unknown and which are something else now.
fn resolved(evidence: &Evidence) -> usize {
    let payments = evidence.database.payments.iter();
    payments
        .filter(|payment| payment.last_outcome.as_deref() == Some("unknown"))
        .count()
}

/// The shop was told nothing or 503, and the order was there when it asked again.
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

/// Paid payments of which no callback was ever taken.
pub(super) fn healed(evidence: &Evidence) -> usize {
    let told: BTreeSet<&str> = evidence
        .callbacks
        .iter()
        .filter(|callback| callback.is_accepted)
        .filter_map(|callback| callback.reference.as_deref())
        .collect();
    let paid = evidence
        .database
        .payments
        .iter()
        .filter(|p| p.state == "paid");
    paid.filter(|payment| !told.contains(payment.id.as_str()))
        .count()
}

/// The slowest but one in a hundred of the calm's accepted creates, in milliseconds.
pub(super) fn calm_p99(evidence: &Evidence) -> u64 {
    let (from, to) = evidence.calm.unwrap_or_default();
    let mut all: Vec<u64> = evidence
        .exchanges()
        .filter(|(asked, reply)| asked.what == "create" && reply.status == 201)
        .filter(|(asked, _)| (from..to).contains(&asked.at_ms))
        .map(|(asked, answered)| answered.at_ms.saturating_sub(asked.at_ms))
        .collect();
    all.sort_unstable();
    let last = (all.len() * 99).div_ceil(100).saturating_sub(1);
    all.get(last).copied().unwrap_or(0)
}
