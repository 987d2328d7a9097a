//! Double entries: posting a journal, and the balances that are sums of entries.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::order::Posting;
use ayolinx_core::posting::Journal;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::journals::NewJournal;
use crate::rows::payments::PaymentRow;
use crate::tx::Tx;

/// The sum of an account's entries, debit positive, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Balance {
    /// `provider_receivable`, `merchant_payable` or `suspense`.
    #[diesel(sql_type = Text)]
    pub account: String,
    /// The sum, debit positive.
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

    /// Returns the balances of a merchant's accounts.
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
