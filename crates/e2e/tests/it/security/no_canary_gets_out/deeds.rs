//! What goes wrong: requests, callbacks, the provider, the shop, the database, the operator's typing.

use std::process::Output;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use devstack::Stack;
use serde_json::json;

use crate::support::{Provider, QRIS, Shop, card_number, gatewayctl, letters, until, with};

use super::places::Place;
use super::scene::Scene;

const WITHIN: Duration = Duration::from_secs(30);

impl Scene {
    pub(super) async fn asks_for_what_is_wrong(&mut self) {
        let stranger = self.canaries.add("a wrong API key", letters() + &letters());
        let mark = self.canaries.add("value of a wrong field", letters());
        let card = self
            .canaries
            .add("card number in a wrong field", card_number());
        for body in [
            json!({"reference": format!("no good {mark}"), "amount": mark}),
            json!({"amount": {"value": mark, "currency": mark}, "payment": {"method": mark}}),
            with(
                self.order.clone(),
                json!({"description": format!("{card}\n{mark}")}),
            ),
            with(
                self.order.clone(),
                json!({"reference": format!("{card} {mark}")}),
            ),
            with(
                self.order.clone(),
                json!({"return_url": format!("ftp://{mark}@x/{card}")}),
            ),
            with(
                self.order.clone(),
                json!({"customer": {"name": [mark], "email": mark}}),
            ),
            with(self.order.clone(), json!({"expires_at": mark})),
            with(
                self.order.clone(),
                json!({"amount": {"value": "0", "currency": "IDR"}}),
            ),
            json!([mark]),
            json!(mark),
        ] {
            let answer = self.posts("/v1/orders", &body, &[]).await;
            assert!(
                (400..500).contains(&answer.status),
                "{body}: {}",
                answer.text()
            );
        }
        let key = [("idempotency-key", "one-of-two")];
        self.posts("/v1/orders", &self.an_order("qris"), &key)
            .await
            .expect(201);
        self.posts("/v1/orders", &self.an_order("qris"), &key)
            .await
            .expect(422);
        self.asks_at_wrong_places(&stranger, &mark, &card).await;
        self.sent.extend(stranger.into_bytes());
    }

    async fn asks_at_wrong_places(&mut self, stranger: &str, mark: &str, card: &str) {
        let url = json!({"url": format!("http://10.0.0.1/{mark}")});
        self.posts("/v1/webhook-endpoints", &url, &[])
            .await
            .expect(422);
        for (method, path) in [
            ("GET", format!("/v1/orders/{mark}")),
            ("GET", format!("/v1/{mark}?key={stranger}")),
            ("GET", format!("/v1/orders?cursor={mark}&reference={card}")),
            ("GET", format!("/v1/orders?{mark}={card}")),
            ("GET", format!("/v1/events/{mark}")),
            ("PUT", format!("/v1/orders?x={mark}")),
            ("DELETE", format!("/v1/orders/{mark}")),
        ] {
            let answer = self.shop.call(method, &path, None).await;
            assert!(answer.status >= 400, "{path}");
            self.notes(method, &answer);
        }
        let odd = Shop::with_key(&self.stack, &format!("gk_{stranger}"));
        let refused = odd.create(&self.order).await.expect(401);
        self.notes("a stranger", &refused);
        let bearer = format!("Bearer {}", self.shop.key);
        for (kind, body) in [
            ("text/plain", mark.to_owned()),
            ("application/json", format!("{{\"{mark}")),
        ] {
            let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
            let url = format!("{}/v1/orders", self.shop.api);
            let answer = self
                .shop
                .http
                .send("POST", &url, &headers, body.into_bytes())
                .await;
            self.notes(kind, &answer);
        }
    }

    pub(super) async fn says_what_the_provider_never_said(&mut self) {
        let mark = self.canaries.add("name in a callback", letters());
        let card = self
            .canaries
            .add("card number in a callback", card_number());
        let forged = self.canaries.add("a made-up token", letters());
        let made = self
            .posts("/v1/orders", &self.an_order("qris"), &[])
            .await
            .json;
        let token = self.provider.snap_token(&self.stack).await;
        self.canaries.add("a SNAP token", token.clone());
        self.sent.extend(format!("{token}{forged}").into_bytes());
        let mut body = Provider::success(&made["payments"][0], "25000.00");
        body["additionalInfo"]["customerPAN"] = json!(card);
        body["additionalInfo"]["customerName"] = json!(mark);
        let wrong = with(
            body.clone(),
            json!({"amount": {"value": "1.00", "currency": "IDR"}}),
        );
        let nobody = with(body.clone(), json!({"originalPartnerReferenceNo": mark}));
        let odd = format!("{{\"name\": \"{mark}\", \"card\": {card}");
        for text in [nobody.to_string(), odd, wrong.to_string(), body.to_string()] {
            self.sent.extend(text.clone().into_bytes());
            let bytes = text.as_bytes();
            for at in [Utc::now(), Utc::now() - TimeDelta::hours(30)] {
                self.provider.notify(QRIS, bytes, at).await.expect(200);
            }
            let bearer = format!("Bearer {token}");
            let stranger = format!("Bearer {forged}");
            for authorization in [&bearer, &stranger] {
                let headers = [
                    ("authorization", authorization.as_str()),
                    ("x-timestamp", "now"),
                    ("x-signature", "AAAA"),
                ];
                let answer = self.provider.send(QRIS, &headers, bytes).await;
                self.notes("a forged callback", &answer);
            }
            let path = format!("{QRIS}?q=1");
            let answer = self
                .provider
                .send(&path, &[("x-signature", "AAAA")], bytes)
                .await;
            self.notes("a callback without a time", &answer);
        }
    }

    /// The provider refuses, is slow and garbles; the shop's endpoint fails.
    pub(super) async fn is_refused_and_unheard(&mut self) {
        let token = self.canaries.add("token in a webhook URL", letters());
        let url = format!("{}?token={token}", self.stack.receiver().url());
        self.posts("/v1/webhook-endpoints", &json!({"url": url}), &[])
            .await
            .expect(201);
        self.stack.receiver().answer_with(500);
        let error = |http: u16, code: &str| json!({"kind": "error", "http_status": http, "response_code": code});
        for action in [
            error(400, "4004702"),
            error(429, "4294700"),
            error(401, "4014701"),
            error(500, "5004701"),
            json!("drop_before_effect"),
            json!("missing_artefact"),
            json!({"kind": "html_502"}),
        ] {
            self.sandbox
                .fault(json!({"call": "qris_generate", "action": action}))
                .await;
            let order = self.an_order("qris");
            self.posts("/v1/orders", &order, &[]).await;
            self.sandbox.heal().await;
        }
        let made = self
            .posts("/v1/orders", &self.an_order("RETAIL_ALFAMART"), &[])
            .await
            .json;
        if made["payments"][0]["id"].is_string() {
            self.sandbox.pay(&made["payments"][0]).await;
        }
        let receiver = self.stack.receiver();
        until(WITHIN, "the shop did not want it", async || {
            receiver
                .deliveries()
                .iter()
                .filter(|it| it.answered == 500)
                .count()
                > 3
        })
        .await;
        receiver.answer_with(200);
    }

    pub(super) async fn loses_its_storage(&mut self) {
        self.postgres.kill();
        for _ in 0..2 {
            let order = self.an_order("qris");
            let answer = self.posts("/v1/orders", &order, &[]).await;
            assert_eq!(answer.status, 503, "{}", answer.text());
            let body = self.order.to_string();
            let answer = self
                .provider
                .notify(QRIS, body.as_bytes(), Utc::now())
                .await;
            self.notes("a callback without storage", &answer);
        }
        self.operates(&["audit"]);
        self.postgres.start_again().unwrap();
        let api = &self.shop;
        until(WITHIN, "the storage is back", async || {
            api.get("/v1/orders?limit=1").await.status == 200
        })
        .await;
    }

    fn operates(&mut self, arguments: &[&str]) {
        let ran = gatewayctl(&self.stack, arguments);
        let said = format!("{}{} ", ran.stdout, ran.stderr);
        self.printed.push((
            format!("what gatewayctl {arguments:?} printed"),
            said.into_bytes(),
        ));
    }

    /// What is not printed on purpose: new keys and secrets are, once.
    pub(super) fn is_looked_after_by_an_operator(&mut self) {
        let merchant = self.stack.merchant().id.clone();
        for arguments in [
            &["doctor"][..],
            &["audit"],
            &["merchants", "list"],
            &["keys", "list", "--merchant", &merchant],
            &["orders", "show", "INV-nobody"],
            &["quarantine", "list"],
            &["quarantine", "retry"],
            &["partitions"],
            &["verify", "--rejected"],
            &[
                "webhooks",
                "add",
                "--merchant",
                &merchant,
                "--url",
                "ftp://x/",
            ],
        ] {
            self.operates(arguments);
            let as_json = [arguments, &["--json"]].concat();
            self.operates(&as_json);
        }
        // As JSON it shows the payers, which is what it is for.
        self.operates(&["orders", "list", "--merchant", &merchant]);
    }

    pub(super) fn is_started_with_settings_that_are_wrong(&mut self) {
        let mark = self.canaries.add("a malformed setting", letters());
        self.sent.extend(mark.clone().into_bytes());
        let file = self.stack.home().join("odd.pem");
        std::fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{mark}\n")).unwrap();
        let file = file.to_string_lossy().into_owned();
        let database = format!("postgres://gateway:{mark}@127.0.0.1:1/none");
        let short: String = mark.chars().take(11).collect();
        for (name, value) in [
            ("DATABASE_URL", database.as_str()),
            (
                "DATABASE_URL",
                &format!("postgres://x:{mark}@[::1/%zz?{mark}=1"),
            ),
            ("REDIS_URL", &format!("nonsense {mark}")),
            ("API_KEY_PEPPER", &short),
            ("ENCRYPTION_KEYS", &short),
            ("AYOLINX_CLIENT_SECRET", &format!("\n{mark}")),
            ("AYOLINX_PRIVATE_KEY_FILE", &file),
            ("AYOLINX_BASE_URL", &format!("https://u:{mark}@example.com")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://u:{mark}@[")),
        ] {
            let stack = &self.stack;
            let said: Vec<Place> = std::thread::scope(|threads| {
                let programs = ["gateway-api", "callback-worker", "gatewayctl"];
                let running = programs.map(|program| {
                    threads.spawn(move || {
                        let what = format!("what {program} says of a wrong {name}");
                        (what, run_with(stack, program, (name, value)))
                    })
                });
                running.map(|one| one.join().unwrap()).into()
            });
            self.printed.extend(said);
        }
    }
}

/// What a program says with one setting changed, ended after a while if it runs.
fn run_with(stack: &Stack, program: &str, setting: (&str, &str)) -> Vec<u8> {
    let own = std::env::current_exe().unwrap();
    let programs = own.parent().unwrap().parent().unwrap();
    let listeners = [
        "GATEWAY_BIND",
        "CHECKOUT_BIND",
        "CONSOLE_BIND",
        "CALLBACK_BIND",
        "GATEWAY_OPS_BIND",
        "WORKER_OPS_BIND",
    ];
    let Output { stdout, stderr, .. } = std::process::Command::new("timeout")
        .args(["--signal=KILL", "2"])
        .arg(programs.join(program))
        .args((program == "gatewayctl").then_some("doctor"))
        .env_clear()
        .envs(stack.settings())
        .envs(listeners.map(|name| (name, "127.0.0.1:0")))
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([setting])
        .output()
        .unwrap();
    [stdout, stderr, vec![b' ']].concat()
}
