//! The payment state machine: one function over (state, fact), every pair spelt out.
//! What the order makes of it is in `order.rs`, what the books make of it in `posting.rs`.

use crate::states::PaymentState;

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// Something that became known about one payment, from whichever source.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fact {
            $($(#[$doc])* $variant,)+
        }

        impl Fact {
            /// Every fact.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling in history rows and logs.
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
    /// The provider took the create and the artefact is here.
    Accepted = "accepted",
    /// The provider refused the create for certain.
    Refused = "refused",
    /// The create was not sent for certain.
    NotSent = "not_sent",
    /// Nobody can say yet whether the provider has it.
    OutcomeUnknown = "outcome_unknown",
    /// A verified success over our amount.
    PaidInFull = "paid_in_full",
    /// A verified success over another amount or currency.
    PaidOtherAmount = "paid_other_amount",
    /// A success that cannot be proven: no amount, or stale where nobody can be asked.
    PaidUnproven = "paid_unproven",
    /// A further receipt for a payment that already has its money.
    PaidAgain = "paid_again",
    /// Status 01 or 03: exists, unpaid.
    ProviderOpen = "provider_open",
    /// Status 02: the payer is paying.
    ProviderPaying = "provider_paying",
    /// Status 04 over a whole receipt.
    ProviderRefunded = "provider_refunded",
    /// Status 04 over a part of a receipt.
    ProviderPartlyRefunded = "provider_partly_refunded",
    /// Status 04 over a further receipt of a payment that keeps its own.
    FurtherReceiptRefunded = "further_receipt_refunded",
    /// Status 04 where no receipt is known.
    RefundWithoutReceipt = "refund_without_receipt",
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
    /// A person took the money under review as payment.
    ReviewAccepted = "review_accepted",
    /// A person gave the money under review back.
    ReviewRefunded = "review_refunded",
    /// A person found no payment in it.
    ReviewRejected = "review_rejected",
    /// Refunds for the whole are completed.
    RefundCompleted = "refund_completed",
    /// A refund for a part is completed.
    PartRefundCompleted = "part_refund_completed",
}

/// What a fact does to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The payment moves.
    To(PaymentState),
    /// The state stays, but the books or the merchant must know.
    Note,
    /// Recorded, nothing changes.
    Stay,
}

/// The whole rule (contract 4.1, 4.2). Money always wins: a proven success leads to `Paid` from
/// every state but `Refunded`; `Paid` is left only by refunds.
#[must_use]
#[expect(
    clippy::too_many_lines,
    reason = "the table of the product reads better whole"
)]
pub const fn step(state: PaymentState, fact: Fact) -> Step {
    use PaymentState as S;
    use Step::{Note, Stay, To};
    match (fact, state) {
        (Fact::Accepted, S::Creating | S::Unknown) => To(S::Pending),
        (Fact::Accepted, S::Expired | S::Cancelled | S::Failed) => Note,
        (Fact::Accepted, S::Pending | S::Paid | S::Review | S::Refunded) => Stay,

        (Fact::Refused | Fact::ReplacementsExhausted, S::Creating | S::Unknown) => To(S::Failed),
        (
            Fact::Refused | Fact::ReplacementsExhausted,
            S::Pending | S::Paid | S::Expired | S::Cancelled | S::Failed | S::Review | S::Refunded,
        ) => Stay,

        (
            Fact::NotSent | Fact::ProviderOpen | Fact::ProviderPaying | Fact::NotFound,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Paid
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review
            | S::Refunded,
        ) => Stay,

        (Fact::OutcomeUnknown, S::Creating) => To(S::Unknown),
        (
            Fact::OutcomeUnknown,
            S::Unknown
            | S::Pending
            | S::Paid
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review
            | S::Refunded,
        ) => Stay,

        (
            Fact::PaidInFull,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review,
        ) => To(S::Paid),
        (Fact::PaidInFull, S::Paid | S::Refunded) => Stay,

        (Fact::PaidAgain, S::Paid | S::Refunded) => Note,
        (
            Fact::PaidAgain,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review,
        ) => To(S::Paid),

        (
            Fact::PaidOtherAmount | Fact::PaidUnproven | Fact::RefundWithoutReceipt,
            S::Creating | S::Unknown | S::Pending | S::Expired | S::Cancelled | S::Failed,
        ) => To(S::Review),
        (Fact::PaidOtherAmount, S::Review) => Note,
        (Fact::PaidOtherAmount, S::Paid | S::Refunded)
        | (Fact::PaidUnproven | Fact::RefundWithoutReceipt, S::Paid | S::Review | S::Refunded) => {
            Stay
        }

        (Fact::ProviderRefunded, S::Paid | S::Review) => To(S::Refunded),
        (
            Fact::ProviderRefunded,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Refunded,
        ) => Stay,

        (Fact::ProviderPartlyRefunded, S::Paid | S::Review) => Note,
        (Fact::PartRefundCompleted, S::Paid)
        | (Fact::FurtherReceiptRefunded, S::Paid | S::Refunded) => Note,
        (
            Fact::FurtherReceiptRefunded,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review,
        )
        | (
            Fact::ProviderPartlyRefunded,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Refunded,
        )
        | (
            Fact::PartRefundCompleted,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review
            | S::Refunded,
        ) => Stay,

        (Fact::ProviderCancelled | Fact::Withdrawn, S::Creating | S::Unknown | S::Pending)
        | (Fact::ArtefactLost, S::Creating | S::Unknown) => To(S::Cancelled),
        (
            Fact::ProviderCancelled | Fact::Withdrawn,
            S::Paid | S::Expired | S::Cancelled | S::Failed | S::Review | S::Refunded,
        )
        | (
            Fact::ArtefactLost,
            S::Pending | S::Paid | S::Expired | S::Cancelled | S::Failed | S::Review | S::Refunded,
        ) => Stay,

        (Fact::ProviderExpired | Fact::ExpiryReached, S::Creating | S::Unknown | S::Pending) => {
            To(S::Expired)
        }
        (Fact::ProviderFailed, S::Creating | S::Unknown | S::Pending) => To(S::Failed),
        (
            Fact::ProviderExpired | Fact::ExpiryReached | Fact::ProviderFailed,
            S::Paid | S::Expired | S::Cancelled | S::Failed | S::Review | S::Refunded,
        ) => Stay,

        (Fact::ReviewAccepted, S::Review) => To(S::Paid),
        (Fact::ReviewRefunded, S::Review) | (Fact::RefundCompleted, S::Paid) => To(S::Refunded),
        (Fact::ReviewRejected, S::Review) => To(S::Failed),
        (
            Fact::ReviewAccepted | Fact::ReviewRefunded | Fact::ReviewRejected,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Paid
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Refunded,
        )
        | (
            Fact::RefundCompleted,
            S::Creating
            | S::Unknown
            | S::Pending
            | S::Expired
            | S::Cancelled
            | S::Failed
            | S::Review
            | S::Refunded,
        ) => Stay,
    }
}
