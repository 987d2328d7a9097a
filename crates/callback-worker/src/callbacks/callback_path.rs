//! The four callback paths of the contract; the provider signs exactly these.

use ayolinx_core::messages::paths;

/// The path at which a callback arrived. Every path takes every body shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallbackPath {
    /// `/v1.0/qr/qr-mpm-notify`.
    Qris,
    /// `/v1.0/debit/notify`: e-wallets and convenience stores.
    Debit,
    /// `/v1.0/transfer-va/payment`.
    VirtualAccount,
    /// `/v1.0/payment-link/notify`; this one is ours.
    PaymentLink,
}

impl CallbackPath {
    /// All mounted paths.
    pub const ALL: [Self; 4] = [
        Self::Qris,
        Self::Debit,
        Self::VirtualAccount,
        Self::PaymentLink,
    ];

    /// Returns the path as mounted, registered with the provider and signed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Qris => paths::NOTIFY_QRIS,
            Self::Debit => paths::NOTIFY_DEBIT,
            Self::VirtualAccount => paths::NOTIFY_VA,
            Self::PaymentLink => paths::NOTIFY_LINK,
        }
    }

    /// Returns the name in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Qris => "qris",
            Self::Debit => "debit",
            Self::VirtualAccount => "virtual_account",
            Self::PaymentLink => "payment_link",
        }
    }
}
