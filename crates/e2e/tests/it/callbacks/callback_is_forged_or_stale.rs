//! Only what the provider signed, for this very path, counts; what it signed too long ago is asked
//! about instead of believed.

use ayolinx_core::provider_time::format_jakarta;
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Answer, Provider, QRIS, Sandbox, Shop, an_order, shared};

struct Scene {
    shop: Shop,
    provider: Provider,
    order: Value,
    body: Vec<u8>,
}

impl Scene {
    async fn of(channel: &str) -> Self {
        let stack = shared();
        let shop = Shop::of(stack);
        let order = shop.made(&an_order(channel)).await;
        let body = Provider::success(&order["payments"][0], "25000.00");
        Self {
            shop,
            provider: Provider::of(stack),
            body: body.to_string().into_bytes(),
            order,
        }
    }

    async fn now(&self) -> Value {
        self.shop.order(self.order["id"].as_str().unwrap()).await
    }

    async fn changed_nothing(&self, what: &str) {
        assert_eq!(self.now().await, self.order, "{what}");
    }
}

#[track_caller]
fn refused(answer: &Answer, code: &str, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    assert_eq!(answer.json["responseCode"], code, "{what}");
}

#[actix_rt::test]
async fn forgeries_are_refused_and_change_nothing() {
    let scene = Scene::of("qris").await;
    let provider = &scene.provider;
    let now = format_jakarta(Utc::now());
    let right = provider.signature(QRIS, &scene.body, &now);
    let of_another_body = provider.signature(QRIS, b"{}", &now);
    let of_another_path = provider.signature("/v1.0/debit/notify", &scene.body, &now);
    let earlier = format_jakarta(Utc::now() - TimeDelta::minutes(1));
    let cases: [(&str, Vec<(&str, &str)>); 7] = [
        ("no headers", vec![]),
        ("no signature", vec![("x-timestamp", &now)]),
        ("no timestamp", vec![("x-signature", &right)]),
        (
            "an empty signature",
            vec![("x-timestamp", &now), ("x-signature", "")],
        ),
        (
            "another body's",
            vec![("x-timestamp", &now), ("x-signature", &of_another_body)],
        ),
        (
            "another path's",
            vec![("x-timestamp", &now), ("x-signature", &of_another_path)],
        ),
        (
            "another time's",
            vec![("x-timestamp", &earlier), ("x-signature", &right)],
        ),
    ];
    for (what, headers) in cases {
        let answer = provider.send(QRIS, &headers, &scene.body).await;
        refused(&answer, "4015600", what);
    }
    let with_token = [
        ("authorization", "Bearer made-up"),
        ("x-timestamp", now.as_str()),
        ("x-signature", right.as_str()),
    ];
    let answer = provider.send(QRIS, &with_token, &scene.body).await;
    refused(&answer, "4012501", "a right signature of the other kind");
    scene.changed_nothing("forgeries").await;

    let headers = [
        ("x-timestamp", now.as_str()),
        ("x-signature", right.as_str()),
    ];
    provider.send(QRIS, &headers, &scene.body).await.expect(200);
    assert_eq!(scene.now().await["status"], "paid", "the right one counts");
}

#[actix_rt::test]
async fn one_signed_by_the_sandbox_over_another_body() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    for mode in ["plain", "snap"] {
        let made = shop.made(&an_order("VIRTUAL_ACCOUNT_CIMB")).await;
        let payment = &made["payments"][0];
        let wrong = json!({"reference": payment["id"], "times": 1, "action": "wrong_signature"});
        sandbox.fault(wrong).await;
        let callback = sandbox.settle(payment, "pay", json!({"mode": mode})).await;
        assert_eq!(callback["httpStatus"], 401, "{mode}: {callback}");
        assert_eq!(
            shop.order(made["id"].as_str().unwrap()).await,
            made,
            "{mode}"
        );
    }
}

#[actix_rt::test]
async fn a_stale_success_is_asked_about_and_not_believed() {
    for age in [TimeDelta::hours(25), TimeDelta::minutes(-11)] {
        let scene = Scene::of("qris").await;
        let at = Utc::now() - age;
        let answer = scene
            .provider
            .notify(QRIS, &scene.body, at)
            .await
            .expect(200);
        assert_eq!(answer.json["responseCode"], "2005600", "it is acknowledged");
        let now = scene.now().await;
        assert_eq!(
            now["status"], "pending",
            "the provider knows of no money: {now}"
        );
    }
}

#[actix_rt::test]
async fn a_stale_success_leads_to_the_money_that_is_there() {
    let scene = Scene::of("qris").await;
    let unheard = json!({"callback": false});
    let payment = &scene.order["payments"][0];
    Sandbox::of(shared()).settle(payment, "pay", unheard).await;
    let at = Utc::now() - TimeDelta::hours(25);
    scene
        .provider
        .notify(QRIS, &scene.body, at)
        .await
        .expect(200);
    // The stack's inquiries are ten minutes away: this one was queued by the callback.
    let id = scene.order["id"].as_str().unwrap();
    scene.shop.until_status(id, "paid").await;
}

#[actix_rt::test]
async fn a_stale_success_that_cannot_be_asked_about_goes_to_a_person() {
    let scene = Scene::of("payment_link").await;
    let path = "/v1.0/payment-link/notify";
    let at = Utc::now() - TimeDelta::hours(25);
    scene
        .provider
        .notify(path, &scene.body, at)
        .await
        .expect(200);
    let now = scene.now().await;
    assert_eq!(now["status"], "review", "{now}");
    assert_eq!(now["paid_amount"]["value"], "0.00");
}

#[actix_rt::test]
async fn within_the_window_age_does_not_matter() {
    for age in [TimeDelta::hours(23), TimeDelta::minutes(-9)] {
        let scene = Scene::of("qris").await;
        scene
            .provider
            .notify(QRIS, &scene.body, Utc::now() - age)
            .await
            .expect(200);
        assert_eq!(scene.now().await["status"], "paid");
    }
}

#[actix_rt::test]
async fn what_is_signed_but_nobodys_is_kept_and_acknowledged() {
    let provider = Provider::of(shared());
    let stranger = json!({"id": "0".repeat(32)});
    let unknown = Provider::success(&stranger, "25000.00").to_string();
    for body in [
        unknown.as_str(),
        "this is no JSON",
        "[]",
        "{\"a\":1,\"a\":2}",
    ] {
        let answer = provider.notify(QRIS, body.as_bytes(), Utc::now()).await;
        assert_eq!(answer.expect(200).json["responseCode"], "2005600", "{body}");
    }
}
