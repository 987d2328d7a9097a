//! The gateway's own share of a create: the time from the moment it was to be sent, however late it
//! was sent, less the time the provider had it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chaos::measure::table::quantile;
use devstack::Trouble;
use tokio::{runtime::Handle, time::sleep};

use crate::{
    harness::{
        ground::{API, Ground},
        shop::{Open, Shop},
        timing_proxy::TimingProxy,
    },
    tools::{errors::Wrong, figures::micros, http::Line},
};

pub(crate) const A_SECOND: u64 = 200;
const WARM_UP: u64 = 200;
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);

/// The result, in microseconds.
#[derive(Debug, Default)]
pub(crate) struct Added {
    /// Median of the added time.
    pub(crate) p50: u64,
    /// 99th percentile of the added time.
    pub(crate) p99: u64,
    /// Median of the whole time, with the provider.
    pub(crate) whole_p50: u64,
    /// 99th percentile of the whole time.
    pub(crate) whole_p99: u64,
    /// Creates that were not answered 201.
    pub(crate) wrong: Wrong,
    /// Number of creates.
    pub(crate) count: u64,
}

/// The payment with its latency, or the status that came instead; 0 without a reply.
type Answer = Result<(String, u64), u16>;

struct Load {
    shop: Shop,
    api: SocketAddr,
    idle: Mutex<Vec<Line>>,
    answered: Mutex<Vec<Answer>>,
}

/// Creates orders at a fixed rate for some time, with a proxy before the provider meanwhile.
///
/// # Errors
/// Fails when the measurement itself fails.
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
    // The first creates do not pay for the buffers that the rounds before left to be written out.
    ground.settle()?;
    let count = A_SECOND.saturating_mul(lasts.as_secs());
    let answered = offer(runtime, &load, "C", count).await?;
    let back = [("AYOLINX_BASE_URL", before.as_str())];
    ground.stack.start_again_with(API, &back).await?;
    Ok(judge(&answered, &proxy))
}

/// Sends each create at its time. A thread does the waiting: timers of the runtime come a
/// millisecond late.
async fn offer(
    runtime: &Handle,
    load: &Arc<Load>,
    name: &'static str,
    count: u64,
) -> Result<Vec<Answer>, Trouble> {
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
    fn answered(&self) -> std::sync::MutexGuard<'_, Vec<Answer>> {
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
            Ok(reply) => match Open::of(reply.body).filter(|_| reply.status == 201) {
                Some(open) => Ok(open.payment),
                None => Err(reply.status),
            },
            Err(_) => Err(0),
        };
        let took = micros(due.elapsed());
        self.answered().push(open.map(|payment| (payment, took)));
        self.idle().push(line);
    }
}

fn judge(answered: &[Answer], proxy: &TimingProxy) -> Added {
    let (mut added, mut whole, mut wrong) = (Vec::new(), Vec::new(), Wrong::default());
    for answer in answered {
        match answer {
            Ok((payment, took)) => {
                // No create passed by the proxy.
                let provider = proxy.took(payment).unwrap_or(0);
                added.push(took.saturating_sub(provider));
                whole.push(*took);
            }
            Err(status) => wrong.add(*status),
        }
    }
    added.sort_unstable();
    whole.sort_unstable();
    let at = |values: &[u64], rank| quantile(values, rank).unwrap_or(0);
    Added {
        p50: at(&added, 500),
        p99: at(&added, 990),
        whole_p50: at(&whole, 500),
        whole_p99: at(&whole, 990),
        wrong,
        count: u64::try_from(answered.len()).unwrap_or(0),
    }
}
