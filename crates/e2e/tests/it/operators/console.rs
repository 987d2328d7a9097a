//! The operator's console finds an order and does what can be done about it, with a row in the log for
//! each; a viewer looks and does nothing.

use std::time::Duration;

use devstack::Stack;

use crate::support::{
    Operator, Provider, QRIS, Sandbox, Shop, an_order, quick, until, until_some, value_of,
};

const WITHIN: Duration = Duration::from_secs(30);
pub(crate) const EMAIL: &str = "siti@example.co.id";

/// Every page, and what is posted to; `{order}` stands for an order.
pub(crate) const PAGES: [&str; 13] = [
    "/",
    "/search?q=x",
    "/orders/{order}",
    "/lists/review",
    "/lists/quarantine",
    "/lists/dead",
    "/lists/unknown",
    "/lists/late",
    "/lists/refunds",
    "/channels",
    "/endpoints",
    "/keys",
    "/log",
];

pub(crate) async fn a_pending_order(stack: &Stack) -> String {
    let made = Shop::of(stack).made(&an_order("qris")).await;
    made["id"].as_str().unwrap().to_owned()
}

#[actix_rt::test]
async fn a_viewer_sees_everything_but_the_customer_and_does_nothing() {
    let stack = quick().start().await.unwrap();
    let viewer = Operator::new(&stack, EMAIL, "viewer").await;
    let order = a_pending_order(&stack).await;
    for page in PAGES {
        let answer = viewer.get(&page.replace("{order}", &order)).await;
        let page = answer.expect(200);
        let text = page.text();
        // The search, and the way out.
        assert_eq!(text.matches("<button").count(), 2, "{text}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(!text.contains("<script") && !text.contains("style="));
    }
    let id = "0".repeat(32);
    for path in [
        format!("/orders/{order}/sync"),
        format!("/orders/{order}/cancel"),
        format!("/orders/{order}/customer"),
        format!("/orders/{order}/resolve"),
        format!("/orders/{order}/refunds"),
        format!("/refunds/rfd_{id}/complete"),
        format!("/events/evt_{id}/redeliver"),
        format!("/quarantine/{id}/retry"),
        format!("/quarantine/{id}/dismiss"),
        format!("/endpoints/whe_{id}/enable"),
        format!("/endpoints/whe_{id}/disable"),
        format!("/keys/{id}/revoke"),
    ] {
        viewer.press(&path, &[]).await.expect(403);
    }
    assert_eq!(Shop::of(&stack).order(&order).await["status"], "pending");
}

#[actix_rt::test]
async fn an_order_is_found_shown_asked_about_and_told_again() {
    let stack = quick().start().await.unwrap();
    let operator = Operator::new(&stack, EMAIL, "operator").await;
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let mut wanted = an_order("qris");
    wanted["customer"] = serde_json::json!({"name": "Budi Rahasia", "phone": "081234567890"});
    let made = shop.made(&wanted).await;
    let id = made["id"].as_str().unwrap();
    sandbox.pay(&made["payments"][0]).await;
    let receiver = stack.receiver();
    let heard = receiver.wait_for(WITHIN, |d| d.is("order.paid", id)).await;
    let event = heard.unwrap().id.clone();
    let paid = shop.until_status(id, "paid").await;
    let payment = paid["payments"][0].clone();
    let page = format!("/orders/{id}");
    for name in [
        made["reference"].as_str().unwrap(),
        id,
        payment["id"].as_str().unwrap(),
        payment["provider_reference"].as_str().unwrap(),
        event.as_str(),
    ] {
        let found = operator.get(&format!("/search?q={name}")).await.expect(303);
        assert_eq!(found.header("location"), Some(page.as_str()), "{name}");
    }
    let shown = operator.get(&page).await.expect(200).text();
    assert!(
        shown.contains("Rp25.000") && shown.contains(&event),
        "{shown}"
    );
    assert!(!shown.contains("Budi Rahasia"));
    let asked = operator
        .press(&format!("{page}/customer"), &[])
        .await
        .expect(200);
    assert!(asked.text().contains("Budi Rahasia"));

    let synced = operator
        .press(&format!("{page}/sync"), &[])
        .await
        .expect(303);
    assert_eq!(
        synced.header("location"),
        Some(format!("{page}?said=synced").as_str())
    );
    let redeliver = format!("/events/{event}/redeliver");
    operator
        .press(&redeliver, &[("order", id)])
        .await
        .expect(303);
    until(WITHIN, "the shop hears it again", async || {
        let all = stack.receiver().deliveries();
        all.iter().filter(|d| d.id == event).count() >= 2
    })
    .await;
    let refused = operator
        .press(&format!("{page}/cancel"), &[])
        .await
        .expect(303);
    assert_eq!(
        refused.header("location"),
        Some(format!("{page}?said=is_paid").as_str())
    );
    assert_eq!(
        Operator::log(&stack)[2..],
        [
            format!("{EMAIL}|customer_shown|{id}|done"),
            format!("{EMAIL}|order_synced|{id}|begun"),
            format!("{EMAIL}|order_synced|{id}|done"),
            format!("{EMAIL}|event_redelivered|{event}|done"),
            format!("{EMAIL}|order_cancelled|{id}|begun"),
            format!("{EMAIL}|order_cancelled|{id}|refused: paid"),
        ]
    );
}

#[actix_rt::test]
async fn money_under_review_is_decided_on_and_a_refund_completed() {
    let stack = quick().start().await.unwrap();
    let operator = Operator::new(&stack, EMAIL, "operator").await;
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let how = serde_json::json!({"amount": "149000.00"});
    sandbox.settle(&made["payments"][0], "pay", how).await;
    shop.until_status(id, "review").await;
    let list = operator.get("/lists/review").await.expect(200).text();
    assert!(list.contains(id), "{list}");
    let resolve = format!("/orders/{id}/resolve");
    let said = |word: &str| format!("/orders/{id}?said={word}");
    let unknown = [("verdict", "keep")];
    let none = operator.press(&resolve, &unknown).await.expect(303);
    assert_eq!(none.header("location"), Some(said("no_verdict").as_str()));
    let verdict = [("verdict", "accept"), ("note", "agreed with the shop")];
    let done = operator.press(&resolve, &verdict).await.expect(303);
    assert_eq!(done.header("location"), Some(said("resolved").as_str()));
    assert_eq!(shop.order(id).await["status"], "paid");
    let twice = operator.press(&resolve, &verdict).await.expect(303);
    assert_eq!(twice.header("location"), Some(said("resolved").as_str()));
    let other = [("verdict", "reject"), ("note", "")];
    let other = operator.press(&resolve, &other).await.expect(303);
    assert_eq!(
        other.header("location"),
        Some(said("not_resolved").as_str())
    );

    let refunds = format!("/v1/orders/{id}/refunds");
    let wanted = serde_json::json!({"reason": "out of stock"});
    let refund = shop.post(&refunds, &wanted).await.expect(201);
    let refund = refund.str("/id");
    let list = operator.get("/lists/refunds").await.expect(200).text();
    assert!(list.contains(id) && list.contains("out of stock"), "{list}");
    let complete = format!("/refunds/{refund}/complete");
    let empty = [("order", id)];
    operator.press(&complete, &empty).await.expect(303);
    assert_eq!(shop.order(id).await["status"], "paid");
    let evidence = [("order", id), ("evidence", "BCA 7781")];
    let done = operator.press(&complete, &evidence).await.expect(303);
    assert_eq!(done.header("location"), Some(said("completed").as_str()));
    assert_eq!(shop.order(id).await["status"], "refunded");
    let other = [("order", id), ("evidence", "another")];
    let twice = operator.press(&complete, &other).await.expect(303);
    assert_eq!(
        twice.header("location"),
        Some(said("not_completed").as_str())
    );
    assert_eq!(
        Operator::log(&stack)[2..],
        [
            format!("{EMAIL}|review_resolved|{id}|accept"),
            format!("{EMAIL}|review_resolved|{id}|accept"),
            format!("{EMAIL}|review_resolved|{id}|refused"),
            format!("{EMAIL}|refund_completed|{refund}|done"),
            format!("{EMAIL}|refund_completed|{refund}|refused"),
        ]
    );
}

#[actix_rt::test]
async fn a_refund_is_asked_for_once_however_often_the_form_is_sent() {
    let stack = quick().start().await.unwrap();
    let operator = Operator::new(&stack, EMAIL, "operator").await;
    let shop = Shop::of(&stack);
    let made = shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    let page = format!("/orders/{id}");
    let ask = format!("{page}/refunds");
    let unpaid = operator.get(&page).await.expect(200).text();
    assert!(!unpaid.contains("Create a refund"));
    Sandbox::of(&stack).pay(&made["payments"][0]).await;
    shop.until_status(id, "paid").await;
    let refund = value_of(&operator.get(&page).await.expect(200).text(), "refund");
    let said = async |amount: &str, reason: &str| {
        let fields = [
            ("refund", refund.as_str()),
            ("amount", amount),
            ("reason", reason),
        ];
        let answer = operator.press(&ask, &fields).await.expect(303);
        let place = answer.header("location").unwrap().to_owned();
        place
            .strip_prefix(&format!("{page}?said="))
            .unwrap()
            .to_owned()
    };
    assert_eq!(said("10.000", "").await, "no_reason");
    assert_eq!(said("10.00", "broken").await, "no_sum");
    assert_eq!(said("25.001", "broken").await, "not_asked");
    assert_eq!(said("Rp10.000", "broken").await, "asked");
    assert_eq!(said("Rp10.000", "broken").await, "asked");
    let refunds = shop
        .get(&format!("/v1/orders/{id}/refunds"))
        .await
        .expect(200);
    assert_eq!(refunds.json["data"].as_array().unwrap().len(), 1);
    assert_eq!(refunds.str("/data/0/amount/value"), "10000.00");
    assert_eq!(refunds.str("/data/0/id"), refund);
    let timeline = shop
        .get(&format!("/v1/orders/{id}/timeline"))
        .await
        .expect(200);
    let asked = timeline.json["data"].as_array().unwrap().iter();
    let asked: Vec<_> = asked
        .filter(|item| item["fact"] == "refund_asked")
        .collect();
    assert_eq!(
        (asked.len(), asked[0]["source"].as_str()),
        (1, Some("operator"))
    );
    assert_eq!(
        Operator::log(&stack)[2..],
        [
            format!("{EMAIL}|refund_asked|{refund}|refused"),
            format!("{EMAIL}|refund_asked|{refund}|done"),
        ]
    );
}

#[actix_rt::test]
async fn a_callback_in_quarantine_is_listed_and_dismissed() {
    let stack = quick().start().await.unwrap();
    let operator = Operator::new(&stack, EMAIL, "operator").await;
    let nobodys = format!(
        r#"{{"originalPartnerReferenceNo":"{}","latestTransactionStatus":"00","amount":{{"value":"1.00","currency":"IDR"}}}}"#,
        uuid::Uuid::now_v7().simple()
    );
    let provider = Provider::of(&stack);
    let told = provider.notify(QRIS, nobodys.as_bytes(), chrono::Utc::now());
    told.await.expect(200);
    let list = "/lists/quarantine";
    let shown = until_some(WITHIN, "it is listed", async || {
        let text = operator.get(list).await.expect(200).text();
        if text.contains("/quarantine/") {
            Ok(text)
        } else {
            Err(text)
        }
    })
    .await;
    let dismiss = shown
        .split("action=\"")
        .find(|rest| rest.contains("/dismiss\""));
    let dismiss = dismiss.unwrap().split('"').next().unwrap();
    let why = [("reason", "ticket 7, card 4111 1111 1111 1111")];
    operator.press(dismiss, &why).await.expect(303);
    let kept =
        "SELECT verdict, dismissed_by, dismissed_reason, dismissed_at <= now() FROM notifications";
    let kept = devstack::run_sql(&stack.database_url(), kept).unwrap();
    assert_eq!(
        kept.trim(),
        format!("dismissed|{EMAIL}|ticket 7, card 4111 11** **** 1111|t")
    );
    let after = operator.get(list).await.expect(200).text();
    assert!(after.contains("No callback waits"), "{after}");
    operator.press(dismiss, &[]).await.expect(404);
}

#[actix_rt::test]
async fn an_endpoint_is_switched_and_a_key_revoked() {
    let stack = quick().start().await.unwrap();
    let operator = Operator::new(&stack, EMAIL, "operator").await;
    let shop = Shop::of(&stack);
    let endpoints = shop.get("/v1/webhook-endpoints").await.expect(200);
    let id = endpoints.str("/data/0/id").to_owned();
    let merchant = value_of(
        &operator.get("/endpoints").await.expect(200).text(),
        "merchant",
    );
    let whose = [("merchant", merchant.as_str())];
    for (action, enabled) in [("disable", false), ("enable", true)] {
        let path = format!("/endpoints/{id}/{action}");
        operator.press(&path, &whose).await.expect(303);
        let now = shop.get("/v1/webhook-endpoints").await.expect(200);
        assert_eq!(now.json["data"][0]["enabled"], enabled);
    }
    let keys = operator.get("/keys").await.expect(200).text();
    assert!(!keys.contains(&stack.merchant().api_key));
    let revoke = keys
        .split("action=\"")
        .find(|rest| rest.contains("/revoke\""));
    let revoke = revoke.unwrap().split('"').next().unwrap();
    operator.press(revoke, &whose).await.expect(303);
    shop.get("/v1/orders").await.problem(401, "unauthorized");
}
