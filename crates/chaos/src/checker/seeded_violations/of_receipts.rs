//! Planted violations of receipts, payments and the provider's sums.

use super::plant::Plant;
use crate::checker::evidence::{Callback, Evidence, Said, Settled};

/// Violations, each with its invariant's number.
pub(super) const PLANTS: [(u8, Plant); 24] = [
    (
        6,
        Plant::Rows(
            "INSERT INTO history (order_id, source, fact, order_from, order_to, order_version) SELECT order_id, 'plant', 'plant', 'paid', 'review', order_version FROM history WHERE order_to = 'paid' LIMIT 1",
        ),
    ),
    (
        6,
        Plant::Rows(
            "INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to) SELECT order_id, payment_id, 'plant', 'plant', 'paid', 'refunded' FROM history WHERE payment_to = 'paid' LIMIT 1",
        ),
    ),
    (
        8,
        Plant::Rows(
            "UPDATE receipts SET returned_minor = 1 WHERE id = (SELECT id FROM receipts WHERE held = 'merchant' AND returned_minor = 0 AND amount_minor > 1 LIMIT 1)",
        ),
    ),
    (8, Plant::Lines(a_transfer_told_and_lost)),
    (8, Plant::Lines(a_return_told_and_lost)),
    (
        9,
        Plant::Rows(
            "UPDATE orders SET state = 'refunded' WHERE id = (SELECT id FROM orders WHERE state = 'paid' LIMIT 1)",
        ),
    ),
    (10, Plant::Lines(paid_in_time_is_told_as_late)),
    (17, Plant::Lines(more_went_back_than_came)),
    (
        22,
        Plant::Rows(
            "UPDATE payments SET received_minor = received_minor + 1 WHERE id = (SELECT payment_id FROM receipts LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE payments SET refunded_minor = refunded_minor + 1 WHERE id = (SELECT payment_id FROM receipts LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE receipts SET held = 'suspense' WHERE id = (SELECT id FROM receipts WHERE held = 'merchant' AND verdict IS NULL LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE journals SET receipt_id = NULL WHERE id = (SELECT id FROM journals LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE entries SET account = 'suspense' WHERE ctid = (SELECT ctid FROM entries WHERE account = 'merchant_payable' LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE orders SET paid_minor = paid_minor + 100 WHERE id = (SELECT id FROM orders WHERE state = 'paid' LIMIT 1)",
        ),
    ),
    (
        22,
        Plant::Rows(
            "UPDATE orders SET state = 'review' WHERE id = (SELECT id FROM orders WHERE state = 'paid' LIMIT 1)",
        ),
    ),
    (
        30,
        Plant::Rows(
            "WITH moved AS (UPDATE payments SET position = 99, state = 'paid', order_id = (SELECT p.order_id FROM receipts r JOIN payments p ON p.id = r.payment_id WHERE r.held = 'merchant' AND r.verdict IS NULL LIMIT 1) WHERE id = (SELECT id FROM payments p WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.payment_id = p.id) LIMIT 1) RETURNING id, amount_minor) INSERT INTO receipts (id, payment_id, amount_minor, received_minor, is_right, held) SELECT gen_random_uuid(), id, amount_minor, amount_minor, true, 'merchant' FROM moved",
        ),
    ),
    (
        30,
        Plant::Rows(
            "UPDATE receipts SET held = 'suspense' WHERE id = (SELECT id FROM receipts r WHERE held = 'merchant' AND verdict IS NULL AND is_right LIMIT 1)",
        ),
    ),
    (
        30,
        Plant::Rows(
            "INSERT INTO receipts (id, payment_id, request_key, amount_minor, received_minor, is_right, held, finished_at) SELECT gen_random_uuid(), payment_id, 'PLANT', amount_minor, amount_minor, true, 'suspense', '2000-01-01' FROM receipts WHERE held = 'merchant' LIMIT 1",
        ),
    ),
    (30, Plant::Lines(a_wrong_sum_is_the_orders)),
    (
        31,
        Plant::Rows(
            "UPDATE orders SET state = 'review' WHERE id = (SELECT p.order_id FROM payments p WHERE p.state = 'pending' LIMIT 1)",
        ),
    ),
    (
        31,
        Plant::Rows(
            "UPDATE orders SET state = 'failed' WHERE id = (SELECT p.order_id FROM payments p WHERE p.state = 'pending' LIMIT 1)",
        ),
    ),
    (
        31,
        Plant::Rows(
            "UPDATE payments SET state = 'refunded' WHERE state IN ('creating', 'unknown', 'pending') AND order_id = (SELECT p.order_id FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.state = 'pending' AND o.state = 'pending' AND NOT o.payer_chooses LIMIT 1)",
        ),
    ),
    (
        31,
        Plant::Rows(
            "UPDATE payments SET state = 'review' WHERE id = (SELECT id FROM payments WHERE state = 'pending' LIMIT 1)",
        ),
    ),
    (7, Plant::Lines(what_is_paid_went_back)),
];

/// Returns a payment that has one sum, all of it booked.
fn booked(evidence: &Evidence) -> Option<(String, i64)> {
    let receipts = &evidence.database.receipts;
    let found = receipts.iter().find(|one| {
        let known = receipts
            .iter()
            .filter(|other| other.payment_id == one.payment_id);
        one.held == "merchant" && one.returned == 0 && known.count() == 1
    });
    found.map(|receipt| (receipt.payment_id.clone(), receipt.received))
}

fn settle(
    evidence: &mut Evidence,
    (payment, minor): (&str, i64),
    status: &str,
    transfer: Option<&str>,
) {
    let transfer = transfer.map(str::to_owned);
    evidence.settled.push(Settled {
        reference: payment.to_owned(),
        status: status.to_owned(),
        minor,
        transfer: transfer.clone(),
    });
    evidence.callbacks.push(Callback {
        path: "/v1.0/transfer-va/payment".to_owned(),
        digest: "0".repeat(64),
        kind: "genuine".to_owned(),
        is_accepted: true,
        status: Some(200),
        reference: Some(payment.to_owned()),
        said: Said {
            status: Some(status.to_owned()),
            name: transfer,
            is_spaced: false,
        },
    });
}

fn a_transfer_told_and_lost(evidence: &mut Evidence) {
    if let Some((payment, minor)) = booked(evidence) {
        settle(evidence, (&payment, minor), "00", Some("PLANT"));
    }
}

fn a_return_told_and_lost(evidence: &mut Evidence) {
    if let Some((payment, minor)) = booked(evidence) {
        settle(evidence, (&payment, minor.saturating_sub(1)), "04", None);
    }
}

fn what_is_paid_went_back(evidence: &mut Evidence) {
    if let Some((payment, minor)) = booked(evidence) {
        settle(evidence, (&payment, minor), "04", None);
    }
}

fn paid_in_time_is_told_as_late(evidence: &mut Evidence) {
    let history = &evidence.database.history;
    let in_time = history.iter().find(|row| {
        row.order_from.as_deref() == Some("pending") && row.order_to.as_deref() == Some("paid")
    });
    let Some(row) = in_time else { return };
    let event = evidence.database.events.iter_mut().find(|event| {
        event.order_id.as_ref() == Some(&row.order_id) && event.order_version == row.order_version
    });
    if let Some(event) = event {
        "order.paid_late".clone_into(&mut event.kind);
    }
}

fn more_went_back_than_came(evidence: &mut Evidence) {
    if let Some(payment) = evidence.database.payments.first_mut() {
        payment.refunded = payment.received.map(|minor| minor.saturating_add(1));
    }
}

fn a_wrong_sum_is_the_orders(evidence: &mut Evidence) {
    let mut receipts = evidence.database.receipts.iter_mut();
    if let Some(receipt) = receipts.find(|one| one.held == "merchant" && one.verdict.is_none()) {
        receipt.is_right = false;
    }
}
