//! `bench table`: every row that needs no large ledger, in one run on one database, each way of doing
//! the same thing in turn.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ayolinx_core::signing::RsaSigningKey;
use chaos::{clock::jakarta_now, measure::table::quantile, say::say};
use devstack::Trouble;
use tokio::{runtime::Handle, time::sleep};

use crate::{
    benchmarks::{
        callbacks::{self, callback},
        creates,
        order_lifecycles::{self, Lives},
        pgbench::{
            Pgbench, paid_of,
            script::{Paid, Sent},
        },
        startup_time,
    },
    dataset::row_cloner::Copies,
    harness::{
        ground::{API, Ground, WORKER},
        machine,
        memory::Watch,
        shop::{Open, Shop, silent_endpoint},
    },
    tools::{
        errors::Wrong,
        figures::{Row, hundredths, median, milliseconds, over, tell},
        http::Line,
        options::Options,
    },
};

const CONNECTIONS: usize = 256;
const CLIENTS: u64 = 16;
const STEADY_RATE: u64 = 1_000;
const IDLE_FOR: Duration = Duration::from_secs(5);
/// Number of transactions of one round, one after the other.
const ONE_BY_ONE: u64 = 600;
/// Number of transactions or callbacks before the first round, so that no table is young when it is
/// counted, and no code cold.
const WARM_UP: u64 = 4_000;

/// Measures; returns whether every row holds.
///
/// # Errors
/// Fails when the measurement itself fails.
pub(crate) async fn run(runtime: &Handle, options: &Options) -> Result<bool, Trouble> {
    let (began, load) = (Instant::now(), machine::load_average());
    let mut ground = Ground::start(&[("API_RATE_LIMIT", "0")]).await?;
    machine::describe(&ground, &load)?;
    sleep(IDLE_FOR).await;
    let idle = [API, WORKER].map(|name| ground.resident_kib(name));
    say("starting each service five times ...");
    let starts = startup_time::measure(&ground).await?;
    let hook = silent_endpoint(runtime).await?;
    let shop = Shop::new(&ground, "Bench", &hook)?;
    let mut rows = {
        let bench = Bench::on(runtime, &ground, &shop, options).await?;
        let mut rows = bench.callbacks_a_second().await?;
        rows.extend(bench.one_by_one().await?);
        rows.extend(bench.memory(idle).await?);
        rows
    };
    rows.extend(start_rows(starts));
    let steady = Duration::from_secs(options.steady_seconds);
    say(format!(
        "creates, {} a second for {} s ...",
        creates::A_SECOND,
        steady.as_secs()
    ));
    let added = creates::measure(runtime, &mut ground, &shop, steady).await?;
    rows.extend(added_rows(&added));
    let lasts = Duration::from_secs(options.seconds);
    say(format!(
        "whole lives, {} at once for {} s ...",
        options.lives_at_once, options.seconds
    ));
    let lives = order_lifecycles::measure(runtime, &ground, options.lives_at_once, lasts).await?;
    explain(&lives);
    rows.push(lives_row(&lives));
    let holds = tell(&rows);
    say(format!("measured in {} s", began.elapsed().as_secs()));
    Ok(holds)
}

/// State that the rounds about callbacks share.
pub(crate) struct Bench<'a> {
    runtime: &'a Handle,
    ground: &'a Ground,
    options: &'a Options,
    key: Arc<RsaSigningKey>,
    pub(crate) copied: Open,
    paid: Paid,
}

/// Rounds of callbacks in turn with a baseline.
#[derive(Debug, Default)]
struct Rounds {
    gateway: Vec<u64>,
    plain: Vec<u64>,
    pipelined: Vec<u64>,
    wrong: Wrong,
    opened: u64,
}

impl<'a> Bench<'a> {
    /// Makes the order that is copied, and one that is paid, whose rows the baseline copies.
    pub(crate) async fn on(
        runtime: &'a Handle,
        ground: &'a Ground,
        shop: &Shop,
        options: &'a Options,
    ) -> Result<Self, Trouble> {
        let key = Arc::new(ground.provider_key()?);
        let copied = shop.open(ground.api()?, "copied").await?;
        let paid = shop.open(ground.api()?, "paid").await?;
        let to = ground.worker()?;
        let request = callback(&key, &paid.payment, to, &jakarta_now());
        let status = Line::to(to).ask(&request).await.map(|reply| reply.status);
        if !status.is_ok_and(|status| status == 200) {
            return Err(Trouble::new("the first callback was not taken"));
        }
        Ok(Self {
            runtime,
            ground,
            options,
            key,
            copied,
            paid: Paid {
                order: paid.order.trim_start_matches("ord_").to_owned(),
                payment: paid.payment,
            },
        })
    }

    /// Measures callbacks at many connections beside many clients of the database.
    async fn callbacks_a_second(&self) -> Result<Vec<Row>, Trouble> {
        let pgbench = Pgbench::new(self.ground, self.paid.clone())?;
        let mut copies = Copies::of(self.ground, &self.copied.order)?;
        // The same number for either way: whole transactions for each client.
        let count = self
            .options
            .callbacks
            .div_ceil(CLIENTS)
            .saturating_mul(CLIENTS);
        let mut rounds = Rounds::default();
        let to = self.ground.worker()?;
        let warm_up = WARM_UP.min(count);
        pgbench.rate(&copies.pending(warm_up)?, CLIENTS, Sent::InTurn)?;
        let signed = callbacks::sign(&self.key, &copies.pending(warm_up)?, to)?;
        callbacks::closed(self.runtime, &signed, to, CONNECTIONS).await?;
        for round in 1..=self.options.rounds {
            let batch = copies.pending(count)?;
            rounds
                .plain
                .push(pgbench.rate(&batch, CLIENTS, Sent::InTurn)?);
            let batch = copies.pending(count)?;
            let signed = callbacks::sign(&self.key, &batch, to)?;
            let before = self.ground.spent();
            let one = callbacks::closed(self.runtime, &signed, to, CONNECTIONS).await?;
            let spent = self.ground.spent().since(before);
            self.all_paid(paid_of(self.ground, &batch)?, count, &one.wrong)?;
            rounds.gateway.push(one.rate);
            rounds.wrong.extend(&one.wrong);
            rounds.opened = rounds.opened.saturating_add(one.opened);
            let batch = copies.pending(count)?;
            rounds
                .pipelined
                .push(pgbench.rate(&batch, CLIENTS, Sent::Pipelined)?);
            let last = |rates: &[u64]| rates.last().copied().unwrap_or(0);
            let at = |rank| milliseconds(quantile(&one.micros, rank).unwrap_or(0));
            say(format!(
                "round {round}: callbacks {}/s (p50 {}, p99 {}), pgbench {}/s, pipelined {}/s; \
                 processor for each callback: worker {} us, database {} us, load {} us",
                one.rate,
                at(500),
                at(990),
                last(&rounds.plain),
                last(&rounds.pipelined),
                each(spent.worker, count),
                each(spent.database, count),
                each(spent.load, count),
            ));
        }
        Ok(rate_rows(rounds))
    }

    fn all_paid(&self, paid: u64, count: u64, wrong: &Wrong) -> Result<(), Trouble> {
        if paid.saturating_add(wrong.count()) >= count {
            return Ok(());
        }
        Err(Trouble::new(format!(
            "{paid} of {count} orders are paid, {wrong} refused"
        )))
    }

    /// Measures one callback at a time beside one transaction at a time.
    async fn one_by_one(&self) -> Result<Vec<Row>, Trouble> {
        let pgbench = Pgbench::new(self.ground, self.paid.clone())?;
        let mut copies = Copies::of(self.ground, &self.copied.order)?;
        let (mut ours, mut same, mut one_row) = (Vec::new(), Vec::new(), Vec::new());
        let mut wrong = Wrong::default();
        for _ in 0..self.options.rounds {
            one_row.push(pgbench.one_row(ONE_BY_ONE)?);
            same.push(pgbench.latency(&copies.pending(ONE_BY_ONE)?)?);
            let batch = copies.pending(ONE_BY_ONE)?;
            let to = self.ground.worker()?;
            let signed = callbacks::sign(&self.key, &batch, to)?;
            let one = callbacks::closed(self.runtime, &signed, to, 1).await?;
            wrong.extend(&one.wrong);
            ours.push(quantile(&one.micros, 500).unwrap_or(0));
        }
        let (ours, same, one_row) = (median(ours), median(same), median(one_row));
        let beside = |name: &str, other: u64| {
            Row::at_most(name, over(ours, other), 300, 150)
                .in_hundredths()
                .measured(format!("{} / {}", milliseconds(ours), milliseconds(other)))
                .unless(&wrong)
        };
        // A callback changes twelve rows of ten tables: beside one row it is shown, never failed for.
        let mut beside_one_row = beside("  ... / a commit of one row p50", one_row);
        "-".clone_into(&mut beside_one_row.must);
        beside_one_row.holds |= wrong.count() == 0;
        Ok(vec![
            beside("one callback p50 / the same by pgbench p50", same),
            beside_one_row,
        ])
    }

    /// Measures resident memory at rest and under a steady load.
    async fn memory(&self, idle: [u64; 2]) -> Result<Vec<Row>, Trouble> {
        let count = STEADY_RATE.saturating_mul(self.options.steady_seconds);
        say(format!(
            "callbacks, {STEADY_RATE} a second, {count} of them ..."
        ));
        let mut copies = Copies::of(self.ground, &self.copied.order)?;
        let batch = copies.pending(count)?;
        let to = self.ground.worker()?;
        let signed = callbacks::sign(&self.key, &batch, to)?;
        let watch = Watch::over(self.runtime, self.ground.service_pids());
        let steady = callbacks::open(self.runtime, &signed, to, STEADY_RATE).await?;
        let busy = watch.end().await;
        let wrong = steady.wrong();
        let mut rows = Vec::new();
        for (name, kib) in [API, WORKER].into_iter().zip(idle) {
            rows.push(memory_row(name, "idle", kib, (40, 20)));
        }
        for (name, kib) in [API, WORKER].into_iter().zip(busy) {
            rows.push(memory_row(name, "1,000 callbacks/s", kib, (100, 60)).unless(&wrong));
        }
        Ok(rows)
    }
}

/// Returns the processor time for each of `count` items in microseconds, from milliseconds for all.
pub(crate) fn each(spent_ms: u64, count: u64) -> u64 {
    spent_ms
        .saturating_mul(1_000)
        .checked_div(count)
        .unwrap_or(0)
}

fn rate_rows(rounds: Rounds) -> Vec<Row> {
    let ours = median(rounds.gateway);
    let beside = |name: &str, other: u64| {
        Row::at_least(name, over(ours, other), 100, 200)
            .in_hundredths()
            .measured(format!(
                "{ours}/s / {other}/s, {} connections made",
                rounds.opened
            ))
            .unless(&rounds.wrong)
    };
    let (plain, pipelined) = (median(rounds.plain), median(rounds.pipelined));
    let mut second = beside(
        "  ... / the same without waiting between statements",
        pipelined,
    );
    // No program talks to its database so: shown, never failed for.
    "-".clone_into(&mut second.must);
    second.holds |= rounds.wrong.count() == 0;
    vec![beside("callbacks/s at 256 / pgbench at 16", plain), second]
}

fn memory_row(name: &str, when: &str, kib: u64, (must, aim): (u64, u64)) -> Row {
    let (mib, name) = (kib.div_ceil(1_024), name.trim_end_matches("-1"));
    Row::at_most(&format!("resident MB, {name}, {when}"), mib, must, aim)
        .measured(format!("{kib} KiB"))
}

fn start_rows(starts: [u64; 2]) -> Vec<Row> {
    let names = ["gateway-api", "callback-worker"];
    let row = |(name, took): (&str, u64)| {
        Row::at_most(&format!("start to ready, {name}"), took, 500_000, 100_000).in_milliseconds()
    };
    names.into_iter().zip(starts).map(row).collect()
}

fn added_rows(added: &creates::Added) -> Vec<Row> {
    let row = |name: &str, figure, must, aim, whole: u64| {
        Row::at_most(name, figure, must, aim)
            .in_milliseconds()
            .measured(format!(
                "{} creates; with the provider {}",
                added.count,
                milliseconds(whole)
            ))
            .unless(&added.wrong)
    };
    vec![
        row(
            "added to a create at 200/s, p50",
            added.p50,
            5_000,
            1_000,
            added.whole_p50,
        ),
        row(
            "added to a create at 200/s, p99",
            added.p99,
            25_000,
            5_000,
            added.whole_p99,
        ),
    ]
}

fn lives_row(lives: &Lives) -> Row {
    Row::at_least("whole lives a second", lives.rate, 433, 1_000)
        .measured(format!("{} lives", lives.count))
        .unless(&lives.broken)
}

fn explain(lives: &Lives) {
    let (spent, count) = (lives.spent, lives.count);
    let of = |values: &[u64], rank| milliseconds(quantile(values, rank).unwrap_or(0));
    say(format!(
        "  processor for each life: api {} us, worker {} us, database {} us, load {} us; \
         apart, the sandbox (it signs each callback) {} us",
        each(spent.api, count),
        each(spent.worker, count),
        each(spent.database, count),
        each(spent.load, count),
        each(spent.sandbox, count),
    ));
    let without = spent
        .api
        .saturating_add(spent.worker)
        .saturating_add(spent.database);
    let all = without
        .saturating_add(spent.load)
        .saturating_add(spent.sandbox);
    say(format!(
        "  the gateway and its database have {} of the processor time used",
        hundredths(over(without, all))
    ));
    say(format!(
        "  create p50 {}, p99 {}; payment to webhook p50 {}, p99 {}",
        of(&lives.creates, 500),
        of(&lives.creates, 990),
        of(&lives.webhooks, 500),
        of(&lives.webhooks, 990),
    ));
}
