//! The examples for shops (docs/examples) do what they show, in every language: an order made once
//! however often it is asked for, through a provider that is away at first; `order.paid` verified and
//! acted on once; what is forged, old or changed refused. `make test-examples` does it, with
//! `EXAMPLES` naming the folder that `.ci/install-examples` filled. Elsewhere nothing is tried.

mod languages;
mod signing;

use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use devstack::Stack;
use serde_json::{Value, json};
use uuid::Uuid;

use self::languages::{LANGUAGES, Language, Receiver};
use self::signing::{Webhook, signature};
use crate::support::{Http, Sandbox, Shop, quick, unique, until_some};

const WITHIN: Duration = Duration::from_secs(60);
const SECONDS: i64 = 1;
const MINUTES: i64 = 60 * SECONDS;

/// A shop of its own for each language, whose webhooks go to the example's receiver.
struct Story {
    language: &'static Language,
    shop: Shop,
    secret: String,
    receiver: Receiver,
}

impl Story {
    async fn of(language: &'static Language, folder: &Path, stack: &Stack) -> Self {
        let create = ["merchants", "create", "--name", language.name];
        let made = stack.gatewayctl_json(&create).unwrap();
        let shop = Shop::with_key(stack, made["api_key"].as_str().unwrap());
        let address = devstack::free_address().unwrap();
        let wish = json!({"url": format!("http://{address}/webhooks")});
        let endpoint = shop.post("/v1/webhook-endpoints", &wish);
        let endpoint = endpoint.await.expect(201);
        let secret = endpoint.str("/secret").to_owned();
        let receiver = Receiver::start(language, folder, stack.home(), address, &secret);
        until_some(WITHIN, "the receiver listens", async || {
            let connected = std::net::TcpStream::connect(address);
            connected.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Self {
            language,
            shop,
            secret,
            receiver,
        }
    }

    /// What the example prints for this order; its exit code must be `ok`.
    fn create(&self, folder: &Path, reference: &str, ok: bool) -> String {
        let (name, shop) = (self.language.name, &self.shop);
        let settings = [("GATEWAY_URL", &shop.api), ("API_KEY", &shop.key)];
        let made = self.language.creator(folder, reference).envs(settings);
        let made = made.output().unwrap();
        let printed = [made.stdout, made.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        assert_eq!(made.status.success(), ok, "{name}: {printed}");
        printed
    }

    /// Waits until the receiver has said this line so often, and returns the rest of it.
    async fn heard(&self, starts: &str, ends: &str, times: usize) -> String {
        let what = format!("{} says {starts} … {ends}", self.language.name);
        until_some(WITHIN, &what, async || {
            let said = self.receiver.said();
            let mut lines = said
                .lines()
                .filter_map(|line| line.split_once(starts).map(|(_, rest)| rest))
                .filter(|line| line.ends_with(ends));
            lines
                .nth(times - 1)
                .map(str::to_owned)
                .ok_or_else(|| said.clone())
        })
        .await
    }

    /// The receiver's answer to a webhook.
    async fn answers(&self, http: &Http, webhook: &Webhook) -> u16 {
        let headers: Vec<(&str, &str)> = webhook
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = webhook.body.clone().into_bytes();
        let url = self.receiver.url();
        http.send("POST", &url, &headers, body).await.status
    }

    async fn an_order_is_made_once_and_paid(&self, folder: &Path, sandbox: &Sandbox) {
        let name = self.language.name;
        let away = json!({"kind": "error", "http_status": 429, "response_code": "4294700"});
        let rule = json!({"call": "qris_generate", "times": 1, "action": away});
        sandbox.fault(rule).await;
        let reference = unique(name);
        let printed = self.create(folder, &reference, true);
        assert_eq!(
            sandbox.fired().await,
            [1],
            "{name} got a 503, and went on to {printed}"
        );
        sandbox.heal().await;
        let again = self.create(folder, &reference, true);
        assert_eq!(printed, again, "{name} makes an order once");
        let refused = self.create(folder, "not a reference", false);
        assert!(refused.contains("validation_failed"), "{name}: {refused}");
        assert!(refused.contains("request"), "{name}: {refused}");

        let payment = printed.lines().find_map(|l| l.strip_prefix("payment "));
        sandbox.pay(&json!({"id": payment.unwrap()})).await;
        let paid = format!("order.paid {reference} ");
        let line = self.heard(&paid, self.language.first, 1).await;
        let event = line.split(':').next().unwrap();
        let again = format!("/v1/events/{event}/redeliver");
        let again = self.shop.post(&again, &json!({})).await;
        assert!((200..300).contains(&again.status), "{again:?}");
        let (ends, times) = self.language.second;
        self.heard(&format!("{paid}{event}"), ends, times).await;
        let delivered = format!("{event}: deliver");
        let said = self.receiver.said();
        assert!(said.matches(&delivered).count() <= 1, "{name}: {said}");
    }

    async fn only_what_is_signed_and_fresh_is_believed(&self) {
        let (name, http, now) = (self.language.name, Http::new(), Utc::now().timestamp());
        let webhook = |sent: i64| Webhook::signed(&self.secret, &an_event(), sent);
        let right = webhook(now);
        assert!(self.answers(&http, &right).await < 300, "{name}");
        let nearly = webhook(now - 4 * MINUTES);
        assert!(self.answers(&http, &nearly).await < 300, "{name}");

        let several = webhook(now);
        let wrong = signature("whsec_b3RoZXI=", &several);
        let both = format!("{wrong} {}", several.signature());
        assert!(
            self.answers(&http, &several.with("webhook-signature", &both))
                .await
                < 300,
            "{name}: one of two signatures is enough"
        );
        let text = right.signature().to_owned();
        for (what, forged) in [
            (
                "changed",
                right.with_body(&right.body.replace("25000", "25001")),
            ),
            (
                "white space added",
                right.with_body(&format!("{} ", right.body)),
            ),
            ("of another id", right.with("webhook-id", "evt_other")),
            ("old", webhook(now - 6 * MINUTES)),
            ("of the future", webhook(now + 6 * MINUTES)),
            (
                "timed anew",
                right.with("webhook-timestamp", &(now + SECONDS).to_string()),
            ),
            ("timed in words", right.with("webhook-timestamp", "now")),
            ("of another secret", right.with("webhook-signature", &wrong)),
            (
                "of another version",
                right.with("webhook-signature", &text.replace("v1,", "v2,")),
            ),
            (
                "without its version",
                right.with("webhook-signature", &text.replace("v1,", "")),
            ),
            (
                "signed with nonsense",
                right.with("webhook-signature", "v1,*"),
            ),
            (
                "cut",
                right.with("webhook-signature", text.trim_end_matches('=')),
            ),
            ("unsigned", right.without("webhook-signature")),
            ("undated", right.without("webhook-timestamp")),
            ("nameless", right.without("webhook-id")),
        ] {
            let answer = self.answers(&http, &forged).await;
            assert_eq!(
                answer, 401,
                "{name} was sent one that is {what}: {forged:?}"
            );
        }
    }
}

/// Nobody's event, each with an id of its own.
fn an_event() -> Value {
    json!({
        "id": format!("evt_{}", Uuid::new_v4().simple()),
        "type": "order.paid",
        "timestamp": "2026-11-21T15:47:03.674+07:00",
        "data": {"order": {"reference": "NOBODYS", "amount": {"value": "25000.00"}}},
    })
}

#[actix_rt::test]
async fn in_every_language() {
    let Some(folder) = std::env::var_os("EXAMPLES") else {
        return;
    };
    let folder = Path::new(&folder);
    let stack = quick().start().await.unwrap();
    let sandbox = Sandbox::of(&stack);
    for language in &LANGUAGES {
        let story = Story::of(language, folder, &stack).await;
        story.only_what_is_signed_and_fresh_is_believed().await;
        story.an_order_is_made_once_and_paid(folder, &sandbox).await;
    }
}
