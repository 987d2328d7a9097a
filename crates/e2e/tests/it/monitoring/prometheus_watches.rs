//! A real Prometheus with our rules scrapes a running stack: every panel of every dashboard gets data,
//! and alerts fire from their causes. `make watch` does it, with `PROMETHEUS` set: the server is
//! Debian's package `prometheus`, which not every machine has. Elsewhere nothing is tried.

use std::time::Duration;

use chrono::Utc;
use devstack::{Durability, Postgres, Stack, free_address, run_sql};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::monitoring::alerts_and_dashboards_fit::{Query, queries, text};
use crate::support::{
    Http, Prometheus, Provider, QRIS, Sandbox, Shop, Watch, an_order, quick, until_some,
};

const READY_WITHIN: Duration = Duration::from_secs(30);
const ALL_WITHIN: Duration = Duration::from_secs(100);

/// Panels that may rightly be empty, and why. None is: the traffic has something of everything.
const MAY_BE_EMPTY: [&str; 0] = [];

/// Alerts whose causes are made while everything works …
pub(crate) const FIRE_UNDER_TRAFFIC: [&str; 19] = [
    "ApiFails",
    "CallbacksForged",
    "CallbacksQuarantined",
    "JournalsUnbalanced",
    "PaidOrdersUntold",
    "ProviderCodesUnknown",
    "ProviderExpiryOdd",
    "ProviderReferenceShared",
    "ProviderRefusesUs",
    "ProviderSlow",
    "ProviderThrottles",
    "ProviderUncertain",
    "QrNotOurs",
    "RedeliveryGaveUp",
    "ResendsInVain",
    "SuspenseGrew",
    "UnknownPaymentsOld",
    "WebhooksDead",
    "WrongKeys",
];
/// … and when the writers' sessions, then the database, then a service, are gone.
pub(crate) const FIRE_AT_THE_END: [&str; 4] = [
    "DatabaseWriterStuck",
    "CallbacksNotStored",
    "DatabaseAway",
    "ServiceDown",
];

/// Everybody who makes something happen.
struct Traffic<'s> {
    stack: &'s Stack,
    shop: Shop,
    unheard: Shop,
    sandbox: Sandbox,
    provider: Provider,
}

impl<'s> Traffic<'s> {
    fn of(stack: &'s Stack) -> Self {
        let made = stack.gatewayctl_json(&["merchants", "create", "--name", "Unheard"]);
        let made = made.unwrap();
        let merchant = made["merchant_id"].as_str().unwrap();
        let closed = free_address().unwrap();
        let url = format!("http://{closed}/");
        let add = ["webhooks", "add", "--merchant", merchant, "--url", &url];
        stack.gatewayctl(&add).unwrap();
        Self {
            stack,
            shop: Shop::of(stack),
            unheard: Shop::with_key(stack, made["api_key"].as_str().unwrap()),
            sandbox: Sandbox::of(stack),
            provider: Provider::of(stack),
        }
    }

    /// A payment that can be paid; none while the provider is still thought to refuse us.
    async fn payable(shop: &Shop, channel: &str) -> Option<Value> {
        let made = shop.create(&an_order(channel)).await;
        (made.status == 201).then(|| made.json["payments"][0].clone())
    }

    /// Paid by each method, asked about, and told to a shop that listens and to one that does not.
    async fn good(&self) {
        for (channel, mode) in [
            ("qris", "plain"),
            ("ewallet", "plain"),
            ("VIRTUAL_ACCOUNT_BNI", "snap"),
            ("RETAIL_ALFAMART", "plain"),
        ] {
            if let Some(payment) = Self::payable(&self.shop, channel).await {
                let how = json!({"mode": mode});
                self.sandbox.settle(&payment, "pay", how).await;
            }
        }
        Self::payable(&self.shop, "RETAIL_ALFAMIDI").await;
        if let Some(payment) = Self::payable(&self.unheard, "qris").await {
            self.sandbox.pay(&payment).await;
        }
        self.shop.get("/v1/orders/ord_of_nobody").await;
    }

    /// Another amount, a callback of nobody, forged ones.
    async fn odd_callbacks(&self) {
        let nobodys = json!({"id": uuid::Uuid::new_v4().simple().to_string()});
        let other = Self::payable(&self.shop, "qris").await;
        for payment in other.iter().chain([&nobodys]) {
            let body = Provider::success(payment, "24000.00").to_string();
            let told = self.provider.notify(QRIS, body.as_bytes(), Utc::now());
            told.await.expect(200);
        }
        for _ in 0..15 {
            let forged = [
                ("x-timestamp", "2025-06-01T10:15:30+07:00"),
                ("x-signature", "Zm9yZ2Vk"),
            ];
            self.provider.send(QRIS, &forged, b"{}").await;
        }
    }

    /// The provider names two payments alike.
    async fn one_name_for_two(&self) {
        for _ in 0..2 {
            let Some(payment) = Self::payable(&self.shop, "qris").await else {
                continue;
            };
            let mut body = Provider::success(&payment, "25000.00");
            body["originalReferenceNo"] = json!("ONE-NAME-FOR-TWO");
            let body = body.to_string();
            let told = self.provider.notify(QRIS, body.as_bytes(), Utc::now());
            told.await.expect(200);
        }
    }

    /// Somebody whose key nobody has, and who does not mind.
    async fn wrong_keys(&self) {
        let url = format!("{}/v1/orders", self.stack.api_url(0));
        let key = format!("Bearer gk_{}", "x".repeat(43));
        let http = Http::new();
        for _ in 0..200 {
            http.send("GET", &url, &[("authorization", &key)], vec![])
                .await
                .expect(401);
        }
    }

    /// Creates that the provider refuses, throttles, forgets, and answers late.
    async fn bad_creates(&self) {
        let error = |http: u16, code: &str| json!({"kind": "error", "http_status": http, "response_code": code});
        for action in [
            error(401, "4014701"),
            error(429, "4294700"),
            json!("drop_after_effect"),
            json!("drop_after_effect"),
            json!("drop_after_effect"),
            json!("other_amount_qr"),
            json!({"kind": "other_expiry", "shift_seconds": -25_200}),
            error(200, "01"),
        ] {
            let fault = json!({"call": "qris_generate", "action": action});
            self.sandbox.fault(fault).await;
            self.shop.create(&an_order("qris")).await;
            self.sandbox.heal().await;
        }
        let slow = json!({"kind": "delay", "ms": 6_000});
        self.sandbox
            .fault(json!({"call": "retail_create", "times": 1, "action": slow}))
            .await;
        self.shop.create(&an_order("RETAIL_ALFAMIDI")).await;
    }

    /// A create that is answered alike however often it is sent again; the minutes in between pass at once.
    async fn in_vain(&self) {
        let alike = json!({"kind": "error", "http_status": 200, "response_code": "01"});
        let fault = json!({"call": "retail_create", "channel": "RETAIL_DANDAN", "action": alike});
        self.sandbox.fault(fault).await;
        let begun = self.shop.create(&an_order("RETAIL_DANDAN")).await;
        let id = begun.json["payments"][0]["id"].as_str();
        let Some(id) = id else { return };
        let pass = format!(
            "UPDATE provider_work SET due_at = now(), not_found_at = now() - interval '1 h', resends = 3, \
             alike = 3, reply_code = '01' WHERE kind = 'resolve' AND payment_id = '{id}'"
        );
        run_sql(&self.stack.database_url(), &pass).unwrap();
    }

    /// What would take long to come about.
    fn age(&self) {
        let url = self.stack.database_url();
        for statement in [
            "UPDATE payments SET created_at = now() - interval '1 h' WHERE state = 'unknown'",
            "UPDATE events SET created_at = now() - interval '1 h' WHERE type = 'order.paid' \
             AND id IN (SELECT event_id FROM deliveries WHERE state = 'due')",
            "SET session_replication_role = replica; UPDATE entries SET minor = minor - 100 \
             WHERE journal_id = (SELECT journal_id FROM entries ORDER BY journal_id DESC LIMIT 1) AND line = 1",
            // A range whose steps failed as often as they may.
            "INSERT INTO redeliveries (id, merchant_id, from_at, to_at, done_until, done_id, attempts) \
             SELECT gen_random_uuid(), id, now() - interval '1 h', now(), now() - interval '1 h', \
                 '00000000-0000-0000-0000-000000000000', 16 FROM merchants ORDER BY id LIMIT 1 \
             ON CONFLICT DO NOTHING",
        ] {
            run_sql(&url, statement).unwrap();
        }
    }
}

/// Alerts fire with their cause here, and not minutes later.
fn at_once(rules: &str) -> String {
    let lines = rules.lines();
    let lines: Vec<&str> = lines
        .filter(|line| !line.trim_start().starts_with("for: "))
        .collect();
    lines.join("\n")
}

async fn has_data(prometheus: &Prometheus, query: &Query) -> bool {
    let expr = query.expr.replace("$__rate_interval", "30s");
    let values = prometheus.values(&expr).await;
    values.iter().any(|value| value != "NaN")
}

async fn every_panel_has_data(prometheus: &Prometheus, traffic: &Traffic<'_>) {
    let mut waited_for = queries();
    waited_for.retain(|query| !MAY_BE_EMPTY.contains(&query.panel.as_str()));
    let whole = waited_for.len();
    assert!(whole > 50, "{whole}");
    until_some(ALL_WITHIN, "every panel has data", async || {
        traffic.good().await;
        traffic.odd_callbacks().await;
        traffic.one_name_for_two().await;
        traffic.bad_creates().await;
        traffic.wrong_keys().await;
        traffic.in_vain().await;
        traffic.age();
        let mut empty = Vec::new();
        for query in std::mem::take(&mut waited_for) {
            if !has_data(prometheus, &query).await {
                empty.push(query);
            }
        }
        waited_for = empty;
        let silent = prometheus.not_firing(&FIRE_UNDER_TRAFFIC).await;
        if waited_for.is_empty() && silent.is_empty() {
            return Ok(());
        }
        Err(format!(
            "of {whole} queries without data: {waited_for:?}; silent: {silent:?}"
        ))
    })
    .await;
}

/// They stay stopped until the server ends.
fn stop_the_writers(postgres: &Postgres) {
    let sessions =
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'ayolinx-gateway-writer'";
    let found = run_sql(&postgres.url("gateway"), sessions).unwrap();
    let pids = found.lines().map(|line| line.trim().parse().unwrap());
    for pid in pids.filter_map(Pid::from_raw) {
        kill_process(pid, Signal::STOP).unwrap();
    }
}

async fn until_firing(prometheus: &Prometheus, wanted: &[&str], cause: impl AsyncFn()) {
    until_some(READY_WITHIN, "alerts fire", async || {
        cause().await;
        let silent = prometheus.not_firing(wanted).await;
        if silent.is_empty() {
            Ok(())
        } else {
            Err(format!("{silent:?}"))
        }
    })
    .await;
}

#[actix_rt::test]
async fn every_panel_gets_data_and_alerts_fire_from_their_causes() {
    if std::env::var_os("PROMETHEUS").is_none() {
        return;
    }
    let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("gateway").unwrap();
    let stack = quick()
        .database_on_ours(&postgres.url("gateway"))
        .env("INQUIRY_SCHEDULE", "500ms")
        .env("RESOLVE_SCHEDULE", "10m")
        .env("WEBHOOK_SCHEDULE", "0s,100ms,20s")
        .start();
    let mut stack = stack.await.unwrap();
    let prometheus = Prometheus::over(
        &stack,
        Watch {
            rules: at_once(&text("deploy/prometheus/rules.yaml")),
            every: "1s",
            also: &[],
        },
    )
    .await;
    let traffic = Traffic::of(&stack);
    every_panel_has_data(&prometheus, &traffic).await;
    let payment: Value = json!({"id": uuid::Uuid::new_v4().simple().to_string()});
    let late = Provider::success(&payment, "24000.00").to_string();
    let (provider, shop) = (Provider::of(&stack), Shop::of(&stack));
    let [writer, stored, database, service] = FIRE_AT_THE_END;
    stop_the_writers(&postgres);
    until_firing(&prometheus, &[writer], async || {
        provider.notify(QRIS, late.as_bytes(), Utc::now()).await;
        shop.create(&an_order("qris")).await;
    })
    .await;
    drop(postgres);
    until_firing(&prometheus, &[stored, database], async || {
        provider.notify(QRIS, late.as_bytes(), Utc::now()).await;
        shop.get("/v1/orders").await;
    })
    .await;
    stack.kill("gateway-api-1").unwrap();
    until_firing(&prometheus, &[service], async || ()).await;
}
