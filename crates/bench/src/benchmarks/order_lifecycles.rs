//! Whole lives: a shop creates an order, its payer pays at the provider, the provider calls back,
//! the ledger is written, and the shop's endpoint gets the webhook. Each life waits for its end
//! before the next one begins in its place.

mod endpoint;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use devstack::Trouble;
use tokio::{runtime::Handle, time::timeout};

pub(crate) use self::endpoint::Endpoint;
use crate::{
    harness::{
        ground::{Ground, Spent},
        shop::{Open, Shop},
    },
    tools::{
        errors::Wrong,
        figures::{a_second, micros},
        http::Line,
    },
};

const SHOPS: usize = 8;
const WEBHOOK_WITHIN: Duration = Duration::from_secs(30);

/// The result of the measurement.
#[derive(Debug, Default)]
pub(crate) struct Lives {
    /// Whole lives per second.
    pub(crate) rate: u64,
    /// Number of whole lives.
    pub(crate) count: u64,
    /// Lives that broke off, by the answer they broke off at.
    pub(crate) broken: Wrong,
    /// Times from create to reply, microseconds, sorted.
    pub(crate) creates: Vec<u64>,
    /// Times from payment to webhook, microseconds, sorted.
    pub(crate) webhooks: Vec<u64>,
    /// Processor time spent meanwhile.
    pub(crate) spent: Spent,
}

/// State that all lives share.
struct World {
    shops: Vec<Shop>,
    endpoint: Endpoint,
    api: SocketAddr,
    sandbox: SocketAddr,
    next: AtomicU64,
}

/// The place in which one life after the other is lived.
struct Place {
    world: Arc<World>,
    api: Line,
    sandbox: Line,
}

/// Runs this many concurrent lives for this long.
///
/// # Errors
/// Fails when the measurement itself fails.
pub(crate) async fn measure(
    runtime: &Handle,
    ground: &Ground,
    at_once: u64,
    lasts: Duration,
) -> Result<Lives, Trouble> {
    let endpoint = Endpoint::start(runtime)?;
    let shops =
        (0..SHOPS).map(|number| Shop::new(ground, &format!("Lives {number}"), &endpoint.url()));
    let world = Arc::new(World {
        shops: shops.collect::<Result<_, _>>()?,
        endpoint,
        api: ground.api()?,
        sandbox: ground.sandbox()?,
        next: AtomicU64::new(1),
    });
    live(runtime, &world, at_once.min(8), Duration::from_secs(2)).await?;
    let before = ground.spent();
    let mut lives = live(runtime, &world, at_once, lasts).await?;
    lives.spent = ground.spent().since(before);
    Ok(lives)
}

async fn live(
    runtime: &Handle,
    world: &Arc<World>,
    at_once: u64,
    lasts: Duration,
) -> Result<Lives, Trouble> {
    let began = Instant::now();
    let places: Vec<_> = (0..at_once)
        .map(|_| {
            let mut place = Place {
                world: Arc::clone(world),
                api: Line::to(world.api),
                sandbox: Line::to(world.sandbox),
            };
            runtime.spawn(async move {
                let mut lives = Lives::default();
                while began.elapsed() < lasts {
                    match place.live().await {
                        Ok((create, webhook)) => {
                            lives.creates.push(create);
                            lives.webhooks.push(webhook);
                        }
                        Err(status) => lives.broken.add(status),
                    }
                }
                lives
            })
        })
        .collect();
    let mut all = Lives::default();
    for place in places {
        let ended = place.await;
        let one = ended.map_err(|error| Trouble::new(format!("a shop died: {error}")))?;
        all.broken.extend(&one.broken);
        all.creates.extend(one.creates);
        all.webhooks.extend(one.webhooks);
    }
    all.count = u64::try_from(all.webhooks.len()).unwrap_or(0);
    all.rate = a_second(all.count, began.elapsed());
    all.creates.sort_unstable();
    all.webhooks.sort_unstable();
    Ok(all)
}

impl Place {
    /// Returns the durations of the create and of the way from payment to webhook. An error is the
    /// status at which it ended before, 0 without an answer or a webhook.
    async fn live(&mut self) -> Result<(u64, u64), u16> {
        let number = self.world.next.fetch_add(1, Ordering::Relaxed);
        let shop = usize::try_from(number).unwrap_or(0) % self.world.shops.len().max(1);
        let shop = self.world.shops.get(shop).ok_or(0_u16)?;
        let request = shop.create(self.world.api, &format!("L-{number}"));
        let began = Instant::now();
        let reply = self.api.ask(&request).await.map_err(|_| 0_u16)?;
        let open = Open::of(reply.body).filter(|_| reply.status == 201);
        let open = open.ok_or(reply.status)?;
        let create = micros(began.elapsed());
        let told = self.world.endpoint.expect(&open.order);
        let request = pay(self.world.sandbox, &open.payment, "{}");
        let began = Instant::now();
        let reply = self.sandbox.ask(&request).await.map_err(|_| 0_u16)?;
        if reply.status != 200 {
            return Err(reply.status);
        }
        let told = timeout(WEBHOOK_WITHIN, told).await;
        let at = told.ok().and_then(Result::ok).ok_or(0_u16)?;
        Ok((create, micros(at.saturating_duration_since(began))))
    }
}

/// Builds the request by which the payer pays.
pub(crate) fn pay(to: SocketAddr, payment: &str, with: &str) -> Vec<u8> {
    let length = with.len();
    format!(
        "POST /_sandbox/transactions/{payment}/pay HTTP/1.1\r\nHost: {to}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{with}"
    )
    .into_bytes()
}
