//! The scene: one of each service as it is shipped, a database behind a proxy, a cache,
//! the well-behaved shop, a shop without manners, and shops whose endpoints are slow.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chaos::{
    proxy::{Flow, Proxy, Rules},
    rig::address,
    wire::Call,
};
use devstack::{Redis, Trouble};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{runtime::Handle, time::sleep};

use super::{
    aggressor::{Aggressor, Distance},
    options::Options,
    slow_endpoint::SlowEndpoint,
    victim::{Doors, Victim},
};
use crate::{
    benchmarks::order_lifecycles::Endpoint,
    dataset::fill,
    harness::{
        ground::Ground,
        shop::{Open, Shop},
    },
};

const FAR_MS: u64 = 8;
/// The most descriptors that many containers give a process: the services must live with them,
/// whoever connects.
const DESCRIPTORS_OF_SERVICES: u64 = 1_024;
/// Number of descriptors that the loads need.
const DESCRIPTORS_OF_LOADS: u64 = 8_192;
const SLOW_SHOPS: usize = 16;
/// Rule by which every callback of the provider's own is lost: those that are not are sent by the
/// shop's payers.
const CALLBACKS_LOST: &str = r#"{"call":"callback","action":"drop"}"#;
/// Number of creates in a row, each within a second, after which the shop is well again.
const CALM_CREATES: u32 = 3;
const CALM_CREATE: Duration = Duration::from_secs(1);
const CALM_WITHIN: Duration = Duration::from_secs(20);
const CALM_PAUSE: Duration = Duration::from_millis(200);

/// Everything that runs. Dropping it stops the services, then what they stand on.
pub(crate) struct Scene {
    /// The shop that is measured, and its payers.
    pub(crate) victim: Arc<Victim>,
    /// A shop without manners.
    pub(crate) other: Shop,
    /// An order of it that can be paid.
    pub(crate) open: Open,
    /// Shops whose webhooks go to `slow_endpoint`.
    pub(crate) slow_shops: Vec<Shop>,
    /// The endpoint of theirs.
    pub(crate) slow_endpoint: SlowEndpoint,
    /// The addresses of everything.
    pub(crate) doors: Doors,
    /// The services and their database.
    pub(crate) ground: Ground,
    victims_id: String,
    before_postgres: Proxy,
    _cache: Redis,
}

impl Scene {
    /// Starts the scene.
    ///
    /// # Errors
    /// Returns an error that names what did not start.
    pub(crate) async fn start(runtime: &Handle, options: &Options) -> Result<Self, Trouble> {
        // Of the loads, and of the processes that are not measured: the provider's stand-in,
        // database and cache.
        limit_descriptors(DESCRIPTORS_OF_LOADS)?;
        let before_postgres = Proxy::start(runtime)?;
        let cache = Redis::start()?;
        let count = DESCRIPTORS_OF_SERVICES;
        let ground =
            Ground::start_behind(&before_postgres, &cache, count, &options.settings).await?;
        for pid in ground.service_pids() {
            check_limit(pid)?;
        }
        let doors = Doors {
            api: ground.api()?,
            checkout: address(&ground.stack.checkout_url())?,
            worker: ground.worker()?,
            sandbox: ground.sandbox()?,
        };
        let (endpoint, others) = (Endpoint::start(runtime)?, SlowEndpoint::start(runtime)?);
        let slow_endpoint = SlowEndpoint::start(runtime)?;
        let shop = Shop::new(&ground, "Well-behaved", &endpoint.url())?;
        let other = Shop::new(&ground, "Without manners", &others.url())?;
        let open = other.open(doors.api, "A-open").await?;
        let slow_shops = match options
            .aggressors
            .iter()
            .any(|one| one.is_about_endpoints())
        {
            true => slow_shops(&ground, &slow_endpoint)?,
            false => Vec::new(),
        };
        if options.aggressors.contains(&Aggressor::FilterStorm) {
            fill::fill(&ground, &open.order, options.orders)?;
        }
        let key = ground.provider_key()?;
        let scene = Self {
            victims_id: shop.id.trim_start_matches("mer_").to_owned(),
            victim: Arc::new(Victim::new(shop, endpoint, doors, key)),
            other,
            open,
            slow_shops,
            slow_endpoint,
            doors,
            ground,
            before_postgres,
            _cache: cache,
        };
        scene.fault(None).await?;
        Ok(scene)
    }

    /// Sets the database's distance from now on.
    pub(crate) fn put_database(&self, distance: Distance) {
        match distance {
            Distance::Near => self.before_postgres.heal(),
            Distance::Far => {
                let later = Flow::Delay(Duration::from_millis(FAR_MS));
                self.before_postgres.set(Rules::replies(later));
            }
        }
    }

    /// Sets the rules by which the provider misbehaves from now on (JSON objects with commas
    /// between); earlier ones no longer hold.
    ///
    /// # Errors
    /// Returns an error with the provider's answer when it refuses them.
    pub(crate) async fn fault(&self, rules: Option<&str>) -> Result<(), Trouble> {
        let path = "/_sandbox/faults";
        let cleared = Call::new(self.doors.sandbox, "DELETE", path).send().await;
        cleared.map_err(|why| Trouble::new(format!("the sandbox is away: {why}")))?;
        let comma = if rules.is_some() { "," } else { "" };
        let rules = rules.unwrap_or_default();
        let body = format!("[{CALLBACKS_LOST}{comma}{rules}]");
        match Call::new(self.doors.sandbox, "POST", path)
            .json(body)
            .send()
            .await
        {
            Ok(reply) if reply.status == 201 => Ok(()),
            other => Err(Trouble::new(format!(
                "the sandbox takes no rules: {other:?}"
            ))),
        }
    }

    /// Puts off the work that others than the shop left due, so that the next row is not about it.
    ///
    /// # Errors
    /// Returns the database's error.
    pub(crate) fn put_off_what_others_left(&self) -> Result<(), Trouble> {
        let shop = &self.victims_id;
        self.ground.sql(&format!(
            "UPDATE provider_work SET due_at = now() + interval '2 hours' WHERE payment_id IN \
             (SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id \
             WHERE o.merchant_id <> '{shop}') AND due_at < now() + interval '1 hour'"
        ))?;
        let statement = format!(
            "UPDATE deliveries SET due_at = now() + interval '2 hours' WHERE state = 'due' \
             AND event_id IN (SELECT id FROM events WHERE merchant_id <> '{shop}') \
             AND due_at < now() + interval '1 hour'"
        );
        self.ground.sql(&statement).map(drop)
    }

    /// Waits until the shop is served as ever, and returns the time that took; nothing when it took too
    /// long.
    pub(crate) async fn calm_again(&self) -> Option<Duration> {
        let (began, mut in_a_row) = (Instant::now(), 0_u32);
        while began.elapsed() < CALM_WITHIN {
            let probe = self.victim.probe().await;
            in_a_row = match probe.is_ok_and(|took| took < CALM_CREATE) {
                true => in_a_row.saturating_add(1),
                false => 0,
            };
            if in_a_row >= CALM_CREATES {
                return Some(began.elapsed());
            }
            sleep(CALM_PAUSE).await;
        }
        None
    }
}

fn slow_shops(ground: &Ground, endpoint: &SlowEndpoint) -> Result<Vec<Shop>, Trouble> {
    let shop = |number: usize| Shop::new(ground, &format!("Slow {number}"), &endpoint.url());
    (0..SLOW_SHOPS).map(shop).collect()
}

/// Sets how many files and connections this process, and what it starts, may have open from now on.
fn limit_descriptors(count: u64) -> Result<(), Trouble> {
    let now = getrlimit(Resource::Nofile);
    let limit = Rlimit {
        current: Some(now.maximum.map_or(count, |most| most.min(count))),
        ..now
    };
    let set = setrlimit(Resource::Nofile, limit);
    set.map_err(|error| Trouble::new(format!("no limit of open files: {error}")))
}

/// Checks a service's limit. A service raises its soft limit to the hard one: it has no more
/// descriptors than it was given when both are the same.
fn check_limit(pid: u32) -> Result<(), Trouble> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    let files = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let [soft, hard] = [3, 4].map(|at| files.and_then(|line| line.split_whitespace().nth(at)));
    let given = DESCRIPTORS_OF_SERVICES.to_string();
    if soft == Some(&given) && hard == Some(&given) {
        return Ok(());
    }
    Err(Trouble::new(format!(
        "a service has other descriptors than {given}: {files:?}"
    )))
}
