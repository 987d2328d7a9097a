//! Invariants of liveness, 24 to 27.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    checked::Checked,
    evidence::{Evidence, minor},
};

/// The longest time until an open create or an unknown outcome is dealt with.
const DEADLINE_S: i64 = 60;

/// Checks invariant 24: no payment is under way or unknown beyond its deadline.
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

/// Checks invariant 25: every event has reached its shop.
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

/// Checks invariant 26: orders past their expiry are over.
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

/// Checks invariant 27: after the last healing every new request works at once.
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
            // A concurrent duplicate may have to wait.
            _ => [201, 409],
        };
        let works = status.is_some_and(|status| expected.contains(&status));
        (!works).then(|| format!("{} got {status:?} in the calm", asked.op))
    })
}

/// Returns the last three digits of the whole rupiah.
fn ending(body: &str) -> i64 {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let amount = body.pointer("/amount/value").and_then(Value::as_str);
    amount.and_then(minor).unwrap_or(0) / 100 % 1_000
}

/// Counts the paid payments of which no callback was ever taken.
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

/// Returns the 99th percentile of the calm's accepted creates, in milliseconds.
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
