//! The daily report over a real socket; its figures are tried where the books are.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::service::service;

#[test]
fn the_report_of_a_day_tells_its_orders() {
    let shop = service().shop();
    let jakarta = || {
        (Utc::now() + TimeDelta::hours(7))
            .format("%Y-%m-%d")
            .to_string()
    };
    let before = jakarta();
    shop.cancelled_order("A-1");
    let zero = json!({"count": 0, "amount": {"value": "0.00", "currency": "IDR"}});
    let own = json!({
        "method": null, "channel": null, "orders": 1, "paid": zero, "expired": 0, "failed": 0, "refunds": zero,
        "suspense": {"received": zero, "accepted": zero, "released": zero, "displaced": zero},
    });
    let mut told = Vec::new();
    // The day may have ended meanwhile.
    for day in [before, jakarta()] {
        let reply = shop.get(&format!("/v1/reports/daily?date={day}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(reply.json()["date"], day);
        told.extend(reply.json()["channels"].as_array().unwrap().clone());
    }
    assert!(told.contains(&own), "{told:?}");
    let empty = shop.get("/v1/reports/daily?date=2020-02-29").json();
    assert_eq!(empty, json!({"date": "2020-02-29", "channels": []}));
}

#[test]
fn a_report_needs_a_day_and_the_scope() {
    let shop = service().shop();
    for query in [
        "",
        "?date=today",
        "?date=2026-02-30",
        "?date=2026-11-20&limit=1",
    ] {
        let reply = shop.get(&format!("/v1/reports/daily{query}"));
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (400, "malformed_request")
        );
    }
    let orders = service().key_of(shop.merchant, &["orders"]);
    let refused = orders.get("/v1/reports/daily?date=2026-11-20");
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "forbidden")
    );
}
