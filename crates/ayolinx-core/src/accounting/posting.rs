//! The accounts that each booking moves. Every journal sums to zero.
//! Signs: debit positive, credit negative. What the provider owes us is an asset; what we owe a
//! merchant, and money nobody can place yet, are liabilities.

use crate::values::money::{Amount, AmountError};

/// An account of the ledger; one of each per merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// The money that the provider has collected for us.
    ProviderReceivable,
    /// The money that is the merchant's.
    MerchantPayable,
    /// The money that was received but cannot be given to a merchant without a look.
    Suspense,
}

impl Account {
    /// Returns the spelling in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderReceivable => "provider_receivable",
            Self::MerchantPayable => "merchant_payable",
            Self::Suspense => "suspense",
        }
    }
}

/// A movement of money in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Booking {
    /// Received for the merchant.
    ReceiveForMerchant,
    /// Received, held until a person or a later fact says whose it is.
    ReceiveIntoSuspense,
    /// Held money turns out to be the merchant's.
    SuspenseToMerchant,
    /// The merchant's money turns out to be a second payment of the order.
    MerchantToSuspense,
    /// Held money leaves again, or was never what was announced.
    ReleaseSuspense,
    /// The merchant's money goes back to the payer.
    RefundFromMerchant,
}

impl Booking {
    /// Returns the kind of the journal in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReceiveForMerchant => "receive_for_merchant",
            Self::ReceiveIntoSuspense => "receive_into_suspense",
            Self::SuspenseToMerchant => "suspense_to_merchant",
            Self::MerchantToSuspense => "merchant_to_suspense",
            Self::ReleaseSuspense => "release_suspense",
            Self::RefundFromMerchant => "refund_from_merchant",
        }
    }

    const fn accounts(self) -> (Account, Account) {
        match self {
            Self::ReceiveForMerchant => (Account::ProviderReceivable, Account::MerchantPayable),
            Self::ReceiveIntoSuspense => (Account::ProviderReceivable, Account::Suspense),
            Self::SuspenseToMerchant => (Account::Suspense, Account::MerchantPayable),
            Self::MerchantToSuspense => (Account::MerchantPayable, Account::Suspense),
            Self::ReleaseSuspense => (Account::Suspense, Account::ProviderReceivable),
            Self::RefundFromMerchant => (Account::MerchantPayable, Account::ProviderReceivable),
        }
    }
}

/// One line of a journal, in signed minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Debit positive, credit negative.
    pub minor: i64,
}

/// A journal: its entries sum to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journal {
    /// The booking that it records.
    pub booking: Booking,
    /// The two entries, debit first.
    pub entries: [Entry; 2],
}

impl Journal {
    /// Creates the journal of a booking over an amount.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] when the amount is zero: an empty journal says nothing.
    pub fn new(booking: Booking, amount: Amount) -> Result<Self, AmountError> {
        if amount.is_zero() {
            return Err(AmountError::OutOfRange);
        }
        let (debit, credit) = booking.accounts();
        let negative = amount
            .minor()
            .checked_neg()
            .ok_or(AmountError::OutOfRange)?;
        Ok(Self {
            booking,
            entries: [
                Entry {
                    account: debit,
                    minor: amount.minor(),
                },
                Entry {
                    account: credit,
                    minor: negative,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOOKINGS: [Booking; 6] = [
        Booking::ReceiveForMerchant,
        Booking::ReceiveIntoSuspense,
        Booking::SuspenseToMerchant,
        Booking::MerchantToSuspense,
        Booking::ReleaseSuspense,
        Booking::RefundFromMerchant,
    ];

    proptest! {
        #[test]
        fn every_journal_sums_to_zero(whole in 1..=9_000_000_000_000_i64) {
            for booking in BOOKINGS {
                let journal = Journal::new(booking, Amount::rupiah(whole).unwrap()).unwrap();
                prop_assert_eq!(journal.entries.iter().map(|entry| entry.minor).sum::<i64>(), 0);
                prop_assert_ne!(journal.entries[0].account, journal.entries[1].account);
            }
        }
    }

    #[test]
    fn receiving_and_refunding_leaves_nothing_behind() {
        let amount = Amount::rupiah(150_000).unwrap();
        let mut balance = 0;
        for booking in [Booking::ReceiveForMerchant, Booking::RefundFromMerchant] {
            for entry in Journal::new(booking, amount).unwrap().entries {
                if entry.account == Account::ProviderReceivable {
                    balance += entry.minor;
                }
            }
        }
        assert_eq!(balance, 0);
    }

    #[test]
    fn an_empty_journal_is_refused() {
        assert!(Journal::new(Booking::ReceiveForMerchant, Amount::ZERO).is_err());
    }
}
