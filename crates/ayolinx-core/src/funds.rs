//! The money of an order as the provider told it: the receipts of each payment, and the notices that
//! no receipt came to yet. Words are taken in here. Every rule is one of joining: whichever word
//! comes first, the same words end in the same facts (contract 4.2).

use chrono::{DateTime, Utc};

use crate::channels::AmountRule;
use crate::ids::{PaymentId, ReceiptId};
use crate::money::{Amount, AmountError};
use crate::receipt::{
    Notice, NoticeName, NoticeSays, NoticeVerdict, Place, Receipt, ReceiptDetails, Returned,
    Verdict,
};
use crate::states::{OrderState, PaymentState};

/// A payment with all that is known of its money.
#[derive(Debug, Clone)]
pub struct PaymentFunds {
    /// Identity.
    pub id: PaymentId,
    /// Where the attempt stands apart from money: never paid, review or refunded.
    pub base: PaymentState,
    /// What it asked for.
    pub asked: Amount,
    /// How what is received relates to it.
    pub amount_rule: AmountRule,
    /// Whether the provider can be asked about it (not a payment link).
    pub can_inquire: bool,
    /// Whether the provider's number in a callback tells one transfer from another (virtual account).
    pub names_transfers: bool,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// The sums that came, in the order in which they were heard of.
    pub receipts: Vec<Receipt>,
    /// What was said of receipts without telling their amount.
    pub notices: Vec<Notice>,
}

/// An order with all that is known of its money.
#[derive(Debug, Clone)]
pub struct OrderFunds {
    /// State now.
    pub state: OrderState,
    /// Where it would stand without any money: pending, expired, cancelled or failed.
    pub base: OrderState,
    /// Whether it was created without a payment: the payer chooses on the checkout page.
    pub payer_chooses: bool,
    /// Whether its time is not over.
    pub is_in_time: bool,
    /// Its payments.
    pub payments: Vec<PaymentFunds>,
}

impl OrderFunds {
    /// The payment of this id.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&PaymentFunds> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The payment of this id, to be changed.
    pub fn payment_mut(&mut self, id: PaymentId) -> Option<&mut PaymentFunds> {
        self.payments.iter_mut().find(|payment| payment.id == id)
    }
}

/// A success that names its sum.
#[derive(Debug, Clone)]
pub struct Success {
    /// The receipt's `paymentRequestId`, where it is named.
    pub key: Option<String>,
    /// The provider's number.
    pub provider_reference: Option<String>,
    /// The sum.
    pub received: Amount,
    /// What else is told.
    pub details: ReceiptDetails,
    /// When the provider says it was paid.
    pub finished_at: Option<DateTime<Utc>>,
}

impl PaymentFunds {
    /// The receipt that these names mean, if it is known by one of them.
    #[must_use]
    pub fn named(&self, key: Option<&str>, reference: Option<&str>) -> Option<&Receipt> {
        let by_key = |wanted: &str| {
            self.receipts
                .iter()
                .find(|receipt| receipt.key.as_deref() == Some(wanted))
        };
        match (key, reference) {
            (Some(key), _) => by_key(key),
            (None, Some(reference)) => by_key(reference).or_else(|| {
                self.receipts
                    .iter()
                    .find(|receipt| receipt.provider_reference.as_deref() == Some(reference))
            }),
            (None, None) => None,
        }
    }

    /// Whether a sum is the one that was asked for.
    #[must_use]
    pub fn is_right(&self, received: Amount, fee: Option<Amount>) -> bool {
        self.amount_rule.matches(self.asked, received, fee)
    }

    /// The receipt that a success speaks of, by its place in the list. Another key is another
    /// receipt; a receipt without a key takes one only where the sum is its own. A success without a
    /// key is about the receipt that its number names, else one of the same sum, else the one
    /// without a key.
    #[must_use]
    pub fn receipt_of(&self, success: &Success) -> Option<usize> {
        let place_of = |wanted: &dyn Fn(&Receipt) -> bool| self.receipts.iter().position(wanted);
        let right = self.is_right(success.received, success.details.fee);
        let same_sum =
            |receipt: &Receipt| receipt.received == success.received || (receipt.is_right && right);
        if let Some(key) = &success.key {
            let nameless = |receipt: &Receipt| receipt.key.is_none();
            return place_of(&|receipt| receipt.key.as_ref() == Some(key))
                .or_else(|| {
                    place_of(&|it| nameless(it) && it.provider_reference.as_ref() == Some(key))
                })
                .or_else(|| place_of(&|receipt| nameless(receipt) && same_sum(receipt)));
        }
        let reference = success.provider_reference.as_ref();
        let by_reference = |receipt: &Receipt| {
            reference.is_some() && receipt.provider_reference.as_ref() == reference
        };
        place_of(&|receipt| reference.is_some() && receipt.key.as_ref() == reference)
            .or_else(|| place_of(&|receipt| by_reference(receipt) && same_sum(receipt)))
            .or_else(|| place_of(&|receipt| receipt.key.is_none() && same_sum(receipt)))
            .or_else(|| self.smallest_key(&same_sum))
            .or_else(|| place_of(&|receipt| receipt.key.is_none()))
    }

    fn smallest_key(&self, wanted: &dyn Fn(&Receipt) -> bool) -> Option<usize> {
        self.receipts
            .iter()
            .enumerate()
            .filter(|(_, receipt)| wanted(receipt))
            .min_by(|(_, left), (_, right)| left.key.cmp(&right.key))
            .map(|(place, _)| place)
    }

    /// Takes a success in. Whether anything was learnt by it.
    pub fn take_success(&mut self, success: &Success, id: ReceiptId, now: DateTime<Utc>) -> bool {
        let place = self.receipt_of(success);
        let (asked, rule) = (self.asked, self.amount_rule);
        let Some(receipt) = place.and_then(|place| self.receipts.get_mut(place)) else {
            self.receipts.push(Receipt {
                id,
                key: success.key.clone(),
                provider_reference: success.provider_reference.clone(),
                received: success.received,
                is_right: rule.matches(asked, success.received, success.details.fee),
                verdict: None,
                given_back: Returned::NONE,
                details: success.details.clone(),
                finished_at: success.finished_at,
                received_at: now,
                posted: None,
            });
            return true;
        };
        let before = receipt.clone();
        take_names(receipt, success);
        receipt.details.learn(&success.details);
        take_sum(receipt, success.received, (asked, rule));
        if receipt.key.is_none() && receipt.received != before.received {
            // Whose sum it is now, its number and time are too.
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
            receipt.finished_at = success.finished_at;
        }
        *receipt != before
    }

    /// Keeps what was said of a receipt without its amount. Whether anything was learnt by it.
    pub fn take_notice(&mut self, name: NoticeName, says: NoticeSays) -> bool {
        let known = self.notices.iter_mut().find(|known| {
            known.name == name
                && std::mem::discriminant(&known.says) == std::mem::discriminant(&says)
        });
        let Some(known) = known else {
            self.notices.push(Notice {
                name,
                says,
                verdict: None,
            });
            return true;
        };
        match (known.says, says) {
            (NoticeSays::Returned(before), NoticeSays::Returned(now)) => {
                let joined = before.join(now);
                if joined == before {
                    return false;
                }
                known.says = NoticeSays::Returned(joined);
                // What a person struck out was less than this.
                known.verdict = None;
                true
            }
            (NoticeSays::Paid | NoticeSays::Returned(_), _) => false,
        }
    }

    /// Says that there is money of a success whose amount the provider never told: a person does.
    pub fn vouch(&mut self, id: ReceiptId, now: DateTime<Utc>) {
        self.receipts.push(Receipt {
            id,
            key: None,
            provider_reference: None,
            received: self.asked,
            is_right: true,
            verdict: Some(Verdict::Accepted),
            given_back: Returned::NONE,
            details: ReceiptDetails::default(),
            finished_at: None,
            received_at: now,
            posted: None,
        });
        self.close_notices(NoticeVerdict::Rejected);
    }

    /// A person settles what the open notices say, or strikes it out.
    pub fn close_notices(&mut self, verdict: NoticeVerdict) {
        let open: Vec<NoticeName> = self
            .open_notices()
            .map(|notice| notice.name.clone())
            .collect();
        for notice in &mut self.notices {
            if notice.verdict.is_none() && open.contains(&notice.name) {
                notice.verdict = Some(verdict);
            }
        }
    }

    /// The notices that keep a payment under review: a claim of money that no receipt came to, or
    /// money that went back before any came.
    pub fn open_notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter().filter(|notice| {
            notice.verdict.is_none()
                && match notice.says {
                    NoticeSays::Paid => match &notice.name {
                        NoticeName::Nothing | NoticeName::Inquiry(_) => self.receipts.is_empty(),
                        NoticeName::Key(name) | NoticeName::Reference(name) => {
                            self.named(Some(name), None).is_none()
                        }
                    },
                    NoticeSays::Returned(returned) => {
                        !returned.is_nothing() && self.receipts.is_empty()
                    }
                }
        })
    }

    /// The receipt that a notice of returned money means, by its place in the list; `None` while it
    /// means one that was not heard of, and no other (contract 4.2).
    #[must_use]
    pub fn receipt_of_notice(&self, notice: &Notice) -> Option<usize> {
        let place_of = |wanted: &dyn Fn(&Receipt) -> bool| self.receipts.iter().position(wanted);
        let named = |name: &String| {
            place_of(&|receipt| receipt.key.as_ref() == Some(name))
                .or_else(|| place_of(&|receipt| receipt.provider_reference.as_ref() == Some(name)))
        };
        let total = notice.returned()?.total;
        match &notice.name {
            NoticeName::Key(key) => place_of(&|receipt| receipt.key.as_ref() == Some(key))
                .or_else(|| {
                    place_of(&|it| it.key.is_none() && it.provider_reference.as_ref() == Some(key))
                })
                .or_else(|| place_of(&|it| it.key.is_none() && it.received == total)),
            NoticeName::Reference(name) => {
                named(name).or_else(|| place_of(&|receipt| receipt.key.is_none()))
            }
            NoticeName::Inquiry(name) => named(name).or_else(|| self.unnamed(total)),
            NoticeName::Nothing => self.unnamed(total),
        }
    }

    /// The receipt that is meant without a name: the payment's only one, else one of that sum, else
    /// the one that would be the order's.
    fn unnamed(&self, total: Amount) -> Option<usize> {
        let payment = self.id.to_string();
        let mut places: Vec<usize> = (0..self.receipts.len()).collect();
        places.sort_by(|left, right| {
            let of = |place: &usize| self.receipts.get(*place);
            match (of(left), of(right)) {
                (Some(left), Some(right)) => (right.received == total)
                    .cmp(&(left.received == total))
                    .then_with(|| right.is_right.cmp(&left.is_right))
                    .then_with(|| crate::receipt::earlier((left, &payment), (right, &payment))),
                _ => std::cmp::Ordering::Equal,
            }
        });
        places.first().copied()
    }

    /// How much of each receipt went back, by all that is known, in the provider's figures.
    #[must_use]
    pub fn returned(&self) -> Vec<Returned> {
        let mut all: Vec<Returned> = self.receipts.iter().map(|one| one.given_back).collect();
        for notice in &self.notices {
            let place = self.receipt_of_notice(notice);
            if let (Some(place), Some(returned)) = (place, notice.returned())
                && let Some(known) = all.get_mut(place)
            {
                *known = known.join(returned);
            }
        }
        all
    }

    /// A person gives back `part` of what is booked to the merchant, from the earliest receipts.
    ///
    /// # Errors
    /// [`AmountError`] when more than that is booked.
    pub fn give_back(&mut self, part: Amount) -> Result<(), AmountError> {
        let known = self.returned();
        let mut left = part;
        for (receipt, returned) in self.receipts.iter_mut().zip(known) {
            let Some(posted) = receipt.posted.filter(|it| it.place == Place::Booked) else {
                continue;
            };
            if left.is_zero() {
                return Ok(());
            }
            let rest = posted.rest()?;
            if left.minor() >= rest.minor() {
                receipt.given_back = Returned::WHOLE.join(returned);
                left = left.checked_sub(rest)?;
            } else {
                receipt.given_back = Returned {
                    total: posted.returned.checked_add(left)?,
                    whole: false,
                }
                .join(returned);
                left = Amount::ZERO;
            }
        }
        if left.is_zero() {
            Ok(())
        } else {
            Err(AmountError::OutOfRange)
        }
    }
}

/// What a word that names its receipt says of it stands over what one without a name says.
fn take_names(receipt: &mut Receipt, success: &Success) {
    let names_it = success.key.is_some() && receipt.key == success.key;
    let gives_name = success.key.is_some() && receipt.key.is_none();
    if gives_name {
        receipt.key.clone_from(&success.key);
        if success.provider_reference.is_some() {
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
        }
        receipt.finished_at = success.finished_at.or(receipt.finished_at);
    } else if names_it || receipt.key.is_none() {
        if receipt.provider_reference.is_none() {
            receipt
                .provider_reference
                .clone_from(&success.provider_reference);
        }
        receipt.finished_at = match (receipt.finished_at, success.finished_at) {
            (Some(known), Some(told)) => Some(known.min(told)),
            (known, told) => known.or(told),
        };
    } else if receipt.finished_at.is_none() {
        receipt.finished_at = success.finished_at;
    }
}

/// Of two sums told for one receipt the right one counts, else the larger: not the later one, which
/// depends on the order of telling.
fn take_sum(receipt: &mut Receipt, received: Amount, (asked, rule): (Amount, AmountRule)) {
    let fee = receipt.details.fee;
    let was_right = receipt.is_right;
    if !was_right {
        if rule.matches(asked, received, fee) {
            receipt.received = received;
            receipt.is_right = true;
        } else if received.minor() > receipt.received.minor() {
            receipt.received = received;
            if receipt.verdict == Some(Verdict::Rejected) {
                receipt.verdict = None;
            }
        }
        receipt.is_right = receipt.is_right || rule.matches(asked, receipt.received, fee);
    }
    if receipt.is_right && !was_right && receipt.verdict == Some(Verdict::Rejected) {
        receipt.verdict = None;
    }
}
