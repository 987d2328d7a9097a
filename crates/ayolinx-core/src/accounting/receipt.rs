//! A receipt: one sum of money that the provider says it received (contract 4.2). A payment has one
//! for each transfer that the provider names by a `paymentRequestId`, else one. What the provider
//! said of a receipt only grows: the facts here can be told in any order and end the same.

use chrono::{DateTime, NaiveDate, Utc};

use crate::values::ids::ReceiptId;
use crate::values::money::{Amount, AmountError};

/// Where the money of a receipt stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// It is the merchant's.
    Booked,
    /// A person or a later word must say whose it is.
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

/// How much of a receipt went back. It never falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// The running total.
    pub total: Amount,
    /// All of it, whatever that was.
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

    /// Both are true: the larger one.
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

    /// Whether it says that anything went back.
    #[must_use]
    pub const fn is_nothing(self) -> bool {
        !self.whole && self.total.is_zero()
    }
}

/// What the provider tells of a receipt beside its amount. Each is unknown until it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReceiptDetails {
    /// What the provider keeps of it.
    pub fee: Option<Amount>,
    /// Retrieval reference number, by which banks and issuers speak of a QRIS payment.
    pub rrn: Option<String>,
    /// The payer's bank or wallet.
    pub issuer: Option<String>,
    /// The day on which the provider means to pay it out.
    pub settles_on: Option<NaiveDate>,
}

impl ReceiptDetails {
    /// Takes over what `later` tells; what it does not tell stays. Whether anything changed.
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

/// A receipt as it stands in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// What was booked for it: what was asked for where it is the right sum, else what came.
    pub amount: Amount,
    /// How much of that went back.
    pub returned: Amount,
    /// Where the rest is.
    pub place: Place,
}

impl Posted {
    /// What is still there.
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
    /// Whether it is the sum that was asked for, by the channel's amount rule.
    pub is_right: bool,
    /// What a person decided.
    pub verdict: Option<Verdict>,
    /// What persons gave back, of what is booked.
    pub given_back: Returned,
    /// What else the provider tells.
    pub details: ReceiptDetails,
    /// When the provider says it was paid.
    pub finished_at: Option<DateTime<Utc>>,
    /// When we first heard of it.
    pub received_at: DateTime<Utc>,
    /// As it stands in the books; `None` while it does not.
    pub posted: Option<Posted>,
}

impl Receipt {
    /// Whether it may count as the order's money.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.verdict != Some(Verdict::Rejected)
            && (self.is_right || self.verdict == Some(Verdict::Accepted))
    }

    /// What is booked for it, where `asked` is what its payment asked for.
    #[must_use]
    pub const fn amount(&self, asked: Amount) -> Amount {
        if self.is_right { asked } else { self.received }
    }

    /// How much of `amount` is gone when the provider's figures say `returned`: the amount rule
    /// holds for what goes back as for what came in, so all that was received is the whole.
    #[must_use]
    pub const fn returned_of(&self, amount: Amount, returned: Returned) -> Amount {
        let total = returned.total.minor();
        if returned.whole || total >= self.received.minor() || total >= amount.minor() {
            amount
        } else {
            returned.total
        }
    }

    /// How much of `amount` persons gave back.
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

/// How the provider named the receipt that a notice is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeName {
    /// Not at all.
    Nothing,
    /// By the receipt's own `paymentRequestId`.
    Key(String),
    /// By the provider's number in a callback of a method that names transfers.
    Reference(String),
    /// By the provider's number in the answer to an inquiry, which may be an alias.
    Inquiry(String),
}

/// What a notice says of its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeSays {
    /// It came, and nobody can say how much.
    Paid,
    /// So much of it went back (status 04).
    Returned(Returned),
}

/// What a person decided about a notice that no receipt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeVerdict {
    /// The matter is settled; what the notice says stays true.
    Settled,
    /// What it says is not so.
    Rejected,
}

/// A word of the provider about a receipt whose amount it does not tell: status 04, or a success
/// without a readable amount. It is kept beside the receipts and applied to the one it names,
/// whichever is heard of first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which receipt.
    pub name: NoticeName,
    /// What of it.
    pub says: NoticeSays,
    /// What a person decided.
    pub verdict: Option<NoticeVerdict>,
}

impl Notice {
    /// What went back by it, unless a person found that this is not so.
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

/// The earlier of two receipts by the provider's time, else the smaller key (contract 4.2); a
/// receipt without a key stands by its payment's id.
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
