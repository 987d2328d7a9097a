//! Alerts whose causes take a while, or harm what others look at: each fires from its cause in a real
//! Prometheus (`make watch`; the others are in `prometheus_watches`). Rules keep their shape: every
//! time in them, and between two scrapes, is five times shorter than what is shipped, and no more.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use actix_web::middleware::from_fn;
use actix_web::{App, HttpResponse, HttpServer, web};
use chrono::Utc;
use devstack::{Stack, run_sql};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use service_shell::http_metrics::{self, HttpMetrics};
use service_shell::ops::{Health, Ops};
use service_shell::{catch_panic, request_id};

use crate::monitoring::alerts_and_dashboards_fit::text;
use crate::support::{
    Http, Prometheus, Provider, QRIS, Sandbox, Shop, Watch, an_order, quick, until,
};

const SHORTER: u64 = 5;
/// The shipped 15 s, so much shorter.
const EVERY: &str = "3s";
const READY_WITHIN: Duration = Duration::from_secs(30);
const ALL_WITHIN: Duration = Duration::from_secs(200);
const PAUSE: Duration = Duration::from_millis(500);
/// As long as a held lock lasts at most: longer than the test.
const HELD_SECONDS: u32 = 300;

pub(crate) const FIRE_IN_TIME: [&str; 12] = [
    "BooksUnread",
    "CallbacksAllRefused",
    "CallbacksMissing",
    "CallbacksSlow",
    "DatabaseOverloaded",
    "ExpiredWithoutAnswer",
    "FeedHeld",
    "HandlerPanicked",
    "ProviderBreakerOpen",
    "ProviderWorkLate",
    "ShareUsedUp",
    "WebhooksLate",
];
/// Only as long as no callback is good.
const WITHOUT_CALLBACKS: [&str; 2] = ["CallbacksAllRefused", "CallbacksMissing"];

/// The number and unit that `text` begins with, so much shorter in seconds, and what follows.
fn shorter(text: &str) -> Option<(u64, &str)> {
    let (number, rest) = text.split_at(text.find(|at: char| !at.is_ascii_digit())?);
    let units = [('s', 1), ('m', 60), ('h', 3600)].into_iter();
    let mut found = units.filter_map(|(unit, long)| Some((long, rest.strip_prefix(unit)?)));
    let (long, rest) = found.next()?;
    Some((number.parse::<u64>().ok()? * long / SHORTER, rest))
}

/// Rules that look back to, wait for and compare ages with times that are so much shorter.
fn shortened(rules: &str) -> String {
    let mut lines = Vec::new();
    for line in rules.lines() {
        let mut line = line.to_owned();
        for mark in ["[", "for: ", "offset "] {
            let mut parts = line.split(mark);
            let mut whole = parts.next().unwrap().to_owned();
            for part in parts {
                let part = match shorter(part) {
                    Some((seconds, rest)) => format!("{seconds}s{rest}"),
                    None => part.to_owned(),
                };
                whole = whole + mark + &part;
            }
            line = whole;
        }
        let is_age = line.contains("_oldest_seconds") || line.contains("_timestamp_seconds");
        if let Some((asked, age)) = line.rsplit_once(" > ").filter(|_| is_age) {
            let age: u64 = age.parse().unwrap();
            line = format!("{asked} > {}", age / SHORTER);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[test]
fn rules_keep_their_shape_when_their_times_are_shortened() {
    let rules = shortened(
        "a[10m] offset 1h > 5\nfor: 2m\nlabels: [a]\nmax(gateway_queue_oldest_seconds) > 900\nup > 0",
    );
    assert_eq!(
        rules,
        "a[120s] offset 720s > 5\nfor: 24s\nlabels: [a]\nmax(gateway_queue_oldest_seconds) > 180\nup > 0"
    );
}

/// A program that is broken: our middlewares and ops listener around a handler that panics.
struct Broken {
    http: Http,
    url: String,
    ops: SocketAddr,
}

impl Broken {
    fn start() -> Self {
        let registry = prometheus::Registry::new();
        let metrics = web::Data::new(HttpMetrics::register(&registry, "gateway").unwrap());
        let app = move || {
            App::new()
                .wrap(from_fn(catch_panic::catch))
                .wrap(from_fn(http_metrics::track))
                .wrap(from_fn(request_id::assign))
                .app_data(metrics.clone())
                .route("/", web::get().to(Self::panics))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", server.addrs()[0]);
        actix_rt::spawn(server.run());
        let any = "127.0.0.1:0".parse().unwrap();
        let (serving, ops) = Ops::new(registry, Health::new()).listen(any).unwrap();
        actix_rt::spawn(serving);
        Self {
            http: Http::new(),
            url,
            ops,
        }
    }

    async fn panics() -> HttpResponse {
        panic!("on purpose")
    }

    async fn breaks(&self) {
        self.http.get(&self.url).await.expect(500);
    }
}

/// What goes wrong, and who sees it.
struct Day<'s> {
    stack: &'s Stack,
    shop: Shop,
    sandbox: Sandbox,
    provider: Provider,
    prometheus: Prometheus,
    began: Instant,
    fired: BTreeSet<String>,
}

impl Day<'_> {
    /// Makes the cause until all of these have fired.
    async fn until_fired(&mut self, wanted: &[&str], cause: impl AsyncFn(&Self)) {
        let until = Instant::now() + ALL_WITHIN;
        while !wanted.iter().all(|name| self.fired.contains(*name)) {
            assert!(
                Instant::now() < until,
                "of {wanted:?} only {:?}",
                self.fired
            );
            cause(self).await;
            tokio::time::sleep(PAUSE).await;
            for name in self.prometheus.firing().await {
                if self.fired.insert(name.clone()) {
                    println!("after {} s: {name}", self.began.elapsed().as_secs());
                }
            }
        }
    }

    /// Holds what the statement locks.
    fn hold(&self, statement: &str, seconds: u32) {
        let url = self.stack.database_url();
        let held = format!("BEGIN; {statement}; SELECT pg_sleep({seconds})");
        // It ends with its database at the latest, which is an error to it.
        std::thread::spawn(move || drop(run_sql(&url, &held)));
    }

    /// Due and done by nobody: somebody's transaction has locked it.
    async fn work_is_held(&self) {
        let made = self.shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
        let id = made["payments"][0]["id"].as_str().unwrap();
        let work = format!(
            "SELECT 1 FROM provider_work WHERE payment_id = '{id}' AND kind = 'inquire' FOR UPDATE"
        );
        self.hold(&work, HELD_SECONDS);
    }

    /// A shop whose server takes connections and says nothing: at most so many are under way.
    async fn a_shop_hangs(&self, server: &TcpListener) {
        let made = self
            .stack
            .gatewayctl_json(&["merchants", "create", "--name", "Hangs"]);
        let made = made.unwrap();
        let merchant = made["merchant_id"].as_str().unwrap();
        let url = format!("http://{}/", server.local_addr().unwrap());
        let add = ["webhooks", "add", "--merchant", merchant, "--url", &url];
        self.stack.gatewayctl(&add).unwrap();
        let shop = Shop::with_key(self.stack, made["api_key"].as_str().unwrap());
        join_all((0..20).map(async |_| shop.made(&an_order("qris")).await)).await;
    }

    /// Every create of one channel is answered with HTTP 500 by now.
    async fn a_channel_errs(&self) {
        if self.fired.contains("ProviderBreakerOpen") {
            return;
        }
        let creates = (0..6).map(async |_| self.shop.create(&an_order("RETAIL_ALFAMART")).await);
        join_all(creates).await;
    }

    /// Its provider has given no answer for a day past its expiry.
    async fn nobody_answers_about_one(&self) {
        let made = self.shop.made(&an_order("qris")).await;
        let id = made["payments"][0]["id"].as_str().unwrap();
        let silence =
            json!({"call": "qris_query", "reference": id, "action": "drop_before_effect"});
        self.sandbox.fault(silence).await;
        let aged = "created_at = created_at - interval '3 d', expires_at = now() - interval '25 h'";
        for statement in [
            format!("UPDATE payments SET {aged} WHERE id = '{id}'"),
            format!(
                "UPDATE provider_work SET due_at = now() WHERE kind = 'expire' AND payment_id = '{id}'"
            ),
        ] {
            run_sql(&self.stack.database_url(), &statement).unwrap();
        }
    }

    /// Reads pile up behind a change of the schema that takes its time.
    async fn the_database_is_crowded(&self) {
        let caused = ["DatabaseOverloaded", "ShareUsedUp"];
        if caused.iter().all(|alert| self.fired.contains(*alert)) {
            return;
        }
        self.hold("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE", 4);
        // Each has its own hundred connections; together they are more than may wait of one shop, and of all.
        let crowd = [(); 3].map(|()| self.shop.clone().on_new_connections());
        let until = Instant::now() + Duration::from_secs(4);
        while Instant::now() < until {
            let asking = crowd.iter().flat_map(|shop| (0..80).map(move |_| shop));
            join_all(asking.map(async |shop| shop.get("/v1/orders").await)).await;
        }
    }

    async fn a_payment(&self) -> Value {
        let made = self.shop.made(&an_order("qris")).await;
        made["payments"][0].clone()
    }
}

/// Signed with another key than ours: refused, and the money is found by inquiries.
async fn the_providers_key_changed(day: &Day<'_>) {
    let payment = day.a_payment().await;
    let told = day.sandbox.pay(&payment).await;
    assert_eq!(told["httpStatus"], 401, "{told}");
}

#[actix_rt::test]
async fn each_fires_in_time_from_its_cause() {
    if std::env::var_os("PROMETHEUS").is_none() {
        return;
    }
    let stack = quick()
        .env("INQUIRY_SCHEDULE", "3s,6s,9s,12s,15s")
        .env("API_RATE_LIMIT", "0")
        .start();
    let stack = stack.await.unwrap();
    let broken = Broken::start();
    let watch = Watch {
        rules: shortened(&text("deploy/prometheus/rules.yaml")),
        every: EVERY,
        also: &[("gateway-api", broken.ops)],
    };
    let prometheus = Prometheus::over(&stack, watch).await;
    until(READY_WITHIN, "everything is scraped", async || {
        prometheus.values("up == 1").await.len() == 3
    })
    .await;
    let mut day = Day {
        stack: &stack,
        shop: Shop::of(&stack),
        sandbox: Sandbox::of(&stack),
        provider: Provider::of(&stack),
        prometheus,
        began: Instant::now(),
        fired: BTreeSet::new(),
    };
    let early = day.prometheus.firing().await;
    assert!(early.is_empty(), "nothing is wrong yet: {early:?}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    day.work_is_held().await;
    day.a_shop_hangs(&silent).await;
    day.nobody_answers_about_one().await;
    let errs = json!({"kind": "error", "http_status": 500, "response_code": "5003100"});
    let errs = json!({"call": "retail_create", "channel": "RETAIL_ALFAMART", "action": errs});
    day.sandbox.fault(errs).await;
    let changed = json!({"call": "callback", "action": "wrong_signature"});
    day.sandbox.fault(changed).await;
    day.until_fired(&["CallbacksMissing"], the_providers_key_changed)
        .await;
    // Whatever books money waits from now on, and so does the one who reads the books.
    let late = join_all((0..4).map(async |_| day.a_payment().await)).await;
    day.hold("LOCK TABLE journals IN ACCESS EXCLUSIVE MODE", HELD_SECONDS);
    day.until_fired(&WITHOUT_CALLBACKS, async |day| {
        let forged = [
            ("x-timestamp", "2025-06-01T10:15:30+07:00"),
            ("x-signature", "Zm9yZ2Vk"),
        ];
        day.provider.send(QRIS, &forged, b"{}").await.expect(401);
        if !day.fired.contains("HandlerPanicked") {
            broken.breaks().await;
        }
        day.the_database_is_crowded().await;
        day.a_channel_errs().await;
    })
    .await;
    day.until_fired(&FIRE_IN_TIME, async |day| {
        let told = late.iter().map(async |payment| {
            let body = Provider::success(payment, "25000.00").to_string();
            day.provider.notify(QRIS, body.as_bytes(), Utc::now()).await
        });
        join(join_all(told), day.the_database_is_crowded()).await;
        day.a_channel_errs().await;
    })
    .await;
}
