//! The proof finds what it is there to find: each rule is broken once, by hand.

use std::collections::BTreeSet;

use ledger::AUDIT_CHECKS;

use crate::support::{Books, paid};

/// A rule, and statements that break it behind the ledger's back.
const PLANTED: &[(&str, &str)] = &[
    (
        "every journal has at least two entries that sum to zero",
        "INSERT INTO journals (id, merchant_id, order_id, payment_id, booking) \
         SELECT gen_random_uuid(), merchant_id, order_id, id, 'release_suspense' FROM payments",
    ),
    (
        "every journal has at least two entries that sum to zero",
        "UPDATE entries SET minor = minor + 1 WHERE account = 'provider_receivable'",
    ),
    (
        "what a payment holds for its merchant is what the books say",
        "UPDATE payments SET merchant_minor = merchant_minor + 1 WHERE state = 'paid'",
    ),
    (
        "what a payment holds for its merchant is what the books say",
        "DELETE FROM entries",
    ),
    (
        "what a payment holds for its merchant is what the books say",
        "UPDATE payments SET suspense_minor = 1 WHERE state = 'pending'",
    ),
    (
        "an order's paid amount is what is booked to its merchant",
        "UPDATE orders SET paid_minor = paid_minor + 1",
    ),
    (
        "a paid order has a paid payment, and a paid payment has its money in the books",
        "UPDATE payments SET state = 'refunded' WHERE state = 'paid'",
    ),
    (
        "a paid order has a paid payment, and a paid payment has its money in the books",
        "UPDATE payments SET state = 'paid' WHERE state = 'pending'",
    ),
    (
        "money in the books belongs to a payment that received it",
        "UPDATE payments SET state = 'cancelled' WHERE state = 'paid'",
    ),
    (
        "paid is left only by what went back",
        "INSERT INTO history (order_id, source, fact, order_from, order_to, order_version) \
         SELECT id, 'operator', 'planted', 'paid', 'failed', version FROM orders",
    ),
    (
        "paid is left only by what went back",
        "INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to) \
         SELECT order_id, id, 'operator', 'planted', 'paid', 'expired' FROM payments",
    ),
    (
        "every version of an order has one history row, from 1 without a gap",
        "UPDATE orders SET version = version + 1",
    ),
    (
        "every version of an order has one history row, from 1 without a gap",
        "DELETE FROM history WHERE order_version = 2",
    ),
    (
        "an order and its payments are in the state their history says",
        "UPDATE orders SET state = 'failed' WHERE state = 'pending'",
    ),
    (
        "an order and its payments are in the state their history says",
        "UPDATE payments SET state = 'failed' WHERE state = 'pending'",
    ),
    (
        "every order that was paid has told its merchant so",
        "DELETE FROM events WHERE type = 'order.paid'",
    ),
    (
        "an order and version is told at most once in one way",
        "INSERT INTO events (id, merchant_id, order_id, type, order_version, body) \
         SELECT gen_random_uuid(), merchant_id, order_id, type, order_version, body FROM events",
    ),
    (
        "every notification that took effect names its payment",
        "INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, verdict) \
         VALUES (gen_random_uuid(), '/', sha256('x'), 'x', '{}', '/', 'applied')",
    ),
    (
        "a payment never outlives its order and asks for its amount",
        "UPDATE payments SET expires_at = expires_at + interval '1 h'",
    ),
    (
        "a payment never outlives its order and asks for its amount",
        "UPDATE orders SET amount_minor = amount_minor + 1",
    ),
    (
        "of an order's receipts one right sum at most is its money, or those that a person accepted",
        "INSERT INTO receipts (id, payment_id, request_key, amount_minor, received_minor, held, \
             is_right, verdict) \
         SELECT gen_random_uuid(), payment_id, 'again', amount_minor, amount_minor, held, true, \
             'accepted' FROM receipts",
    ),
    (
        "a payment received, returned and holds what its receipts say",
        "UPDATE receipts SET returned_minor = 1",
    ),
    (
        "a payment received, returned and holds what its receipts say",
        "DELETE FROM receipts",
    ),
    (
        "what is left of a receipt, and where, is what the books say of it",
        "UPDATE receipts SET returned_minor = 1",
    ),
    (
        "what is left of a receipt, and where, is what the books say of it",
        "UPDATE receipts SET held = 'suspense'",
    ),
    (
        "a right receipt is booked with what was asked for, any other with what came",
        "UPDATE receipts SET amount_minor = amount_minor + 1",
    ),
    (
        "a right receipt is booked with what was asked for, any other with what came",
        "UPDATE receipts SET is_right = false, verdict = 'accepted', received_minor = 7",
    ),
    (
        "an order that waits for a decision has something to be decided",
        "UPDATE orders SET state = 'review' WHERE state = 'pending'",
    ),
    (
        "no refund waits for more than is left",
        "INSERT INTO refunds (id, merchant_id, order_id, payment_id, amount_minor, currency, reason, \
             state) \
         SELECT gen_random_uuid(), merchant_id, order_id, id, merchant_minor + 1, currency, 'x', \
             'manual_required' FROM payments WHERE state = 'paid'",
    ),
    (
        "what is open has something that will end it",
        "DELETE FROM provider_work",
    ),
    (
        "what is open has something that will end it",
        "UPDATE orders SET expiry_due_at = NULL",
    ),
];

#[tokio::test]
async fn every_rule_finds_its_planted_violation() {
    let rules: BTreeSet<&str> = AUDIT_CHECKS.iter().map(|check| check.rule).collect();
    let planted: BTreeSet<&str> = PLANTED.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(rules, planted, "each rule is tried");
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    books.say(one.payment, paid()).await;
    books.pending("A-2").await;
    books.audit().await;
    for table in ["journals", "entries", "history"] {
        books.sql(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"));
    }
    for (rule, statement) in PLANTED {
        let dump = Saved::of(&books);
        books.sql(statement);
        let found = books.findings().await;
        assert!(
            found.iter().any(|line| line.starts_with(rule)),
            "{statement}: {found:?}"
        );
        dump.put_back(&books);
        books.audit().await;
    }
    books.sql(
        "INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to) \
         SELECT order_id, id, 'operator', 'review_rejected', 'paid', 'expired' FROM payments",
    );
    let found = books.findings().await;
    let is_left = |line: &String| line.starts_with("paid is left only by what went back");
    assert!(
        !found.iter().any(is_left),
        "a person found that the money never came: {found:?}"
    );
}

const TABLES: [&str; 10] = [
    "orders",
    "payments",
    "journals",
    "entries",
    "history",
    "events",
    "notifications",
    "receipts",
    "refunds",
    "provider_work",
];

/// The tables as they were, beside themselves.
struct Saved;

impl Saved {
    fn of(books: &Books) -> Self {
        for table in TABLES {
            books.sql(&format!("CREATE TABLE saved_{table} AS TABLE {table}"));
        }
        Self
    }

    fn put_back(self, books: &Books) {
        for table in TABLES {
            books.sql(&format!(
                "ALTER TABLE {table} DISABLE TRIGGER ALL; DELETE FROM {table}; \
                 INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE saved_{table}; \
                 DROP TABLE saved_{table}"
            ));
        }
    }
}
