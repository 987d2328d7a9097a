//! The end of refunds: completed by a person or by what the provider gave back, cancelled by the shop
//! or since less than they ask is left; and their move along with the order's money.

use std::collections::BTreeSet;

use ayolinx_core::order::Decision;
use ayolinx_core::posting::Booking;
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::refunds;
use crate::error::LedgerError;
use crate::refunds::requests::{CANCELLED, COMPLETED, RefundRow, WAITING};
use crate::rows::history::Source;
use crate::rows::locked::Locked;
use crate::tx::Tx;

impl Tx<'_> {
    /// Completes the refunds that wait for money of the merchant's that went back, and cancels those of
    /// which less is left. Money that became another payment's takes its refunds along.
    pub(crate) fn end_refunds(
        &mut self,
        locked: &Locked,
        source: Source,
        decision: &Decision,
    ) -> Result<(), LedgerError> {
        let of = |booking: Booking| {
            (decision.postings.iter()).filter(move |posting| posting.booking == booking)
        };
        let by_person = matches!(source, Source::Merchant | Source::Operator);
        let mut less_is_left = BTreeSet::new();
        for moved in of(Booking::MerchantToSuspense) {
            let booked = of(Booking::SuspenseToMerchant).chain(of(Booking::ReceiveForMerchant));
            for to in booked.filter(|to| to.payment != moved.payment) {
                self.move_refunds(moved.payment.as_uuid(), to.payment.as_uuid())?;
                less_is_left.insert(to.payment.as_uuid());
            }
        }
        for returned in of(Booking::RefundFromMerchant) {
            let row = locked.payment(returned.payment.as_uuid())?;
            let part = match row.merchant_minor {
                0 => i64::MAX,
                _ => returned.amount.minor(),
            };
            if !by_person {
                self.complete_refunds(row.id, part)?;
            }
            less_is_left.insert(row.id);
        }
        for payment in less_is_left {
            self.cancel_what_is_not_left(locked, payment, source)?;
        }
        Ok(())
    }

    fn cancel_what_is_not_left(
        &mut self,
        locked: &Locked,
        payment: Uuid,
        source: Source,
    ) -> Result<(), LedgerError> {
        let left = locked.payment(payment)?.merchant_minor;
        for (id, minor) in self.waiting_refunds(payment)? {
            if minor > left {
                self.withdraw_refund(id, "gateway")?;
                let refund: RefundRow = refunds::table
                    .find(id)
                    .select(RefundRow::as_select())
                    .first(self.connection()?)?;
                self.record_refund(locked, &refund, source, "refund_cancelled");
            }
        }
        Ok(())
    }

    fn move_refunds(&mut self, from: Uuid, to: Uuid) -> Result<(), LedgerError> {
        diesel::update(refunds::table)
            .filter(refunds::payment_id.eq(from))
            .filter(refunds::state.eq(WAITING))
            .set(refunds::payment_id.eq(to))
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Completes refunds that wait and fit into what went back: one of exactly this sum first, then the
    /// oldest.
    fn complete_refunds(&mut self, payment: Uuid, part: i64) -> Result<(), LedgerError> {
        let mut waiting = self.waiting_refunds(payment)?;
        // One of exactly this sum is the one that is meant.
        waiting.sort_by_key(|(_, minor)| *minor != part);
        let mut left = part;
        for (id, minor) in waiting {
            if minor <= left {
                left = left.saturating_sub(minor);
                self.end_refund(id, None, Source::Callback)?;
            }
        }
        Ok(())
    }

    pub(crate) fn withdraw_refund(&mut self, id: Uuid, by: &str) -> Result<(), LedgerError> {
        let now = self.now()?;
        diesel::update(refunds::table.find(id))
            .set((
                refunds::state.eq(CANCELLED),
                refunds::cancelled_by.eq(by),
                refunds::cancelled_at.eq(now),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }

    pub(crate) fn end_refund(
        &mut self,
        id: Uuid,
        evidence: Option<&str>,
        source: Source,
    ) -> Result<(), LedgerError> {
        let by = match source {
            Source::Merchant => "merchant",
            Source::Operator => "operator",
            _ => "provider",
        };
        let now = self.now()?;
        diesel::update(refunds::table.find(id))
            .set((
                refunds::state.eq(COMPLETED),
                refunds::evidence.eq(evidence),
                refunds::completed_by.eq(by),
                refunds::completed_at.eq(now),
            ))
            .execute(self.connection()?)?;
        Ok(())
    }
}
