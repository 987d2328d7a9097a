//! Sums of money received for a payment, and the other names the provider gives it.

use ayolinx_core::payment::Fact;
use ayolinx_core::posting::Booking;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

use crate::apply::Locked;
use crate::change::Decided;
use crate::error::LedgerError;
use crate::observation::{Observation, What};
use crate::rows::PaymentRow;
use crate::schema::receipts;
use crate::statement::Statement;
use crate::tx::Tx;

#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = receipts)]
pub(crate) struct ReceiptRow {
    pub(crate) id: Uuid,
    pub(crate) payment_id: Uuid,
    pub(crate) request_key: Option<String>,
    pub(crate) amount_minor: i64,
    pub(crate) held: String,
    pub(crate) created_at: DateTime<Utc>,
}

fn request_key(observation: &Observation) -> Option<String> {
    match &observation.what {
        What::Word(word) => word.payment_request_id.clone(),
        What::Fact(_) | What::Money(..) => None,
    }
}

/// What a booking does to the receipts it is about.
enum Move {
    /// Money came: a receipt, held so.
    Come(&'static str),
    /// What was held so is held otherwise.
    Between(&'static str, &'static str),
}

const fn move_of(booking: Booking) -> Move {
    match booking {
        Booking::ReceiveForMerchant => Move::Come("merchant"),
        Booking::ReceiveIntoSuspense => Move::Come("suspense"),
        Booking::SuspenseToMerchant => Move::Between("suspense", "merchant"),
        Booking::ReleaseSuspense => Move::Between("suspense", "released"),
        Booking::RefundFromMerchant => Move::Between("merchant", "refunded"),
    }
}

impl Tx<'_> {
    /// Reads the receipts of a locked order's payments, unless they are there.
    pub(crate) fn read_receipts(&mut self, locked: &mut Locked) -> Result<(), LedgerError> {
        if locked.receipts.is_none() {
            let payments: Vec<Uuid> = locked.payments.iter().map(|row| row.id).collect();
            locked.receipts = Some(receipts_of(self.connection()?, payments)?);
        }
        Ok(())
    }

    /// Keeps receipts in step with the bookings of a decision.
    pub(crate) fn keep_receipts(
        &mut self,
        locked: &mut Locked,
        payment: &PaymentRow,
        observation: &Observation,
        decided: &Decided,
    ) -> Result<(), LedgerError> {
        if decided.decision.bookings.is_empty() {
            return Ok(());
        }
        self.read_receipts(locked)?;
        let now = self.now()?;
        let receipts = locked.receipts.get_or_insert_default();
        if decided.fact == Fact::FurtherReceiptRefunded {
            release_named(receipts, payment, observation, decided);
        } else {
            for (booking, amount) in &decided.decision.bookings {
                match move_of(*booking) {
                    Move::Come(held) => {
                        let key = request_key(observation);
                        let came = came(payment, key, (amount.minor(), held), now);
                        keep(receipts, came);
                    }
                    Move::Between(from, to) if is_whole(*booking, payment, decided.fact) => {
                        for receipt in held_by(receipts, payment.id, from) {
                            to.clone_into(&mut receipt.held);
                        }
                    }
                    Move::Between(..) => {}
                }
            }
        }
        self.save_receipts(locked, payment.id);
        Ok(())
    }

    /// A receipt first seen without a name takes the first name that a further word brings.
    pub(crate) fn confirm_receipt(
        &mut self,
        locked: &mut Locked,
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
        self.read_receipts(locked)?;
        let receipts = locked.receipts.get_or_insert_default();
        let of_payment = || (receipts.iter()).filter(|receipt| receipt.payment_id == payment_id);
        if of_payment().any(|receipt| receipt.request_key.as_ref() == Some(&key)) {
            return Ok(());
        }
        // One of them only: an announcement that was corrected since has no name either.
        let nameless = of_payment()
            .filter(|receipt| receipt.request_key.is_none() && receipt.held != "released")
            .max_by_key(|receipt| (receipt.created_at, receipt.id))
            .map(|receipt| receipt.id);
        for receipt in receipts {
            if Some(receipt.id) == nameless {
                receipt.request_key = Some(key.clone());
            }
        }
        self.save_receipts(locked, payment_id);
        Ok(())
    }

    fn save_receipts(&mut self, locked: &Locked, payment_id: Uuid) {
        for receipt in locked.receipts_of(payment_id) {
            self.writes.receipts.insert(receipt.id, receipt.clone());
        }
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
        self.writes.aliases.insert((payment.id, name.clone()));
        Ok(())
    }
}

fn came(
    payment: &PaymentRow,
    request_key: Option<String>,
    (amount_minor, held): (i64, &str),
    now: DateTime<Utc>,
) -> ReceiptRow {
    ReceiptRow {
        id: Uuid::now_v7(),
        payment_id: payment.id,
        request_key,
        amount_minor,
        held: held.to_owned(),
        created_at: now,
    }
}

/// The receipt under review was announced with the same key and is corrected now.
fn keep(receipts: &mut Vec<ReceiptRow>, came: ReceiptRow) {
    let same = receipts.iter_mut().find(|receipt| {
        receipt.payment_id == came.payment_id
            && came.request_key.is_some()
            && receipt.request_key == came.request_key
    });
    match same {
        Some(receipt) => {
            receipt.amount_minor = came.amount_minor;
            receipt.held = came.held;
        }
        None => receipts.push(came),
    }
}

fn held_by<'a>(
    receipts: &'a mut [ReceiptRow],
    payment_id: Uuid,
    held: &'a str,
) -> impl Iterator<Item = &'a mut ReceiptRow> {
    receipts
        .iter_mut()
        .filter(move |receipt| receipt.payment_id == payment_id && receipt.held == held)
}

/// Whether a booking moves all that is held that way.
fn is_whole(booking: Booking, payment: &PaymentRow, fact: Fact) -> bool {
    match booking {
        Booking::RefundFromMerchant => payment.merchant_minor == 0,
        Booking::ReleaseSuspense | Booking::SuspenseToMerchant => {
            payment.suspense_minor == 0 || fact == Fact::PaidInFull
        }
        Booking::ReceiveForMerchant | Booking::ReceiveIntoSuspense => false,
    }
}

fn release_named(
    receipts: &mut [ReceiptRow],
    payment: &PaymentRow,
    observation: &Observation,
    decided: &Decided,
) {
    let names = [
        request_key(observation),
        observation.provider_reference.clone(),
    ];
    for (_, amount) in &decided.decision.bookings {
        for receipt in held_by(receipts, payment.id, "suspense") {
            let is_named = receipt.request_key.is_some() && names.contains(&receipt.request_key);
            if is_named && receipt.amount_minor <= amount.minor() {
                "released".clone_into(&mut receipt.held);
            }
        }
    }
}

pub(crate) fn receipts_of(
    connection: &mut PgConnection,
    payments: Vec<Uuid>,
) -> Result<Vec<ReceiptRow>, LedgerError> {
    Ok(receipts::table
        .filter(receipts::payment_id.eq_any(payments))
        .select(ReceiptRow::as_select())
        .order(receipts::created_at)
        .load(connection)?)
}

/// New ones are inserted, known ones changed.
pub(crate) fn save_all(receipts: &BTreeMap<Uuid, ReceiptRow>) -> Statement {
    Statement::new(
        "INSERT INTO receipts (id, payment_id, request_key, amount_minor, held, created_at) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET request_key = excluded.request_key, \
             amount_minor = excluded.amount_minor, held = excluded.held",
    )
    .column::<SqlUuid, _>(receipts.values().map(|row| row.id))
    .column::<SqlUuid, _>(receipts.values().map(|row| row.payment_id))
    .column::<Nullable<Text>, _>(receipts.values().map(|row| row.request_key.clone()))
    .column::<BigInt, _>(receipts.values().map(|row| row.amount_minor))
    .column::<Text, _>(receipts.values().map(|row| row.held.clone()))
    .column::<Timestamptz, _>(receipts.values().map(|row| row.created_at))
}

pub(crate) fn insert_aliases(aliases: &BTreeSet<(Uuid, String)>) -> Statement {
    Statement::new(
        "INSERT INTO provider_aliases (payment_id, provider_reference) \
         SELECT * FROM unnest(?, ?) ON CONFLICT DO NOTHING",
    )
    .column::<SqlUuid, _>(aliases.iter().map(|(payment, _)| *payment))
    .column::<Text, _>(aliases.iter().map(|(_, name)| name.clone()))
}
