//! Promotions under load: the primary is killed while a synchronous standby follows it, the standby
//! takes its place behind the proxy, and no acknowledged write may be missing there. In every other
//! round the standby is frozen first, so that commits wait for it and duplicates come in (T8).

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use devstack::{Trouble, run_sql};
use rustix::process::Signal;
use serde_json::json;
use tokio::{runtime::Handle, time::sleep};

use crate::{
    checker,
    faults::schedule::{self, RECOVERY_MAX, Record},
    harness::{
        rig::{Choices, Rig, address},
        standby::{Node, Programs},
    },
    load::shops,
    scenarios::{
        probes,
        report::{self, Summary},
        run::{Options, drain, health, keep_or_remove, proxy_counts, settle},
    },
    tools::{clock::now_ms, processes, terminal::say, timeline::Kind},
};

const UNDER_LOAD: Duration = Duration::from_secs(4);
const FROZEN: Duration = Duration::from_secs(3);

/// Runs this many failovers; returns whether nothing was violated.
///
/// # Errors
/// Fails when the experiment itself fails.
pub async fn run(runtime: &Handle, options: Options, failovers: u64) -> Result<bool, Trouble> {
    let seed = options.seed;
    say(format!("failover: seed {seed}, {failovers} promotions"));
    let choices = Choices {
        seed,
        patience: options.patience,
        small_disk: false,
    };
    let mut rig = Box::pin(Rig::start(runtime, choices)).await?;
    say(format!("  journals in {}", rig.journals.folder().display()));
    let programs = Programs::of(rig.postgres.pid(), &rig.database_url())?;
    let began = Instant::now();
    runtime.spawn(shops::run(rig.world.clone(), options.orders_a_minute));
    sleep(Duration::from_secs(3)).await;
    let health_before = health(&rig);
    let mut records = Vec::new();
    let mut primary: Option<Node> = None;
    for round in 0..failovers {
        let data = rig.journals.folder().join(format!("node-{round}"));
        let standby = Node::follow(&programs, &rig.database_url(), &data)?;
        sleep(UNDER_LOAD).await;
        let record = promote(&mut rig, primary.as_ref(), &standby, round).await?;
        say(format!(
            "  {:>4} s  {}",
            began.elapsed().as_secs(),
            schedule::line(&record)
        ));
        records.push(record);
        primary = Some(standby);
    }
    let mark = |name: &'static str| json!({"t": "mark", "name": name, "at_ms": now_ms()});
    rig.world.journal.record(&mark("calm_begins")).await;
    sleep(Duration::from_secs(5)).await;
    rig.world.journal.record(&mark("calm_ends")).await;
    rig.world.closing.store(true, Ordering::Relaxed);
    drain(&rig, options.patience).await;
    let settled = settle(&rig).await;
    probes::replay(&rig.world).await;
    let summary = Summary {
        seed,
        took: began.elapsed(),
        records,
        health_before,
        health_after: health(&rig),
        proxies: proxy_counts(&rig),
        settled,
    };
    let audit = rig.stack.gatewayctl(&["audit"]);
    let verdict = checker::judge(
        &mut rig,
        audit,
        checker::Scope::Failover(summary.records.len()),
    )?;
    let holds = report::tell(&rig, &summary, &verdict);
    keep_or_remove(&rig, holds);
    Ok(holds)
}

async fn promote(
    rig: &mut Rig,
    primary: Option<&Node>,
    standby: &Node,
    round: u64,
) -> Result<Record, Trouble> {
    let old = match primary {
        Some(node) => node.tree(),
        None => processes::tree(rig.postgres.pid()),
    };
    let is_frozen = round % 2 == 1;
    rig.watch.in_force("a failover");
    if is_frozen {
        processes::signal_all(&standby.tree(), Signal::STOP);
        sleep(FROZEN).await;
        // The session ends; its commit has happened here and nowhere else.
        let waiting = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE wait_event = 'SyncRep'";
        run_sql(&rig.database_url(), waiting)?;
        sleep(FROZEN).await;
    }
    processes::signal_all(&old, Signal::KILL);
    processes::signal_all(&standby.tree(), Signal::CONT);
    let killed_ms = now_ms();
    standby.promote()?;
    rig.proxies
        .postgres
        .forward_to(vec![address(standby.url())?]);
    rig.proxies.postgres.reset_all();
    standby.url().clone_into(&mut rig.direct);
    rig.watch.move_to(standby.url());
    let deadline = Instant::now() + RECOVERY_MAX;
    let recovery =
        |rig: &Rig| Kind::ALL.map(|kind| rig.world.timeline.first_after(kind, killed_ms));
    let mut recovery_ms = recovery(rig);
    while recovery_ms.iter().any(Option::is_none) && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
        recovery_ms = recovery(rig);
    }
    Ok(Record {
        name: if is_frozen {
            "failover, standby frozen"
        } else {
            "failover"
        }
        .to_owned(),
        bites: u64::from(!is_alive(&old)),
        recovery_ms,
    })
}

fn is_alive(tree: &[u32]) -> bool {
    let first = tree.first().copied().unwrap_or(0);
    processes::health(first).is_some_and(|health| health.rss_kib > 0)
}
