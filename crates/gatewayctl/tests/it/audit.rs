//! The books are proven, and each planted lie is found.

use devstack::TestDatabase;

use crate::orders::plant_paid_order;
use crate::rig::{Ctl, migrated};

#[test]
fn sound_books_are_proven() {
    let database = migrated();
    plant_paid_order(&database);
    let ctl = Ctl::on(&database);
    let ran = ctl.run(&["audit"]).ok();
    assert!(ran.stdout.contains("rules hold"), "{ran:?}");
    assert!(!ran.stdout.contains("BROKEN"), "{ran:?}");
    let proof = ctl.run(&["audit", "--json"]).ok().json();
    assert_eq!(proof["ok"], true);
    assert!(proof["rules"].as_array().unwrap().len() > 10);
}

#[track_caller]
fn found(lie: &str, rules: &[&str], row: &str) {
    let database = migrated();
    plant_paid_order(&database);
    // The tables that refuse such rows do so by triggers.
    database.query(&format!("SET session_replication_role = replica; {lie}"));
    audit_names(&database, rules, row);
}

#[track_caller]
fn audit_names(database: &TestDatabase, rules: &[&str], row: &str) {
    let ran = Ctl::on(database).run(&["audit"]).failed(1);
    let broken = |rule: &&str| ran.stdout.contains(&format!("BROKEN  {rule}\n"));
    assert!(rules.iter().all(broken), "{rules:?}: {}", ran.stdout);
    assert!(ran.stdout.contains(row), "{row}: {}", ran.stdout);
    let proof = Ctl::on(database).run(&["audit", "--json"]).failed(1).json();
    assert_eq!(proof["ok"], false);
}

#[test]
fn a_journal_that_does_not_balance_is_found() {
    found(
        "UPDATE entries SET minor = minor + 1 WHERE account = 'merchant_payable'",
        &["every journal has at least two entries that sum to zero"],
        "journal 00000000-0000-0000-0000-0000000000a4",
    );
}

#[test]
fn a_journal_without_entries_is_found() {
    found(
        "DELETE FROM entries",
        &[
            "every journal has at least two entries that sum to zero",
            "what a payment holds for its merchant is what the books say",
        ],
        "payment 00000000-0000-0000-0000-0000000000a3",
    );
}

#[test]
fn a_paid_order_that_was_never_told_is_found() {
    found(
        "DELETE FROM events",
        &["every order that was paid has told its merchant so"],
        "order 00000000-0000-0000-0000-0000000000a2",
    );
}

#[test]
fn a_wrong_paid_amount_is_found() {
    found(
        "UPDATE orders SET paid_minor = 1",
        &["an order's paid amount is what is booked to its merchant"],
        "order 00000000-0000-0000-0000-0000000000a2",
    );
}

#[test]
fn a_paid_order_whose_payment_is_not_paid_is_found() {
    found(
        "UPDATE payments SET state = 'cancelled'",
        &[
            "a paid order has a paid payment, and a paid payment has its money in the books",
            "money in the books belongs to a payment that received it",
        ],
        "is cancelled",
    );
}

#[test]
fn a_gap_in_the_history_is_found() {
    found(
        "DELETE FROM history WHERE order_version = 1",
        &["every version of an order has one history row, from 1 without a gap"],
        "order 00000000-0000-0000-0000-0000000000a2",
    );
}

#[test]
fn an_order_that_left_paid_without_a_refund_is_found() {
    found(
        "INSERT INTO history (order_id, source, fact, order_from, order_to) \
         VALUES ('00000000-0000-0000-0000-0000000000a2', 'operator', 'x', 'paid', 'expired')",
        &["paid is left only by what went back"],
        "order 00000000-0000-0000-0000-0000000000a2 at ",
    );
}

#[test]
fn an_open_payment_that_nothing_will_end_is_found() {
    found(
        "INSERT INTO payments (id, order_id, merchant_id, position, method, state, amount_minor, \
                               currency, created_at, updated_at, expires_at) \
         SELECT '00000000-0000-0000-0000-0000000000b3', order_id, merchant_id, 2, method, 'pending', \
                amount_minor, currency, created_at, updated_at, expires_at FROM payments",
        &["what is open has something that will end it"],
        "payment 00000000-0000-0000-0000-0000000000b3 is pending",
    );
}
