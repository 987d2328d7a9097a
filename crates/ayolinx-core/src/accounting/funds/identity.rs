//! Finds the receipt of a payment that a report of the provider means (contract 4.2).

use super::{PaymentFunds, Success};
use crate::accounting::receipt::{Notice, NoticeName, Receipt};
use crate::values::money::Amount;

impl PaymentFunds {
    /// Returns the receipt that these names mean, if it is known by one of them.
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

    /// Returns the receipt that a success speaks of, by its place in the list. Another key is
    /// another receipt; a receipt without a key takes one only where the sum is its own. A success
    /// without a key is about the receipt that its number names, else one of the same sum, else the
    /// one without a key.
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

    /// Returns the receipt that a notice of returned money means, by its place in the list; `None`
    /// while it means one that was not reported yet, and no other (contract 4.2).
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
            NoticeName::Reference(name) => named(name)
                .or_else(|| place_of(&|it| it.key.is_none() && it.provider_reference.is_none())),
            NoticeName::Inquiry(name) => named(name).or_else(|| self.unnamed(total)),
            NoticeName::Nothing => {
                place_of(&|receipt| receipt.key.is_none()).or_else(|| self.unnamed(total))
            }
        }
    }

    /// Returns the receipt that is meant without a name: the payment's only one, else one of that
    /// sum, else the earliest. A later transfer takes no return away from the one before it.
    fn unnamed(&self, total: Amount) -> Option<usize> {
        let payment = self.id.to_string();
        let mut places: Vec<usize> = (0..self.receipts.len()).collect();
        places.sort_by(|left, right| {
            let of = |place: &usize| self.receipts.get(*place);
            match (of(left), of(right)) {
                (Some(left), Some(right)) => (right.received == total)
                    .cmp(&(left.received == total))
                    .then_with(|| {
                        crate::accounting::receipt::earlier((left, &payment), (right, &payment))
                    }),
                _ => std::cmp::Ordering::Equal,
            }
        });
        places.first().copied()
    }
}
