//! A rolling restart under load (promise P13): two replicas of each service are asked to end and
//! are started again, one after the other, as an orchestrator does it: no new connection is sent to
//! a replica from some seconds after the signal. A shop's backend keeps its connections and may
//! repeat a request once when a kept one turns out to be closed; nothing else may be needed.

mod clients;
mod counts;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use devstack::Trouble;
use tokio::{runtime::Handle, time::sleep};

use self::{
    clients::{Clients, Replicas},
    counts::Counts,
};
use super::jobs::{Jobs, Kind};
use super::table::{bound, head, row};
use crate::harness::bed::Bed;
use crate::tools::terminal::say;

/// The time until everybody knows that a replica ends: new connections still reach it so long.
const PROPAGATION: Duration = Duration::from_secs(3);
const CALM: Duration = Duration::from_secs(3);
const ORDERS_BEFORE: usize = 20;

/// Restarts every replica this many times; returns whether no request failed.
///
/// # Errors
/// Fails when the measurement itself fails.
pub async fn run(runtime: &Handle, rounds: u64, a_second: u64) -> Result<bool, Trouble> {
    say(format!(
        "rolling: {rounds} rounds over two replicas of each service, {a_second} requests a second"
    ));
    // The stack lets its services end at once; here they end as they are shipped.
    let mut bed = Bed::start(2, &[("SHUTDOWN_DELAY_MS", "5000")]).await?;
    let clients = Arc::new(Clients {
        jobs: Jobs::of(&bed)?,
        apis: Replicas::of([bed.api(0)?, bed.api(1)?]),
        workers: Replicas::of([bed.worker(0)?, bed.worker(1)?]),
        counts: Counts::default(),
        closing: AtomicBool::new(false),
    });
    clients.warm_up(ORDERS_BEFORE).await?;
    let load = runtime.spawn(clients.clone().run(runtime.clone(), a_second));
    sleep(CALM).await;
    head("restart", &["took", "requests", "saved", "failed"]);
    for round in 1..=rounds {
        for name in bed.services() {
            restart(runtime, &mut bed, &clients, (round, &name)).await?;
        }
    }
    sleep(CALM).await;
    clients.close();
    load.await
        .map_err(|error| Trouble::new(format!("the load died: {error}")))?;
    Ok(judge(&clients.counts))
}

async fn restart(
    runtime: &Handle,
    bed: &mut Bed,
    clients: &Arc<Clients>,
    (round, name): (u64, &str),
) -> Result<(), Trouble> {
    let index = usize::from(name.ends_with('2'));
    let is_api = name.starts_with("gateway-api");
    let (before, began) = (clients.counts.totals(), Instant::now());
    let told = clients.clone();
    let unlisted = runtime.spawn(async move {
        sleep(PROPAGATION).await;
        told.replicas(is_api).list(index, false);
    });
    // Returns when the process has ended; the load runs on other threads.
    bed.stack.stop(name)?;
    let took = began.elapsed();
    unlisted
        .await
        .map_err(|error| Trouble::new(format!("a timer died: {error}")))?;
    bed.stack.start_again(name).await?;
    clients.replicas(is_api).list(index, true);
    sleep(CALM).await;
    let after = clients.counts.totals();
    let since = |now: u64, then: u64| now.saturating_sub(then).to_string();
    row(
        &format!("{round} {name}"),
        &[
            format!("{} ms", took.as_millis()),
            since(after.asked, before.asked),
            since(after.saved, before.saved),
            since(after.failed, before.failed),
        ],
    );
    Ok(())
}

fn judge(counts: &Counts) -> bool {
    head("kind", &["asked", "good", "saved", "failed"]);
    for kind in Kind::ALL {
        let of = counts.of(kind);
        let good = of.asked.saturating_sub(of.failed);
        let cells = [of.asked, good, of.saved, of.failed].map(|count| count.to_string());
        row(kind.name(), &cells);
    }
    for (why, count) in counts.failures() {
        say(format!("    {count} x {why}"));
    }
    let failed = counts.totals().failed;
    bound(
        &format!("no request failed that one repeat on a kept connection does not save ({failed})"),
        failed == 0,
    )
}
