//! Money: integer minor units with a currency, checked arithmetic, strict decimal text.
//! No operator is implemented on purpose: an overflow or a mix of currencies must be looked at.

use serde::{Deserialize, Serialize};

/// Minor units in one rupiah (sen).
const MINOR_PER_UNIT: i64 = 100;
/// The grammar takes 1 to 16 digits before the point (reliability T15).
const WHOLE_DIGITS_MAX: usize = 16;

/// A currency this gateway moves. The provider settles in rupiah only (protocol 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Currency {
    /// Indonesian rupiah.
    Idr,
}

impl Currency {
    /// Returns the ISO 4217 code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idr => "IDR",
        }
    }

    /// Reads an ISO 4217 code; only `IDR` is known.
    ///
    /// # Errors
    /// [`AmountError::UnknownCurrency`] for any other text.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        match text {
            "IDR" => Ok(Self::Idr),
            _ => Err(AmountError::UnknownCurrency),
        }
    }
}

/// The reason why a text or a sum is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not `digits` or `digits.digits` with at most 16 and 2 digits.
    #[error("an amount is 1 to 16 digits, optionally a point and 1 or 2 decimals")]
    Format,
    /// Not a currency of this gateway.
    #[error("the currency must be IDR")]
    UnknownCurrency,
    /// Two currencies in one sum.
    #[error("amounts of two currencies cannot be combined")]
    CurrencyMismatch,
    /// Below zero or beyond 64 bits.
    #[error("the amount is out of range")]
    OutOfRange,
}

/// A non-negative amount of money in minor units (1/100 rupiah).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

impl Amount {
    /// Nothing, in rupiah.
    pub const ZERO: Self = Self {
        minor: 0,
        currency: Currency::Idr,
    };

    /// Creates an amount of minor units.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when negative.
    pub const fn from_minor(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if minor < 0 {
            return Err(AmountError::OutOfRange);
        }
        Ok(Self { minor, currency })
    }

    /// Creates an amount of whole rupiah.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when negative or too large.
    pub const fn rupiah(whole: i64) -> Result<Self, AmountError> {
        match whole.checked_mul(MINOR_PER_UNIT) {
            Some(minor) => Self::from_minor(minor, Currency::Idr),
            None => Err(AmountError::OutOfRange),
        }
    }

    /// Reads `^[0-9]{1,16}(\.[0-9]{1,2})?$`, digit by digit.
    ///
    /// # Errors
    /// [`AmountError::Format`] for anything else: signs, exponents, grouping, blanks.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, decimals) = match text.split_once('.') {
            Some((whole, decimals)) if (1..=2).contains(&decimals.len()) => (whole, decimals),
            Some(_) => return Err(AmountError::Format),
            None => (text, ""),
        };
        if whole.is_empty() || whole.len() > WHOLE_DIGITS_MAX {
            return Err(AmountError::Format);
        }
        let mut minor: i64 = 0;
        let padding = std::iter::repeat_n(b'0', 2_usize.saturating_sub(decimals.len()));
        for byte in whole.bytes().chain(decimals.bytes()).chain(padding) {
            if !byte.is_ascii_digit() {
                return Err(AmountError::Format);
            }
            let digit = i64::from(byte.saturating_sub(b'0'));
            minor = minor
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(digit))
                .ok_or(AmountError::OutOfRange)?;
        }
        Self::from_minor(minor, currency)
    }

    /// Returns the minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Returns the currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Returns whether there are no sen, as the provider demands of what we ask (protocol 4.2).
    #[must_use]
    pub const fn is_whole_rupiah(self) -> bool {
        matches!(self.minor.checked_rem(MINOR_PER_UNIT), Some(0))
    }

    /// Returns whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// Returns the whole rupiah, sen dropped.
    #[must_use]
    pub const fn whole_rupiah(self) -> i64 {
        match self.minor.checked_div(MINOR_PER_UNIT) {
            Some(whole) => whole,
            None => 0,
        }
    }

    /// Formats it in the provider's and our own spelling: two decimals, a point, no grouping.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        let sen = self.minor.checked_rem(MINOR_PER_UNIT).unwrap_or(0);
        format!("{}.{sen:02}", self.whole_rupiah())
    }

    /// Returns the sum.
    ///
    /// # Errors
    /// Fails when the currencies differ or the sum leaves 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrencyMismatch);
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(AmountError::OutOfRange)?;
        Self::from_minor(minor, self.currency)
    }

    /// Returns the difference; never below zero.
    ///
    /// # Errors
    /// Fails when the currencies differ or `other` is larger.
    pub fn checked_sub(self, other: Self) -> Result<Self, AmountError> {
        if self.currency != other.currency {
            return Err(AmountError::CurrencyMismatch);
        }
        let minor = self
            .minor
            .checked_sub(other.minor)
            .ok_or(AmountError::OutOfRange)?;
        Self::from_minor(minor, self.currency)
    }
}

/// Money as the merchant API spells it (contract 4): `{"value":"150000.00","currency":"IDR"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Two decimals.
    pub value: String,
    /// ISO 4217.
    pub currency: String,
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self {
            value: amount.to_decimal_string(),
            currency: amount.currency().as_str().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_grammar_is_strict() {
        for (text, minor) in [
            ("0", 0),
            ("1", 100),
            ("150000.00", 15_000_000),
            ("0.5", 50),
            ("9999999999999999.99", 999_999_999_999_999_999),
        ] {
            assert_eq!(
                Amount::parse_decimal(text, Currency::Idr).map(Amount::minor),
                Ok(minor),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.234",
            "-1",
            "+1",
            "1e4",
            "1,000",
            " 1",
            "1 ",
            "１",
            "0x1",
            "12345678901234567",
            "20.000,00",
            "NaN",
        ] {
            assert_eq!(
                Amount::parse_decimal(text, Currency::Idr),
                Err(AmountError::Format),
                "{text}"
            );
        }
    }

    #[test]
    fn nothing_goes_below_zero_or_beyond_64_bits() {
        let one = Amount::rupiah(1).unwrap();
        let most = Amount::from_minor(i64::MAX, Currency::Idr).unwrap();
        assert_eq!(Amount::ZERO.checked_sub(one), Err(AmountError::OutOfRange));
        assert_eq!(most.checked_add(one), Err(AmountError::OutOfRange));
        assert_eq!(Amount::rupiah(i64::MAX), Err(AmountError::OutOfRange));
    }

    proptest! {
        #[test]
        fn text_and_minor_units_round_trip(minor in 0..=999_999_999_999_999_999_i64) {
            let amount = Amount::from_minor(minor, Currency::Idr).unwrap();
            let text = amount.to_decimal_string();
            prop_assert_eq!(Amount::parse_decimal(&text, Currency::Idr), Ok(amount));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,24}") {
            Amount::parse_decimal(&text, Currency::Idr).ok();
        }
    }
}
