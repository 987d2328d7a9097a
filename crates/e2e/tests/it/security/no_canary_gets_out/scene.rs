//! The marks, the stack they are put into, and what goes right: every method, paid and refunded.

use std::time::Duration;

use devstack::{Durability, Postgres, Stack, TestRedis};
use serde_json::{Value, json};

use crate::support::{
    Answer, CHANNELS, Canaries, Collector, Http, Provider, Sandbox, Shop, Wiretap, an_order,
    card_number, digits, letters, quick, with,
};

use super::places::Place;

const WITHIN: Duration = Duration::from_secs(30);
/// Ours whole, of others what an operator may want to see.
const SHOWN: &str = "info,gateway_api=trace,callback_worker=trace,ledger=trace,payment_flows=trace,\
    ayolinx_client=trace,webhooks=trace,service_shell=trace,settings=trace";

pub(super) struct Scene {
    pub(super) stack: Stack,
    pub(super) redis: TestRedis,
    pub(super) collector: Collector,
    pub(super) canaries: Canaries,
    /// Bodies and headers of refusals.
    pub(super) errors: Vec<Place>,
    /// What `gatewayctl` and refused starts printed.
    pub(super) printed: Vec<Place>,
    pub(super) postgres: Postgres,
    pub(super) wiretap: Wiretap,
    pub(super) shop: Shop,
    pub(super) sandbox: Sandbox,
    pub(super) provider: Provider,
    pub(super) sent: Vec<u8>,
    pub(super) order: Value,
}

impl Scene {
    pub(super) async fn start() -> Self {
        let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
        postgres.ensure_database("gateway").unwrap();
        let (redis, collector, wiretap) =
            (TestRedis::start(), Collector::start(), Wiretap::start());
        let previous = letters() + &letters();
        let stack = quick()
            .database_url(&postgres.url("gateway"))
            .redis_url(&redis.url())
            .env("AYOLINX_BASE_URL", &wiretap.url())
            .env("AYOLINX_CLIENT_SECRET_PREVIOUS", &previous)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint())
            .env("OTEL_BSP_SCHEDULE_DELAY", "200")
            .env("LOG_FORMAT", "json")
            .env("RUST_LOG", SHOWN)
            .env("INQUIRY_SCHEDULE", "300ms,1s,10m")
            .env("WEBHOOK_SCHEDULE", "0s,200ms,300ms")
            .start()
            .await
            .unwrap();
        wiretap.leads_to(&stack.sandbox_url());
        let mut scene = Self {
            shop: Shop::of(&stack),
            sandbox: Sandbox::of(&stack),
            provider: Provider::of(&stack),
            canaries: Canaries::default(),
            errors: Vec::new(),
            printed: Vec::new(),
            sent: Vec::new(),
            order: Value::Null,
            stack,
            redis,
            collector,
            postgres,
            wiretap,
        };
        scene.marks_its_secrets();
        scene.order = scene.a_marked_order();
        scene
    }

    /// Those that a stack has made for itself.
    fn marks_its_secrets(&mut self) {
        let settings = self.stack.settings();
        let of = |wanted: &str| {
            let found = settings.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        let put = &mut self.canaries;
        let merchant = self.stack.merchant();
        put.add("API key", merchant.api_key.trim_start_matches("gk_"));
        let secret = merchant.webhook_secret.trim_start_matches("whsec_");
        put.add("webhook secret", secret);
        put.add("client secret", of("AYOLINX_CLIENT_SECRET"));
        put.add(
            "earlier client secret",
            of("AYOLINX_CLIENT_SECRET_PREVIOUS"),
        );
        put.add("pepper", of("API_KEY_PEPPER"));
        put.add("encryption key", of("ENCRYPTION_KEYS"));
        let database = of("DATABASE_URL");
        let password = database.split([':', '@']).nth(2).unwrap();
        put.add("database password", password);
        let pem = std::fs::read_to_string(of("AYOLINX_PRIVATE_KEY_FILE")).unwrap();
        for (name, line) in [("private key", 5), ("private key's end", 20)] {
            put.add(name, pem.lines().nth(line).unwrap());
        }
        let values: Vec<&str> = settings.iter().map(|(_, value)| value.as_str()).collect();
        self.sent.extend(values.join("\n").into_bytes());
        self.sent.extend(pem.into_bytes());
        let own = format!("{} {}", merchant.api_key, merchant.webhook_secret);
        self.sent.extend(own.into_bytes());
    }

    /// The marks are the same in every order, each order has its own reference.
    fn a_marked_order(&mut self) -> Value {
        let put = &mut self.canaries;
        let name = put.add("payer's name", letters());
        let email = put.add("payer's e-mail", letters());
        let phone = put.add("payer's phone", digits(11));
        let card = put.add("card number", card_number());
        let spaced = card_number();
        put.add("card number in metadata", spaced.clone());
        let token = put.add("token in a return URL", letters());
        with(
            an_order("qris"),
            json!({
                "customer": {"name": format!("Budi {name}"),
                    "email": format!("{email}@example.co.id"), "phone": format!("0{phone}")},
                "description": format!("Kopi, paid with {card} once"),
                "metadata": {"card": spaced},
                "return_url": format!("https://shop.example.co.id/thanks?k={token}"),
            }),
        )
    }

    pub(super) fn an_order(&self, channel: &str) -> Value {
        let other = an_order(channel);
        with(
            self.order.clone(),
            json!({"reference": other["reference"], "payment": other["payment"]}),
        )
    }

    pub(super) fn notes(&mut self, what: &str, answer: &Answer) {
        if answer.status >= 400 {
            let mut all = answer.bytes.clone();
            all.extend(format!("{:?}", answer.headers).into_bytes());
            self.errors.push((format!("the error body of {what}"), all));
        }
    }

    pub(super) async fn posts(
        &mut self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.sent.extend(format!("{body}{headers:?}").into_bytes());
        let answer = self.shop.post_with(path, body, headers).await;
        self.notes(path, &answer);
        answer
    }

    pub(super) async fn pays_by_every_method(&mut self) {
        let key = self.canaries.add("Idempotency-Key", letters());
        let headers = [("idempotency-key", key.as_str())];
        for (place, channel) in CHANNELS.into_iter().enumerate() {
            let order = self.an_order(channel);
            let with_key: &[(&str, &str)] = if place == 0 { &headers } else { &[] };
            let made = self
                .posts("/v1/orders", &order, with_key)
                .await
                .expect(201)
                .json;
            self.posts("/v1/orders", &order, with_key).await.expect(201);
            let payment = &made["payments"][0];
            let mode = if place % 2 == 0 { "plain" } else { "snap" };
            self.sandbox
                .settle(payment, "pay", json!({"mode": mode}))
                .await;
            let id = made["id"].as_str().unwrap().to_owned();
            self.shop.until_status(&id, "paid").await;
            for path in ["", "/timeline", "?wait=1"] {
                self.shop
                    .get(&format!("/v1/orders/{id}{path}"))
                    .await
                    .expect(200);
            }
            self.looks_at_the_checkout(&made, place == 0).await;
            let sync = format!("/v1/orders/{id}/sync");
            let synced = self.shop.call("POST", &sync, None).await;
            self.notes(&sync, &synced);
            self.sandbox
                .settle(payment, "refund", json!({"mode": mode}))
                .await;
        }
        let told = self
            .stack
            .receiver()
            .wait_for(WITHIN, |it| it.event_type == "order.refunded");
        assert!(told.await.is_some());
        self.takes_the_providers_token();
    }

    async fn looks_at_the_checkout(&mut self, made: &Value, is_marked: bool) {
        let url = made["checkout_url"].as_str().unwrap();
        let (page, token) = url.split_once("?t=").unwrap();
        if is_marked {
            let qr = made.pointer("/payments/0/next_action/qr_string").unwrap();
            let qr = qr.as_str().unwrap();
            self.canaries
                .add("QR string", qr.get(qr.len() - 40..).unwrap());
            self.canaries.add("checkout token", token);
            self.sent.extend(made.to_string().into_bytes());
        }
        let http = Http::new();
        http.get(url).await.expect(200);
        let stranger = http.get(&format!("{page}?t={}x", token)).await;
        self.notes("a checkout page", &stranger);
        let chosen = json!({"method": "qris", "t": token}).to_string();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let odd = http.send("POST", url, &form, chosen.into_bytes()).await;
        self.notes("a checkout choice", &odd);
    }

    /// What the provider gave us to call it with.
    fn takes_the_providers_token(&mut self) {
        let said = self.wiretap.said();
        let text = String::from_utf8_lossy(&said);
        let token = text.to_lowercase().find("authorization: bearer ").unwrap();
        let token = text.get(token..).unwrap().split(' ').nth(2).unwrap();
        let token = token.split('\r').next().unwrap();
        self.canaries.add("provider's token", token);
        assert!(!text.to_lowercase().contains("traceparent"), "{text}");
        self.sent.extend(said);
    }

    /// All that was put in, as far as this side knows it.
    pub(super) fn went_in(&self) -> Vec<u8> {
        [self.sent.clone(), self.wiretap.said()].concat()
    }
}
