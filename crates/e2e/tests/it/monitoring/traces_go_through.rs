//! A trace goes on from whoever calls, through handler, database and provider, to the shop that is told:
//! each webhook names the trace that caused it.

use std::collections::BTreeMap;
use std::time::Duration;

use devstack::{Delivery, Stack, run_sql};
use serde_json::{Value, json};

use crate::support::{
    Collector, Exported, Provider, QRIS, Sandbox, Shop, an_order, quick, shared, unique, until_some,
};

const WITHIN: Duration = Duration::from_secs(30);

/// A `traceparent` nobody has used: its trace, and the whole.
fn a_trace() -> (String, String) {
    let trace = unique("").trim_start_matches('-').to_owned();
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    (trace, parent)
}

async fn made_under(shop: &Shop, traceparent: &str) -> Value {
    let headers = [("traceparent", traceparent), ("tracestate", "shop=1")];
    let order = an_order("qris");
    let made = shop.post_with("/v1/orders", &order, &headers).await;
    made.expect(201).json
}

async fn heard(stack: &Stack, event: &str, order: &Value) -> Delivery {
    let id = order["id"].as_str().unwrap();
    let told = stack.receiver().wait_for(WITHIN, |it| it.is(event, id));
    let told = told.await.unwrap_or_else(|| panic!("no {event}"));
    told.verified.clone().unwrap();
    told
}

/// The trace and the span that a webhook names.
#[track_caller]
fn named(told: &Delivery) -> (String, String) {
    let header = told.traceparent.as_ref().expect("a traceparent");
    let parts: Vec<&str> = header.split('-').collect();
    let [version, trace, span, _flags] = parts[..] else {
        panic!("{header}");
    };
    assert_eq!((version, trace.len(), span.len()), ("00", 32, 16));
    (trace.to_owned(), span.to_owned())
}

/// The spans of a trace by their names, as soon as all of these are there.
async fn trace_with(
    collector: &Collector,
    trace: &str,
    names: &[&str],
) -> BTreeMap<String, Exported> {
    until_some(WITHIN, "the trace is whole", async || {
        let spans = collector.spans().into_iter();
        let of_it: BTreeMap<String, Exported> = spans
            .filter(|span| span.trace == trace)
            .map(|span| (span.name.clone(), span))
            .collect();
        let missing = names.iter().find(|name| !of_it.contains_key(**name));
        match missing {
            None => Ok(of_it),
            Some(name) => Err(format!("{name} is not among {:?}", of_it.keys())),
        }
    })
    .await
}

/// Whether one span stands under another, directly or not.
fn is_under(spans: &BTreeMap<String, Exported>, inner: &str, outer: &str) -> bool {
    let mut at = spans[inner].parent.clone();
    while let Some(parent) = spans.values().find(|span| span.id == at) {
        if parent.name == outer {
            return true;
        }
        at.clone_from(&parent.parent);
    }
    false
}

#[actix_rt::test]
async fn a_payment_is_seen_from_the_shops_request_to_the_webhook_it_gets() {
    let collector = Collector::start();
    let stack = quick()
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())
        .env("OTEL_BSP_SCHEDULE_DELAY", "200")
        .start()
        .await
        .unwrap();
    let shop = Shop::of(&stack);
    let (trace, parent) = a_trace();
    let order = made_under(&shop, &parent).await;

    let handler = "POST /v1/orders";
    let inner = [
        "transaction authenticate_any",
        "shared begin_order",
        "provider qris_create",
        "POST /v1.0/qr/qr-mpm-generate",
        "shared end_call",
        "webhook order.payable",
    ];
    let wanted: Vec<&str> = inner.into_iter().chain([handler]).collect();
    let spans = trace_with(&collector, &trace, &wanted).await;
    for name in inner {
        assert!(is_under(&spans, name, handler), "{name} in {spans:?}");
    }
    assert_eq!(spans[handler].parent, "00f067aa0ba902b7");
    assert_eq!(spans[handler].service, "gateway-api");
    let says = |span: &str, key: &str| spans[span].attribute(key).unwrap_or_default().to_owned();
    assert_eq!(says(handler, "http.route"), "/v1/orders");
    assert_eq!(says(handler, "http.request.method"), "POST");
    assert_eq!(says(handler, "http.response.status_code"), "201");
    assert_eq!(says(handler, "merchant.id"), stack.merchant().id);
    assert_eq!(says(inner[0], "db.system.name"), "postgresql");
    assert_eq!(says(inner[2], "provider.channel"), "BNC_QRIS");
    assert_eq!(says(inner[2], "outcome"), "accepted");
    assert_eq!(says(inner[3], "http.response.status_code"), "200");
    let payable = heard(&stack, "order.payable", &order).await;
    let webhook = spans["webhook order.payable"].clone();
    assert_eq!(named(&payable), (trace.clone(), webhook.id));

    // The group that wrote it is a trace of its own and leads to this one.
    let is_linked =
        |span: &Exported| span.name == "transaction group" && span.links.contains(&trace);
    assert!(collector.spans().iter().any(is_linked));

    Sandbox::of(&stack).pay(&order["payments"][0]).await;
    let paid = heard(&stack, "order.paid", &order).await;
    let callback = format!("POST {QRIS}");
    let (trace, _) = named(&paid);
    let names = [callback.as_str(), "shared receive", "webhook order.paid"];
    let spans = trace_with(&collector, &trace, &names).await;
    assert_eq!(spans[&callback].service, "callback-worker");
    assert!(
        is_under(&spans, "webhook order.paid", &callback),
        "{spans:?}"
    );
    nothing_idle(&collector);
}

/// Steps of loops that found nothing are not there, and of those that did something all is.
fn nothing_idle(collector: &Collector) {
    for span in collector.spans() {
        let idle = span.attribute("step.is_idle");
        assert_eq!(idle, None, "{span:?}");
    }
}

#[actix_rt::test]
async fn without_a_collector_webhooks_name_the_trace_that_caused_them_all_the_same() {
    let (stack, shop) = (shared(), Shop::of(shared()));
    let (created, parent) = a_trace();
    let order = made_under(&shop, &parent).await;
    let payable = heard(stack, "order.payable", &order).await;
    assert_eq!(named(&payable).0, created);
    let header = payable.traceparent.clone().unwrap();
    assert!(header.ends_with("-01"), "the caller's flag stays: {header}");

    let (called_back, parent) = a_trace();
    let body = Provider::success(&order["payments"][0], "25000.00").to_string();
    let provider = Provider::of(stack);
    let signed = provider.signed(QRIS, body.as_bytes());
    let mut headers: Vec<(&str, &str)> = signed.iter().map(|(n, v)| (*n, v.as_str())).collect();
    headers.push(("traceparent", &parent));
    let answer = provider.send(QRIS, &headers, body.as_bytes()).await;
    answer.expect(200);
    let paid = heard(stack, "order.paid", &order).await;
    assert_eq!(named(&paid).0, called_back);

    let again = told_again(stack, &shop, &paid).await;
    assert_eq!(named(&again).0, called_back, "redelivered in its trace");

    // An event of before this was kept, or of none: its deliveries begin a trace.
    let id = uuid_of(&paid.id);
    let forget = format!("UPDATE events SET traceparent = NULL WHERE id = '{id}'");
    run_sql(&stack.database_url(), &forget).unwrap();
    let again = told_again(stack, &shop, &paid).await;
    assert_ne!(named(&again).0, called_back);
}

#[actix_rt::test]
async fn a_malformed_parent_is_as_good_as_none() {
    let (stack, shop) = (shared(), Shop::of(shared()));
    let (trace, _) = a_trace();
    let odd = [
        format!("00-{trace}-00f067aa0ba902b7"),
        format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase() + "X"),
        format!("zz-{trace}-00f067aa0ba902b7-01"),
        "\u{e9}".to_owned(),
        "x".repeat(4000),
    ];
    for parent in odd {
        let order = made_under(&shop, &parent).await;
        let payable = heard(stack, "order.payable", &order).await;
        assert_ne!(named(&payable).0, trace, "{parent}");
    }
}

fn uuid_of(event: &str) -> String {
    event.trim_start_matches("evt_").to_owned()
}

/// The next delivery of an event, asked for.
async fn told_again(stack: &Stack, shop: &Shop, told: &Delivery) -> Delivery {
    let of_it = |it: &Delivery| it.id == told.id;
    let before = stack.receiver().deliveries();
    let before = before.iter().filter(|it| of_it(it)).count();
    let path = format!("/v1/events/{}/redeliver", told.id);
    let answer = shop.post(&path, &json!({})).await;
    assert!(answer.status < 300, "{}", answer.text());
    until_some(WITHIN, "it is told again", async || {
        let all = stack.receiver().deliveries();
        let again = all.into_iter().filter(of_it).nth(before);
        again.ok_or_else(|| "not yet".to_owned())
    })
    .await
}
