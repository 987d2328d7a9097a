//! Invariants about money and states: 1 to 6, 10, 17, 18.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    checked::Checked,
    database::{History, Order},
    evidence::{Evidence, bare, minor},
};

fn orders(evidence: &Evidence) -> BTreeMap<&str, &Order> {
    let orders = evidence.database.orders.iter();
    orders.map(|order| (order.id.as_str(), order)).collect()
}

/// Checks invariant 1: every acknowledged notification is in the inbox.
pub(super) fn acknowledged_is_stored(evidence: &Evidence) -> Checked {
    let inbox: BTreeSet<(&str, &str)> = evidence
        .database
        .notifications
        .iter()
        .map(|row| (row.path.as_str(), row.digest.as_str()))
        .collect();
    let accepted = evidence.callbacks.iter().filter(|one| one.is_accepted);
    Checked::each(accepted, |callback| {
        let key = (callback.path.as_str(), callback.digest.as_str());
        let text = || format!("{} {} was acknowledged and is gone", key.0, key.1);
        (!inbox.contains(&key)).then(text)
    })
}

/// Checks invariant 2: every promised order exists as promised.
pub(super) fn promised_order_exists(evidence: &Evidence) -> Checked {
    let orders = orders(evidence);
    let promised = evidence.exchanges().filter(|(asked, answered)| {
        matches!(asked.what.as_str(), "create" | "replay") && answered.status < 300
    });
    Checked::each(promised, |(asked, answered)| {
        let order: Value = serde_json::from_str(&answered.body).ok()?;
        let id = order.get("id").and_then(Value::as_str).unwrap_or_default();
        let body: Value = serde_json::from_str(asked.body.as_deref()?).ok()?;
        let amount = body.pointer("/amount/value").and_then(Value::as_str);
        let reference = body.get("reference").and_then(Value::as_str);
        let Some(row) = orders.get(bare(id)) else {
            return Some(format!("{} was promised {id}, which is gone", asked.op));
        };
        let same = row.merchant == bare(&asked.shop)
            && Some(row.amount) == amount.and_then(minor)
            && Some(row.reference.as_str()) == reference;
        (!same).then(|| format!("{id} is not what {} was promised", asked.op))
    })
}

const CREATES: [&str; 5] = [
    "qris_generate",
    "ewallet_payment",
    "va_create",
    "retail_create",
    "link_create",
];

/// Checks invariant 3: the provider accepted at most one create for each reference; what was sent
/// again was the same.
pub(super) fn one_create_accepted(evidence: &Evidence) -> Checked {
    let mut accepted: BTreeMap<&str, u32> = BTreeMap::new();
    let mut bodies: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for served in &evidence.served {
        if CREATES.contains(&served.call.as_str()) {
            let reference = served.reference.as_deref().unwrap_or_default();
            let known = bodies.entry(reference).or_default();
            known.extend(served.body_sha.as_deref());
        }
        let is_success = served
            .response_code
            .as_deref()
            .is_some_and(|code| code.starts_with("200"));
        if CREATES.contains(&served.call.as_str()) && is_success {
            let reference = served.reference.as_deref().unwrap_or_default();
            *accepted.entry(reference).or_default() += 1;
        }
    }
    let mut checked = Checked::each(accepted.iter(), |(reference, count)| {
        (*count > 1).then(|| format!("{reference} was created {count} times"))
    });
    checked.add(Checked::each(bodies.iter(), |(reference, all)| {
        (all.len() > 1).then(|| format!("{reference} was sent as {} bodies", all.len()))
    }));
    checked
}

/// Checks invariant 4: an order has at most one payment that somebody can pay and at most one under
/// way.
///
/// One of each is right: the old one is closed when the new one is accepted.
pub(super) fn one_open_payment(evidence: &Evidence) -> Checked {
    let mut open: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for payment in &evidence.database.payments {
        let (payable, under_way) = open.entry(&payment.order_id).or_default();
        *payable += u32::from(payment.state == "pending");
        *under_way += u32::from(matches!(payment.state.as_str(), "creating" | "unknown"));
    }
    Checked::each(open.iter(), |(order, (payable, under_way))| {
        (*payable > 1 || *under_way > 1).then(|| {
            format!("order {order} has {payable} payable payments and {under_way} under way")
        })
    })
}

/// Checks invariant 5: nothing is created again before an inquiry, unless the provider reported
/// that nothing was done.
pub(super) fn asked_before_again(evidence: &Evidence) -> Checked {
    let mut last: BTreeMap<&str, bool> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut count = 0;
    for served in &evidence.served {
        let Some(reference) = served.reference.as_deref() else {
            continue;
        };
        if !CREATES.contains(&served.call.as_str()) {
            last.insert(reference, true);
            continue;
        }
        count += 1;
        let may_repeat = is_harmless(served.response_code.as_deref(), served.fault.as_deref());
        if last.insert(reference, may_repeat) == Some(false) {
            findings.push(format!("{reference} was sent again without asking"));
        }
    }
    Checked { count, findings }
}

/// Faults under which a refusal still reaches the caller unchanged.
const LEGIBLE: [&str; 4] = ["Delay", "Drip", "WrongEchoReference", "MissingArtefact"];

/// Returns whether the provider itself reported that this call did nothing, and the gateway could
/// read it.
fn is_harmless(code: Option<&str>, fault: Option<&str>) -> bool {
    let code = code.unwrap_or_default();
    let refused = ["401", "429"].iter().any(|class| code.starts_with(class));
    let is_heard = fault.is_none_or(|fault| LEGIBLE.iter().any(|one| fault.starts_with(one)));
    is_heard && (refused || (code.starts_with("409") && code.ends_with("00")))
}

/// Checks invariant 6: an order leaves paid only by what went back, in the transaction that books
/// it.
///
/// It leaves for review while a wrong sum waits, else for refunded; and may pass through paid once
/// more after that.
pub(super) fn paid_once(evidence: &Evidence) -> Checked {
    let orders_of: BTreeMap<&str, &str> = evidence
        .database
        .payments
        .iter()
        .map(|payment| (payment.id.as_str(), payment.order_id.as_str()))
        .collect();
    let went_back: BTreeSet<(&str, &str)> = evidence
        .database
        .bookings
        .iter()
        .filter(|one| {
            matches!(
                one.booking.as_str(),
                "refund_from_merchant" | "release_suspense"
            )
        })
        .flat_map(|one| {
            let order = orders_of.get(one.payment_id.as_str()).copied();
            [Some(one.payment_id.as_str()), order]
                .into_iter()
                .flatten()
                .map(|id| (id, one.xmin.as_str()))
        })
        .collect();
    let mut paid: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut findings = Vec::new();
    for row in &evidence.database.history {
        let changes = [
            (Some(row.order_id.as_str()), &row.order_from, &row.order_to),
            (
                row.payment_id.as_deref(),
                &row.payment_from,
                &row.payment_to,
            ),
        ];
        for (id, from, to) in changes {
            let (Some(id), from, Some(to)) = (id, from.as_deref(), to.as_deref()) else {
                continue;
            };
            let (entered, left) = paid.entry(id).or_default();
            if to == "paid" && from != Some("paid") {
                *entered = entered.saturating_add(1);
            }
            if from == Some("paid") && to != "paid" {
                *left = left.saturating_add(1);
                let is_booked = went_back.contains(&(id, row.xmin.as_str()));
                if !is_booked || !matches!(to, "refunded" | "review") {
                    findings.push(format!("{id} left paid for {to}"));
                }
            }
        }
    }
    let twice = paid
        .iter()
        .filter(|(_, (entered, left))| *entered > left.saturating_add(1));
    findings.extend(twice.map(|(id, (entered, _))| format!("{id} became paid {entered} times")));
    Checked {
        count: paid.len(),
        findings,
    }
}

/// Checks invariant 10: a change of an order, its booking and its event are one transaction.
pub(super) fn one_transaction(evidence: &Evidence) -> Checked {
    let events: BTreeSet<(&str, i64, &str, &str)> = evidence
        .database
        .events
        .iter()
        .filter_map(|event| {
            let order = event.order_id.as_deref()?;
            Some((
                order,
                event.order_version?,
                event.kind.as_str(),
                event.xmin.as_str(),
            ))
        })
        .collect();
    let bookings: BTreeSet<(&str, &str)> = evidence
        .database
        .bookings
        .iter()
        .map(|booking| (booking.payment_id.as_str(), booking.xmin.as_str()))
        .collect();
    let mut checked = Checked::each(evidence.database.history.iter(), |row| {
        let version = row.order_version?;
        let kinds = told_by(row)?;
        let is_told = kinds.iter().any(|kind| {
            events.contains(&(row.order_id.as_str(), version, *kind, row.xmin.as_str()))
        });
        (!is_told).then(|| format!("order {} version {version} was not told", row.order_id))
    });
    let becomes_paid = evidence.database.history.iter().filter(|row| {
        row.payment_to.as_deref() == Some("paid")
            && !matches!(row.payment_from.as_deref(), Some("paid"))
    });
    let booked = Checked::each(becomes_paid, |row| {
        let payment = row.payment_id.as_deref()?;
        (!bookings.contains(&(payment, row.xmin.as_str())))
            .then(|| format!("payment {payment} became paid without a booking"))
    });
    let unbalanced = evidence.database.bookings.iter();
    let balanced = Checked::each(unbalanced, |booking| {
        (booking.sum != 0 || booking.entries < 2).then(|| {
            format!(
                "{} of {} does not sum to zero",
                booking.booking, booking.payment_id
            )
        })
    });
    checked.add(booked);
    checked.add(balanced);
    checked
}

/// Returns the events that report this change; nothing when none has to.
fn told_by(row: &History) -> Option<&'static [&'static str]> {
    let (from, to) = (row.order_from.as_deref()?, row.order_to.as_deref()?);
    Some(match (from, to) {
        (from, to) if from == to => return None,
        ("pending", "paid") => &["order.paid"],
        ("expired" | "cancelled" | "failed", "paid") => &["order.paid_late"],
        (_, "paid") => &["order.paid", "order.paid_late"],
        ("review", "expired") => &["order.expired", "order.refunded"],
        ("review", "cancelled") => &["order.cancelled", "order.refunded"],
        (_, "expired") => &["order.expired"],
        (_, "cancelled") => &["order.cancelled"],
        (_, "failed") => &["order.failed"],
        (_, "review") => &["order.review_required"],
        (_, "refunded") => &["order.refunded"],
        _ => return None,
    })
}

/// Checks invariant 17: sums are there, not negative, and an order's amount is what was asked for.
pub(super) fn money_is_sane(evidence: &Evidence) -> Checked {
    let orders = orders(evidence);
    Checked::each(evidence.database.payments.iter(), |payment| {
        let sums = [payment.amount, payment.received, payment.refunded];
        let order = orders.get(payment.order_id.as_str())?;
        let is_sane = sums.iter().all(|sum| sum.is_some_and(|sum| sum >= 0))
            && payment.amount == Some(order.amount)
            && payment.merchant == order.merchant
            && payment.refunded <= payment.received
            && payment.merchant_holds >= 0
            && payment.suspended >= 0
            && order.paid >= 0;
        (!is_sane).then(|| format!("payment {} has senseless sums", payment.id))
    })
}

/// Checks invariant 18: every version of an order has its line in the history, without a gap.
pub(super) fn versions_are_whole(evidence: &Evidence) -> Checked {
    let mut versions: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for row in &evidence.database.history {
        let known = versions.entry(&row.order_id).or_default();
        known.extend(row.order_version);
    }
    Checked::each(evidence.database.orders.iter(), |order| {
        let known = versions.get(order.id.as_str()).cloned().unwrap_or_default();
        let expected: BTreeSet<i64> = (1..=order.version).collect();
        (known != expected).then(|| format!("order {} has versions {known:?}", order.id))
    })
}
