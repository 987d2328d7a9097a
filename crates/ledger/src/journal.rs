//! The books: posting a journal, and the balances that are sums of entries.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::money::Amount;
use ayolinx_core::posting::{Booking, Journal};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::PaymentRow;
use crate::schema::{entries, journals};
use crate::tx::Tx;

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
        booking: Booking,
        amount: Amount,
    ) -> Result<(), LedgerError> {
        let journal = Journal::new(booking, amount).map_err(LedgerError::corrupt)?;
        let sum: i64 = journal.entries.iter().map(|entry| entry.minor).sum();
        if sum != 0 {
            return Err(LedgerError::corrupt("a journal does not sum to zero"));
        }
        let id = Uuid::now_v7();
        diesel::insert_into(journals::table)
            .values((
                journals::id.eq(id),
                journals::merchant_id.eq(payment.merchant_id),
                journals::order_id.eq(payment.order_id),
                journals::payment_id.eq(payment.id),
                journals::booking.eq(booking.as_str()),
            ))
            .execute(self.connection)?;
        let lines: Vec<_> = (1_i16..)
            .zip(journal.entries)
            .map(|(line, entry)| {
                (
                    entries::journal_id.eq(id),
                    entries::line.eq(line),
                    entries::merchant_id.eq(payment.merchant_id),
                    entries::account.eq(entry.account.as_str()),
                    entries::minor.eq(entry.minor),
                    entries::currency.eq(amount.currency().as_str()),
                )
            })
            .collect();
        diesel::insert_into(entries::table)
            .values(lines)
            .execute(self.connection)?;
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
        .load(self.connection)?)
    }
}
