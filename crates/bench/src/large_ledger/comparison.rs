//! `bench large`: the figures that may not depend on the ledger's size. Everything is measured on
//! an empty ledger, then the ledger is filled, then everything is measured again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ayolinx_core::signing::RsaSigningKey;
use chaos::{measure::table::quantile, say::say};
use devstack::Trouble;
use tokio::runtime::Handle;

use crate::{
    benchmarks::{
        callbacks,
        loops::{self, Loops},
        reads::{self, Known},
    },
    dataset::{fill, row_cloner::Copies},
    harness::{
        ground::Ground,
        machine,
        shop::{Open, Shop, silent_endpoint},
    },
    large_ledger::{console, lists, pages},
    tools::{
        errors::Wrong,
        figures::{Row, median, milliseconds, over, tell},
        options::Options,
    },
};

const CONNECTIONS: usize = 256;
const ORDERS_BEFORE: u64 = 2_000;

/// The figures of either ledger.
#[derive(Debug)]
struct Measured {
    reads: u64,
    callbacks: u64,
    loops: Loops,
    wrong: Wrong,
}

/// Measures; returns whether every row holds.
///
/// # Errors
/// Fails when the measurement itself fails.
pub(crate) async fn run(runtime: &Handle, options: &Options) -> Result<bool, Trouble> {
    let (began, load) = (Instant::now(), machine::load_average());
    let channels = loops::channels_without_limits()?;
    let ground = Ground::start(&[
        ("API_RATE_LIMIT", "0"),
        ("SWEEP_INTERVAL_MS", "100"),
        ("AYOLINX_CHANNELS_FILE", &channels.path()),
    ])
    .await?;
    machine::describe(&ground, &load)?;
    let hook = silent_endpoint(runtime).await?;
    let shop = Shop::new(&ground, "Large", &hook)?;
    let copied = shop.open(ground.api()?, "copied").await?;
    let large = Large {
        runtime,
        ground: &ground,
        options,
        shop,
        copied,
        key: Arc::new(ground.provider_key()?),
    };
    let batch = Copies::of(&ground, &large.copied.order)?.pending(ORDERS_BEFORE)?;
    let known = Known::first_of(&batch);
    let empty = large.measure("empty", &known).await?;
    let filled = fill::fill(&ground, &large.copied.order, options.orders)?;
    let full = large
        .measure("full", &Known::spread_over(&filled.batch))
        .await?;
    let page = pages::measure(&ground, &large.shop, &filled).await?;
    let lists = lists::measure(&ground, &large.shop, &filled).await?;
    let console = console::measure(&ground, &filled).await?;
    let mut rows = rows(&empty, &full);
    rows.push(page.row());
    rows.extend(lists);
    rows.extend(console);
    let holds = tell(&rows);
    say(format!(
        "{} orders, {} lines of history; measured in {} s",
        filled.orders,
        filled.history,
        began.elapsed().as_secs()
    ));
    Ok(holds)
}

struct Large<'a> {
    runtime: &'a Handle,
    ground: &'a Ground,
    options: &'a Options,
    shop: Shop,
    copied: Open,
    key: Arc<RsaSigningKey>,
}

impl Large<'_> {
    async fn measure(&self, name: &str, known: &Known) -> Result<Measured, Trouble> {
        let to = self.ground.api()?;
        let lasts = Duration::from_secs(self.options.steady_seconds);
        let requests = known.requests(&self.shop, to);
        // Once for the caches: repeated reads are served from there.
        reads::closed(self.runtime, &requests, to, lasts / 4).await?;
        let read = reads::closed(self.runtime, &requests, to, lasts).await?;
        let (callbacks, mut wrong) = self.callbacks().await?;
        wrong.extend(&read.wrong);
        let loops = loops::measure(self.runtime, self.ground, name, self.options.due).await?;
        say(format!(
            "{name}: {} reads/s (p99 {}), {callbacks} callbacks/s, for each due item: webhook {} us, \
             healing {} us, expiry {} us",
            read.rate,
            milliseconds(quantile(&read.micros, 990).unwrap_or(0)),
            loops.webhook,
            loops.healing,
            loops.expiry
        ));
        Ok(Measured {
            reads: read.rate,
            callbacks,
            loops,
            wrong,
        })
    }

    async fn callbacks(&self) -> Result<(u64, Wrong), Trouble> {
        let mut copies = Copies::of(self.ground, &self.copied.order)?.on_a_large_ledger();
        let to = self.ground.worker()?;
        let (mut rates, mut wrong) = (Vec::new(), Wrong::default());
        for _ in 0..self.options.rounds {
            let batch = copies.pending(self.options.callbacks)?;
            let signed = callbacks::sign(&self.key, &batch, to)?;
            let round = callbacks::closed(self.runtime, &signed, to, CONNECTIONS).await?;
            rates.push(round.rate);
            wrong.extend(&round.wrong);
        }
        Ok((median(rates), wrong))
    }
}

fn rows(empty: &Measured, full: &Measured) -> Vec<Row> {
    let mut wrong = empty.wrong.clone();
    wrong.extend(&full.wrong);
    let kept = |name: &str, full: u64, empty: u64, (must, aim): (u64, u64)| {
        Row::at_least(name, over(full, empty), must, aim)
            .in_hundredths()
            .measured(format!("{full}/s / {empty}/s"))
            .unless(&wrong)
    };
    // Flat, but for the difference between two measurements of the same thing.
    let flat = |name: &str, full: u64, empty: u64| {
        Row::at_most(name, over(full, empty), 125, 110)
            .in_hundredths()
            .measured(format!("{full} us / {empty} us"))
    };
    let (ours, theirs) = (&full.loops, &empty.loops);
    vec![
        kept(
            "orders read by id, full / empty",
            full.reads,
            empty.reads,
            (90, 100),
        ),
        kept(
            "callbacks/s, full / empty",
            full.callbacks,
            empty.callbacks,
            (80, 95),
        ),
        flat(
            "expiry, time per due item, full / empty",
            ours.expiry,
            theirs.expiry,
        ),
        flat(
            "healing, time per due item, full / empty",
            ours.healing,
            theirs.healing,
        ),
        flat(
            "webhooks, time per due item, full / empty",
            ours.webhook,
            theirs.webhook,
        ),
    ]
}
