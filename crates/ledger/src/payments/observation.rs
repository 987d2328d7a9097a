//! Observations of a payment, their sources and their effects: the words between the ledger and its callers.
//! Names from the provider are made fit to be stored here.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::ids::OrderId;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Failure;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::rows::history::Source;

/// Length up to which a name certainly fits an index entry.
const NAME_MAX_BYTES: usize = 255;

/// The content of an observation.
#[derive(Debug, Clone)]
pub enum What {
    /// A fact about the attempt.
    Fact(Fact),
    /// A refund of this amount is completed.
    RefundCompleted(Amount),
    /// A report of the provider, read against the payment as it is under the lock.
    Word(ProviderWord),
}

/// An observation of a payment, with what comes along.
#[derive(Debug, Clone)]
pub struct Observation {
    /// The source.
    pub source: Source,
    /// The content.
    pub what: What,
    /// The artefact, with [`Fact::Accepted`].
    pub artefact: Option<Artefact>,
    /// The end of the payment by the provider's report, with [`Fact::Accepted`], where it is earlier than
    /// ours.
    pub ends_at: Option<DateTime<Utc>>,
    /// The provider's number, where it named one.
    pub provider_reference: Option<String>,
    /// The reason of the end, with facts that end a payment.
    pub failure: Option<Failure>,
    /// Further detail for the history: no secrets, no personal data.
    pub detail: Option<String>,
    /// `true` when it was reported before: unless it changes something all the same, the history says nothing
    /// of it.
    pub is_repeated: bool,
}

impl Observation {
    /// Makes an observation of a fact and nothing else.
    #[must_use]
    pub const fn fact(source: Source, fact: Fact) -> Self {
        Self {
            source,
            what: What::Fact(fact),
            artefact: None,
            ends_at: None,
            provider_reference: None,
            failure: None,
            detail: None,
            is_repeated: false,
        }
    }

    /// Makes an observation that a refund of this amount is completed.
    #[must_use]
    pub const fn refund_completed(source: Source, part: Amount) -> Self {
        Self {
            source,
            what: What::RefundCompleted(part),
            artefact: None,
            ends_at: None,
            provider_reference: None,
            failure: None,
            detail: None,
            is_repeated: false,
        }
    }

    /// Makes an observation of a provider's report.
    #[must_use]
    pub fn word(source: Source, word: ProviderWord) -> Self {
        Self {
            source,
            provider_reference: word.provider_reference.clone(),
            what: What::Word(word),
            artefact: None,
            ends_at: None,
            failure: None,
            detail: None,
            is_repeated: false,
        }
    }
}

/// The effect of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something changed.
    Changed,
    /// The observation was recorded; nothing changed.
    Unchanged,
    /// The provider will be asked first.
    Asked,
}

/// A payment and its order after an observation.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    /// The effect.
    pub effect: Effect,
    /// The order.
    pub order_id: OrderId,
    /// Payment state now.
    pub payment: PaymentState,
    /// Order state now.
    pub order: OrderState,
}

impl Observation {
    /// Returns the same with every text in a form that can be stored and indexed: a notification must never be
    /// refused for ever because of a character or the length of a name in it.
    pub(crate) fn storable(&self) -> Self {
        let mut clean = self.clone();
        clean.provider_reference = self.provider_reference.as_deref().map(name);
        clean.detail = self.detail.as_deref().map(text);
        clean.failure = self.failure.as_ref().map(|failure| Failure {
            code: text(&failure.code),
            message: text(&failure.message),
        });
        if let What::Word(word) = &mut clean.what {
            word.provider_reference = word.provider_reference.as_deref().map(name);
            word.payment_request_id = word.payment_request_id.as_deref().map(name);
            word.channel = word.channel.as_deref().map(name);
        }
        clean
    }
}

fn text(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).collect()
}

fn name(said: &str) -> String {
    if said.len() <= NAME_MAX_BYTES && !said.chars().any(char::is_control) {
        return said.to_owned();
    }
    let digest = Sha256::digest(said.as_bytes());
    digest.iter().fold("sha256:".to_owned(), |mut hex, byte| {
        for digit in [byte >> 4, byte & 0x0f] {
            hex.extend(char::from_digit(u32::from(digit), 16));
        }
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart_and_fit_whatever_they_contain() {
        assert_eq!(name("2025-06-01 A/7"), "2025-06-01 A/7");
        let long = "x".repeat(256);
        assert_eq!(name(&long).len(), "sha256:".len() + 64);
        assert_ne!(name(&long), name(&"y".repeat(256)));
        assert_ne!(name("a\0b"), name("ab"));
        assert!(!name("a\0b").contains('\0'));
        assert_eq!(text("a\0b\nc"), "abc");
    }
}
