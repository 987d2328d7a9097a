//! Single sessions of the database stop, and the server goes on: creates and callbacks go on within ten
//! seconds although the sessions stay stopped, both services say so meanwhile, and what was under way is
//! neither lost nor doubled, also when the sessions go on later.

use std::time::{Duration, Instant};

use chrono::Utc;
use devstack::{Durability, Postgres, Stack, run_sql};
use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    Answer, Http, Provider, QRIS, Shop, an_order, assert_books_balance, quick, reference, until,
    until_some,
};

const PROGRAMS: [&str; 2] = ["gateway-api-1", "callback-worker-1"];
/// `DB_DEADLINE_MS`, and what a busy machine takes on top.
const ANSWERED_WITHIN: Duration = Duration::from_millis(4_500);
/// Ten seconds by the contract, and what a busy machine takes on top.
const BACK_WITHIN: Duration = Duration::from_secs(25);
const WRITER: &str = "ayolinx-gateway-writer";
const POOL: &str = "ayolinx-gateway";

struct Scene {
    postgres: Postgres,
    stack: Stack,
    shop: Shop,
    provider: Provider,
}

impl Scene {
    async fn start() -> Self {
        let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
        postgres.ensure_database("gateway").unwrap();
        let stack = quick()
            .database_on_ours(&postgres.url("gateway"))
            .env("RESOLVE_SCHEDULE", "200ms,500ms,1s,3500ms,5s,6s,8s,10s")
            .env("INQUIRY_SCHEDULE", "10m");
        let stack = stack.start().await.unwrap();
        Self {
            shop: Shop::of(&stack),
            provider: Provider::of(&stack),
            postgres,
            stack,
        }
    }

    /// The server's processes behind our sessions of this name.
    fn sessions(&self, name: &str) -> Vec<Pid> {
        let found = run_sql(
            &self.postgres.url("gateway"),
            &format!("SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'"),
        );
        let found = found.unwrap();
        let pids = found.lines().map(|line| line.trim().parse().unwrap());
        pids.filter_map(Pid::from_raw).collect()
    }

    async fn status(&self, program: &str, path: &str) -> u16 {
        let ops = self.stack.ops_url(program).unwrap();
        Http::new().get(&format!("{ops}{path}")).await.status
    }

    /// As the provider does: until it is taken. How long the answer took, besides.
    async fn callback(&self, order: &Value) -> (Answer, Duration) {
        let body = Provider::success(&order["payments"][0], "25000.00").to_string();
        let began = Instant::now();
        let answer = self.provider.notify(QRIS, body.as_bytes(), Utc::now());
        (answer.await, began.elapsed())
    }

    async fn create(&self, order: &Value) -> (Answer, Duration) {
        let began = Instant::now();
        let answer = self.shop.create(order).await;
        (answer, began.elapsed())
    }

    /// Some of each, until others are taken while these sessions stay stopped. Returns what was refused.
    async fn goes_on(&self, paid: &[Value]) -> Vec<Value> {
        let orders: Vec<Value> = (0..4).map(|_| an_order("qris")).collect();
        let creates = join_all(orders.iter().map(|order| self.create(order)));
        let callbacks = join_all(paid.iter().map(|order| self.callback(order)));
        let (creates, callbacks) = futures_util::future::join(creates, callbacks).await;
        let mut refused = Vec::new();
        for (order, (answer, took)) in orders.into_iter().zip(creates) {
            assert!(took < ANSWERED_WITHIN, "{took:?}");
            if answer.status != 201 {
                answer.problem(503, "storage_unavailable");
                refused.push(order);
            }
        }
        for (answer, took) in callbacks {
            assert!(took < ANSWERED_WITHIN, "{took:?}");
            assert!([200, 503].contains(&answer.status), "{}", answer.text());
        }
        refused
    }

    async fn is_unready(&self) {
        for program in PROGRAMS {
            until(BACK_WITHIN, "it says that it cannot", async || {
                self.status(program, "/readyz").await == 503
            })
            .await;
            assert_eq!(self.status(program, "/livez").await, 200);
        }
    }

    async fn works(&self, paid: &Value) {
        until_some(BACK_WITHIN, "others are made", async || {
            match self.create(&an_order("qris")).await.0 {
                answer if answer.status == 201 => Ok(()),
                answer => Err(answer.text()),
            }
        })
        .await;
        until_some(BACK_WITHIN, "others are paid", async || {
            match self.callback(paid).await.0 {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.text()),
            }
        })
        .await;
        for program in PROGRAMS {
            until(BACK_WITHIN, "it is ready", async || {
                self.status(program, "/readyz").await == 200
            })
            .await;
            assert_eq!(self.status(program, "/livez").await, 200);
        }
    }

    /// What was refused is asked for again and becomes one order; what was paid is paid once.
    async fn nothing_is_lost_or_doubled(&self, refused: &[Value], paid: &[Value]) {
        for order in refused {
            let made = until_some(BACK_WITHIN, "the retry goes through", async || {
                match self.create(order).await.0 {
                    answer if answer.status == 201 => Ok(answer.json),
                    answer => Err(answer.text()),
                }
            });
            let made = made.await;
            let found = self.shop.find(reference(order)).await;
            assert_eq!(found["id"], made["id"]);
        }
        for order in paid {
            until(BACK_WITHIN, "the callback is taken", async || {
                self.callback(order).await.0.status == 200
            })
            .await;
            let id = order["id"].as_str().unwrap();
            let order = self.shop.until_status(id, "paid").await;
            assert_eq!(
                order["paid_amount"],
                json!({"value": "25000.00", "currency": "IDR"}),
                "{order}"
            );
        }
        assert_books_balance(&self.stack);
    }
}

fn signal(pids: &[Pid], signal: Signal) {
    for pid in pids {
        // A session may have ended meanwhile.
        kill_process(*pid, signal).ok();
    }
}

#[actix_rt::test]
async fn the_writers() {
    let scene = Scene::start().await;
    let mut paid = Vec::new();
    for _ in 0..4 {
        paid.push(scene.shop.made(&an_order("qris")).await);
    }
    let [first, rest @ ..] = paid.as_slice() else {
        panic!("orders to be paid");
    };
    // Each service has a writer's session from its first change on.
    scene.callback(first).await.0.expect(200);
    let writers = scene.sessions(WRITER);
    assert!(writers.len() >= 2, "{writers:?}");
    signal(&writers, Signal::STOP);
    let refused = {
        let (refused, ()) =
            futures_util::future::join(scene.goes_on(rest), scene.is_unready()).await;
        refused
    };
    assert!(!refused.is_empty(), "nothing was on the writer");
    scene.works(first).await;
    assert!(
        scene.sessions(WRITER).len() >= writers.len() + 2,
        "the stopped ones are still there, and two more"
    );
    // The same once more, in the middle of what is under way.
    let (mut more, ()) = futures_util::future::join(scene.goes_on(rest), async {
        let all = scene.sessions(WRITER);
        signal(&all, Signal::STOP);
    })
    .await;
    scene.works(first).await;
    signal(&scene.sessions(WRITER), Signal::CONT);
    more.extend(refused);
    scene.nothing_is_lost_or_doubled(&more, &paid).await;
}

#[actix_rt::test]
async fn all_of_the_pool() {
    let scene = Scene::start().await;
    let mut paid = Vec::new();
    for _ in 0..2 {
        paid.push(scene.shop.made(&an_order("qris")).await);
    }
    let path = format!("/v1/orders/{}", paid[0]["id"].as_str().unwrap());
    let reads = async || {
        let began = Instant::now();
        let all = (0..24).map(|_| scene.shop.get(&path));
        let answers = join_all(all).await;
        (answers, began.elapsed())
    };
    reads().await;
    let sessions = scene.sessions(POOL);
    assert!(sessions.len() >= 2, "{sessions:?}");
    signal(&sessions, Signal::STOP);
    let (answers, took) = reads().await;
    assert!(took < ANSWERED_WITHIN, "{took:?}");
    assert!(answers.iter().any(|answer| answer.status == 503));
    until(BACK_WITHIN, "all are read again", async || {
        let (answers, _) = reads().await;
        answers.iter().all(|answer| answer.status == 200)
    })
    .await;
    scene.works(&paid[0]).await;
    signal(&scene.sessions(POOL), Signal::CONT);
    scene.nothing_is_lost_or_doubled(&[], &paid).await;
}
