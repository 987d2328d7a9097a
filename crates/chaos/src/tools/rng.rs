//! The seeded randomness of a run (`SplitMix64`): one seed is one plan, whoever draws how often.

/// A stream of numbers that depends on nothing but its seed.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Creates the stream of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Creates a stream of its own for one part of the run, so that the parts do not disturb each
    /// other.
    #[must_use]
    pub fn fork(seed: u64, part: &str) -> Self {
        let mut mixed = Self(seed);
        for byte in part.bytes() {
            mixed = Self(mixed.next() ^ u64::from(byte));
        }
        Self(mixed.next())
    }

    /// Returns the next number.
    #[expect(
        clippy::should_implement_trait,
        reason = "an endless stream is not an iterator that ends"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Draws a number below `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// Returns true this many times in a thousand.
    pub fn chance(&mut self, per_thousand: u64) -> bool {
        self.below(1_000) < per_thousand
    }

    /// Draws one of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).unwrap_or(0);
        let index = usize::try_from(self.below(count)).unwrap_or(0);
        from.get(index)
    }

    /// Shuffles a list.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let range = u64::try_from(last).unwrap_or(0).saturating_add(1);
            let other = usize::try_from(self.below(range)).unwrap_or(0);
            list.swap(last, other);
        }
    }

    /// Draws milliseconds that lie as human patience does: log-normal about `median`, cut at 8
    /// times it.
    pub fn log_normal_ms(&mut self, median: u64) -> u64 {
        // Quantiles 2.5 %, 7.5 %, … of exp(N(0, 0.8)), in thousandths.
        const QUANTILES: [u64; 20] = [
            208, 316, 397, 473, 547, 620, 695, 775, 859, 951, 1_052, 1_165, 1_291, 1_439, 1_613,
            1_829, 2_113, 2_519, 3_166, 4_798,
        ];
        let quantile = self.pick(&QUANTILES).copied().unwrap_or(1_000);
        let spread = self.below(200).saturating_add(900);
        median.saturating_mul(quantile).saturating_mul(spread) / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_stream_and_parts_differ() {
        let draw = |mut rng: Rng| (0..8).map(|_| rng.next()).collect::<Vec<_>>();
        assert_eq!(draw(Rng::fork(7, "load")), draw(Rng::fork(7, "load")));
        assert_ne!(draw(Rng::fork(7, "load")), draw(Rng::fork(7, "sink")));
        assert_ne!(draw(Rng::fork(7, "load")), draw(Rng::fork(8, "load")));
    }

    #[test]
    fn numbered_parts_never_share_a_stream() {
        let first = |number: u32| Rng::fork(1, &format!("order-{number}")).next();
        let all: std::collections::BTreeSet<u64> = (0..5_000).map(first).collect();
        assert_eq!(all.len(), 5_000);
    }

    #[test]
    fn waits_scatter_about_their_median() {
        let mut rng = Rng::new(1);
        let waits: Vec<u64> = (0..1_000).map(|_| rng.log_normal_ms(1_000)).collect();
        let below = waits.iter().filter(|wait| **wait < 1_000).count();
        assert!((400..600).contains(&below), "{below}");
        assert!(waits.iter().all(|wait| (100..8_000).contains(wait)));
    }
}
