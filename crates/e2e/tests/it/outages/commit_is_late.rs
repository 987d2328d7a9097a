//! A create whose intent is committed only after its shop was told 503, or had hung up: nothing was
//! sent, so the shop's next try sends it at once. No lease has to run out first.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use devstack::{Durability, Postgres, Stack, run_sql};
use serde_json::Value;

use crate::support::{
    Journal, Shop, an_order, assert_books_balance, quick, reference, until, until_some,
};

/// Far below the lease of 30 s.
const SOON: Duration = Duration::from_secs(8);

struct Scene {
    stack: Stack,
    shop: Shop,
    journal: Journal,
    database: String,
    _postgres: Postgres,
}

impl Scene {
    async fn start() -> Self {
        // Only a server that flushes its commits also waits for a standby.
        let postgres = Postgres::throwaway(Durability::Durable).unwrap();
        postgres.ensure_database("gateway").unwrap();
        let database = postgres.url("gateway");
        let journal = Journal::new();
        let stack = quick()
            .database_url(&database)
            .sandbox_env("SANDBOX_JOURNAL", &journal.path());
        let stack = stack.start().await.unwrap();
        Self {
            shop: Shop::of(&stack),
            stack,
            journal,
            database,
            _postgres: postgres,
        }
    }

    /// From now on a commit waits for this standby; nobody answers to the name.
    async fn commits_wait(&self) {
        self.set("ALTER SYSTEM SET synchronous_standby_names = 'not_there'");
        until(SOON, "commits wait", async || {
            self.asked("SHOW synchronous_standby_names") == "not_there"
        })
        .await;
    }

    fn commits_go_on(&self) {
        self.set("ALTER SYSTEM RESET synchronous_standby_names");
    }

    fn set(&self, statement: &str) {
        self.asked(statement);
        self.asked("SELECT pg_reload_conf()");
    }

    fn asked(&self, question: &str) -> String {
        run_sql(&self.database, question).unwrap().trim().to_owned()
    }

    fn a_commit_waits(&self) -> bool {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        self.asked(waiting) != "0"
    }

    /// The same request again becomes the order that was begun, soon.
    async fn is_made_by_the_next_try(&self, order: &Value) {
        let began = Instant::now();
        let made = until_some(SOON, "the next try goes through", async || {
            let answer = self.shop.create(order).await;
            match answer.status {
                201 => Ok(answer.json),
                _ => Err(answer.text()),
            }
        });
        let made = made.await;
        assert!(began.elapsed() < SOON);
        assert_eq!(made["payments"].as_array().unwrap().len(), 1, "{made}");
        assert_eq!(made["payments"][0]["status"], "pending", "{made}");
        let found = self.shop.find(reference(order)).await;
        assert_eq!(found["id"], made["id"]);
        self.journal.assert_nothing_was_accepted_twice();
        assert_books_balance(&self.stack);
    }
}

#[actix_rt::test]
async fn a_shop_that_was_told_503_tries_again() {
    let scene = Scene::start().await;
    scene.commits_wait().await;
    let order = an_order("qris");
    let refused = scene.shop.create(&order).await;
    refused.problem(503, "storage_unavailable");
    assert!(scene.a_commit_waits());
    scene.commits_go_on();
    scene.is_made_by_the_next_try(&order).await;
}

#[actix_rt::test]
async fn a_shop_that_hung_up_tries_again() {
    let scene = Scene::start().await;
    scene.commits_wait().await;
    let order = an_order("VIRTUAL_ACCOUNT_BNI");
    let address = scene.stack.api_url(0).replace("http://", "");
    let mut stream = TcpStream::connect(address).unwrap();
    let body = order.to_string();
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: gateway.test\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        scene.shop.key,
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    until(SOON, "its commit waits", async || scene.a_commit_waits()).await;
    // By RST, as a proxy hangs up whose own patience has ended: that ends the work on the request.
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(stream);
    scene.commits_go_on();
    scene.is_made_by_the_next_try(&order).await;
}
