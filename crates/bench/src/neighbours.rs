//! `bench neighbours`: the cost of one's trouble to everybody else (contract 12). A well-behaved shop is measured in
//! quiet, then with each aggressor in turn beside it. Everything stays on this machine, every load has a bound and an
//! end. The program calls it; it calls the harness, and the benchmarks for their requests. Invariant: every load ends
//! when what holds it is dropped.

mod aggressor;
mod attack;
mod options;
mod samples;
mod scene;
mod slow_endpoint;
mod storm;
mod stuck_backend;
mod table;
mod verdict;
mod victim;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chaos::say::say;
use devstack::Trouble;
use tokio::{runtime::Handle, sync::watch, time::sleep};

use self::{
    aggressor::{Aggressor, Distance},
    attack::Attack,
    options::Options,
    samples::{Figures, Kind, Sample, by_kind},
    scene::Scene,
    stuck_backend::StuckBackends,
    table::Row,
    verdict::{REPLACED_WITHIN, Stop, Stopped, judge, judge_stop},
    victim::Patience,
};
use crate::harness::machine;

/// Time that the shop lives before a session is stopped.
const BEFORE_THE_STOP: Duration = Duration::from_secs(3);
/// Time that it lives on after the stopped session must have been replaced.
const AFTER_IT: Duration = Duration::from_secs(5);
/// The longest wait until somebody has asked a stopped session.
const LONGEST_STOP: Duration = Duration::from_secs(30);
/// Time before the quiet is measured, so that no table is young and no code cold.
const WARM_UP: Duration = Duration::from_secs(4);

type Quiet = BTreeMap<Kind, Figures>;

/// Measures; returns whether nobody was harmed.
///
/// # Errors
/// Fails when the measurement itself fails.
pub(crate) async fn run(runtime: &Handle) -> Result<bool, Trouble> {
    let (began, load) = (Instant::now(), machine::load_average());
    let options = Options::of_environment()?;
    let scene = Scene::start(runtime, &options).await?;
    machine::describe(&scene.ground, &load)?;
    let measuring = Measuring {
        runtime,
        scene: &scene,
        options: &options,
    };
    measuring.live(WARM_UP).await?;
    let mut rows = Vec::new();
    let mut quiets = BTreeMap::new();
    for distance in options.distances() {
        scene.put_database(distance);
        let quiet = measuring.quiet(distance).await?;
        let figures = by_kind(&quiet);
        rows.push(Row::quiet(
            distance,
            judge(&figures, &quiet, options.bounds),
        ));
        quiets.insert(distance, figures);
    }
    for aggressor in &options.aggressors {
        let distance = aggressor.distance();
        scene.put_database(distance);
        let quiet = quiets.get(&distance).cloned().unwrap_or_default();
        let row = measuring.beside(*aggressor, &quiet).await?;
        row.tell();
        rows.push(row);
    }
    let holds = table::tell(&rows, options.bounds);
    say(format!(
        "{} aggressors in {} s",
        options.aggressors.len(),
        began.elapsed().as_secs()
    ));
    Ok(holds)
}

struct Measuring<'a> {
    runtime: &'a Handle,
    scene: &'a Scene,
    options: &'a Options,
}

impl Measuring<'_> {
    async fn quiet(&self, distance: Distance) -> Result<Vec<Sample>, Trouble> {
        say(format!("{} ...", distance.name()));
        self.live(self.options.lasts).await
    }

    async fn live(&self, lasts: Duration) -> Result<Vec<Sample>, Trouble> {
        let (_end, until) = watch::channel(from_now(lasts));
        self.live_until(until, self.options.patience).await
    }

    async fn live_until(
        &self,
        until: watch::Receiver<Instant>,
        patience: Patience,
    ) -> Result<Vec<Sample>, Trouble> {
        let victim = Arc::clone(&self.scene.victim);
        let living = self
            .runtime
            .spawn(victim.live(self.runtime.clone(), until, patience));
        let ended = living.await;
        ended.map_err(|error| Trouble::new(format!("the shop died: {error}")))?
    }

    async fn beside(&self, aggressor: Aggressor, quiet: &Quiet) -> Result<Row, Trouble> {
        say(format!("{}: {} ...", aggressor.name(), aggressor.tells()));
        let bounds = self.options.bounds;
        let (judged, did) = match aggressor.stops() {
            Some(whose) => match self.beside_a_stuck(whose).await? {
                (samples, Ok(stop)) => {
                    let told = "stopped, and asked after that".to_owned();
                    (judge_stop(quiet, &samples, bounds, stop), Ok(told))
                }
                (samples, Err(nobody)) => (judge(quiet, &samples, bounds), Err(nobody)),
            },
            None => {
                let attack = Attack::begin(aggressor, self.scene).await?;
                sleep(aggressor.lead()).await;
                let samples = self.live(self.options.lasts).await?;
                (judge(quiet, &samples, bounds), attack.end().await?)
            }
        };
        let calm = self.scene.calm_again().await;
        Ok(Row {
            name: aggressor.name().to_owned(),
            judged,
            did,
            calm,
        })
    }

    /// Lets the shop live on until the stuck session must have been replaced for a while.
    async fn beside_a_stuck(
        &self,
        whose: Stopped,
    ) -> Result<(Vec<Sample>, Result<Stop, String>), Trouble> {
        let (end, until) = watch::channel(from_now(BEFORE_THE_STOP + LONGEST_STOP));
        let replaced_and_taken_up = REPLACED_WITHIN + self.options.lease;
        let patience = self.options.patience.and(replaced_and_taken_up);
        let stopping = async {
            sleep(BEFORE_THE_STOP).await;
            let stuck = StuckBackends::of(&self.scene.ground, whose).await;
            let rest = match &stuck {
                Ok(stuck) => REPLACED_WITHIN.saturating_sub(stuck.stop.at.elapsed()) + AFTER_IT,
                Err(_nobody_asked) => Duration::ZERO,
            };
            end.send_replace(from_now(rest));
            stuck
        };
        let (stuck, samples) = tokio::join!(stopping, self.live_until(until, patience));
        // The stopped session goes on when its requests have ended.
        let stop = stuck.as_ref().map(|stuck| stuck.stop);
        Ok((samples?, stop.map_err(ToString::to_string)))
    }
}

fn from_now(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait).unwrap_or(now)
}
