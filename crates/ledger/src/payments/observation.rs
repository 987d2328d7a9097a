//! What became known about a payment, from whom, and what came of it: the words between the ledger
//! and its callers. What the provider names is made fit to be stored here.

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

/// Names longer than this do not fit an index entry for certain.
const NAME_MAX_BYTES: usize = 255;

/// What became known.
#[derive(Debug, Clone)]
pub enum What {
    /// A fact about the attempt.
    Fact(Fact),
    /// A refund of so much is completed.
    RefundCompleted(Amount),
    /// A word of the provider, read against the payment as it is under the lock.
    Word(ProviderWord),
}

/// Something that became known about a payment, with what comes along.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Where it came from.
    pub source: Source,
    /// What it is.
    pub what: What,
    /// The artefact, with [`Fact::Accepted`].
    pub artefact: Option<Artefact>,
    /// When the payment ends by the provider's word, with [`Fact::Accepted`], where that is earlier than ours.
    pub ends_at: Option<DateTime<Utc>>,
    /// The provider's number, where it named one.
    pub provider_reference: Option<String>,
    /// Why it ended, with facts that end a payment.
    pub failure: Option<Failure>,
    /// More for the history: no secrets, no personal data.
    pub detail: Option<String>,
    /// It was told before: unless it is news all the same, the history says nothing of it.
    pub is_repeated: bool,
}

impl Observation {
    /// A fact and nothing else.
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

    /// A refund of so much is completed.
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

    /// A word of the provider.
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

/// What came of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Something changed.
    Changed,
    /// Recorded; nothing changed.
    Unchanged,
    /// The provider will be asked first.
    Asked,
}

/// A payment and its order after an observation.
#[derive(Debug, Clone, Copy)]
pub struct Applied {
    /// What came of it.
    pub effect: Effect,
    /// The order.
    pub order_id: OrderId,
    /// Payment state now.
    pub payment: PaymentState,
    /// Order state now.
    pub order: OrderState,
}

impl Observation {
    /// The same with every text in a form that can be stored and indexed: a notification must
    /// never be refused for ever because of a character or the length of a name in it.
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
