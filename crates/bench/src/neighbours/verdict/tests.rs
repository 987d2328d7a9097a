//! The judge over drawn samples: whatever is drawn, it finds harm exactly where there is some.

use chaos::rng::Rng;

use super::*;

const DRAWS: u64 = 60;

struct Draw {
    rng: Rng,
    began: Instant,
}

impl Draw {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::fork(seed, "verdict"),
            began: Instant::now(),
        }
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.rng.below(high - low)
    }

    /// Builds a sample at this many milliseconds, taking this many microseconds.
    fn sample(&self, kind: Kind, at_ms: u64, micros: u64, failed: Option<u16>) -> Sample {
        Sample {
            kind,
            due: self.began + Duration::from_millis(at_ms),
            micros,
            failed,
        }
    }

    /// Draws good samples of every kind over thirty seconds, none slower than `slowest`.
    fn calm(&mut self, slowest: u64) -> Vec<Sample> {
        let mut all = Vec::new();
        for kind in Kind::ALL {
            for _ in 0..self.between(150, 300) {
                let (at, micros) = (self.rng.below(30_000), self.rng.below(slowest) + 1);
                all.push(self.sample(kind, at, micros, None));
            }
            // Each kind has some at either end.
            all.push(self.sample(kind, 0, 1, None));
            all.push(self.sample(kind, 29_999, 1, None));
        }
        all
    }
}

fn harmed(lines: &[Judged]) -> Vec<Kind> {
    let harmed = lines.iter().filter(|line| line.harm.is_some());
    harmed.map(|line| line.kind).collect()
}

#[test]
fn the_bound_is_twice_or_fifty_milliseconds_more_whichever_is_more() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let quiet = draw.between(1, 400_000);
        let most = Bounds::CONTRACT.p99_max(quiet);
        assert!(most >= 2 * quiet && most >= quiet + 50_000);
        assert!(most == 2 * quiet || most == quiet + 50_000);
        assert!(Bounds::GENEROUS.p99_max(quiet) > most);
    }
}

#[test]
fn whoever_is_as_good_as_in_quiet_is_not_harmed() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let quiet = by_kind(&draw.calm(40_000));
        let lines = judge(&quiet, &draw.calm(40_000), Bounds::CONTRACT);
        assert_eq!(harmed(&lines), [], "seed {seed}");
        assert_eq!(lines.len(), Kind::ALL.len());
    }
}

#[test]
fn one_failure_of_any_kind_is_harm_to_that_kind() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let quiet = by_kind(&draw.calm(40_000));
        let mut samples = draw.calm(40_000);
        let kind = *draw.rng.pick(&Kind::ALL).unwrap();
        let status = *draw.rng.pick(&[0_u16, 202, 404, 429, 500, 503]).unwrap();
        let at = draw.rng.below(30_000);
        samples.push(draw.sample(kind, at, 5_000, Some(status)));
        let lines = judge(&quiet, &samples, Bounds::CONTRACT);
        assert_eq!(harmed(&lines), [kind], "seed {seed}");
    }
}

#[test]
fn a_kind_that_was_never_asked_for_is_not_proven() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let quiet = by_kind(&draw.calm(40_000));
        let kind = *draw.rng.pick(&Kind::ALL).unwrap();
        let mut samples = draw.calm(40_000);
        samples.retain(|sample| sample.kind != kind);
        let lines = judge(&quiet, &samples, Bounds::CONTRACT);
        assert_eq!(harmed(&lines), [kind], "seed {seed}");
    }
}

#[test]
fn a_slow_hundredth_is_no_harm_and_a_slow_fiftieth_is() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let quiet = by_kind(&draw.calm(40_000));
        let kind = *draw.rng.pick(&Kind::ALL).unwrap();
        let slow = Bounds::CONTRACT.p99_max(quiet[&kind].p99) + 1 + draw.rng.below(1_000_000);
        let mut samples: Vec<Sample> = (0..1_000)
            .map(|place| draw.sample(kind, place, if place < 990 { 10 } else { slow }, None))
            .collect();
        let rest = draw.calm(40_000);
        samples.extend(rest.into_iter().filter(|sample| sample.kind != kind));
        assert_eq!(harmed(&judge(&quiet, &samples, Bounds::CONTRACT)), []);
        for _ in 0..20 {
            samples.push(draw.sample(kind, 1, slow, None));
        }
        let lines = judge(&quiet, &samples, Bounds::CONTRACT);
        assert_eq!(harmed(&lines), [kind], "seed {seed}");
    }
}

fn stop(draw: &Draw, whose: Stopped) -> Stop {
    Stop {
        whose,
        at: draw.began + Duration::from_secs(3),
    }
}

/// Draws the end of a request on the stuck session: 503 before the deadline, while it is stuck.
fn on_it(draw: &mut Draw, kind: Kind) -> Sample {
    let (at, micros) = (
        draw.between(3_000, 12_900),
        draw.between(2_000_000, 3_000_000),
    );
    draw.sample(kind, at, micros, Some(503))
}

const REQUESTS: [Kind; 5] = [
    Kind::Create,
    Kind::Read,
    Kind::List,
    Kind::Page,
    Kind::Callback,
];

#[test]
fn a_stuck_session_of_a_pool_may_cost_one_request_and_no_second() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let stop = stop(&draw, Stopped::Session);
        let quiet = by_kind(&draw.calm(40_000));
        let mut samples = draw.calm(40_000);
        let kind = *draw.rng.pick(&REQUESTS).unwrap();
        samples.push(on_it(&mut draw, kind));
        let lines = judge_stop(&quiet, &samples, Bounds::CONTRACT, stop);
        assert_eq!(harmed(&lines), [], "seed {seed}");
        let second = *draw.rng.pick(&REQUESTS).unwrap();
        samples.push(on_it(&mut draw, second));
        let lines = judge_stop(&quiet, &samples, Bounds::CONTRACT, stop);
        assert_eq!(harmed(&lines), [second], "seed {seed}");
    }
}

#[test]
fn a_stuck_writer_may_cost_creates_and_callbacks_for_ten_seconds_and_nothing_else() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let stop = stop(&draw, Stopped::Writer);
        let quiet = by_kind(&draw.calm(40_000));
        let mut samples = draw.calm(40_000);
        let stuck = draw.between(1, 40);
        for _ in 0..stuck {
            let kind = *draw.rng.pick(&[Kind::Create, Kind::Callback]).unwrap();
            samples.push(on_it(&mut draw, kind));
        }
        let lines = judge_stop(&quiet, &samples, Bounds::CONTRACT, stop);
        assert_eq!(harmed(&lines), [], "seed {seed}");
        let told: u64 = lines.iter().map(|line| line.excused).sum();
        assert_eq!(told, stuck, "seed {seed}");
        let other = *draw
            .rng
            .pick(&[
                Kind::Read,
                Kind::List,
                Kind::Page,
                Kind::Webhook,
                Kind::Healing,
            ])
            .unwrap();
        samples.push(on_it(&mut draw, other));
        let lines = judge_stop(&quiet, &samples, Bounds::CONTRACT, stop);
        assert_eq!(harmed(&lines), [other], "seed {seed}");
    }
}

#[test]
fn what_a_stuck_session_does_not_explain_is_harm() {
    for seed in 0..DRAWS {
        let mut draw = Draw::new(seed);
        let whose = *draw.rng.pick(&[Stopped::Session, Stopped::Writer]).unwrap();
        let stop = stop(&draw, whose);
        let quiet = by_kind(&draw.calm(40_000));
        let calm = draw.calm(40_000);
        let kind = *draw.rng.pick(&[Kind::Create, Kind::Callback]).unwrap();
        let (before, after) = (draw.rng.below(2_900), draw.between(13_000, 30_000));
        let late = draw.between(Bounds::CONTRACT.answered_within() + 1, 9_000_000);
        let unexplained = [
            // Before it was stopped, and after it must have been replaced.
            draw.sample(kind, before, 10_000, Some(503)),
            draw.sample(kind, after, 2_500_000, Some(503)),
            // Too late, or another answer than "later".
            draw.sample(kind, 4_000, late, Some(503)),
            draw.sample(kind, 4_000, 2_500_000, Some(500)),
            draw.sample(kind, 4_000, 2_500_000, Some(0)),
        ];
        for sample in unexplained {
            let mut samples = calm.clone();
            samples.push(sample);
            let lines = judge_stop(&quiet, &samples, Bounds::CONTRACT, stop);
            assert_eq!(harmed(&lines), [kind], "seed {seed}: {sample:?}");
        }
        let until_replaced: Vec<Sample> = calm
            .into_iter()
            .filter(|sample| sample.due < stop.at + REPLACED_WITHIN)
            .collect();
        let lines = judge_stop(&quiet, &until_replaced, Bounds::CONTRACT, stop);
        assert_eq!(harmed(&lines), Kind::ALL, "seed {seed}");
    }
}
