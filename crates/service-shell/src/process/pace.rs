//! Loops: one step is repeated on a beat until shutdown. The step is an ordinary
//! function that tests call without any loop; only time is added here.

use std::{
    fmt::Display,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tokio::{sync::Notify, time::sleep};
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::{
    process::shutdown::Shutdown,
    telemetry::{
        continues,
        span_names::{IS_IDLE, STEP},
    },
};

/// The result of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Something was done and there may be more: the next step follows at once.
    Something,
    /// Nothing was left: the next step waits for the beat.
    Nothing,
}

/// Time for which a nudge waits for others, so that one step serves them together.
const NUDGES_GATHER_FOR: Duration = Duration::from_millis(5);
/// The longest wait after failures in a row.
const BACKOFF_MAX: Duration = Duration::from_secs(30);

/// The beat of a loop, and the nudge that may wake it early. Clones share the nudge.
#[derive(Debug, Clone)]
pub struct Pace {
    name: &'static str,
    beat: Duration,
    nudge: Arc<Notify>,
}

impl Pace {
    /// Creates the pace of a loop of this name (for logs) that looks for work every `beat`, give or
    /// take a tenth, so that replicas do not step together.
    pub fn new(name: &'static str, beat: Duration) -> Self {
        Self {
            name,
            beat,
            nudge: Arc::default(),
        }
    }

    /// Ends the current wait, because there is work now, unless the last step failed.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Steps until shutdown; a step that has begun is finished. A failed or panicked step is logged
    /// and repeated after a growing wait. Futures need not be `Send`.
    pub async fn run<Step, Fut, E>(self, shutdown: Shutdown, mut step: Step)
    where
        Step: FnMut() -> Fut,
        Fut: Future<Output = Result<Did, E>>,
        E: Display,
    {
        let mut failures: u32 = 0;
        while !shutdown.is_triggered() {
            let started = Instant::now();
            let span = self.span_of_a_step();
            let stepped = AssertUnwindSafe(async { step().await }.instrument(span.clone()))
                .catch_unwind()
                .await;
            let mut can_be_nudged = true;
            let wait = match stepped {
                Ok(Ok(did)) => {
                    failures = 0;
                    if did == Did::Nothing {
                        span.record(IS_IDLE, true);
                    }
                    self.wait_after(did)
                }
                Ok(Err(error)) => {
                    failures = failures.saturating_add(1);
                    let ms = started.elapsed().as_millis();
                    span.record("otel.status_code", "ERROR");
                    span.in_scope(
                        || tracing::warn!(name = self.name, failures, ms, %error, "loop step failed"),
                    );
                    can_be_nudged = false;
                    self.backoff(failures)
                }
                Err(_panic) => {
                    failures = failures.saturating_add(1);
                    span.record("otel.status_code", "ERROR");
                    span.in_scope(|| {
                        tracing::error!(name = self.name, failures, "loop step panicked")
                    });
                    can_be_nudged = false;
                    self.backoff(failures)
                }
            };
            drop(span);
            self.pause(wait, can_be_nudged, &shutdown).await;
        }
        tracing::debug!(name = self.name, "loop ended");
    }

    fn span_of_a_step(&self) -> Span {
        let span = tracing::info_span!(
            target: "trace_begins",
            parent: None,
            "step",
            otel.name = format!("{STEP} {}", self.name),
            otel.status_code = tracing::field::Empty,
            step.name = self.name,
            step.is_idle = tracing::field::Empty,
        );
        continues(&span, None);
        span
    }

    fn wait_after(&self, did: Did) -> Duration {
        match did {
            Did::Something => Duration::ZERO,
            Did::Nothing => jittered(self.beat),
        }
    }

    fn backoff(&self, failures: u32) -> Duration {
        let doubled = self
            .beat
            .saturating_mul(2_u32.saturating_pow(failures.min(16)));
        jittered(doubled.min(BACKOFF_MAX.max(self.beat)))
    }

    async fn pause(&self, wait: Duration, can_be_nudged: bool, shutdown: &Shutdown) {
        if wait.is_zero() {
            // Other tasks of this thread get their turn even when the work never ends.
            tokio::task::yield_now().await;
            return;
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = self.nudge.notified(), if can_be_nudged => sleep(NUDGES_GATHER_FOR.min(wait)).await,
            () = shutdown.wait() => {}
        }
    }
}

/// Returns the duration give or take up to a tenth, at random.
pub fn jittered(duration: Duration) -> Duration {
    let tenth = duration.as_micros() / 10;
    if tenth == 0 {
        return duration;
    }
    let offset = Uuid::new_v4().as_u128() % (2 * tenth);
    let micros = duration
        .as_micros()
        .saturating_sub(tenth)
        .saturating_add(offset);
    u64::try_from(micros).map_or(duration, Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        rc::Rc,
    };

    use super::*;

    async fn steps_until(script: &[Result<Did, &'static str>], beat: Duration) -> (u32, Duration) {
        let shutdown = Shutdown::new();
        let done = Rc::new(Cell::new(0_u32));
        let (count, token) = (done.clone(), shutdown.clone());
        let started = Instant::now();
        let script = script.to_vec();
        Pace::new("test", beat)
            .run(shutdown, move || {
                let at = count.get();
                count.set(at + 1);
                let answer = script.get(usize::try_from(at).unwrap()).copied();
                if answer.is_none() {
                    token.trigger();
                }
                async move { answer.unwrap_or(Ok(Did::Nothing)) }
            })
            .await;
        (done.get(), started.elapsed())
    }

    #[actix_web::test]
    async fn a_step_that_did_something_is_followed_at_once() {
        let script = [Ok(Did::Something); 5];
        let (steps, took) = steps_until(&script, Duration::from_secs(60)).await;
        assert_eq!(steps, 6);
        assert!(took < Duration::from_secs(5));
    }

    #[actix_web::test]
    async fn an_idle_step_waits_for_the_beat_and_a_failed_one_longer() {
        let beat = Duration::from_millis(40);
        let (_, idle) = steps_until(&[Ok(Did::Nothing)], beat).await;
        let (_, failed) = steps_until(&[Err("no")], beat).await;
        assert!(idle >= Duration::from_millis(36), "{idle:?}");
        assert!(failed >= Duration::from_millis(72), "{failed:?}");
    }

    #[actix_web::test]
    async fn a_panicking_step_does_not_end_the_loop() {
        let shutdown = Shutdown::new();
        let (steps, token) = (Rc::new(Cell::new(0)), shutdown.clone());
        let count = steps.clone();
        Pace::new("test", Duration::from_millis(1))
            .run(shutdown, move || {
                count.set(count.get() + 1);
                let first = count.get() == 1;
                if !first {
                    token.trigger();
                }
                async move {
                    assert!(!first, "the first step panics");
                    Ok::<_, String>(Did::Nothing)
                }
            })
            .await;
        assert_eq!(steps.get(), 2);
    }

    #[actix_web::test]
    async fn a_nudge_ends_the_wait() {
        let shutdown = Shutdown::new();
        let pace = Pace::new("test", Duration::from_secs(60));
        let (nudger, token) = (pace.clone(), shutdown.clone());
        let steps = Rc::new(Cell::new(0));
        let count = steps.clone();
        let looping = pace.run(shutdown, move || {
            count.set(count.get() + 1);
            if count.get() == 2 {
                token.trigger();
            }
            async { Ok::<_, String>(Did::Nothing) }
        });
        let nudging = async { nudger.nudge() };
        tokio::time::timeout(Duration::from_secs(5), async {
            tokio::join!(looping, nudging)
        })
        .await
        .unwrap();
        assert_eq!(steps.get(), 2);
    }

    #[actix_web::test]
    async fn a_nudge_does_not_shorten_the_wait_after_a_failure() {
        let shutdown = Shutdown::new();
        let pace = Pace::new("test", Duration::from_millis(100));
        let (nudger, token) = (pace.clone(), shutdown.clone());
        let times = Rc::new(RefCell::new(Vec::new()));
        let noted = times.clone();
        let looping = pace.run(shutdown, move || {
            noted.borrow_mut().push(Instant::now());
            nudger.nudge();
            if noted.borrow().len() == 2 {
                token.trigger();
            }
            async { Err::<Did, _>("no") }
        });
        looping.await;
        let times = times.borrow();
        assert!(times[1] - times[0] >= Duration::from_millis(180));
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        let whole = Duration::from_secs(10);
        for _ in 0..1000 {
            let jittered = jittered(whole);
            assert!(jittered >= Duration::from_secs(9) && jittered <= Duration::from_secs(11));
        }
        assert_eq!(jittered(Duration::ZERO), Duration::ZERO);
    }
}
