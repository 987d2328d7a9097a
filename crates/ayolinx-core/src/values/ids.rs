//! Identifiers: one type for each thing, so that one is never taken for another.
//! Spelt as a prefix and the UUID's 32 lower-case hex digits (contract 4); made by the caller.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not an identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct IdError;

fn parse(prefix: &str, text: &str) -> Result<Uuid, IdError> {
    let digits = text.strip_prefix(prefix).ok_or(IdError)?;
    let plain = digits.len() == 32
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !plain {
        return Err(IdError);
    }
    Uuid::try_parse(digits).map_err(|_| IdError)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the spelling.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that is known to be of this kind.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the UUID.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.as_simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// One order of a merchant.
    OrderId,
    "ord_"
);
id!(
    /// One attempt at the provider; the very text is `partnerReferenceNo` / `trxId`.
    PaymentId,
    ""
);
id!(
    /// One event of which the merchant is notified.
    EventId,
    "evt_"
);
id!(
    /// One webhook endpoint of a merchant.
    EndpointId,
    "whe_"
);
id!(
    /// One refund.
    RefundId,
    "rfd_"
);
id!(
    /// One receipt: a sum of money that the provider says it received.
    ReceiptId,
    "rcp_"
);
id!(
    /// One merchant.
    MerchantId,
    "mer_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_is_exact_both_ways() {
        let uuid = Uuid::from_u128(0x0193_4c5e_7a10_7bbb_8ccc_0123_4567_89ab);
        let order = OrderId::from_uuid(uuid);
        assert_eq!(order.to_string(), "ord_01934c5e7a107bbb8ccc0123456789ab");
        assert_eq!(order.to_string().parse(), Ok(order));
        assert_eq!(
            PaymentId::from_uuid(uuid).to_string(),
            "01934c5e7a107bbb8ccc0123456789ab"
        );
        for wrong in [
            "01934c5e7a107bbb8ccc0123456789ab",
            "ord_01934C5E7A107BBB8CCC0123456789AB",
            "ord_01934c5e-7a10-7bbb-8ccc-0123456789ab",
            "evt_01934c5e7a107bbb8ccc0123456789ab",
            "ord_",
            "",
        ] {
            assert_eq!(wrong.parse::<OrderId>(), Err(IdError), "{wrong}");
        }
    }
}
