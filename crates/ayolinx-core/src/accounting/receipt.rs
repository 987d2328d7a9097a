//! A receipt: one sum of money that the provider says it received (contract 4.2). A payment has one
//! for each transfer that the provider names by a `paymentRequestId`, else one. The facts about a
//! receipt only grow: they can be reported in any order and end the same.

use chrono::{DateTime, NaiveDate, Utc};

use crate::values::ids::ReceiptId;
use crate::values::money::{Amount, AmountError};

/// The place of a receipt's money in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// It is the merchant's.
    Booked,
    /// It is held until a person or a later report says whose it is.
    Suspense,
    /// All of it went back to the payer.
    Returned,
    /// A person found that it never came.
    Rejected,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 4] = [Self::Booked, Self::Suspense, Self::Returned, Self::Rejected];
}

/// A person's decision about a receipt that was not what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It counts as the payment, with the amount that came.
    Accepted,
    /// It was given back.
    Returned,
    /// There was no such money.
    Rejected,
}

/// The part of a receipt that went back. It never falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The running total.
    pub total: Amount,
    /// All of it, whatever the amount was.
    pub whole: bool,
}

impl Returned {
    /// Nothing went back.
    pub const NONE: Self = Self {
        total: Amount::ZERO,
        whole: false,
    };
    /// Everything went back.
    pub const WHOLE: Self = Self {
        total: Amount::ZERO,
        whole: true,
    };

    /// Joins two reports that are both true: the larger one counts.
    #[must_use]
    pub const fn join(self, other: Self) -> Self {
        Self {
            total: if self.total.minor() >= other.total.minor() {
                self.total
            } else {
                other.total
            },
            whole: self.whole || other.whole,
        }
    }

    /// Returns whether nothing went back by it.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        !self.whole && self.total.is_zero()
    }
}

/// The details that the provider reports of a receipt beside its amount. Each is unknown until it
/// is reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiptDetails {
    /// The fee that the provider keeps of it.
    pub fee: Option<Amount>,
    /// Retrieval reference number, by which banks and issuers speak of a QRIS payment.
    pub rrn: Option<String>,
    /// The payer's bank or wallet.
    pub issuer: Option<String>,
    /// The day on which the provider means to pay it out.
    pub settles_on: Option<NaiveDate>,
}

impl ReceiptDetails {
    /// Takes over the details that `later` has, and keeps the others. Returns whether anything
    /// changed.
    pub fn learn(&mut self, later: &Self) -> bool {
        let before = self.clone();
        if later.fee.is_some() {
            self.fee = later.fee;
        }
        if later.rrn.is_some() {
            self.rrn.clone_from(&later.rrn);
        }
        if later.issuer.is_some() {
            self.issuer.clone_from(&later.issuer);
        }
        if later.settles_on.is_some() {
            self.settles_on = later.settles_on;
        }
        *self != before
    }
}

/// A receipt as it stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// The amount booked for it: what was asked for where it is the right sum, else what came.
    pub amount: Amount,
    /// The part of that amount that went back.
    pub returned: Amount,
    /// The place of the rest.
    pub place: Place,
}

impl Posted {
    /// Returns the amount that is still there.
    ///
    /// # Errors
    /// [`AmountError`] when more went back than came, which no code here makes.
    pub fn rest(self) -> Result<Amount, AmountError> {
        match self.place {
            Place::Returned | Place::Rejected => Ok(Amount::ZERO),
            Place::Booked | Place::Suspense => self.amount.checked_sub(self.returned),
        }
    }
}

/// One sum of money that the provider says it received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Identity.
    pub id: ReceiptId,
    /// The provider's `paymentRequestId`; `None` until it named one.
    pub key: Option<String>,
    /// The provider's number for it.
    pub provider_reference: Option<String>,
    /// The sum in the provider's figures.
    pub received: Amount,
    /// Set when it is the sum that was asked for, by the channel's amount rule.
    pub is_right: bool,
    /// The decision of a person.
    pub verdict: Option<Verdict>,
    /// The part of what is booked that persons gave back.
    pub given_back: Returned,
    /// The other details that the provider reports.
    pub details: ReceiptDetails,
    /// The time at which it was paid, as the provider says.
    pub finished_at: Option<DateTime<Utc>>,
    /// The time at which we first heard of it.
    pub received_at: DateTime<Utc>,
    /// The receipt as it stands in the ledger; `None` while it does not.
    pub posted: Option<Posted>,
}

impl Receipt {
    /// Returns whether it may count as the order's money.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.verdict != Some(Verdict::Rejected)
            && (self.is_right || self.verdict == Some(Verdict::Accepted))
    }

    /// Returns the amount booked for it, where `asked` is what its payment asked for.
    #[must_use]
    pub const fn amount(&self, asked: Amount) -> Amount {
        if self.is_right { asked } else { self.received }
    }

    /// Returns the part of `amount` that is gone when the provider's figures say `returned`. The
    /// amount rule holds for what goes back as for what came in, so all that was received is the
    /// whole.
    #[must_use]
    pub const fn returned_of(&self, amount: Amount, returned: Returned) -> Amount {
        let total = returned.total.minor();
        if returned.whole || total >= self.received.minor() || total >= amount.minor() {
            amount
        } else {
            returned.total
        }
    }

    /// Returns the part of `amount` that persons gave back.
    #[must_use]
    pub const fn given_back_of(&self, amount: Amount) -> Amount {
        let given = self.given_back;
        if given.whole || given.total.minor() >= amount.minor() {
            amount
        } else {
            given.total
        }
    }
}

/// The name by which the provider meant the receipt of a notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeName {
    /// No name at all.
    Nothing,
    /// The receipt's own `paymentRequestId`.
    Key(String),
    /// The provider's number in a callback of a method that names transfers.
    Reference(String),
    /// The provider's number in the answer to an inquiry, which may be an alias.
    Inquiry(String),
}

/// The statement of a notice about its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeSays {
    /// It came, and nobody can say how much.
    Paid,
    /// This much of it went back (status 04).
    Returned(Returned),
}

/// A person's decision about a notice that no receipt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeVerdict {
    /// The matter is settled; what the notice says stays true.
    Settled,
    /// The notice is not true.
    Rejected,
}

/// A report of the provider about a receipt whose amount it does not name: status 04, or a success
/// without a readable amount. It is kept beside the receipts and applied to the one it names,
/// whichever is reported first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The name of the receipt.
    pub name: NoticeName,
    /// The statement about it.
    pub says: NoticeSays,
    /// The decision of a person.
    pub verdict: Option<NoticeVerdict>,
}

impl Notice {
    /// Returns what went back by it, unless a person found that this is not so.
    #[must_use]
    pub fn returned(&self) -> Option<Returned> {
        match self.says {
            NoticeSays::Returned(returned) if self.verdict != Some(NoticeVerdict::Rejected) => {
                Some(returned)
            }
            NoticeSays::Returned(_) | NoticeSays::Paid => None,
        }
    }
}

/// Compares two receipts by the provider's time, else by the smaller key (contract 4.2); a receipt
/// without a key stands by its payment's id.
pub(crate) fn earlier(
    (left, left_payment): (&Receipt, &str),
    (right, right_payment): (&Receipt, &str),
) -> std::cmp::Ordering {
    let time = |receipt: &Receipt| {
        receipt
            .finished_at
            .map_or(i64::MAX, |at| at.timestamp_micros())
    };
    let key = |receipt: &Receipt, payment: &str| {
        receipt.key.clone().unwrap_or_else(|| payment.to_owned())
    };
    time(left)
        .cmp(&time(right))
        .then_with(|| key(left, left_payment).cmp(&key(right, right_payment)))
}
