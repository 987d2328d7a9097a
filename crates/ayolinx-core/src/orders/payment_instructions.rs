//! The artefact that the payer needs to pay: a provider's create is called for it (contract 4.2,
//! `next_action`).

use serde::{Deserialize, Serialize};

/// The payable artefact of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Artefact {
    /// A QRIS payload to show as a QR picture.
    Qr {
        /// The EMVCo text.
        qr_string: String,
    },
    /// A page of the wallet or of the provider's payment link.
    Redirect {
        /// The page to which the payer goes.
        url: String,
        /// The link's own code, by which its callbacks may name it (protocol 4.11).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link_code: Option<String>,
    },
    /// A virtual account number.
    VirtualAccount {
        /// Trimmed, for display.
        number: String,
        /// `BNI`, `CIMB`, …
        bank: String,
        /// The name the bank shows.
        account_name: String,
    },
    /// A code to tell at the counter.
    PaymentCode {
        /// The code.
        code: String,
        /// `ALFAMART`, …
        store: String,
        /// The provider's page with instructions, when there is one.
        instructions_url: Option<String>,
    },
}
