//! The times at which payers pay. They are quantiles and not draws, so that some hundred orders
//! follow the whole distribution; chance decides only whose payer is which.

use std::time::Duration;

use crate::tools::rng::Rng;

/// Methods whose payments are looked for every few seconds at first.
pub(super) const INSTANT: [&str; 2] = ["qris", "ewallet"];
/// Methods whose payments take a walk to a bank or a shop: contract 5 asks about them more rarely.
pub(super) const DEFERRED: [&str; 2] = ["virtual_account", "retail"];

/// Numbers of payers, of 10,000, who have paid after a number of milliseconds: log-normal, half of
/// them within a minute, 99 of 100 within eight.
const PAID_AFTER: [(u64, u64); 35] = [
    (0, 2_000),
    (5, 3_168),
    (25, 4_880),
    (100, 7_500),
    (250, 10_406),
    (500, 13_792),
    (1_000, 19_083),
    (1_500, 23_758),
    (2_000, 28_277),
    (2_500, 32_833),
    (3_000, 37_547),
    (3_500, 42_518),
    (4_000, 47_841),
    (4_500, 53_625),
    (5_000, 60_000),
    (5_500, 67_133),
    (6_000, 75_249),
    (6_500, 84_671),
    (7_000, 95_879),
    (7_500, 109_645),
    (8_000, 127_312),
    (8_500, 151_529),
    (9_000, 188_647),
    (9_250, 217_259),
    (9_500, 261_027),
    (9_700, 322_312),
    (9_800, 376_199),
    (9_850, 417_428),
    (9_900, 480_000),
    (9_925, 527_719),
    (9_950, 599_916),
    (9_975, 737_639),
    (9_990, 950_127),
    (9_997, 1_289_159),
    (10_000, 1_800_000),
];

/// One payer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The contract's spelling.
    pub(super) method: &'static str,
    /// Wait after the artefact was shown.
    pub(super) pays_after: Duration,
}

/// Plans this many payers, each group with the whole distribution.
pub(super) fn plans(orders: u64, rng: &mut Rng) -> Vec<Plan> {
    let deferred = orders / 4;
    let instant = orders.saturating_sub(deferred);
    let mut all = group(INSTANT, instant, rng);
    all.extend(group(DEFERRED, deferred, rng));
    rng.shuffle(&mut all);
    all
}

fn group(methods: [&'static str; 2], count: u64, rng: &mut Rng) -> Vec<Plan> {
    let mut waits: Vec<Duration> = (0..count).map(|rank| wait(rank, count)).collect();
    rng.shuffle(&mut waits);
    let turns = methods.into_iter().cycle();
    let plan = |(pays_after, method)| Plan { method, pays_after };
    waits.into_iter().zip(turns).map(plan).collect()
}

/// Returns the middle of the `rank`th of `count` equal parts, interpolated between the known
/// points.
fn wait(rank: u64, count: u64) -> Duration {
    let part = rank
        .saturating_mul(2)
        .saturating_add(1)
        .saturating_mul(10_000);
    let part = part.checked_div(count.saturating_mul(2)).unwrap_or(0);
    let pairs = PAID_AFTER.iter().zip(PAID_AFTER.iter().skip(1));
    let between = pairs.into_iter().find(|(_, (upper, _))| part <= *upper);
    let ms = between.map_or(0, |((lower, from_ms), (upper, to_ms))| {
        let along = part.saturating_sub(*lower);
        let rise = to_ms.saturating_sub(*from_ms).saturating_mul(along);
        let rise = rise.checked_div(upper.saturating_sub(*lower)).unwrap_or(0);
        from_ms.saturating_add(rise)
    });
    Duration::from_millis(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_pay_within_a_minute_and_one_in_a_hundred_later_than_eight() {
        let mut plans = plans(400, &mut Rng::new(1));
        plans.retain(|plan| INSTANT.contains(&plan.method));
        assert_eq!(plans.len(), 300);
        let later = |seconds| {
            let wait = Duration::from_secs(seconds);
            plans.iter().filter(|plan| plan.pays_after > wait).count()
        };
        assert_eq!((later(0), later(60), later(480)), (300, 150, 3));
    }
}
