//! The results of a call that the provider carried out.

use std::time::Duration;

use ayolinx_core::artefact::Artefact;
use ayolinx_core::qris::QrFault;
use chrono::{DateTime, Utc};

use crate::secret_pair::Which;

/// A payment the provider opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The artefact that the payer needs.
    pub artefact: Artefact,
    /// The provider's number, where the reply names one.
    pub provider_reference: Option<String>,
    /// The code by which a payment link's callbacks may name it.
    pub link_code: Option<String>,
    /// The fault of its QR, where the channel is set to show it all the same.
    pub qr_fault: Option<QrFault>,
    /// The end of its time as the provider spells it; `None` where the method's reply names no end
    /// of its own.
    pub expiry: Option<String>,
}

impl Accepted {
    /// Creates a payment of which nothing is known but its artefact.
    pub(crate) const fn of(artefact: Artefact) -> Self {
        Self {
            artefact,
            provider_reference: None,
            link_code: None,
            qr_fault: None,
            expiry: None,
        }
    }
}

/// The content of a token reply, without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenReceipt {
    /// `expiresIn`, where readable.
    pub lifetime: Option<Duration>,
    /// The `Date` header: the provider's clock.
    pub provider_time: Option<DateTime<Utc>>,
    /// The key of ours that the provider knows.
    pub signed_with: Which,
}
