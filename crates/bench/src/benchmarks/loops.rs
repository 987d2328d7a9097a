//! The cost of a due item for each loop: orders are made through the API, the loop's items are made
//! due for all of them in one statement, and the benchmark waits until all are done. The provider
//! answers as it always does; its limit on inquiries is set out of the way.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use chaos::say::complain;
use devstack::Trouble;
use tokio::{runtime::Handle, task::JoinSet, time::sleep};

use crate::{
    benchmarks::order_lifecycles::{Endpoint, pay},
    harness::{
        ground::Ground,
        shop::{Open, Shop},
    },
    tools::{figures::micros, http::Line},
};

const AT_ONCE: u64 = 16;
const WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Microseconds for one due item.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loops {
    /// Time from due to the shop's endpoint.
    pub(crate) webhook: u64,
    /// Time from due, by an inquiry, to paid.
    pub(crate) healing: u64,
    /// Time from due, by an inquiry, to expired.
    pub(crate) expiry: u64,
}

/// A file that is removed when it is no longer needed.
#[derive(Debug)]
pub(crate) struct Channels(PathBuf);

impl Channels {
    /// Returns the path of the file.
    pub(crate) fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Channels {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Writes channel settings under which the provider may be asked without a limit.
///
/// # Errors
/// Fails when they cannot be written.
pub(crate) fn channels_without_limits() -> Result<Channels, Trouble> {
    let name = format!("gateway-bench-channels-{}.toml", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, "[BNC_QRIS]\ninquiries_per_second = 1000000\n")
        .map_err(|error| Trouble::new(format!("could not write channels: {error}")))?;
    Ok(Channels(file))
}

/// Measures each loop over this many items.
///
/// # Errors
/// Fails when the orders cannot be made or a loop does not come to its end.
pub(crate) async fn measure(
    runtime: &Handle,
    ground: &Ground,
    name: &str,
    count: u64,
) -> Result<Loops, Trouble> {
    let endpoint = Endpoint::start(runtime)?;
    let heal = Due::new(runtime, ground, &format!("Heal {name}"), &endpoint, count).await?;
    let expire = Due::new(runtime, ground, &format!("Expire {name}"), &endpoint, count).await?;
    // The artefacts of both sets are notified first.
    until(
        "webhooks of creates",
        || Ok(endpoint.arrived()),
        count.saturating_mul(2),
    )
    .await?;
    heal.put_off(ground)?;
    expire.put_off(ground)?;
    Ok(Loops {
        webhook: heal.webhooks(ground, &endpoint).await?,
        healing: heal.heal(runtime, ground).await?,
        expiry: expire.expire(ground).await?,
    })
}

/// Orders of a merchant of their own.
struct Due {
    merchant: String,
    opened: Vec<Open>,
}

impl Due {
    async fn new(
        runtime: &Handle,
        ground: &Ground,
        name: &str,
        endpoint: &Endpoint,
        count: u64,
    ) -> Result<Self, Trouble> {
        let shop = Shop::new(ground, name, &endpoint.url())?;
        let api = ground.api()?;
        let mut running = JoinSet::new();
        for place in 0..AT_ONCE {
            let shop = shop.clone();
            let mine = move |number: &u64| number % AT_ONCE == place;
            running.spawn_on(
                async move {
                    let mut line = Line::to(api);
                    let mut opened = Vec::new();
                    for number in (0..count).filter(mine) {
                        let request = shop.create(api, &format!("D-{number}"));
                        let Ok(reply) = line.ask(&request).await else {
                            continue;
                        };
                        opened.extend(Open::of(reply.body).filter(|_| reply.status == 201));
                    }
                    opened
                },
                runtime,
            );
        }
        let opened: Vec<Open> = running.join_all().await.into_iter().flatten().collect();
        let made = u64::try_from(opened.len()).unwrap_or(0);
        if made < count {
            return Err(Trouble::new(format!("{made} of {count} orders were made")));
        }
        let merchant = shop.id.trim_start_matches("mer_").to_owned();
        Ok(Self { merchant, opened })
    }

    /// Returns a filter on work for their due items.
    fn work(&self, kind: &str) -> String {
        format!(
            "kind = '{kind}' AND payment_id IN (SELECT p.id FROM payments p JOIN orders o \
             ON o.id = p.order_id WHERE o.merchant_id = '{}')",
            self.merchant
        )
    }

    /// Postpones the inquiries about them until they are wanted.
    fn put_off(&self, ground: &Ground) -> Result<(), Trouble> {
        let work = self.work("inquire");
        let statement =
            format!("UPDATE provider_work SET due_at = now() + interval '2 hours' WHERE {work}");
        ground.sql(&statement).map(drop)
    }

    fn count(&self) -> u64 {
        u64::try_from(self.opened.len()).unwrap_or(0)
    }

    async fn webhooks(&self, ground: &Ground, endpoint: &Endpoint) -> Result<u64, Trouble> {
        let before = endpoint.arrived();
        let began = Instant::now();
        ground.sql(&format!(
            "UPDATE deliveries SET state = 'due', due_at = now(), tries = 0 WHERE event_id IN \
             (SELECT id FROM events WHERE merchant_id = '{}')",
            self.merchant
        ))?;
        let wanted = before.saturating_add(self.count());
        until("webhooks", || Ok(endpoint.arrived()), wanted).await?;
        Ok(micros(began.elapsed())
            .checked_div(self.count())
            .unwrap_or(0))
    }

    async fn heal(&self, runtime: &Handle, ground: &Ground) -> Result<u64, Trouble> {
        let sandbox = ground.sandbox()?;
        let requests: Vec<Vec<u8>> = self
            .opened
            .iter()
            .map(|open| pay(sandbox, &open.payment, "{\"callback\":false}"))
            .collect();
        let paying = runtime.spawn(async move {
            let mut line = Line::to(sandbox);
            for request in requests {
                let paid = line.ask(&request).await.map(|reply| reply.status);
                if !paid.is_ok_and(|status| status == 200) {
                    complain("a payer could not pay");
                }
            }
        });
        let ended = paying.await;
        ended.map_err(|error| Trouble::new(format!("the payers died: {error}")))?;
        let work = self.work("inquire");
        self.timed(
            ground,
            "paid",
            &format!("UPDATE provider_work SET due_at = now() WHERE {work}"),
        )
        .await
    }

    async fn expire(&self, ground: &Ground) -> Result<u64, Trouble> {
        let (merchant, work) = (&self.merchant, self.work("expire"));
        let past = "now() - interval '1 hour'";
        self.timed(
            ground,
            "expired",
            &format!(
                "UPDATE payments SET expires_at = {past} WHERE order_id IN \
                 (SELECT id FROM orders WHERE merchant_id = '{merchant}'); \
                 UPDATE orders SET expires_at = {past} \
                 WHERE merchant_id = '{merchant}'; \
                 UPDATE provider_work SET due_at = now() WHERE {work}"
            ),
        )
        .await
    }

    /// Returns how long after the statement all are in this state, divided by their number.
    async fn timed(&self, ground: &Ground, state: &str, due: &str) -> Result<u64, Trouble> {
        let look = format!(
            "SELECT count(*) FROM orders WHERE merchant_id = '{}' AND state = '{state}'",
            self.merchant
        );
        let began = Instant::now();
        ground.sql(due)?;
        until(state, || ground.number(&look), self.count()).await?;
        Ok(micros(began.elapsed())
            .checked_div(self.count())
            .unwrap_or(0))
    }
}

async fn until(
    what: &str,
    mut look: impl FnMut() -> Result<u64, Trouble>,
    wanted: u64,
) -> Result<(), Trouble> {
    let end = Instant::now() + WITHIN;
    loop {
        let seen = look()?;
        if seen >= wanted {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Trouble::new(format!(
                "{what}: {seen} of {wanted} within {WITHIN:?}"
            )));
        }
        sleep(LOOK_EVERY).await;
    }
}
