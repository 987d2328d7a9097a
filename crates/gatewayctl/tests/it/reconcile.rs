//! Our books against a provider that says what each test wants.

use devstack::TestDatabase;
use serde_json::Value;

use crate::orders::{PAYMENT, plant_open_order, plant_paid_order, provider_with};
use crate::provider;
use crate::rig::{Ctl, Ran, migrated};

fn reconciled(database: &TestDatabase, status: &'static str) -> Ran {
    let ctl = provider::at(Ctl::on(database), &provider_with(status));
    ctl.run(&[
        "reconcile",
        "--from",
        "1969-12-31",
        "--to",
        "2120-01-01",
        "--json",
    ])
}

#[track_caller]
fn differs(ran: Ran, kind: &str, advice: &str) {
    is_told_in("differences", ran, kind, advice);
}

#[track_caller]
fn is_told_in(list: &str, ran: Ran, kind: &str, advice: &str) {
    let report = ran.failed(1).json();
    let found: &Value = &report[list][0];
    assert_eq!(found["difference"], kind, "{report:#}");
    assert_eq!(found["payment_id"], PAYMENT);
    assert_eq!(found["reference"], "INV-1");
    let told = found["do"].as_str().unwrap();
    assert!(told.contains(advice), "{report:#}");
}

#[test]
fn what_agrees_is_counted_and_what_differs_is_named() {
    let database = migrated();
    plant_paid_order(&database);
    let report = reconciled(&database, "00").ok().json();
    assert_eq!((&report["asked"], &report["agree"]), (&1.into(), &1.into()));
    is_told_in(
        "doubts",
        reconciled(&database, "03"),
        "paid_here",
        "do not pay out",
    );
    is_told_in(
        "doubts",
        reconciled(&database, "07"),
        "not_found",
        "do not pay out",
    );
    differs(
        reconciled(&database, "04"),
        "refunded_there",
        "gatewayctl sync",
    );
    database.query(
        "SET session_replication_role = replica; UPDATE payments SET amount_minor = 15000100, received_minor = 15000100; \
         UPDATE receipts SET amount_minor = 15000100",
    );
    is_told_in(
        "doubts",
        reconciled(&database, "00"),
        "amount",
        "do not pay out",
    );
}

#[test]
fn money_that_only_the_provider_knows_of_is_told_and_nothing_is_written() {
    let database = migrated();
    plant_open_order(&database);
    let before = database.query("SELECT p.*, o.* FROM payments p, orders o");
    differs(reconciled(&database, "00"), "paid_there", "gatewayctl sync");
    assert_eq!(
        database.query("SELECT p.*, o.* FROM payments p, orders o"),
        before
    );
    reconciled(&database, "03").ok();
    let table = provider::at(Ctl::on(&database), &provider_with("00"))
        .run(&["reconcile", "--from", "1969-12-31", "--to", "2120-01-01"])
        .failed(1);
    assert!(table.stdout.contains("gatewayctl sync ord_"), "{table:?}");
    assert!(!table.stderr.contains('#'), "no bar on a pipe: {table:?}");
}

#[test]
fn links_cannot_be_asked_about_and_a_silent_provider_is_told() {
    let database = migrated();
    plant_open_order(&database);
    let ctl = provider::away(Ctl::on(&database));
    let range = [
        "reconcile",
        "--from",
        "1969-12-31",
        "--to",
        "2120-01-01",
        "--json",
    ];
    let report = ctl.run(&range).failed(2).json();
    assert_eq!(report["unanswered"][0]["payment_id"], PAYMENT, "{report:#}");
    database.query(
        "SET session_replication_role = replica;
         UPDATE payments SET method = 'payment_link', channel = NULL",
    );
    let report = ctl.run(&range).ok().json();
    assert_eq!(report["cannot_be_asked"][0]["payment_id"], PAYMENT);
    let none = [
        "reconcile",
        "--from",
        "2020-01-01",
        "--to",
        "2020-01-02",
        "--json",
    ];
    assert_eq!(ctl.run(&none).ok().json()["asked"], 0);
    let turned = ["reconcile", "--from", "2020-01-02", "--to", "2020-01-01"];
    ctl.run(&turned).failed(2);
}
