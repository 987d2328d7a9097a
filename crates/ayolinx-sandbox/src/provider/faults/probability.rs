//! The chance that a rule fires: a seeded sequence, in parts per million, without floating point.

use serde_json::Number;

const MILLION: u64 = 1_000_000;

/// A seeded coin.
#[derive(Debug)]
pub(super) struct Chance {
    per_million: u64,
    state: u64,
}

impl Chance {
    /// Reads a number from 0 to 1 with at most six decimals; absent is always.
    pub(super) fn read(probability: Option<&Number>, seed: u64) -> Result<Self, String> {
        let per_million = match probability {
            None => MILLION,
            Some(number) => parts(&number.to_string())
                .ok_or("probability must be between 0 and 1, at most six decimals")?,
        };
        Ok(Self {
            per_million,
            state: seed,
        })
    }

    /// Tosses the coin (`SplitMix64`).
    pub(super) fn happens(&mut self) -> bool {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % MILLION < self.per_million
    }
}

fn parts(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    if decimals.len() > 6 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let decimals: u64 = format!("{decimals:0<6}").parse().ok()?;
    let parts = whole.checked_mul(MILLION)?.checked_add(decimals)?;
    (parts <= MILLION).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_read_exactly() {
        assert_eq!(parts("0.25"), Some(250_000));
        assert_eq!(parts("1"), Some(MILLION));
        assert_eq!(parts("1.0"), Some(MILLION));
        assert_eq!(parts("0"), Some(0));
        assert_eq!(parts("1.000001"), None);
        assert_eq!(parts("-1"), None);
        assert_eq!(parts("1e-3"), None);
    }
}
