//! The fee that the provider is expected to keep of a payment, and the party that bears it
//! (contract 3, 10).

use std::fmt;
use std::str::FromStr;

/// A percentage in millionths: `0.7` is 7000. At most 100 %, at most four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeePercent(u32);

const MILLIONTHS_PER_PERCENT: u32 = 10_000;
const MILLIONTHS_MAX: u32 = 1_000_000;
const DECIMALS_MAX: usize = 4;

impl FeePercent {
    /// Returns the part of one million.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

/// The text is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a text from \"0\" to \"100\" with at most four decimals, as \"0.7\"")]
pub struct UnreadableFeePercent;

impl FromStr for FeePercent {
    type Err = UnreadableFeePercent;

    fn from_str(text: &str) -> Result<Self, UnreadableFeePercent> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) if (1..=DECIMALS_MAX).contains(&decimals.len()) => {
                (whole, decimals)
            }
            Some(_) => return Err(UnreadableFeePercent),
            None => (text, ""),
        };
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !(1..=3).contains(&whole.len()) || !is_number(whole) || !is_number(decimals) {
            return Err(UnreadableFeePercent);
        }
        let read = |digits: &str| digits.parse::<u32>().map_err(|_| UnreadableFeePercent);
        let part = read(&format!("{decimals:0<DECIMALS_MAX$}"))?;
        read(whole)?
            .checked_mul(MILLIONTHS_PER_PERCENT)
            .and_then(|millionths| millionths.checked_add(part))
            .filter(|millionths| *millionths <= MILLIONTHS_MAX)
            .map(Self)
            .ok_or(UnreadableFeePercent)
    }
}

impl fmt::Display for FeePercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.checked_div(MILLIONTHS_PER_PERCENT).unwrap_or(0);
        let part = self.0.checked_rem(MILLIONTHS_PER_PERCENT).unwrap_or(0);
        let decimals = format!("{part:0DECIMALS_MAX$}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            decimals => write!(f, "{whole}.{decimals}"),
        }
    }
}

/// The channel key `fee_borne_by`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeeBearer {
    /// The shop: the fee goes off what it is owed.
    #[default]
    Merchant,
    /// The operator of the gateway: the shop is owed the whole.
    Operator,
}

impl FeeBearer {
    /// Returns the setting's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Operator => "operator",
        }
    }
}

/// The text names no party that bears fees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of merchant, operator")]
pub struct UnknownFeeBearer;

impl FromStr for FeeBearer {
    type Err = UnknownFeeBearer;

    fn from_str(text: &str) -> Result<Self, UnknownFeeBearer> {
        [Self::Merchant, Self::Operator]
            .into_iter()
            .find(|bearer| bearer.as_str() == text)
            .ok_or(UnknownFeeBearer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentages_are_read_exactly() {
        for (text, millionths) in [
            ("0", 0),
            ("0.7", 7_000),
            ("0.70", 7_000),
            ("0.0001", 1),
            ("2", 20_000),
            ("100", 1_000_000),
            ("100.0000", 1_000_000),
        ] {
            let read = text.parse::<FeePercent>().map(FeePercent::millionths);
            assert_eq!(read, Ok(millionths), "{text}");
        }
        for text in [
            "", ".7", "0.", "0,7", "0.7%", "-0.7", "+1", "0.00001", "100.0001", "101", "1000",
            "1e1", " 1",
        ] {
            assert_eq!(
                text.parse::<FeePercent>(),
                Err(UnreadableFeePercent),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_percentage_is_written_as_it_is_read(millionths in 0..=MILLIONTHS_MAX) {
            let percent = FeePercent(millionths);
            prop_assert_eq!(percent.to_string().parse(), Ok(percent));
        }
    }
}
