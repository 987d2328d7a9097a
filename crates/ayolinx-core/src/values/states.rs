//! The states of payments and orders and their spelling in JSON and in the database (contract 4.2).

use std::fmt;
use std::str::FromStr;

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state")]
pub struct StateError;

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
        }

        impl $name {
            /// Every state, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the spelling.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = StateError;

            fn from_str(text: &str) -> Result<Self, StateError> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(StateError),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
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

states!(
    /// The state of one attempt at the provider.
    PaymentState {
        /// The intent is committed; the provider's answer is not recorded yet.
        Creating = "creating",
        /// The provider may or may not have it; the resolver asks.
        Unknown = "unknown",
        /// The payer can pay.
        Pending = "pending",
        /// Paid in the right amount.
        Paid = "paid",
        /// Its time ran out unpaid.
        Expired = "expired",
        /// Withdrawn, by us or by the provider.
        Cancelled = "cancelled",
        /// Refused or failed.
        Failed = "failed",
        /// Money or a claim of money that a person must look at.
        Review = "review",
        /// Paid and given back.
        Refunded = "refunded",
    }
);

states!(
    /// The state of a merchant's order.
    OrderState {
        /// Waiting for the payer.
        Pending = "pending",
        /// Paid.
        Paid = "paid",
        /// Its time ran out unpaid.
        Expired = "expired",
        /// Withdrawn by the merchant.
        Cancelled = "cancelled",
        /// Its payments ended without money; another may still be tried.
        Failed = "failed",
        /// A person must look at it.
        Review = "review",
        /// Paid and given back.
        Refunded = "refunded",
    }
);

impl PaymentState {
    /// Returns whether the attempt still keeps its order open (contract 4.2: `creating`, `unknown`,
    /// `pending`).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Creating | Self::Unknown | Self::Pending)
    }
}

impl OrderState {
    /// Returns whether nothing but money can change it any more; ends a long poll (contract 4.3).
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Paid | Self::Expired | Self::Cancelled | Self::Failed | Self::Refunded
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back_from_its_spelling() {
        for state in PaymentState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        for state in OrderState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert_eq!("Paid".parse::<OrderState>(), Err(StateError));
    }
}
