//! Planted violations of orders, creates, callbacks, webhooks and leases.

use super::plant::Plant;
use crate::checker::evidence::{Callback, Evidence, Race, Said, bare};

/// Violations, each with its invariant's number.
pub(super) const PLANTS: [(u8, Plant); 37] = [
    (
        1,
        Plant::Rows(
            "DELETE FROM notifications WHERE ctid IN (SELECT ctid FROM notifications WHERE verdict = 'applied' LIMIT 1)",
        ),
    ),
    (1, Plant::Lines(a_callback_nobody_stored)),
    (
        2,
        Plant::Rows(
            "UPDATE orders SET amount_minor = amount_minor + 100 WHERE id = (SELECT order_id FROM creations WHERE reply_status = 201 LIMIT 1)",
        ),
    ),
    (3, Plant::Lines(a_create_served_twice)),
    (3, Plant::Lines(a_create_in_other_words)),
    (
        4,
        Plant::Rows(
            "UPDATE payments SET state = 'pending' WHERE order_id = (SELECT order_id FROM payments GROUP BY order_id HAVING count(*) > 1 LIMIT 1)",
        ),
    ),
    (5, Plant::Lines(a_create_served_twice)),
    (
        6,
        Plant::Rows(
            "INSERT INTO history (order_id, source, fact, order_from, order_to, order_version) SELECT order_id, 'plant', 'plant', 'pending', 'paid', order_version FROM history WHERE order_to = 'paid' AND order_from <> 'paid' LIMIT 1",
        ),
    ),
    (
        6,
        Plant::Rows(
            "INSERT INTO history (order_id, source, fact, order_from, order_to, order_version) SELECT order_id, 'plant', 'plant', 'paid', 'expired', order_version FROM history WHERE order_to = 'paid' LIMIT 1",
        ),
    ),
    (7, Plant::Lines(money_taken_back)),
    (
        7,
        Plant::Rows(
            "UPDATE payments SET state = 'paid' WHERE id = (SELECT id FROM payments WHERE received_minor = 0 LIMIT 1)",
        ),
    ),
    (
        8,
        Plant::Rows(
            "UPDATE receipts SET received_minor = received_minor + 1 WHERE id = (SELECT id FROM receipts LIMIT 1)",
        ),
    ),
    (
        8,
        Plant::Rows(
            "DELETE FROM receipts WHERE id = (SELECT id FROM receipts WHERE held = 'merchant' LIMIT 1)",
        ),
    ),
    (
        9,
        Plant::Rows(
            "UPDATE orders SET state = 'expired' WHERE id = (SELECT id FROM orders WHERE state = 'paid' LIMIT 1)",
        ),
    ),
    (
        10,
        Plant::Rows(
            "DELETE FROM events WHERE id = (SELECT id FROM events WHERE type = 'order.paid' LIMIT 1)",
        ),
    ),
    (
        10,
        Plant::Rows(
            "UPDATE entries SET minor = minor + 1 WHERE ctid = (SELECT ctid FROM entries LIMIT 1)",
        ),
    ),
    (
        11,
        Plant::Rows(
            "DELETE FROM events WHERE id = (SELECT event_id FROM deliveries WHERE state = 'delivered' LIMIT 1)",
        ),
    ),
    (11, Plant::Lines(nobody_took_a_webhook)),
    (11, Plant::Lines(an_altered_webhook)),
    (12, Plant::Lines(an_unsigned_webhook)),
    (
        12,
        Plant::Rows(
            "UPDATE events SET merchant_id = (SELECT id FROM merchants m WHERE m.id <> events.merchant_id LIMIT 1) WHERE id = (SELECT event_id FROM deliveries LIMIT 1)",
        ),
    ),
    (13, Plant::Lines(a_forgery_taken)),
    (14, Plant::Lines(tokens_without_end)),
    (14, Plant::Lines(a_stampede)),
    (
        15,
        Plant::Rows(
            "INSERT INTO lease_watch.changes (subject, key, before_owner, before_until, owner, until) SELECT 'work', 'plant', gen_random_uuid(), now() + interval '1 second', gen_random_uuid(), now() + interval '9 seconds'",
        ),
    ),
    (
        15,
        Plant::Rows(
            "WITH one AS (UPDATE deliveries SET tries = tries + 1 WHERE ctid = (SELECT ctid FROM deliveries LIMIT 1) RETURNING event_id, endpoint_id, tries) INSERT INTO delivery_tries (event_id, endpoint_id, try_no, outcome, duration_ms) SELECT event_id, endpoint_id, tries, 'delivered', 1 FROM one",
        ),
    ),
    (
        15,
        Plant::Rows(
            "INSERT INTO delivery_tries (event_id, endpoint_id, try_no, outcome, duration_ms) SELECT event_id, endpoint_id, try_no, outcome, duration_ms FROM delivery_tries LIMIT 1",
        ),
    ),
    (16, Plant::Lines(a_reply_changed)),
    (16, Plant::Lines(another_body_taken)),
    (
        17,
        Plant::Rows(
            "UPDATE payments SET amount_minor = amount_minor + 1 WHERE id = (SELECT id FROM payments LIMIT 1)",
        ),
    ),
    (
        18,
        Plant::Rows(
            "UPDATE orders SET version = version + 1 WHERE id = (SELECT id FROM orders LIMIT 1)",
        ),
    ),
    (19, Plant::Lines(another_shops_order)),
    (20, Plant::Lines(a_canary_sings)),
    (21, Plant::Lines(a_bare_500)),
    (23, Plant::Lines(a_panic)),
    (
        24,
        Plant::Rows(
            "UPDATE payments SET state = 'unknown', updated_at = now() - interval '1 hour' WHERE id = (SELECT id FROM payments LIMIT 1)",
        ),
    ),
    (
        25,
        Plant::Rows(
            "UPDATE deliveries SET state = 'dead' WHERE event_id = (SELECT event_id FROM deliveries LIMIT 1)",
        ),
    ),
];

fn a_callback_nobody_stored(evidence: &mut Evidence) {
    evidence.callbacks.push(Callback {
        path: "/v1.0/debit/notify".to_owned(),
        digest: "0".repeat(64),
        kind: "sandbox".to_owned(),
        is_accepted: true,
        status: Some(200),
        reference: None,
        said: Said::default(),
    });
}

fn a_create_served_twice(evidence: &mut Evidence) {
    let first = evidence.served.iter().rev().find(|served| {
        let is_success = served
            .response_code
            .as_deref()
            .is_some_and(|code| code.starts_with("200"));
        served.call == "qris_generate" && is_success
    });
    let Some(first) = first.cloned() else { return };
    evidence.served.extend([first.clone(), first]);
}

fn money_taken_back(evidence: &mut Evidence) {
    let paid = evidence
        .database
        .payments
        .iter()
        .find(|p| p.state == "paid");
    let Some(id) = paid.map(|payment| payment.id.clone()) else {
        return;
    };
    evidence.settled.retain(|settled| settled.reference != id);
}

fn nobody_took_a_webhook(evidence: &mut Evidence) {
    let delivered = evidence.arrived.iter().find(|arrived| arrived.is_success());
    let Some(id) = delivered.map(|arrived| arrived.id.clone()) else {
        return;
    };
    evidence.arrived.retain(|arrived| arrived.id != id);
}

fn an_altered_webhook(evidence: &mut Evidence) {
    if let Some(mut again) = evidence.arrived.first().cloned() {
        again.sha.push('0');
        evidence.arrived.push(again);
    }
}

fn an_unsigned_webhook(evidence: &mut Evidence) {
    if let Some(arrived) = evidence.arrived.first_mut() {
        arrived.verified = false;
    }
}

fn a_forgery_taken(evidence: &mut Evidence) {
    let forged = evidence
        .callbacks
        .iter_mut()
        .find(|one| one.kind == "forged");
    if let Some(callback) = forged {
        callback.is_accepted = true;
    }
}

fn tokens_without_end(evidence: &mut Evidence) {
    let Some(mut token) = evidence.served.first().cloned() else {
        return;
    };
    "token".clone_into(&mut token.call);
    let count = usize::try_from(evidence.tokens_max)
        .unwrap_or(0)
        .saturating_add(1);
    evidence.served.extend(vec![token; count]);
}

fn a_stampede(evidence: &mut Evidence) {
    let Some(mut token) = evidence.served.first().cloned() else {
        return;
    };
    "token".clone_into(&mut token.call);
    let from = evidence.served.len();
    evidence.served.extend([token.clone(), token]);
    evidence.races.push(Race {
        from,
        to: evidence.served.len(),
        processes: 1,
    });
}

fn a_create_in_other_words(evidence: &mut Evidence) {
    let first = evidence
        .served
        .iter()
        .find(|served| served.call == "qris_generate");
    let Some(mut again) = first.cloned() else {
        return;
    };
    again.response_code = None;
    again.body_sha = again.body_sha.map(|sha| format!("{sha}0"));
    evidence.served.push(again);
}

fn another_body_taken(evidence: &mut Evidence) {
    let replay = evidence.asked.iter_mut().find(|one| one.what == "replay");
    if let Some(asked) = replay {
        "mismatch".clone_into(&mut asked.what);
    }
}

fn a_panic(evidence: &mut Evidence) {
    let line = r#"{"level":"ERROR","fields":{"message":"panicked"}}"#;
    let log = ("plant.log".to_owned(), line.into());
    evidence.public.push(log);
}

fn a_reply_changed(evidence: &mut Evidence) {
    let replayed = evidence
        .asked
        .iter()
        .filter(|asked| asked.what == "replay")
        .map(|asked| asked.n)
        .find(|n| {
            evidence
                .answered
                .get(n)
                .is_some_and(|reply| reply.status == 201)
        });
    if let Some(reply) = replayed.and_then(|n| evidence.answered.get_mut(&n)) {
        reply.body.push(' ');
    }
}

fn another_shops_order(evidence: &mut Evidence) {
    let Some(asked) = evidence.asked.first().cloned() else {
        return;
    };
    let own = bare(&asked.shop);
    let foreign = evidence
        .database
        .orders
        .iter()
        .find(|order| order.merchant != own);
    let foreign = foreign.map(|order| format!("ord_{}", order.id));
    if let (Some(foreign), Some(reply)) = (foreign, evidence.answered.get_mut(&asked.n)) {
        reply.body.push_str(&foreign);
    }
}

fn a_canary_sings(evidence: &mut Evidence) {
    let canary = evidence.canaries.first().cloned();
    let place = |(_, canary): (String, String)| ("a plant".to_owned(), canary.into());
    let planted = canary.map(place);
    evidence.public.extend(planted);
}

fn a_bare_500(evidence: &mut Evidence) {
    if let Some(reply) = evidence.answered.values_mut().next() {
        reply.status = 500;
    }
}
