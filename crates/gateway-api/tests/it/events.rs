//! `/v1/events…` and timelines against a real Postgres. No worker runs here: what is due stays due.

use serde_json::{Value, json};

use crate::service::service;

fn id(event: &Value) -> &str {
    event["id"].as_str().unwrap()
}

#[test]
fn events_are_pulled_page_by_page_and_the_end_can_be_polled_from() {
    let shop = service().shop();
    let empty = shop.get("/v1/events").json();
    assert_eq!(
        (&empty["data"], &empty["has_more"]),
        (&json!([]), &json!(false))
    );
    let start = empty["next_cursor"].as_str().unwrap().to_owned();
    for number in 0..3 {
        shop.cancelled_order(&format!("A-{number}"));
    }
    let all = shop.feed_of(3);
    let (mut after, mut seen, mut pages) = (start, Vec::new(), 0);
    loop {
        let page = shop
            .get(&format!("/v1/events?limit=2&after={after}"))
            .json();
        seen.extend(page["data"].as_array().unwrap().clone());
        page["next_cursor"].as_str().unwrap().clone_into(&mut after);
        pages += 1;
        if page["has_more"] == json!(false) {
            break;
        }
    }
    assert_eq!((seen, pages), (all.clone(), 2));
    let end = shop.get(&format!("/v1/events?after={after}")).json();
    assert_eq!(
        (&end["data"], &end["next_cursor"]),
        (&json!([]), &json!(after))
    );
    shop.cancelled_order("A-3");
    shop.feed_of(4);
    let fresh = shop.get(&format!("/v1/events?after={after}")).json();
    assert_eq!(fresh["data"].as_array().unwrap().len(), 1);
    assert_eq!(fresh["data"][0]["data"]["order"]["reference"], "A-3");
    let typed = shop.get("/v1/events?type=order.paid").json();
    assert_eq!(typed["data"], json!([]));
    let one = shop.get(&format!("/v1/events/{}", id(&all[0]))).json();
    assert_eq!(one, all[0]);
    assert_eq!(one["type"], "order.cancelled");
}

#[test]
fn an_event_is_sent_again_and_its_deliveries_tell_how_it_fares() {
    let shop = service().shop();
    shop.endpoint();
    shop.cancelled_order("A-1");
    let event = shop.feed_of(1).remove(0);
    let deliveries = format!("/v1/events/{}/deliveries", id(&event));
    let line = shop.get(&deliveries).json()["data"][0].clone();
    assert_eq!(line["state"], "due");
    assert_eq!((&line["tries"], &line["attempts"]), (&json!(0), &json!([])));
    assert_eq!(line["last_status"], Value::Null);
    assert!(line["next_try_at"].as_str().unwrap().ends_with("+07:00"));
    let merchant = shop.merchant.as_uuid();
    let of_merchant = format!(
        "endpoint_id IN (SELECT id FROM webhook_endpoints WHERE merchant_id = '{merchant}')"
    );
    service().sql(&format!(
        "UPDATE deliveries SET state = 'dead', due_at = NULL, tries = 12 WHERE {of_merchant}"
    ));
    service().sql(&format!(
        "INSERT INTO delivery_tries (event_id, endpoint_id, try_no, outcome, status, duration_ms) \
         SELECT event_id, endpoint_id, 12, 'http_status', 503, 21 FROM deliveries WHERE {of_merchant}"
    ));
    shop.endpoint();
    let line = shop.get(&deliveries).json()["data"][0].clone();
    assert_eq!(
        (
            &line["state"],
            &line["tries"],
            &line["last_status"],
            &line["next_try_at"]
        ),
        (&json!("dead"), &json!(1), &json!(503), &Value::Null)
    );
    assert_eq!(line["attempts"][0]["outcome"], "http_status");
    let again = shop.post(&format!("/v1/events/{}/redeliver", id(&event)), "");
    assert_eq!(again.status, 202);
    assert_eq!(
        again.json(),
        json!({"event_id": id(&event), "deliveries": 2})
    );
    let lines = shop.get(&deliveries).json();
    let lines = lines["data"].as_array().unwrap();
    assert!(lines.len() == 2 && lines.iter().all(|line| line["state"] == "due"));
}

#[test]
fn a_range_is_sent_again_one_at_a_time() {
    let shop = service().shop();
    shop.cancelled_order("A-1");
    let body = |from: &str| format!(r#"{{"from":"{from}","to":"2090-01-01T00:00:00+07:00"}}"#);
    let too_long = shop.post("/v1/events/redeliver", &body("2026-01-01T00:00:00Z"));
    assert_eq!(
        (too_long.status, too_long.problem()),
        (422, "validation_failed".to_owned())
    );
    let now =
        service().sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    let later = service().sql(
        "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 min', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    );
    let before = service().sql(
        "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '30 days', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    );
    let range = format!(r#"{{"from":"{before}","to":"{later}","type":"order.cancelled"}}"#);
    let begun = shop.post("/v1/events/redeliver", &range);
    assert_eq!(begun.status, 202, "{begun:?}");
    let begun = begun.json();
    assert_eq!(
        (&begun["object"], &begun["events"]),
        (&json!("redelivery"), &json!(1))
    );
    assert_eq!(begun["type"], "order.cancelled");
    let second = shop.post("/v1/events/redeliver", &range);
    assert_eq!(
        (second.status, second.problem()),
        (409, "state_conflict".to_owned())
    );
    let empty = format!(r#"{{"from":"{now}","to":"{now}"}}"#);
    for bad in [empty.as_str(), "{}", r#"{"from":"x","to":"y"}"#] {
        let reply = shop.post("/v1/events/redeliver", bad);
        assert_eq!(reply.problem(), "validation_failed", "{bad}");
    }
    let other = service().shop();
    assert_eq!(
        other.post("/v1/events/redeliver", &range).status,
        202,
        "each merchant has its own"
    );
}

#[test]
fn more_than_ten_thousand_events_are_too_many_for_one_range() {
    let shop = service().shop();
    service().sql(&format!(
        "INSERT INTO events (id, merchant_id, type, body, created_at) \
         SELECT gen_random_uuid(), '{}', 'order.paid', '{{}}', '2026-11-02' \
         FROM generate_series(1, 10001)",
        shop.merchant.as_uuid()
    ));
    let body = r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-03T00:00:00Z"}"#;
    let reply = shop.post("/v1/events/redeliver", body);
    assert_eq!(reply.problem(), "validation_failed");
    assert_eq!(reply.json()["errors"][0]["field"], "to");
}

#[test]
fn the_timeline_tells_what_happened_oldest_first() {
    let shop = service().shop();
    let order = shop.cancelled_order("A-1");
    let reply = shop.get(&format!("/v1/orders/{order}/timeline"));
    assert_eq!(reply.status, 200);
    let timeline = reply.json();
    let items = timeline["data"].as_array().unwrap();
    let told: Vec<(&str, &str)> = items
        .iter()
        .map(|item| {
            (
                item["kind"].as_str().unwrap(),
                item["fact"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("request", "order_created"),
            ("request", "cancelled"),
            ("event", "order.cancelled"),
        ]
    );
    assert_eq!(items[1]["order_status_to"], "cancelled");
    assert!(items.is_sorted_by_key(|item| item["at"].as_str().unwrap().to_owned()));
}

#[test]
fn anothers_events_and_timelines_are_not_found() {
    let (shop, stranger) = (service().shop(), service().shop());
    let order = shop.cancelled_order("A-1");
    let event = shop.feed_of(1).remove(0);
    for (method, path) in [
        ("GET", format!("/v1/events/{}", id(&event))),
        ("GET", format!("/v1/events/{}/deliveries", id(&event))),
        ("POST", format!("/v1/events/{}/redeliver", id(&event))),
        ("GET", format!("/v1/orders/{order}/timeline")),
        ("GET", "/v1/events/evt_7".to_owned()),
    ] {
        let reply = stranger.call(method, &path, &[], "");
        assert_eq!(
            (reply.status, reply.problem()),
            (404, "not_found".to_owned()),
            "{path}"
        );
    }
    assert_eq!(stranger.get("/v1/events").json()["data"], json!([]));
}

#[test]
fn the_feed_is_asked_strictly() {
    let shop = service().shop();
    for query in [
        "limit=0",
        "limit=201",
        "after=x",
        "type=order",
        "cursor=x",
        "limit=1&limit=1",
    ] {
        let reply = shop.get(&format!("/v1/events?{query}"));
        assert_eq!(
            (reply.status, reply.problem()),
            (400, "malformed_request".to_owned()),
            "{query}"
        );
    }
    let orders = shop.get("/v1/orders").json();
    assert_eq!(orders["next_cursor"], Value::Null);
}

#[test]
fn reading_events_takes_one_scope_and_sending_them_again_another() {
    let owner = service().shop();
    let order = owner.cancelled_order("A-1");
    let event = owner.feed_of(1).remove(0);
    let with = |scopes: &[&str]| service().key_of(owner.merchant, scopes);
    let redeliver = format!("/v1/events/{}/redeliver", id(&event));
    let range = r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z"}"#;
    for path in [
        "/v1/events".to_owned(),
        format!("/v1/events/{}", id(&event)),
        format!("/v1/events/{}/deliveries", id(&event)),
    ] {
        assert_eq!(with(&["read"]).get(&path).status, 200, "{path}");
        assert_eq!(with(&["webhooks"]).get(&path).status, 200, "{path}");
        assert_eq!(with(&["orders"]).get(&path).status, 403, "{path}");
    }
    let timeline = format!("/v1/orders/{order}/timeline");
    assert_eq!(with(&["read"]).get(&timeline).status, 200);
    assert_eq!(with(&["webhooks"]).get(&timeline).status, 403);
    for (path, body) in [(redeliver.as_str(), ""), ("/v1/events/redeliver", range)] {
        assert_eq!(
            with(&["read", "orders"]).post(path, body).status,
            403,
            "{path}"
        );
        assert_eq!(with(&["webhooks"]).post(path, body).status, 202, "{path}");
    }
}
