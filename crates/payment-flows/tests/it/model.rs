//! A model test (promises P2, P3, P4, P8): two replicas of the real flows over the real books, one
//! order, and a provider, a network, a database line and a clock that obey drawn steps. Operations
//! move one at a time, from one gate to the next, so that the steps of any two interleave as drawn.
//! After every step the books are held to `rules`, which knows the contract and nothing of ours;
//! at the end everything is healed and must come right. `MODEL_CASES` and `MODEL_MINUTES` make it long.
//!
//! It catches: a work lease that does not fence; a duplicate that is applied again; a second create
//! without proof that the first never arrived; a create sent on a lease that ran out; money that
//! loses against an expiry or a cancel; a withdrawn QR left open at the provider.

mod books;
mod healing;
mod operations;
mod provider;
mod replica;
mod rules;
mod run;
mod steps;
mod wires;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use devstack::TestDatabase;
use ledger::Ledger;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;
use url::Url;

use books::Books;
use replica::Replica;
use run::Run;
use steps::{Step, steps};
use wires::Ports;
use world::World;

const CASES: u32 = 60;
/// Unless it is told to, it holds nobody up for longer on a busy machine.
const SHORT: Duration = Duration::from_secs(18);
/// What the books hold makes their proof slower: so many runs share one database.
const RUNS_PER_DATABASE: u32 = 40;

/// What runs share: a database and the ways to it.
struct Stage {
    ledgers: [Ledger; 2],
    auditor: Ledger,
    books: Books,
    runs: u32,
    // Dropped after all that is connected to it.
    _database: TestDatabase,
}

impl Stage {
    fn new(database: TestDatabase, ports: [Ports; 2]) -> Self {
        let through = |port| {
            let mut url = Url::parse(&database.services_url()).unwrap();
            url.set_host(Some("127.0.0.1")).unwrap();
            url.set_port(Some(port)).unwrap();
            replica::ledger(url.as_str())
        };
        Self {
            ledgers: ports.map(|ports| through(ports.database)),
            auditor: replica::ledger(&database.url()),
            books: Books::open(&database.url()),
            runs: 0,
            _database: database,
        }
    }
}

fn database() -> TestDatabase {
    TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
        ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
    })
}

struct Theatre {
    runtime: Runtime,
    world: Arc<World>,
    ports: [Ports; 2],
    stage: Option<Stage>,
    counted: BTreeMap<&'static str, u64>,
}

impl Theatre {
    fn open() -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let database = database();
        let url = Url::parse(&database.url()).unwrap();
        let addresses = url.socket_addrs(|| Some(5432)).unwrap();
        let world = Arc::new(World::default());
        let ports = wires::open(&world, addresses[0]);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            runtime,
            world,
            ports,
            stage: Some(Stage::new(database, ports)),
            counted: BTreeMap::new(),
        }
    }

    /// One run; one that fails takes the stage with it.
    fn play(&mut self, steps: &[Step]) {
        let fresh = |stage: &Stage| stage.runs < RUNS_PER_DATABASE;
        let mut stage = self
            .stage
            .take()
            .filter(fresh)
            .unwrap_or_else(|| Stage::new(database(), self.ports));
        let replicas = [0, 1].map(|at| Replica::new(self.ports[at], stage.ledgers[at].clone()));
        let (world, auditor) = (Arc::clone(&self.world), stage.auditor.clone());
        let mut run = Run::new(&self.runtime, world, &mut stage.books, replicas, auditor);
        run.take(&Step::Create(0));
        for step in steps {
            run.take(step);
        }
        run.heal();
        for (what, times) in std::mem::take(&mut run.rules.counted) {
            *self.counted.entry(what).or_default() += times;
        }
        drop(run);
        stage.runs += 1;
        self.stage = Some(stage);
    }
}

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    let set = std::env::var(name).ok();
    set.map_or(default, |text| text.parse().ok().unwrap())
}

#[test]
fn whatever_two_replicas_do_the_books_say_what_the_provider_knows() {
    let theatre = RefCell::new(Theatre::open());
    let cases = setting("MODEL_CASES", CASES);
    let minutes = std::env::var("MODEL_MINUTES").ok();
    let minutes = minutes.map(|text| Duration::from_secs(60 * text.parse::<u64>().unwrap()));
    let (began, until) = (Instant::now(), minutes.unwrap_or(SHORT));
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: setting("MODEL_SHRINKS", 300),
        ..Config::default()
    });
    let played = std::cell::Cell::new(0_u32);
    let result = runner.run(&steps(), |steps| {
        if began.elapsed() < until {
            theatre.borrow_mut().play(&steps);
            played.set(played.get() + 1);
        }
        Ok(())
    });
    let counted = &theatre.borrow().counted;
    println!(
        "{} sequences in {:?}: {counted:#?}",
        played.get(),
        began.elapsed()
    );
    result.unwrap();
}

/// Runs that once went wrong.
mod remembered {
    use super::Theatre;
    use super::steps::How::{ReplyLost, Straight};
    use super::steps::Step::{Cancel, Release, Wait, Work};
    use ledger::WorkKind::{Close, Resolve};

    /// A process is frozen between its intent and its call; the resolver finds nothing at the
    /// provider and takes over. A late call would be a second one on its way.
    #[test]
    fn a_create_is_not_sent_on_a_lease_that_ran_out() {
        Theatre::open().play(&[
            Wait(31),
            Work(1, Resolve),
            Release(1, Straight),
            Release(1, Straight),
            Release(0, Straight),
            Wait(70),
            Work(1, Resolve),
            Release(1, Straight),
            Release(1, Straight),
        ]);
    }

    /// The resolver's lease runs out between the provider's cancel and the replacement: it may not
    /// replace any more, and whoever comes next must still find the work.
    #[test]
    fn a_resolve_whose_lease_ran_out_is_done_by_the_next() {
        Theatre::open().play(&[
            Release(0, Straight),
            Release(0, ReplyLost),
            Wait(3),
            Work(1, Resolve),
            Release(0, Straight),
            Release(0, Straight),
            Release(0, Straight),
            Wait(31),
            Release(0, Straight),
        ]);
    }

    /// The clock goes on while a closer, whose work another took over, still sleeps.
    #[test]
    fn a_late_closer_changes_nothing() {
        Theatre::open().play(&[
            Release(0, Straight),
            Release(0, ReplyLost),
            Cancel(0),
            Work(0, Close),
            Wait(32),
            Work(0, Close),
            Wait(3),
        ]);
    }
}
