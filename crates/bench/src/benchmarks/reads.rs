//! Orders read by id, as fast as a few connections ask.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chaos::rng::Rng;
use devstack::Trouble;
use tokio::runtime::Handle;

use crate::{
    benchmarks::callbacks::Round,
    dataset::row_cloner::{Batch, Of},
    harness::shop::Shop,
    tools::{
        figures::{a_second, micros},
        http::Line,
    },
};

const CONNECTIONS: usize = 32;
/// Number of different orders that are asked for.
const ORDERS: u64 = 20_000;

/// Ids of existing orders.
#[derive(Debug)]
pub(crate) struct Known(Vec<String>);

impl Known {
    /// Takes all of a small batch.
    pub(crate) fn first_of(batch: &Batch) -> Self {
        let count = batch.count.min(ORDERS);
        Self(
            (1..=count)
                .map(|number| batch.id(Of::Order, number))
                .collect(),
        )
    }

    /// Draws some of a large batch, anywhere in it.
    pub(crate) fn spread_over(batch: &Batch) -> Self {
        let mut rng = Rng::fork(1, "reads");
        let mut one = || batch.id(Of::Order, rng.below(batch.count).saturating_add(1));
        Self((0..ORDERS).map(|_| one()).collect())
    }

    /// Builds a request for each.
    pub(crate) fn requests(&self, shop: &Shop, to: SocketAddr) -> Arc<Vec<Vec<u8>>> {
        let request = |id: &String| shop.look(to, &format!("/v1/orders/ord_{id}"));
        Arc::new(self.0.iter().map(request).collect())
    }
}

/// Reads again and again for this long.
///
/// # Errors
/// Fails when a client dies.
pub(crate) async fn closed(
    runtime: &Handle,
    requests: &Arc<Vec<Vec<u8>>>,
    to: SocketAddr,
    lasts: Duration,
) -> Result<Round, Trouble> {
    let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (next, requests) = (Arc::clone(&next), Arc::clone(requests));
            runtime.spawn(async move {
                let (mut line, mut round) = (Line::to(to), Round::default());
                while began.elapsed() < lasts {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let index = number.checked_rem(requests.len()).unwrap_or(0);
                    let Some(request) = requests.get(index) else {
                        break;
                    };
                    let asked = Instant::now();
                    match line.ask(request).await {
                        Ok(reply) if reply.status == 200 => {
                            round.micros.push(micros(asked.elapsed()));
                        }
                        Ok(reply) => round.wrong.add(reply.status),
                        Err(_) => round.wrong.add(0),
                    }
                }
                round
            })
        })
        .collect();
    let mut all = Round::default();
    for client in clients {
        let ended = client.await;
        let one = ended.map_err(|error| Trouble::new(format!("a client died: {error}")))?;
        all.wrong.extend(&one.wrong);
        all.micros.extend(one.micros);
    }
    let good = u64::try_from(all.micros.len()).unwrap_or(0);
    all.rate = a_second(good, began.elapsed());
    all.micros.sort_unstable();
    Ok(all)
}
