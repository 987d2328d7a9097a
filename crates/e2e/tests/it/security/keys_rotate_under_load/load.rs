//! A shop that goes on selling, payers that go on paying, and every answer that should not have been.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Sandbox, Shop, an_order, until};

const CLERKS: usize = 4;

/// What all clerks share.
pub(super) struct Load {
    stop: AtomicBool,
    key: Mutex<String>,
    /// Orders made and paid at the provider.
    sold: Mutex<Vec<Sold>>,
    /// Refusals of what was valid.
    wrongs: Mutex<Vec<String>>,
    retried: AtomicUsize,
    /// Counts up; each clerk notes which turn it has seen.
    turn: AtomicUsize,
    seen: [AtomicUsize; CLERKS],
}

/// An order that the shop made.
#[derive(Clone)]
pub(super) struct Sold {
    pub(super) request: Value,
    pub(super) order: Value,
}

impl Sold {
    pub(super) fn id(&self) -> &str {
        self.order["id"].as_str().unwrap()
    }
}

impl Load {
    pub(super) fn new(key: &str) -> Self {
        Self {
            stop: AtomicBool::new(false),
            key: Mutex::new(key.to_owned()),
            sold: Mutex::default(),
            wrongs: Mutex::default(),
            retried: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            seen: Default::default(),
        }
    }

    /// Sells until told to stop. Belongs to a thread of its own.
    pub(super) async fn run(&self, apis: [String; 2], sandbox: &Sandbox) {
        let shops = apis.map(|api| Shop::at(api, String::new()).on_new_connections());
        let clerks = (0..CLERKS).map(|number| self.clerk(number, &shops, sandbox));
        futures_util::future::join_all(clerks).await;
    }

    async fn clerk(&self, number: usize, shops: &[Shop; 2], sandbox: &Sandbox) {
        for round in number.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            self.seen[number].store(self.turn.load(Ordering::SeqCst), Ordering::SeqCst);
            let channel = ["BNC_QRIS", "VIRTUAL_ACCOUNT_BNI"][round % 2];
            let mode = ["plain", "snap"][round / 2 % 2];
            let request = an_order(channel);
            let Some(order) = self.make(round % 2, shops, &request).await else {
                continue;
            };
            let with = json!({"mode": mode});
            let told = sandbox.settle(&order["payments"][0], "pay", with).await;
            if told["accepted"] == false && told["httpStatus"].is_number() {
                self.wrong(format!("a {mode} callback: {told}"));
            }
            self.sold.lock().unwrap().push(Sold { request, order });
        }
    }

    /// One retry at the other replica, as any shop makes it.
    async fn make(&self, first: usize, shops: &[Shop; 2], request: &Value) -> Option<Value> {
        for replica in [first, 1 - first] {
            let key = self.key.lock().unwrap().clone();
            let shop = Shop {
                key,
                ..shops[replica].clone()
            };
            match shop.try_post("/v1/orders", request, &[]).await {
                Ok(answer) if answer.status == 201 => return Some(answer.json),
                Ok(answer) => self.wrong(format!("a create: {} {}", answer.status, answer.text())),
                Err(_restarting) => {
                    self.retried.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        self.wrong("a create was refused by both replicas".to_owned());
        None
    }

    pub(super) fn wrong(&self, what: String) {
        self.wrongs.lock().unwrap().push(what);
    }

    #[track_caller]
    pub(super) fn assert_nothing_went_wrong(&self) {
        let wrongs = self.wrongs.lock().unwrap();
        assert!(wrongs.is_empty(), "{}: {wrongs:#?}", wrongs.len());
    }

    /// The shop uses this key; returns when no request with the one before is under way.
    pub(super) async fn use_key(&self, key: &str) {
        key.clone_into(&mut self.key.lock().unwrap());
        let turn = self.turn.fetch_add(1, Ordering::SeqCst) + 1;
        until(
            Duration::from_secs(60),
            "every clerk has the key",
            async || {
                self.seen
                    .iter()
                    .all(|seen| seen.load(Ordering::SeqCst) >= turn)
            },
        )
        .await;
    }

    /// Waits until so many more orders are sold.
    pub(super) async fn more(&self, count: usize) {
        let enough = self.count() + count;
        until(Duration::from_secs(60), "orders go on", async || {
            self.count() >= enough || !self.wrongs.lock().unwrap().is_empty()
        })
        .await;
        self.assert_nothing_went_wrong();
    }

    pub(super) fn count(&self) -> usize {
        self.sold.lock().unwrap().len()
    }

    pub(super) fn sold(&self) -> Vec<Sold> {
        self.sold.lock().unwrap().clone()
    }

    pub(super) fn retried(&self) -> usize {
        self.retried.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}
