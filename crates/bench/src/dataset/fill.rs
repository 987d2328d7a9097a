//! Fills the ledger: copies of one order by the hundred thousand, straight in the database, with
//! work, expiry and webhooks that are due much later.

use std::{
    collections::VecDeque,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use chaos::say::say;
use devstack::{Trouble, run_sql};

use crate::{
    dataset::row_cloner::{Ages, Batch, Copies},
    harness::ground::Ground,
};

/// Number of orders of one step.
const STEP: u64 = 100_000;
const LOADERS: usize = 2;
const HISTORY_OF_EACH: u64 = 3;
/// Bytes of disk for one order with all its rows, indexes and log, from trials; with some to spare.
const BYTES_OF_EACH: u64 = 3_600;
const TABLES: [&str; 5] = [
    "orders",
    "payments",
    "provider_work",
    "events",
    "deliveries",
];
/// Number of the first batch of the large ledger, which tells its batches from others.
const FIRST_BATCH: u64 = 0xf00;

/// The contents of the filled ledger.
#[derive(Debug)]
pub(crate) struct Filled {
    /// The copies.
    pub(crate) batch: Batch,
    /// Number of orders.
    pub(crate) orders: u64,
    /// Number of lines of history.
    pub(crate) history: u64,
}

/// Makes this many orders, each with three lines of history.
///
/// # Errors
/// Fails when the disk has no room for it, or with the server's error.
pub(crate) fn fill(ground: &Ground, order: &str, count: u64) -> Result<Filled, Trouble> {
    check_disk(ground, count)?;
    let mut copies = Copies::of(ground, order)?;
    copies.begin_at(FIRST_BATCH);
    let batch = copies.batch(count)?;
    let ages = ages(ground, count)?;
    ground.sql("ALTER SYSTEM SET max_wal_size = '4GB'")?;
    ground.sql("SELECT pg_reload_conf()")?;
    let mut steps = VecDeque::new();
    let mut first = 1;
    while first <= count {
        let last = first.saturating_add(STEP).saturating_sub(1).min(count);
        steps.push_back((last, step(&copies, &batch, (first, last), &ages)?));
        first = last.saturating_add(1);
    }
    let began = Instant::now();
    load(ground, steps, count)?;
    say("counting, vacuuming and writing out ...");
    ground.sql("ALTER SYSTEM RESET max_wal_size")?;
    ground.sql("SELECT pg_reload_conf()")?;
    ground.settle()?;
    tell_sizes(ground, count)?;
    say(format!("filled in {} s", began.elapsed().as_secs()));
    Ok(Filled {
        batch,
        orders: count,
        history: ground.number("SELECT count(*) FROM history")?,
    })
}

/// Returns the times of copies made one after the other since the month began (or within the last
/// 30 days, if that is later), and due in 20 days.
fn ages(ground: &Ground, count: u64) -> Result<Ages, Trouble> {
    let since = "greatest(date_trunc('month', now()), now() - interval '30 days')";
    let micros = ground.number(&format!(
        "SELECT (extract(epoch FROM now() - {since}) * 1000000)::bigint"
    ))?;
    let first = ground.sql(&format!("SELECT {since}"))?;
    let gap = micros.checked_div(count).unwrap_or(1).max(1);
    Ok(Ages {
        created_at: format!(
            "'{}'::timestamptz + n * interval '{gap} microseconds'",
            first.trim()
        ),
        due_at: "now() + interval '20 days'".to_owned(),
        with_bodies: false,
        is_varied: true,
    })
}

fn step(
    copies: &Copies<'_>,
    batch: &Batch,
    range: (u64, u64),
    ages: &Ages,
) -> Result<Vec<String>, Trouble> {
    let mut statements = Vec::new();
    for table in TABLES {
        let rows = copies.rows(table);
        statements.push(copies.statement((table, &rows), batch, range, ages)?);
    }
    // As many lines as there must be, whatever the original has.
    let lines = copies.rows("history");
    let rows = format!(
        "SELECT t.* FROM ({lines}) AS t, generate_series(1, {HISTORY_OF_EACH}) \
         ORDER BY t.id LIMIT {HISTORY_OF_EACH}"
    );
    statements.push(copies.statement(("history", &rows), batch, range, ages)?);
    Ok(statements)
}

/// Runs the steps, two at a time.
fn load(ground: &Ground, steps: VecDeque<(u64, Vec<String>)>, count: u64) -> Result<(), Trouble> {
    let (steps, began) = (Arc::new(Mutex::new(steps)), Instant::now());
    let loaders: Vec<_> = (0..LOADERS)
        .map(|_| {
            let (steps, url) = (Arc::clone(&steps), ground.database_url());
            std::thread::spawn(move || {
                loop {
                    let step = steps
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .pop_front();
                    let Some((last, statements)) = step else {
                        return Ok(());
                    };
                    for statement in statements {
                        run_sql(&url, &statement)?;
                    }
                    tell_progress(last, count, began);
                }
            })
        })
        .collect();
    for loader in loaders {
        let ended = loader.join();
        ended.map_err(|_| Trouble::new("a loader died"))??;
    }
    Ok(())
}

fn tell_progress(done: u64, count: u64, began: Instant) {
    let took = began.elapsed().as_secs();
    let left = took
        .saturating_mul(count.saturating_sub(done))
        .checked_div(done)
        .unwrap_or(0);
    say(format!(
        "  {done} of {count} orders, {took} s, about {left} s more"
    ));
}

fn tell_sizes(ground: &Ground, count: u64) -> Result<(), Trouble> {
    let mut whole = 0_u64;
    for table in TABLES.into_iter().chain(["history"]) {
        // A table in parts has its bytes in them.
        let bytes = ground.number(&format!(
            "SELECT coalesce(sum(pg_total_relation_size(relid)), 0)::bigint \
             FROM pg_partition_tree('{table}')"
        ))?;
        let bytes = match bytes {
            0 => ground.number(&format!("SELECT pg_total_relation_size('{table}')"))?,
            bytes => bytes,
        };
        whole = whole.saturating_add(bytes);
        let each = bytes.checked_div(count).unwrap_or(0);
        say(format!(
            "  {table:<14} {:>7} MB, {each} bytes an order",
            bytes / 1_000_000
        ));
    }
    let each = whole.checked_div(count).unwrap_or(0);
    say(format!(
        "  {:<14} {:>7} MB, {each} bytes an order",
        "all",
        whole / 1_000_000
    ));
    Ok(())
}

fn check_disk(ground: &Ground, count: u64) -> Result<(), Trouble> {
    let folder = ground.sql("SHOW data_directory")?;
    let said = Command::new("df").arg("-Pk").arg(folder.trim()).output();
    let text = said.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    let free = text
        .lines()
        .nth(1)
        .and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let needed = count.saturating_mul(BYTES_OF_EACH) / 1_024;
    match free {
        Some(free) if free < needed => Err(Trouble::new(format!(
            "{} MB of disk are needed and {} MB are free: set BENCH_ORDERS lower",
            needed / 1_024,
            free / 1_024
        ))),
        _ => Ok(()),
    }
}
