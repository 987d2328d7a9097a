//! The orders and payments of a set of facts, locked and read ahead in a few statements for all of
//! them: what is taken from here need not be read one by one.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

use crate::database::schema::{orders, payers, payments, receipt_notices, receipts};
use crate::error::LedgerError;
use crate::rows::orders::OrderRow;
use crate::rows::payers::Payer;
use crate::rows::payments::PaymentRow;
use crate::rows::prefetched::{Along, Prefetched};
use crate::rows::receipts::{NoticeRow, ReceiptRow};
use crate::tx::Tx;

/// The treatment of an order that another transaction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenHeld {
    /// Wait for it.
    Wait,
    /// Leave it out: many others would wait with it.
    Skip,
}

impl Tx<'_> {
    /// Locks the orders of payments and reads them with their payments and what goes along. Payments
    /// that are not there, or whose order is held elsewhere and is to be skipped, are not known after
    /// it.
    pub(crate) fn prefetch(
        &mut self,
        ids: &[Uuid],
        held: WhenHeld,
        along: Along,
    ) -> Result<(), LedgerError> {
        if ids.is_empty() {
            return Ok(());
        }
        let wanted = orders::table
            .filter(
                orders::id.eq_any(
                    payments::table
                        .filter(payments::id.eq_any(ids.to_vec()))
                        .select(payments::order_id),
                ),
            )
            .select(OrderRow::as_select())
            // In one order everywhere, so that two sets never wait for each other crosswise.
            .order(orders::id)
            .for_no_key_update();
        let locked: Vec<OrderRow> = match held {
            WhenHeld::Wait => wanted.load(self.connection()?)?,
            WhenHeld::Skip => wanted.skip_locked().load(self.connection()?)?,
        };
        self.prefetched = Prefetched::of(locked, along);
        // Only now, under the lock: what another transaction changed before is seen.
        match along {
            Along::Receipts => self.read_payments_and_receipts(),
            Along::Payers => self.read_payments_and_payers(),
        }
    }

    fn read_payments_and_receipts(&mut self) -> Result<(), LedgerError> {
        type Row = (
            PaymentRow,
            Option<ReceiptRow>,
            Option<NoticeRow>,
            DateTime<Utc>,
        );
        // A payment has few of both, seldom a notice at all.
        let read: Vec<Row> = payments::table
            .left_join(receipts::table.on(receipts::payment_id.eq(payments::id)))
            .left_join(receipt_notices::table.on(receipt_notices::payment_id.eq(payments::id)))
            .filter(payments::order_id.eq_any(self.prefetched.order_ids()))
            .select((
                PaymentRow::as_select(),
                Option::<ReceiptRow>::as_select(),
                Option::<NoticeRow>::as_select(),
                diesel::dsl::now.into_sql::<Timestamptz>(),
            ))
            .order((
                payments::order_id,
                payments::position.desc(),
                receipts::created_at,
                receipts::id,
            ))
            .load(self.connection()?)?;
        for (payment, receipt, notice, now) in read {
            self.is_now(now);
            let Some(locked) = self.prefetched.add(payment) else {
                continue;
            };
            let receipts = locked.receipts.get_or_insert_default();
            receipts.extend(receipt.filter(|row| !receipts.contains(row)));
            let notices = &mut locked.notices;
            notices.extend(notice.filter(|row| !notices.contains(row)));
        }
        Ok(())
    }

    fn read_payments_and_payers(&mut self) -> Result<(), LedgerError> {
        type Row = (PaymentRow, Option<Vec<u8>>, DateTime<Utc>);
        let read: Vec<Row> = payments::table
            .left_join(payers::table.on(payers::order_id.eq(payments::order_id)))
            .filter(payments::order_id.eq_any(self.prefetched.order_ids()))
            .select((
                PaymentRow::as_select(),
                payers::sealed.nullable(),
                diesel::dsl::now.into_sql::<Timestamptz>(),
            ))
            .order((payments::order_id, payments::position.desc()))
            .load(self.connection()?)?;
        for (payment, sealed, now) in read {
            self.is_now(now);
            let order = payment.order_id;
            let payer = match sealed {
                Some(sealed) => self.open_payer(order, &sealed)?,
                None => Payer::default(),
            };
            if let Some(locked) = self.prefetched.add(payment) {
                locked.payer = Some(payer);
            }
        }
        Ok(())
    }
}
