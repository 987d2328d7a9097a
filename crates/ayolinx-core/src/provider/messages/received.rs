//! Amounts as the provider reports them: a string or a JSON number, read by the strict grammar from the raw text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{WireMoney, lenient};
use crate::values::money::{Amount, Currency};

/// An amount field of an inbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceivedAmount {
    /// Not there, null or empty: ask before anything is called paid.
    #[default]
    Absent,
    /// There, but not an amount of ours: another currency, or outside the grammar.
    Unreadable,
    /// An amount.
    Read(Amount),
}

/// Reads an amount object; what does not fit becomes `Unreadable` instead of failing the message.
pub(super) fn amount<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ReceivedAmount, D::Error> {
    Ok(ReceivedAmount::from_raw(lenient::raw(deserializer)?.get()))
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, deserialize_with = "lenient::text")]
    currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    value: Option<String>,
}

impl ReceivedAmount {
    /// Returns the amount when it was readable.
    #[must_use]
    pub const fn read(self) -> Option<Amount> {
        match self {
            Self::Read(amount) => Some(amount),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// Returns whether no amount was reported.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Returns this, or `other` where this is absent.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match self {
            Self::Absent => other,
            Self::Unreadable | Self::Read(_) => self,
        }
    }

    pub(crate) fn from_raw(json: &str) -> Self {
        if matches!(json, "null" | "\"\"" | "[]" | "{}") {
            return Self::Absent;
        }
        if !json.starts_with('{') {
            return Self::Unreadable;
        }
        match serde_json::from_str::<Wire>(json) {
            Ok(wire) => wire.read(),
            Err(_duplicate_or_broken) => Self::Unreadable,
        }
    }

    /// Does as [`Self::from_raw`], for a message that keeps the raw field to echo it.
    pub(crate) fn from_optional(raw: Option<&RawValue>) -> Self {
        raw.map_or(Self::Absent, |raw| Self::from_raw(raw.get()))
    }
}

impl Wire {
    fn read(self) -> ReceivedAmount {
        let Some(value) = self.value else {
            return ReceivedAmount::Absent;
        };
        // A missing currency can only be the one currency the provider has (protocol 2.3).
        let currency = Currency::parse(self.currency.as_deref().unwrap_or("IDR"));
        match currency.and_then(|currency| Amount::parse_decimal(&value, currency)) {
            Ok(amount) => ReceivedAmount::Read(amount),
            Err(_outside_the_grammar) => ReceivedAmount::Unreadable,
        }
    }
}

impl Serialize for ReceivedAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().map(WireMoney::from).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(json: &str) -> Option<i64> {
        ReceivedAmount::from_raw(json).read().map(Amount::minor)
    }

    #[test]
    fn strings_and_numbers_are_read_by_the_same_grammar() {
        assert_eq!(
            minor(r#"{"currency":"IDR","value":"15000.00"}"#),
            Some(1_500_000)
        );
        assert_eq!(
            minor(r#"{"value":15000,"currency":"IDR"}"#),
            Some(1_500_000)
        );
        assert_eq!(minor(r#"{"value":15000.5}"#), Some(1_500_050));
        assert_eq!(
            minor(r#"{"value":9007199254740993,"currency":"IDR"}"#),
            Some(900_719_925_474_099_300)
        );
    }

    #[test]
    fn what_is_no_amount_of_ours_is_unreadable_and_never_a_number() {
        for json in [
            r#"{"value":1e4,"currency":"IDR"}"#,
            r#"{"value":"-1.00","currency":"IDR"}"#,
            r#"{"value":"20.000,00","currency":"IDR"}"#,
            r#"{"value":"1.000","currency":"IDR"}"#,
            r#"{"value":"1.00","currency":"USD"}"#,
            r#"{"value":"1.00","value":"2.00","currency":"IDR"}"#,
            r#""15000.00""#,
            "15000",
            "[1]",
        ] {
            assert_eq!(
                ReceivedAmount::from_raw(json),
                ReceivedAmount::Unreadable,
                "{json}"
            );
        }
        for json in [
            "null",
            r#"{"value":"","currency":"IDR"}"#,
            r#"{"currency":"IDR"}"#,
            "[]",
            "{}",
        ] {
            assert_eq!(
                ReceivedAmount::from_raw(json),
                ReceivedAmount::Absent,
                "{json}"
            );
        }
    }
}
