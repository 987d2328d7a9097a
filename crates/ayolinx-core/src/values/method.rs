//! The five ways a payer can pay, in the contract's spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A payment method (contract 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A QR code any Indonesian bank or wallet can scan.
    Qris,
    /// A redirect into a wallet (DANA).
    Ewallet,
    /// A bank account number made for this one payment.
    VirtualAccount,
    /// A code to be paid in cash at a convenience store.
    Retail,
    /// A page of the provider where the payer chooses the channel.
    PaymentLink,
}

impl Method {
    /// Every method, in the order they are listed to shops.
    pub const ALL: [Self; 5] = [
        Self::Qris,
        Self::Ewallet,
        Self::VirtualAccount,
        Self::Retail,
        Self::PaymentLink,
    ];

    /// Returns the contract's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qris => "qris",
            Self::Ewallet => "ewallet",
            Self::VirtualAccount => "virtual_account",
            Self::Retail => "retail",
            Self::PaymentLink => "payment_link",
        }
    }
}

/// The text names no payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of qris, ewallet, virtual_account, retail, payment_link")]
pub struct UnknownMethod;

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(UnknownMethod)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_read_back_from_its_spelling() {
        for method in Method::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(
                serde_json::to_string(&method).unwrap(),
                format!("\"{method}\"")
            );
        }
        assert_eq!("QRIS".parse::<Method>(), Err(UnknownMethod));
    }
}
