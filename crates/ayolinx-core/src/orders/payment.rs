//! The life of an attempt: one function over (state, fact), every pair spelt out. What money makes
//! of it is in `allocation.rs`, what follows for the order and the ledger in `order.rs`.

use crate::values::states::PaymentState;

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// Something that became known about one attempt, apart from its money, from whichever source.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fact {
            $($(#[$doc])* $variant,)+
        }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the spelling in history rows and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

facts! {
    /// The provider took the create, and the artefact is here.
    Accepted = "accepted",
    /// The provider refused the create for certain.
    Refused = "refused",
    /// The create was not sent for certain.
    NotSent = "not_sent",
    /// It is not known yet whether the provider has it.
    OutcomeUnknown = "outcome_unknown",
    /// Status 01 or 03: exists, unpaid.
    ProviderOpen = "provider_open",
    /// Status 02: the payer is paying.
    ProviderPaying = "provider_paying",
    /// Status 05 well before expiry.
    ProviderCancelled = "provider_cancelled",
    /// Status 05 within 60 s of expiry or past it (protocol 5: DANA reports expiry so).
    ProviderExpired = "provider_expired",
    /// Status 06.
    ProviderFailed = "provider_failed",
    /// Status 07, or 404..01 to an inquiry.
    NotFound = "not_found",
    /// Our own expiry, after a last look that found no money.
    ExpiryReached = "expiry_reached",
    /// We withdraw it: cancelled by the merchant, superseded, or the order is paid otherwise.
    Withdrawn = "withdrawn",
    /// It exists unpaid, but what the payer needs was lost with the reply (contract 4.1).
    ArtefactLost = "artefact_lost",
    /// Lost, and no further replacement will be tried.
    ReplacementsExhausted = "replacements_exhausted",
    /// A person found that there was no money in it.
    ReviewRejected = "review_rejected",
}

/// Something learnt of a payment's money, for the history; what follows is in `order.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneyFact {
    /// A verified success over our amount.
    PaidInFull,
    /// A verified success over another amount or currency.
    PaidOtherAmount,
    /// A success that cannot be proven: no amount, or stale where nobody can be asked.
    PaidUnproven,
    /// A further receipt for an order that already has its money.
    PaidAgain,
    /// Status 04 over a whole receipt.
    ProviderRefunded,
    /// Status 04 over a part of a receipt.
    ProviderPartlyRefunded,
    /// Status 04 where the receipt was not reported yet.
    RefundWithoutReceipt,
    /// A person took the money under review as payment.
    ReviewAccepted,
    /// A person gave the money under review back.
    ReviewRefunded,
    /// A person found no payment in it.
    ReviewRejected,
    /// A refund is completed.
    RefundCompleted,
}

impl MoneyFact {
    /// Returns the spelling in history rows and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaidInFull => "paid_in_full",
            Self::PaidOtherAmount => "paid_other_amount",
            Self::PaidUnproven => "paid_unproven",
            Self::PaidAgain => "paid_again",
            Self::ProviderRefunded => "provider_refunded",
            Self::ProviderPartlyRefunded => "provider_partly_refunded",
            Self::RefundWithoutReceipt => "refund_without_receipt",
            Self::ReviewAccepted => "review_accepted",
            Self::ReviewRefunded => "review_refunded",
            Self::ReviewRejected => "review_rejected",
            Self::RefundCompleted => "refund_completed",
        }
    }
}

/// The effect of a fact on a payment that has no money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The payment moves.
    To(PaymentState),
    /// The state stays, but it is to be closed at the provider.
    Note,
    /// Recorded, nothing changes.
    Stay,
}

/// Returns the effect of a fact on an attempt apart from money (contract 4.1, 4.2). Money is not
/// here: whatever this says, what was received decides first (`allocation.rs`).
#[must_use]
pub const fn step(state: PaymentState, fact: Fact) -> Step {
    use PaymentState as S;
    use Step::{Note, Stay, To};
    match (fact, state) {
        (_, S::Paid | S::Review | S::Refunded) => Stay,

        (Fact::Accepted, S::Creating | S::Unknown) => To(S::Pending),
        (Fact::Accepted, S::Expired | S::Cancelled | S::Failed) => Note,
        (Fact::Accepted, S::Pending) => Stay,

        (Fact::Refused | Fact::ReplacementsExhausted, S::Creating | S::Unknown) => To(S::Failed),
        (
            Fact::Refused | Fact::ReplacementsExhausted,
            S::Pending | S::Expired | S::Cancelled | S::Failed,
        ) => Stay,

        (
            Fact::NotSent | Fact::ProviderOpen | Fact::ProviderPaying | Fact::NotFound,
            S::Creating | S::Unknown | S::Pending | S::Expired | S::Cancelled | S::Failed,
        ) => Stay,

        (Fact::OutcomeUnknown, S::Creating) => To(S::Unknown),
        (Fact::OutcomeUnknown, S::Unknown | S::Pending | S::Expired | S::Cancelled | S::Failed) => {
            Stay
        }

        (Fact::ProviderCancelled | Fact::Withdrawn, S::Creating | S::Unknown | S::Pending)
        | (Fact::ArtefactLost, S::Creating | S::Unknown) => To(S::Cancelled),
        (Fact::ProviderExpired | Fact::ExpiryReached, S::Creating | S::Unknown | S::Pending) => {
            To(S::Expired)
        }
        (Fact::ProviderFailed | Fact::ReviewRejected, S::Creating | S::Unknown | S::Pending) => {
            To(S::Failed)
        }
        (
            Fact::ProviderCancelled
            | Fact::Withdrawn
            | Fact::ProviderExpired
            | Fact::ExpiryReached
            | Fact::ProviderFailed
            | Fact::ReviewRejected,
            S::Expired | S::Cancelled | S::Failed,
        )
        | (Fact::ArtefactLost, S::Pending | S::Expired | S::Cancelled | S::Failed) => Stay,
    }
}
