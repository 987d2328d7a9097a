//! The search for a payer's orders. Payers are sealed and there is no index of them, not even a blind one, which
//! would be a name for each of them: a search opens all, page by page.

use std::collections::BTreeSet;

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::order_view::Customer;
use ayolinx_core::phone::Phone;
use chrono::{DateTime, Months, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::error::LedgerError;
use crate::tx::Tx;

/// Number of payers of past orders looked up in one transaction.
const OLD_AT_ONCE: i64 = 200;
/// Number of digits of a telephone number that are the same in every spelling of it.
const PHONE_MIN: usize = 6;
const INDONESIA: &str = "62";

/// The payer that is looked for; one that has either of these matches.
#[derive(Clone, Default)]
pub struct SoughtPayer {
    /// An e-mail address, in whatever case.
    pub email: Option<String>,
    /// A telephone number in any usual spelling, as [`Phone::parse`] reads it, and whatever between its digits.
    pub phone: Option<String>,
}

impl SoughtPayer {
    fn is(&self, customer: &Customer) -> bool {
        let email = self.email.as_deref().map(folded);
        let phone = self.phone.as_deref().map(subscriber);
        let has_email = email.is_some_and(|sought| {
            !sought.is_empty() && customer.email.as_deref().map(folded) == Some(sought)
        });
        let has_phone = phone.is_some_and(|sought| {
            sought.len() >= PHONE_MIN && customer.phone.as_deref().map(subscriber) == Some(sought)
        });
        has_email || has_phone
    }
}

fn folded(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Returns the number with its country where it can be read, which is the same in every spelling; else the digits
/// without what may say that they are Indonesian.
fn subscriber(phone: &str) -> String {
    if let Ok(read) = Phone::parse(phone) {
        return match read.country_code() {
            INDONESIA => read.national().to_owned(),
            _ => read.digits(),
        };
    }
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix(INDONESIA).unwrap_or(&digits);
    national.trim_start_matches('0').to_owned()
}

#[derive(QueryableByName)]
struct PayerRow {
    #[diesel(sql_type = SqlUuid)]
    order_id: Uuid,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

#[derive(QueryableByName)]
struct Old {
    #[diesel(sql_type = SqlUuid)]
    order_id: Uuid,
}

impl Tx<'_> {
    /// Returns the matching orders on a page of a merchant's payers, and where the next page begins; `None` after
    /// the last.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn orders_of_payer(
        &mut self,
        merchant: MerchantId,
        sought: &SoughtPayer,
        after: Option<OrderId>,
        limit: i64,
    ) -> Result<(Vec<OrderId>, Option<OrderId>), LedgerError> {
        let after = after.map_or(Uuid::nil(), |order| order.as_uuid());
        let page: Vec<PayerRow> = diesel::sql_query(
            "SELECT p.order_id, p.sealed FROM payers p JOIN orders o ON o.id = p.order_id \
             WHERE o.merchant_id = $1 AND p.order_id > $2 ORDER BY p.order_id LIMIT $3",
        )
        .bind::<SqlUuid, _>(merchant.as_uuid())
        .bind::<SqlUuid, _>(after)
        .bind::<BigInt, _>(limit)
        .load(self.connection()?)?;
        let mut found = Vec::new();
        for row in &page {
            let payer = self.open_payer(row.order_id, &row.sealed)?;
            if payer.customer.as_ref().is_some_and(|one| sought.is(one)) {
                found.push(OrderId::from_uuid(row.order_id));
            }
        }
        let next = page.last().map(|row| OrderId::from_uuid(row.order_id));
        Ok((found, next))
    }

    /// Returns orders with a payer whose retention is over, by their ids, which tell when they were made.
    pub(crate) fn old_payers(
        &mut self,
        months: u32,
        after: Uuid,
    ) -> Result<Vec<Uuid>, LedgerError> {
        let before = self
            .now()?
            .checked_sub_months(Months::new(months))
            .ok_or_else(|| LedgerError::corrupt("payers are kept for so many months"))?;
        let mut old = BTreeSet::new();
        for query in [OLD_PAYERS, OLD_PAYEES] {
            let rows: Vec<Old> = diesel::sql_query(query)
                .bind::<SqlUuid, _>(after)
                .bind::<SqlUuid, _>(first_id_of(before))
                .bind::<Timestamptz, _>(before)
                .bind::<BigInt, _>(OLD_AT_ONCE)
                .load(self.connection()?)?;
            old.extend(rows.into_iter().map(|row| row.order_id));
        }
        let at_once = usize::try_from(OLD_AT_ONCE).unwrap_or(usize::MAX);
        Ok(old.into_iter().take(at_once).collect())
    }
}

const OLD_PAYERS: &str = "SELECT p.order_id FROM payers p JOIN orders o ON o.id = p.order_id \
     WHERE p.order_id > $1 AND p.order_id < $2 AND o.created_at < $3 \
       AND o.state NOT IN ('pending', 'review') ORDER BY p.order_id LIMIT $4";
/// Orders with a refund's account, which is kept beside the refund.
const OLD_PAYEES: &str = "SELECT r.order_id FROM refunds r JOIN orders o ON o.id = r.order_id \
     WHERE r.payee_sealed IS NOT NULL AND r.order_id > $1 AND r.order_id < $2 AND o.created_at < $3 \
       AND o.state NOT IN ('pending', 'review') ORDER BY r.order_id LIMIT $4";

/// Returns the smallest UUIDv7 of a time.
fn first_id_of(at: DateTime<Utc>) -> Uuid {
    let millis = u128::from(u64::try_from(at.timestamp_millis()).unwrap_or(0));
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payer_is_found_in_every_spelling() {
        let customer = Customer {
            name: None,
            email: Some("Budi@Example.co.id".to_owned()),
            phone: Some("0812-3456-7890".to_owned()),
        };
        let by = |email: Option<&str>, phone: Option<&str>| SoughtPayer {
            email: email.map(str::to_owned),
            phone: phone.map(str::to_owned),
        };
        assert!(by(Some(" budi@example.co.id"), None).is(&customer));
        for phone in [
            "081234567890",
            "+62 812 3456 7890",
            "62-81234567890",
            "006281234567890",
            "+62 (0)812-3456-7890",
            "81234567890",
        ] {
            assert!(by(None, Some(phone)).is(&customer), "{phone}");
        }
        for (email, phone) in [(Some(""), None), (None, Some("")), (None, Some("7890"))] {
            assert!(!by(email, phone).is(&customer));
        }
        assert!(!by(None, None).is(&customer));
        assert!(!by(Some("ani@example.co.id"), Some("081234567891")).is(&customer));
    }

    #[test]
    fn ids_are_made_in_the_order_of_time() {
        let now = Utc::now();
        assert!(first_id_of(now - chrono::TimeDelta::seconds(1)) < Uuid::now_v7());
        assert!(first_id_of(now + chrono::TimeDelta::seconds(60)) > Uuid::now_v7());
    }
}
