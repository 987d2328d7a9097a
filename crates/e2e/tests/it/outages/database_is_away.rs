//! Without its database the gateway says so quickly, promises nothing, and goes on by itself when
//! it is back.

use std::time::{Duration, Instant};

use chrono::Utc;
use devstack::{Durability, Postgres, Stack};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    Http, Provider, QRIS, Shop, an_order, assert_books_balance, quick, reference, until, until_some,
};

/// A caller is answered within this, whatever the database does (contract: `DB_DEADLINE_MS` 2500).
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);
const BACK_WITHIN: Duration = Duration::from_secs(10);

struct Scene {
    postgres: Postgres,
    stack: Stack,
    shop: Shop,
    provider: Provider,
    made: Value,
}

impl Scene {
    async fn start() -> Self {
        let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
        postgres.ensure_database("gateway").unwrap();
        let stack = quick()
            .database_on_ours(&postgres.url("gateway"))
            .env("PROVIDER_TIMEOUT_MS", "2000")
            .env("LEASE_MS", "7000")
            .env("RESOLVE_SCHEDULE", "200ms,500ms,1s,3500ms,5s,6s,8s,10s");
        let stack = stack.start().await.unwrap();
        let shop = Shop::of(&stack);
        Self {
            made: shop.made(&an_order("qris")).await,
            provider: Provider::of(&stack),
            postgres,
            stack,
            shop,
        }
    }

    async fn callback(&self) -> crate::support::Answer {
        let body = Provider::success(&self.made["payments"][0], "25000.00");
        self.provider
            .notify(QRIS, body.to_string().as_bytes(), Utc::now())
            .await
    }

    async fn ready(&self, program: &str) -> u16 {
        let ops = self.stack.ops_url(program).unwrap();
        Http::new().get(&format!("{ops}/readyz")).await.status
    }

    /// Everything says so, quickly; nobody dies. Returns the order that could not be made.
    async fn everything_says_so(&self) -> Value {
        let order = an_order("qris");
        let began = Instant::now();
        let refused = self.shop.create(&order).await;
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "create: {:?}",
            began.elapsed()
        );
        let refused = refused.problem(503, "storage_unavailable");
        assert!(refused.header("retry-after").is_some());

        let began = Instant::now();
        let refused = self.callback().await;
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "callback: {:?}",
            began.elapsed()
        );
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.json["responseCode"], "5005600");

        for program in ["gateway-api-1", "callback-worker-1"] {
            until(BACK_WITHIN, "not ready", async || {
                self.ready(program).await == 503
            })
            .await;
            let ops = self.stack.ops_url(program).unwrap();
            assert_eq!(Http::new().get(&format!("{ops}/livez")).await.status, 200);
        }
        order
    }

    async fn everything_goes_on(&self, refused: &Value) {
        let began = Instant::now();
        let callback = until_some(BACK_WITHIN, "a callback is taken", async || {
            let answer = self.callback().await;
            if answer.status == 200 {
                Ok(answer)
            } else {
                Err(answer.text())
            }
        });
        assert_eq!(callback.await.json["responseCode"], "2005600");
        let path = format!("/v1/orders/{}", self.made["id"].as_str().unwrap());
        until(BACK_WITHIN, "it is paid", async || {
            self.shop.get(&path).await.json["status"] == "paid"
        })
        .await;
        for program in ["gateway-api-1", "callback-worker-1"] {
            until(BACK_WITHIN, "ready again", async || {
                self.ready(program).await == 200
            })
            .await;
        }
        self.shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
        assert!(began.elapsed() < BACK_WITHIN, "{:?}", began.elapsed());

        // What was refused is asked for again and becomes one order.
        let made = until_some(
            Duration::from_secs(30),
            "the retry goes through",
            async || {
                let answer = self.shop.create(refused).await;
                if answer.status == 201 {
                    Ok(answer.json)
                } else {
                    Err(answer.text())
                }
            },
        );
        let made = made.await;
        let found = self.shop.find(reference(refused)).await;
        assert_eq!(found["id"], made["id"]);
        assert_eq!(found["payments"][0]["status"], "pending", "{found}");
    }
}

fn signal_all(postgres: &Postgres, signal: Signal) {
    let postmaster = postgres.pid();
    let children = format!("/proc/{postmaster}/task/{postmaster}/children");
    let children = std::fs::read_to_string(children).unwrap();
    let pids = children
        .split_whitespace()
        .map(|pid| pid.parse::<u32>().unwrap());
    for pid in pids.chain([postmaster]) {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        // A backend may have ended meanwhile.
        kill_process(pid, signal).ok();
    }
}

#[actix_rt::test]
async fn frozen() {
    let scene = Scene::start().await;
    signal_all(&scene.postgres, Signal::STOP);
    let refused = scene.everything_says_so().await;
    signal_all(&scene.postgres, Signal::CONT);
    scene.everything_goes_on(&refused).await;
    assert_books_balance(&scene.stack);
}

#[actix_rt::test]
async fn killed() {
    let mut scene = Scene::start().await;
    scene.postgres.kill();
    let refused = scene.everything_says_so().await;
    scene.postgres.start_again().unwrap();
    scene.everything_goes_on(&refused).await;
    assert_books_balance(&scene.stack);
}

#[actix_rt::test]
async fn while_only_reading_too() {
    let scene = Scene::start().await;
    signal_all(&scene.postgres, Signal::STOP);
    let path = format!("/v1/orders/{}", scene.made["id"].as_str().unwrap());
    let began = Instant::now();
    let read = scene.shop.get(&path).await;
    signal_all(&scene.postgres, Signal::CONT);
    assert!(began.elapsed() < ANSWERED_WITHIN, "{:?}", began.elapsed());
    read.problem(503, "storage_unavailable");
    until(BACK_WITHIN, "it reads again", async || {
        scene.shop.get(&path).await.status == 200
    })
    .await;
    assert_eq!(
        scene.shop.order(scene.made["id"].as_str().unwrap()).await["status"],
        json!("pending")
    );
}
