//! Orders are found by any of their names and shown as tables and as the contract's JSON.

use ayolinx_core::reading::Channelled;
use devstack::TestDatabase;
use ledger::InboundNotification;

use crate::provider::{self, reply, saying};
use crate::rig::{Ctl, in_books, migrated};

const MERCHANT: &str = "mer_000000000000000000000000000000a1";
const ORDER: &str = "ord_000000000000000000000000000000a2";
pub(crate) const PAYMENT: &str = "000000000000000000000000000000a3";

/// A paid order with everything that belongs to one, written by hand.
pub(crate) fn plant_paid_order(database: &TestDatabase) {
    let id = |digits: &str| format!("'00000000-0000-0000-0000-0000000000{digits}'");
    let (merchant, order, payment) = (id("a1"), id("a2"), id("a3"));
    let (journal, receipt, event) = (id("a4"), id("a5"), id("a6"));
    database.query(&format!(
        "INSERT INTO merchants (id, name) VALUES ({merchant}, 'Kopi');
         INSERT INTO orders (id, merchant_id, reference, state, version, amount_minor, currency,
             paid_minor, payer_chooses, checkout_token, created_at, updated_at, expires_at, paid_at)
         VALUES ({order}, {merchant}, 'INV-1', 'paid', 2, 15000000, 'IDR', 15000000, false, 'tok',
             now(), now(), now() + interval '1 day', now());
         INSERT INTO payments (id, order_id, merchant_id, position, method, channel, state,
             amount_minor, currency, received_minor, merchant_minor, provider_reference,
             created_at, updated_at, expires_at, paid_at)
         VALUES ({payment}, {order}, {merchant}, 1, 'qris', 'BNC_QRIS', 'paid', 15000000, 'IDR',
             15000000, 15000000, 'P-9', now(), now(), now() + interval '1 day', now());
         INSERT INTO receipts (id, payment_id, amount_minor, held)
         VALUES ({receipt}, {payment}, 15000000, 'merchant');
         INSERT INTO journals (id, merchant_id, order_id, payment_id, booking)
         VALUES ({journal}, {merchant}, {order}, {payment}, 'receive_for_merchant');
         INSERT INTO entries (journal_id, line, merchant_id, account, minor, currency)
         VALUES ({journal}, 1, {merchant}, 'provider_receivable', 15000000, 'IDR'),
                ({journal}, 2, {merchant}, 'merchant_payable', -15000000, 'IDR');
         INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to,
             order_from, order_to, order_version, detail)
         VALUES ({order}, NULL, 'merchant', 'created', NULL, NULL, NULL, 'pending', 1, NULL),
                ({order}, {payment}, 'callback', 'paid_in_full', 'pending', 'paid', 'pending', 'paid', 2,
                 'forged' || chr(27) || '[2J');
         INSERT INTO events (id, merchant_id, order_id, type, order_version, body)
         VALUES ({event}, {merchant}, {order}, 'order.paid', 2, '{{}}')"
    ));
}

#[test]
fn an_order_is_found_by_reference_id_and_payment_id() {
    let database = migrated();
    plant_paid_order(&database);
    let ctl = Ctl::on(&database).with("CHECKOUT_PUBLIC_URL", "https://pay.example.co.id");
    for name in ["INV-1", ORDER, PAYMENT] {
        let order = ctl.run(&["orders", "show", name, "--json"]).ok().json();
        assert_eq!(order["id"], ORDER, "{name}");
        assert_eq!(order["object"], "order");
        assert_eq!(order["status"], "paid");
        assert_eq!(order["paid_amount"]["value"], "150000.00");
        assert_eq!(order["payments"][0]["id"], PAYMENT);
        let url = format!("https://pay.example.co.id/pay/{ORDER}?t=tok");
        assert_eq!(order["checkout_url"], url.as_str());
    }
}

#[test]
fn an_order_is_shown_with_its_timeline_and_nothing_steers_the_terminal() {
    let database = migrated();
    plant_paid_order(&database);
    let shown = Ctl::on(&database)
        .run(&["orders", "show", "INV-1"])
        .ok()
        .stdout;
    for expected in [
        ORDER,
        "IDR 150000.00",
        "P-9",
        "paid_in_full",
        "pending → paid",
        "callback",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn an_order_that_is_not_there_is_named() {
    let database = migrated();
    plant_paid_order(&database);
    let ctl = Ctl::on(&database);
    for name in ["INV-2", "ord_000000000000000000000000000000ff"] {
        let ran = ctl.run(&["orders", "show", name]).failed(1);
        assert!(ran.stderr.contains(name), "{ran:?}");
    }
}

#[test]
fn a_reference_of_two_merchants_needs_the_merchant() {
    let database = migrated();
    plant_paid_order(&database);
    let twin = "'00000000-0000-0000-0000-0000000000c1'";
    database.query(&format!(
        "INSERT INTO merchants (id, name) VALUES ({twin}, 'Teh');
         INSERT INTO orders (id, merchant_id, reference, state, amount_minor, currency, payer_chooses,
             checkout_token, created_at, updated_at, expires_at, expiry_due_at)
         SELECT '00000000-0000-0000-0000-0000000000c2', {twin}, reference, 'pending', amount_minor,
             currency, true, 't', created_at, updated_at, expires_at, expires_at FROM orders"
    ));
    let ctl = Ctl::on(&database);
    let ran = ctl.run(&["orders", "show", "INV-1"]).failed(1);
    assert!(
        ran.stderr.contains(ORDER) && ran.stderr.contains("--merchant"),
        "{ran:?}"
    );
    let show = ["orders", "show", "INV-1", "--merchant", MERCHANT, "--json"];
    assert_eq!(ctl.run(&show).ok().json()["id"], ORDER);
}

#[test]
fn orders_are_listed_by_merchant_and_state() {
    let database = migrated();
    plant_paid_order(&database);
    let ctl = Ctl::on(&database);
    let list = ["orders", "list", "--merchant", MERCHANT];
    let table = ctl.run(&list).ok().stdout;
    assert!(
        table.contains("INV-1") && table.contains("BNC_QRIS"),
        "{table}"
    );
    let json = |more: &[&str]| {
        ctl.run(&[&list[..], more, &["--json"]].concat())
            .ok()
            .json()
    };
    assert_eq!(json(&[])["data"][0]["id"], ORDER);
    let pending = json(&["--status", "pending"]);
    assert_eq!(pending["data"].as_array().unwrap().len(), 0);
    ctl.run(&[&list[..], &["--status", "payed"]].concat())
        .failed(2);
}

/// The same order before anybody paid it.
pub(crate) fn plant_open_order(database: &TestDatabase) {
    plant_paid_order(database);
    database.query(
        "SET session_replication_role = replica;
         DELETE FROM entries; DELETE FROM journals; DELETE FROM receipts; DELETE FROM events;
         UPDATE history SET source = 'provider_reply', fact = 'accepted', order_to = 'pending',
             payment_from = 'creating', payment_to = 'pending' WHERE order_version = 2;
         UPDATE orders SET state = 'pending', paid_minor = 0, paid_at = NULL,
             expiry_due_at = expires_at;
         UPDATE payments SET state = 'pending', received_minor = 0, merchant_minor = 0,
             paid_at = NULL, provider_reference = NULL, accepted_at = now();
         INSERT INTO provider_work (payment_id, kind, due_at, began_at)
         SELECT id, 'expire', expires_at, now() FROM payments",
    );
}

/// A provider that knows the payment in this state.
pub(crate) fn provider_with(status: &'static str) -> String {
    saying(move |path| {
        let body = if path.ends_with("/b2b") {
            r#"{"responseCode":"2007300","accessToken":"t","expiresIn":"900"}"#.to_owned()
        } else if path.ends_with("cancel") {
            format!(r#"{{"responseCode":"2007700","originalPartnerReferenceNo":"{PAYMENT}"}}"#)
        } else {
            format!(
                r#"{{"responseCode":"2005100","originalPartnerReferenceNo":"{PAYMENT}","originalReferenceNo":"P-1","amount":{{"currency":"IDR","value":"150000.00"}},"latestTransactionStatus":"{status}"}}"#
            )
        };
        reply("200 OK", "Sun, 06 Nov 1994 08:49:37 GMT", &body)
    })
}

#[test]
fn sync_applies_what_the_provider_says_and_the_books_stay_sound() {
    let database = migrated();
    plant_open_order(&database);
    Ctl::on(&database).run(&["audit"]).ok();
    let ctl = provider::at(Ctl::on(&database), &provider_with("00"));
    for _twice in 0..2 {
        let order = ctl.run(&["sync", "INV-1", "--json"]).ok().json();
        assert_eq!(order["status"], "paid", "{order:#}");
        assert_eq!(order["payments"][0]["provider_reference"], "P-1");
    }
    ctl.run(&["audit"]).ok();
}

#[test]
fn an_open_order_is_cancelled_at_the_provider_and_here() {
    let database = migrated();
    plant_open_order(&database);
    let ctl = provider::at(Ctl::on(&database), &provider_with("05"));
    let order = ctl
        .run(&["orders", "cancel", "INV-1", "--json"])
        .ok()
        .json();
    assert_eq!(order["status"], "cancelled", "{order:#}");
    let shown = ctl.run(&["orders", "show", "INV-1"]).ok().stdout;
    assert!(shown.contains("operator"), "{shown}");
}

#[test]
fn a_provider_that_does_not_answer_changes_nothing() {
    let database = migrated();
    plant_open_order(&database);
    let ctl = provider::away(Ctl::on(&database));
    for arguments in [&["sync", "INV-1"][..], &["orders", "cancel", "INV-1"]] {
        let ran = ctl.run(arguments).failed(1);
        assert!(ran.stderr.contains("nothing changed"), "{ran:?}");
    }
    let order = ctl.run(&["orders", "show", "INV-1", "--json"]).ok().json();
    assert_eq!(order["status"], "pending");
}

#[test]
fn a_paid_order_is_not_cancelled() {
    let database = migrated();
    plant_paid_order(&database);
    let ctl = Ctl::on(&database);
    let ran = ctl.run(&["orders", "cancel", ORDER]).failed(1);
    assert!(ran.stderr.contains("AYOLINX_BASE_URL"), "{ran:?}");
    let ran = provider::away(ctl)
        .run(&["orders", "cancel", ORDER])
        .failed(1);
    assert!(ran.stderr.contains("is paid"), "{ran:?}");
}

#[test]
fn what_waits_in_quarantine_is_listed_and_made_due() {
    let database = migrated();
    let unknown = r#"{"originalPartnerReferenceNo":"X-1","latestTransactionStatus":"00"}"#;
    for (digest, body) in [(1, "[]"), (2, unknown)] {
        let inbound = InboundNotification {
            path: "/v1.0/debit/notify",
            matched_route: "mounted",
            body: body.as_bytes().to_vec(),
            body_digest: [digest; 32],
            headers: "{}".to_owned(),
            channelled: Channelled::Callback,
        };
        in_books(&database, move |tx| tx.receive(&inbound));
    }
    let ctl = Ctl::on(&database);
    let listed = ctl.run(&["quarantine", "list", "--json"]).ok().json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let table = ctl.run(&["quarantine", "list"]).ok().stdout;
    assert!(table.contains("unknown_reference"), "{table}");
    let retried = ctl.run(&["quarantine", "retry", "--json"]).ok().json();
    assert_eq!(retried["due"], 1);
    let due = "SELECT count(*) FROM notifications WHERE rematch_due_at <= now()";
    assert_eq!(database.query(due).trim(), "1");
}

#[test]
fn what_was_looked_at_is_dismissed_with_its_reason() {
    let database = migrated();
    let inbound = InboundNotification {
        path: "/v1.0/debit/notify",
        matched_route: "mounted",
        body: b"[]".to_vec(),
        body_digest: [1; 32],
        headers: "[]".to_owned(),
        channelled: Channelled::Callback,
    };
    in_books(&database, move |tx| tx.receive(&inbound));
    let ctl = Ctl::on(&database);
    let listed = ctl.run(&["quarantine", "list", "--json"]).ok().json();
    let id = listed["data"][0]["id"].as_str().unwrap();
    let dismiss = [
        "quarantine",
        "dismiss",
        id,
        "--reason",
        "ticket 7",
        "--json",
    ];
    assert_eq!(ctl.run(&dismiss).ok().json()["dismissed"], true);
    let kept = "SELECT verdict, headers, dismissed_by, dismissed_reason, \
                dismissed_at BETWEEN received_at AND now() FROM notifications";
    assert_eq!(
        database.query(kept).trim(),
        "dismissed|[]|gatewayctl|ticket 7|t"
    );
    let again = ctl.run(&dismiss).failed(1);
    assert!(again.stderr.contains("quarantine list"), "{again:?}");
    ctl.run(&["quarantine", "dismiss", id, "--reason", " "])
        .failed(2);
    ctl.run(&["quarantine", "dismiss", id]).failed(2);
}
