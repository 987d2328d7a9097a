//! The treatment of a QR that the provider returns and that is not as asked for (contract 3, 9.1).

use std::str::FromStr;

/// The channel key `qr_check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QrCheck {
    /// The QR is not shown: the payment is unknown and resolved.
    #[default]
    Strict,
    /// The QR is shown all the same, counted and logged.
    Report,
}

impl QrCheck {
    /// Returns the setting's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Report => "report",
        }
    }
}

/// The text names no check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of strict, report")]
pub struct UnknownQrCheck;

impl FromStr for QrCheck {
    type Err = UnknownQrCheck;

    fn from_str(text: &str) -> Result<Self, UnknownQrCheck> {
        [Self::Strict, Self::Report]
            .into_iter()
            .find(|check| check.as_str() == text)
            .ok_or(UnknownQrCheck)
    }
}
