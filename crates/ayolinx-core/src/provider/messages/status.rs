//! `latestTransactionStatus` (protocol 5): two characters, compared as text.

use std::fmt;

/// The provider's status of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderStatus {
    /// `00`.
    Success,
    /// `01`.
    Initiated,
    /// `02`: the payer is paying.
    Paying,
    /// `03`.
    Pending,
    /// `04`: means something only after `00`.
    Refunded,
    /// `05`: also "closed because it expired" (DANA).
    Cancelled,
    /// `06`.
    Failed,
    /// `07`, or `404…01` to an inquiry. Not final.
    NotFound,
    /// An unknown code: keep the state, alert.
    Other(String),
}

impl ProviderStatus {
    /// Reads a code; blanks around it are dropped.
    #[must_use]
    pub fn from_code(code: &str) -> Self {
        match code.trim() {
            "00" => Self::Success,
            "01" => Self::Initiated,
            "02" => Self::Paying,
            "03" => Self::Pending,
            "04" => Self::Refunded,
            "05" => Self::Cancelled,
            "06" => Self::Failed,
            "07" => Self::NotFound,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Success => "00",
            Self::Initiated => "01",
            Self::Paying => "02",
            Self::Pending => "03",
            Self::Refunded => "04",
            Self::Cancelled => "05",
            Self::Failed => "06",
            Self::NotFound => "07",
            Self::Other(code) => code,
        }
    }
}

impl fmt::Display for ProviderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_as_text() {
        for code in [
            "00", "01", "02", "03", "04", "05", "06", "07", "08", "0", "ok",
        ] {
            assert_eq!(ProviderStatus::from_code(code).code(), code);
        }
        assert_eq!(
            ProviderStatus::from_code("0"),
            ProviderStatus::Other("0".to_owned())
        );
    }
}
