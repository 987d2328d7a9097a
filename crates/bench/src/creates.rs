//! What the gateway adds to a create: its time from the moment it was to be sent, however late it was
//! sent, less the time the provider had it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chaos::measure::table::quantile;
use devstack::Trouble;
use tokio::{runtime::Handle, time::sleep};

use crate::{
    figures::micros,
    ground::{API, Ground},
    http::Line,
    shop::{Open, Shop},
    timing_proxy::TimingProxy,
};

pub(crate) const A_SECOND: u64 = 200;
const WARM_UP: u64 = 200;
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// What came of it, microseconds.
#[derive(Debug, Default)]
pub(crate) struct Added {
    /// Half of them add at most this.
    pub(crate) p50: u64,
    /// 99 of 100.
    pub(crate) p99: u64,
    /// Half of them take at most this, with the provider.
    pub(crate) whole_p50: u64,
    /// 99 of 100.
    pub(crate) whole_p99: u64,
    /// Creates that were not answered 201.
    pub(crate) wrong: u64,
    /// Creates.
    pub(crate) count: u64,
}

struct Load {
    shop: Shop,
    api: SocketAddr,
    idle: Mutex<Vec<Line>>,
    answered: Mutex<Vec<Option<(String, u64)>>>,
}

/// Creates so many a second for so long, with a proxy before the provider meanwhile.
///
/// # Errors
/// When the measurement itself fails.
pub(crate) async fn measure(
    runtime: &Handle,
    ground: &mut Ground,
    shop: &Shop,
    lasts: Duration,
) -> Result<Added, Trouble> {
    let proxy = TimingProxy::start(runtime, ground.sandbox()?)?;
    let before = ground.stack.sandbox_url();
    let url = proxy.url();
    let through = [("AYOLINX_BASE_URL", url.as_str())];
    ground.stack.start_again_with(API, &through).await?;
    let load = Arc::new(Load {
        shop: shop.clone(),
        api: ground.api()?,
        idle: Mutex::default(),
        answered: Mutex::default(),
    });
    offer(runtime, &load, "W", WARM_UP).await?;
    let count = A_SECOND.saturating_mul(lasts.as_secs());
    let answered = offer(runtime, &load, "C", count).await?;
    let back = [("AYOLINX_BASE_URL", before.as_str())];
    ground.stack.start_again_with(API, &back).await?;
    Ok(judge(&answered, &proxy))
}

/// Sends each at its time. A thread does the waiting: timers of the runtime come a millisecond late.
async fn offer(
    runtime: &Handle,
    load: &Arc<Load>,
    name: &'static str,
    count: u64,
) -> Result<Vec<Option<(String, u64)>>, Trouble> {
    load.answered().clear();
    let (sender, handle) = (Arc::clone(load), runtime.clone());
    let gap = Duration::from_micros(1_000_000 / A_SECOND);
    let thread = std::thread::spawn(move || {
        let mut due = Instant::now();
        for number in 0..count {
            due += gap;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            handle.spawn(Arc::clone(&sender).create(format!("{name}-{number}"), due));
        }
    });
    let end =
        Instant::now() + gap.saturating_mul(u32::try_from(count).unwrap_or(0)) + ANSWERS_WITHIN;
    let wanted = usize::try_from(count).unwrap_or(0);
    while load.answered().len() < wanted {
        if Instant::now() > end {
            return Err(Trouble::new("creates were not answered in time"));
        }
        sleep(Duration::from_millis(20)).await;
    }
    thread.join().map_err(|_| Trouble::new("the sender died"))?;
    Ok(std::mem::take(&mut *load.answered()))
}

impl Load {
    fn answered(&self) -> std::sync::MutexGuard<'_, Vec<Option<(String, u64)>>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn create(self: Arc<Self>, reference: String, due: Instant) {
        let kept = self.idle().pop();
        let mut line = kept.unwrap_or_else(|| Line::to(self.api));
        let request = self.shop.create(self.api, &reference);
        let open = match line.ask(&request).await {
            Ok(reply) => Open::of(reply.body).filter(|_| reply.status == 201),
            Err(_) => None,
        };
        let took = micros(due.elapsed());
        self.answered().push(open.map(|open| (open.payment, took)));
        self.idle().push(line);
    }
}

fn judge(answered: &[Option<(String, u64)>], proxy: &TimingProxy) -> Added {
    let (mut added, mut whole) = (Vec::new(), Vec::new());
    for (payment, took) in answered.iter().flatten() {
        if let Some(provider) = proxy.took(payment) {
            added.push(took.saturating_sub(provider));
            whole.push(*took);
        }
    }
    let count = |all: usize| u64::try_from(all).unwrap_or(0);
    let wrong = count(answered.len().saturating_sub(added.len()));
    added.sort_unstable();
    whole.sort_unstable();
    let at = |values: &[u64], rank| quantile(values, rank).unwrap_or(0);
    Added {
        p50: at(&added, 500),
        p99: at(&added, 990),
        whole_p50: at(&whole, 500),
        whole_p99: at(&whole, 990),
        wrong,
        count: count(answered.len()),
    }
}
