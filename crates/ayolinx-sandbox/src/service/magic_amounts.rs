//! Amounts that make the sandbox act by itself (contract 7), for a shop's own tests.

use ayolinx_core::money::Amount;

/// The behaviour that the last three rupiah digits ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    /// 901: refused.
    Refused,
    /// 902: done, but never answered.
    TimesOut,
    /// 903: paid after 3 s.
    PaysSoon,
    /// 904: paid after expiry.
    PaysLate,
    /// 905: paid after 3 s, without a callback.
    PaysSilently,
}

impl Magic {
    /// Reads an amount.
    pub(crate) const fn of(amount: Amount) -> Option<Self> {
        match amount.whole_rupiah() % 1_000 {
            901 => Some(Self::Refused),
            902 => Some(Self::TimesOut),
            903 => Some(Self::PaysSoon),
            904 => Some(Self::PaysLate),
            905 => Some(Self::PaysSilently),
            _ => None,
        }
    }
}
