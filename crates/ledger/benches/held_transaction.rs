//! What a transaction that somebody holds open for three minutes does to the outbox: nothing that
//! became dead since may be cleaned up meanwhile. Webhooks are made, claimed and settled at a steady
//! rate, without one and with one in turn, in one run. Prints how long each waits to be claimed, and
//! how long a claim takes. Run by `cargo bench --bench held_transaction`; six minutes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement stops where something is wrong, and prints what it found"
)]

use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, UNIX_EPOCH};

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use devstack::{TestDatabase, run_sql};
use ledger::{
    Context, DeliveryNext, DeliveryRoom, Fronts, LeasedDelivery, Ledger, LedgerSettings,
    NewEndpoint, Plans, TryResult, Urgency,
};
use uuid::Uuid;

/// How long one measurement is, and how long the transaction is held in every other one.
const PART: Duration = Duration::from_secs(180);
/// Parts of each kind.
const ROUNDS: usize = 1;
/// What is looked at of each part: its end, when most is dead.
const LOOK: Duration = Duration::from_secs(60);
/// Webhooks are made so often …
const TICK: Duration = Duration::from_millis(100);
/// … so many at a time: with the tick, 300 a second.
const EACH_TICK: usize = 30;
/// Most shops sell little, one sells half of all.
const SHOPS: usize = 10;
const LEASE: TimeDelta = TimeDelta::seconds(25);

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let database = TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
    });
    let ledger = Ledger::new(&settings(database.url()), context());
    let mut shops = Vec::new();
    for _ in 0..SHOPS {
        shops.push(shop(&ledger).await);
    }
    let (mut free, mut held) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        free.push(part(&ledger, &shops).await);
        println!("round {round}, nothing held   {}", free[round - 1]);
        let holding = Held::begin(&database);
        held.push(part(&ledger, &shops).await);
        holding.end();
        println!(
            "round {round}, held for {} s {}",
            PART.as_secs(),
            held[round - 1]
        );
    }
    let of = |parts: &[Seen], pick: Figure| parts.iter().map(pick).sum::<u64>();
    let looks: [(&str, Figure); 5] = [
        ("rate", |seen| seen.settled),
        ("wait p50", |seen| seen.wait_p50),
        ("wait p99", |seen| seen.wait_p99),
        ("claim p50", |seen| seen.claim_p50),
        ("claim p99", |seen| seen.claim_p99),
    ];
    for (name, pick) in looks {
        let ratio = of(&held, pick) * 100 / of(&free, pick).max(1);
        println!("held / free, {name:<10} in hundredths {ratio:>6}");
    }
}

/// A transaction that does nothing and keeps everybody's dead rows.
struct Held<'a> {
    database: &'a TestDatabase,
    thread: JoinHandle<()>,
}

const HOLDING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ; \
     SELECT pg_current_xact_id(), count(*) FROM merchants; SELECT pg_sleep(3600) AS held";
const HOLDERS: &str = "FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() \
     AND datname = current_database() AND query LIKE '%AS held'";

impl<'a> Held<'a> {
    fn begin(database: &'a TestDatabase) -> Self {
        let url = database.url();
        // It ends by being ended, which is an error to it.
        let thread = std::thread::spawn(move || drop(run_sql(&url, HOLDING)));
        while database
            .query(&format!("SELECT pid {HOLDERS}"))
            .trim()
            .is_empty()
        {
            std::thread::sleep(TICK);
        }
        Self { database, thread }
    }

    fn end(self) {
        self.database
            .query(&format!("SELECT pg_terminate_backend(pid) {HOLDERS}"));
        self.thread.join().unwrap();
    }
}

/// One of what was seen.
type Figure = fn(&Seen) -> u64;

/// What was seen at the end of a part; times in microseconds.
struct Seen {
    settled: u64,
    wait_p50: u64,
    wait_p99: u64,
    claim_p50: u64,
    claim_p99: u64,
}

impl Display for Seen {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>5}/s, waits p50 {:>7} p99 {:>7} us, a claim p50 {:>6} p99 {:>6} us",
            self.settled / LOOK.as_secs(),
            self.wait_p50,
            self.wait_p99,
            self.claim_p50,
            self.claim_p99
        )
    }
}

type Shop = (MerchantId, EndpointId);

async fn part(ledger: &Ledger, shops: &[Shop]) -> Seen {
    let ends = Instant::now() + PART;
    let (seen, ()) = tokio::join!(deliver(ledger, ends), make(ledger, shops, ends));
    seen
}

async fn make(ledger: &Ledger, shops: &[Shop], ends: Instant) {
    let mut next = Instant::now();
    while next < ends {
        let shops = shops.to_vec();
        let made = ledger.at(Urgency::Write).transact(move |tx| {
            for number in 0..EACH_TICK {
                let shop = if number % 2 == 0 { 0 } else { number % SHOPS };
                tx.send_test(shops[shop].0, shops[shop].1)?;
            }
            Ok(())
        });
        made.await.unwrap();
        next += TICK;
        tokio::time::sleep_until(next.into()).await;
    }
}

/// As the worker does, to shops that take everything at once.
async fn deliver(ledger: &Ledger, ends: Instant) -> Seen {
    let (mut waits, mut claims) = (Vec::new(), Vec::new());
    let mut fronts = Fronts::default();
    while Instant::now() < ends {
        let began = Instant::now();
        let look = ledger.at(Urgency::Write).transact(move |tx| {
            tx.lease_deliveries_from(fronts, &DeliveryRoom::of(256, 16), LEASE)
        });
        let leased;
        (leased, fronts) = look.await.unwrap();
        let is_looked_at = ends.saturating_duration_since(began) < LOOK;
        if leased.is_empty() {
            tokio::time::sleep(TICK).await;
            continue;
        }
        if is_looked_at {
            claims.push(micros(began.elapsed()));
            waits.extend(leased.iter().map(waited));
        }
        let settled = leased.iter().map(|one| settle(ledger, one));
        futures_util::future::join_all(settled).await;
    }
    let settled = u64::try_from(waits.len()).unwrap();
    let (wait_p50, wait_p99) = percentiles(waits);
    let (claim_p50, claim_p99) = percentiles(claims);
    Seen {
        settled,
        wait_p50,
        wait_p99,
        claim_p50,
        claim_p99,
    }
}

async fn settle(ledger: &Ledger, delivery: &LeasedDelivery) {
    let result = TryResult {
        next: DeliveryNext::Delivered,
        outcome: "delivered".to_owned(),
        status: Some(200),
        duration_ms: 1,
    };
    assert!(ledger.settle_delivery(delivery, &result).await.unwrap());
}

/// Since its event was made, as its id says.
fn waited(delivery: &LeasedDelivery) -> u64 {
    let (seconds, nanos) = delivery
        .event_id
        .as_uuid()
        .get_timestamp()
        .unwrap()
        .to_unix();
    let made = Duration::new(seconds, nanos);
    micros(UNIX_EPOCH.elapsed().unwrap().saturating_sub(made))
}

async fn shop(ledger: &Ledger) -> Shop {
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    let endpoint = EndpointId::from_uuid(Uuid::now_v7());
    let new = NewEndpoint {
        id: endpoint,
        merchant_id: merchant,
        url: "https://shop.example.co.id/hook".to_owned(),
        event_types: None,
        secret: Secret::new("whsec_c2VjcmV0".to_owned()),
    };
    let added = ledger.at(Urgency::Write).transact(move |tx| {
        tx.add_merchant(merchant, "Warung Budi")?;
        tx.add_endpoint(&new)
    });
    added.await.unwrap();
    (merchant, endpoint)
}

fn settings(database_url: String) -> LedgerSettings {
    LedgerSettings {
        database_url,
        connections_max: 4,
        waiting_max: 1024,
        deadline: Duration::from_secs(20),
    }
}

fn context() -> Context {
    let seconds = |steps: &[i64]| {
        Schedule::new(steps.iter().map(|step| TimeDelta::seconds(*step)).collect()).unwrap()
    };
    Context {
        links: Links {
            checkout_origin: "https://pay.example.co.id".to_owned(),
        },
        keyring: Arc::new(Keyring::new(&[Secret::new("bench key".to_owned())]).unwrap()),
        plans: Plans {
            lease: TimeDelta::seconds(30),
            expiry_grace: TimeDelta::seconds(300),
            resolve: seconds(&[2, 10, 30, 65, 300]),
            inquiry: seconds(&[15, 30]),
            inquiry_slow: seconds(&[15, 60]),
        },
        channels: Arc::new(ChannelTable::built_in(Environment::NonProduction)),
    }
}

fn percentiles(mut values: Vec<u64>) -> (u64, u64) {
    values.sort_unstable();
    let at = |hundredths: usize| values.get(values.len() * hundredths / 100).copied();
    (at(50).unwrap_or(0), at(99).unwrap_or(0))
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap()
}
