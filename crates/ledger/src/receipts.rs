//! Sums of money received for a payment, and the other names the provider gives it.

use ayolinx_core::payment::Fact;
use ayolinx_core::posting::Booking;
use ayolinx_core::states::PaymentState;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::change::Decided;
use crate::error::LedgerError;
use crate::observation::{Observation, What};
use crate::rows::PaymentRow;
use crate::schema::{provider_aliases, receipts};
use crate::tx::Tx;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = receipts)]
pub(crate) struct ReceiptRow {
    pub(crate) request_key: Option<String>,
    pub(crate) held: String,
}

fn request_key(observation: &Observation) -> Option<String> {
    match &observation.what {
        What::Word(word) => word.payment_request_id.clone(),
        What::Fact(_) => None,
    }
}

impl Tx<'_> {
    pub(crate) fn receipts_of(&mut self, payment_id: Uuid) -> Result<Vec<ReceiptRow>, LedgerError> {
        Ok(receipts::table
            .filter(receipts::payment_id.eq(payment_id))
            .select(ReceiptRow::as_select())
            .order(receipts::created_at)
            .load(self.connection)?)
    }

    /// Keeps receipts in step with the bookings of a decision.
    pub(crate) fn keep_receipt(
        &mut self,
        payment: &PaymentRow,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        if decided.fact == Fact::FurtherReceiptRefunded {
            return self.release_named_receipts(payment, observation, decided);
        }
        for (booking, amount) in &decided.decision.bookings {
            let (from, to) = match booking {
                Booking::ReceiveForMerchant | Booking::ReceiveIntoSuspense => {
                    let held = if *booking == Booking::ReceiveForMerchant {
                        "merchant"
                    } else {
                        "suspense"
                    };
                    self.insert_receipt(payment, request_key(observation), amount.minor(), held)?;
                    continue;
                }
                Booking::SuspenseToMerchant => ("suspense", "merchant"),
                Booking::ReleaseSuspense => ("suspense", "released"),
                Booking::RefundFromMerchant => ("merchant", "refunded"),
            };
            let whole = match booking {
                Booking::RefundFromMerchant => payment.merchant_minor == 0,
                Booking::ReleaseSuspense | Booking::SuspenseToMerchant => {
                    payment.suspense_minor == 0 || decided.fact == Fact::PaidInFull
                }
                Booking::ReceiveForMerchant | Booking::ReceiveIntoSuspense => false,
            };
            if whole {
                diesel::update(receipts::table)
                    .filter(receipts::payment_id.eq(payment.id))
                    .filter(receipts::held.eq(from))
                    .set(receipts::held.eq(to))
                    .execute(self.connection)?;
            }
        }
        Ok(())
    }

    fn release_named_receipts(
        &mut self,
        payment: &PaymentRow,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        let names = [
            request_key(observation),
            observation.provider_reference.clone(),
        ];
        let names: Vec<String> = names.into_iter().flatten().collect();
        for (_, amount) in &decided.decision.bookings {
            diesel::update(receipts::table)
                .filter(receipts::payment_id.eq(payment.id))
                .filter(receipts::held.eq("suspense"))
                .filter(receipts::request_key.eq_any(&names))
                .filter(receipts::amount_minor.le(amount.minor()))
                .set(receipts::held.eq("released"))
                .execute(self.connection)?;
        }
        Ok(())
    }

    fn insert_receipt(
        &mut self,
        payment: &PaymentRow,
        key: Option<String>,
        minor: i64,
        held: &str,
    ) -> Result<(), LedgerError> {
        diesel::insert_into(receipts::table)
            .values((
                receipts::id.eq(Uuid::now_v7()),
                receipts::payment_id.eq(payment.id),
                receipts::request_key.eq(key),
                receipts::amount_minor.eq(minor),
                receipts::held.eq(held),
            ))
            // The receipt under review was announced with the same key and is corrected now.
            .on_conflict((receipts::payment_id, receipts::request_key))
            .do_update()
            .set((receipts::amount_minor.eq(minor), receipts::held.eq(held)))
            .execute(self.connection)?;
        Ok(())
    }

    /// A receipt first seen without a name takes the first name that a further word brings.
    pub(crate) fn confirm_receipt(
        &mut self,
        payment_id: Uuid,
        fact: Fact,
        observation: &Observation,
    ) -> Result<(), LedgerError> {
        let Some(key) = request_key(observation) else {
            return Ok(());
        };
        if fact != Fact::PaidInFull {
            return Ok(());
        }
        let known: i64 = receipts::table
            .filter(receipts::payment_id.eq(payment_id))
            .filter(receipts::request_key.eq(&key))
            .count()
            .get_result(self.connection)?;
        if known == 0 {
            // One of them only: an announcement that was corrected since has no name either.
            diesel::sql_query(
                "UPDATE receipts SET request_key = $1 WHERE id = ( \
                     SELECT id FROM receipts WHERE payment_id = $2 AND request_key IS NULL \
                       AND held <> 'released' ORDER BY created_at DESC, id DESC LIMIT 1)",
            )
            .bind::<Text, _>(key)
            .bind::<SqlUuid, _>(payment_id)
            .execute(self.connection)?;
        }
        Ok(())
    }

    /// Remembers another name under which the provider speaks of a payment.
    pub(crate) fn keep_alias(
        &mut self,
        payment: &PaymentRow,
        observation: &Observation,
    ) -> Result<(), LedgerError> {
        let Some(name) = &observation.provider_reference else {
            return Ok(());
        };
        let first = payment
            .provider_reference
            .as_ref()
            .is_none_or(|known| known == name);
        if first && payment.state()? != PaymentState::Paid {
            return Ok(());
        }
        if payment.provider_reference.as_ref() == Some(name) {
            return Ok(());
        }
        diesel::insert_into(provider_aliases::table)
            .values((
                provider_aliases::payment_id.eq(payment.id),
                provider_aliases::provider_reference.eq(name),
            ))
            .on_conflict_do_nothing()
            .execute(self.connection)?;
        Ok(())
    }
}
