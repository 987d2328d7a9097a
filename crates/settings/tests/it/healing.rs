//! Every callback is lost: how soon the default plans find the money, reckoned in virtual time with
//! payers drawn from a seed. `make healing` measures the same on real processes.

use ayolinx_core::{method::Method, schedule::Schedule};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::api;

const ORDERS: usize = 20_000;
/// Payers take a minute in the middle, and one in a hundred takes over eight.
const MEDIAN_SECONDS: f64 = 60.0;
const SIGMA: f64 = 0.894;
/// A loop looks for work once in so long (`SWEEP_INTERVAL_MS`), a tenth of jitter included.
const SWEEP_MS: u64 = 1_100;
/// A question waits for its place in the channel's line, and for its answer.
const EXCHANGE_MS: u64 = 700;

/// `SplitMix64`: one seed is one run.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> TimeDelta {
        TimeDelta::milliseconds(i64::try_from(self.next() % end).unwrap())
    }

    /// Between 0 and 1, neither included.
    #[expect(
        clippy::float_arithmetic,
        reason = "a distribution for a test, no money"
    )]
    fn unit(&mut self) -> f64 {
        (f64::from(u32::try_from(self.next() >> 32).unwrap()) + 0.5) / 4_294_967_296.0
    }

    /// How long a payer takes: log-normal, by Box and Muller.
    #[expect(
        clippy::float_arithmetic,
        reason = "a distribution for a test, no money"
    )]
    fn patience(&mut self) -> TimeDelta {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.unit()).cos();
        let seconds = MEDIAN_SECONDS * (SIGMA * normal).exp();
        TimeDelta::from_std(std::time::Duration::from_secs_f64(seconds)).unwrap()
    }
}

struct Found {
    after: TimeDelta,
    asked_in_ten_minutes: usize,
}

/// Walks one order's plan until an answer says that it is paid.
fn heal(plan: &Schedule, rng: &mut Rng) -> Found {
    let shown_at = DateTime::<Utc>::UNIX_EPOCH;
    let expires_at = shown_at + TimeDelta::days(1);
    let id = u128::from(rng.next());
    let began_at = plan.spread(shown_at, id);
    let paid_at = shown_at + rng.patience();
    let mut asked_in_ten_minutes = 0;
    let mut now = shown_at;
    loop {
        let due_at = plan.next_inquiry(began_at, expires_at, now).unwrap();
        now = due_at.max(now) + rng.below(SWEEP_MS);
        let answered_at = now + rng.below(EXCHANGE_MS);
        if answered_at < shown_at + TimeDelta::minutes(10) {
            asked_in_ten_minutes += 1;
        }
        if paid_at <= answered_at {
            let after = answered_at - paid_at;
            return Found {
                after,
                asked_in_ten_minutes,
            };
        }
    }
}

fn healed(method: Method) -> Vec<Found> {
    let timings = api(&[]).shared.timings;
    let plan = timings.inquiry.of(method).unwrap();
    let mut rng = Rng(20_261_120);
    let mut all: Vec<Found> = (0..ORDERS).map(|_| heal(plan, &mut rng)).collect();
    all.sort_by_key(|found| found.after);
    all
}

fn at(all: &[Found], per_thousand: usize) -> TimeDelta {
    all[(all.len() * per_thousand).div_ceil(1_000) - 1].after
}

#[test]
fn lost_callbacks_of_instant_methods_are_found_within_a_minute() {
    let all = healed(Method::Qris);
    let (median, p99) = (at(&all, 500), at(&all, 990));
    assert!(median <= TimeDelta::seconds(15), "median {median}");
    assert!(p99 <= TimeDelta::seconds(60), "p99 {p99}");
    let most = all.iter().map(|found| found.asked_in_ten_minutes).max();
    assert!(most <= Some(12), "{most:?} inquiries in ten minutes");
}

#[test]
fn lost_callbacks_of_deferred_methods_are_found_at_the_next_step() {
    let all = healed(Method::VirtualAccount);
    let p99 = at(&all, 990);
    assert!(p99 <= TimeDelta::minutes(10), "p99 {p99}");
    let most = all.iter().map(|found| found.asked_in_ten_minutes).max();
    assert!(most <= Some(12), "{most:?} inquiries in ten minutes");
}
