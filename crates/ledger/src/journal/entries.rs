//! The books: posting a journal, and the balances that are sums of entries.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::order::Posting;
use ayolinx_core::posting::{Entry, Journal};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::{Named, Statement};
use crate::error::LedgerError;
use crate::rows::PaymentRow;
use crate::tx::Tx;

/// A journal to be written, with its entries.
pub(crate) struct NewJournal {
    id: Uuid,
    merchant_id: Uuid,
    order_id: Uuid,
    payment_id: Uuid,
    receipt_id: Uuid,
    booking: &'static str,
    currency: &'static str,
    entries: [Entry; 2],
}

/// The sum of an account's entries, debit positive, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Balance {
    /// `provider_receivable`, `merchant_payable` or `suspense`.
    #[diesel(sql_type = Text)]
    pub account: String,
    /// Debit positive.
    #[diesel(sql_type = BigInt)]
    pub minor: i64,
}

impl Tx<'_> {
    pub(crate) fn post(
        &mut self,
        payment: &PaymentRow,
        posting: &Posting,
    ) -> Result<(), LedgerError> {
        let (booking, amount) = (posting.booking, posting.amount);
        let journal = Journal::new(booking, amount).map_err(LedgerError::corrupt)?;
        let sum: i64 = journal.entries.iter().map(|entry| entry.minor).sum();
        if sum != 0 {
            return Err(LedgerError::corrupt("a journal does not sum to zero"));
        }
        self.writes.journals.push(NewJournal {
            id: Uuid::now_v7(),
            merchant_id: payment.merchant_id,
            order_id: payment.order_id,
            payment_id: payment.id,
            receipt_id: posting.receipt.as_uuid(),
            booking: booking.as_str(),
            currency: amount.currency().as_str(),
            entries: journal.entries,
        });
        Ok(())
    }

    /// The balances of a merchant's accounts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn balances(&mut self, merchant: MerchantId) -> Result<Vec<Balance>, LedgerError> {
        Ok(diesel::sql_query(
            "SELECT account, sum(minor)::bigint AS minor FROM entries WHERE merchant_id = $1 \
             GROUP BY account ORDER BY account",
        )
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .load(self.connection()?)?)
    }
}

/// Each journal with its entries in one statement, so that the database's own check sees them whole.
pub(crate) fn insert_all(journals: &[NewJournal]) -> Vec<Named> {
    let lines = || {
        journals.iter().flat_map(|journal| {
            (1_i16..)
                .zip(&journal.entries)
                .map(move |(line, entry)| (journal, line, entry))
        })
    };
    let made = Statement::new(
        "INSERT INTO journals (id, merchant_id, order_id, payment_id, receipt_id, booking) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.merchant_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.order_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.payment_id))
    .column::<SqlUuid, _>(journals.iter().map(|journal| journal.receipt_id))
    .column::<Text, _>(journals.iter().map(|journal| journal.booking));
    let entered = Statement::new(
        "INSERT INTO entries (journal_id, line, merchant_id, account, minor, currency) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?)",
    )
    .column::<SqlUuid, _>(lines().map(|(journal, _, _)| journal.id))
    .column::<SmallInt, _>(lines().map(|(_, line, _)| line))
    .column::<SqlUuid, _>(lines().map(|(journal, _, _)| journal.merchant_id))
    .column::<Text, _>(lines().map(|(_, _, entry)| entry.account.as_str()))
    .column::<BigInt, _>(lines().map(|(_, _, entry)| entry.minor))
    .column::<Text, _>(lines().map(|(journal, _, _)| journal.currency));
    vec![("journals_made", made), ("entries_made", entered)]
}
