//! What a set of facts is about, locked and read ahead in a few statements for all of them: what is
//! taken from here need not be read one by one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use uuid::Uuid;

use crate::apply::Locked;
use crate::error::LedgerError;
use crate::rows::{OrderRow, PaymentRow};
use crate::schema::{orders, payments};
use crate::tx::Tx;

/// What to do about an order that another transaction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenHeld {
    /// Wait for it.
    Wait,
    /// Leave it out: many others would wait with it.
    Skip,
}

/// Orders under lock that nobody has taken yet.
#[derive(Default)]
pub(crate) struct Prefetched {
    orders: HashMap<Uuid, Locked>,
    order_of: HashMap<Uuid, Uuid>,
}

impl Prefetched {
    /// The order of a payment, once: who takes it changes it and writes it.
    pub(crate) fn take(&mut self, payment_id: Uuid) -> Option<Locked> {
        self.orders.remove(self.order_of.get(&payment_id)?)
    }

    /// Whether the order of this payment was locked ahead, taken since or not.
    pub(crate) fn knows(&self, payment_id: Uuid) -> bool {
        self.order_of.contains_key(&payment_id)
    }
}

impl Tx<'_> {
    /// Locks the orders of payments and reads them with their payments. Payments that are not there,
    /// or whose order is held elsewhere and is to be skipped, are not known after it.
    pub(crate) fn prefetch(&mut self, ids: &[Uuid], held: WhenHeld) -> Result<(), LedgerError> {
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
        let order_ids: Vec<Uuid> = locked.iter().map(|order| order.id).collect();
        // Only now, under the lock: what another transaction changed before is seen.
        let read: Vec<(PaymentRow, DateTime<Utc>)> = payments::table
            .filter(payments::order_id.eq_any(order_ids))
            .select((
                PaymentRow::as_select(),
                diesel::dsl::now.into_sql::<Timestamptz>(),
            ))
            .order((payments::order_id, payments::position.desc()))
            .load(self.connection()?)?;
        // The time comes along and need not be asked for.
        if let Some((_, now)) = read.first() {
            self.is_now(*now);
        }
        let rows = read.into_iter().map(|(row, _)| row).collect();
        self.prefetched = gather(locked, rows);
        Ok(())
    }

    /// Reads the receipts of what is locked ahead.
    pub(crate) fn prefetch_receipts(&mut self) -> Result<(), LedgerError> {
        let payments: Vec<Uuid> = self.prefetched.order_of.keys().copied().collect();
        if payments.is_empty() {
            return Ok(());
        }
        let receipts = crate::receipts::receipts_of(self.connection()?, payments)?;
        let Prefetched { orders, order_of } = &mut self.prefetched;
        for locked in orders.values_mut() {
            locked.receipts = Some(Vec::new());
        }
        for receipt in receipts {
            let order = order_of.get(&receipt.payment_id);
            if let Some(locked) = order.and_then(|order| orders.get_mut(order)) {
                locked.receipts.get_or_insert_default().push(receipt);
            }
        }
        Ok(())
    }

    /// Reads the payers of what is locked ahead.
    pub(crate) fn prefetch_payers(&mut self) -> Result<(), LedgerError> {
        let orders: Vec<Uuid> = self.prefetched.orders.keys().copied().collect();
        if orders.is_empty() {
            return Ok(());
        }
        let mut payers = self.payers_of(orders.into_iter())?;
        for (id, locked) in &mut self.prefetched.orders {
            locked.payer = Some(payers.remove(id).unwrap_or_default());
        }
        Ok(())
    }
}

fn gather(orders: Vec<OrderRow>, rows: Vec<PaymentRow>) -> Prefetched {
    let mut prefetched = Prefetched::default();
    for order in orders {
        let locked = Locked {
            order,
            payments: Vec::new(),
            receipts: None,
            payer: None,
        };
        prefetched.orders.insert(locked.order.id, locked);
    }
    for row in rows {
        prefetched.order_of.insert(row.id, row.order_id);
        if let Some(locked) = prefetched.orders.get_mut(&row.order_id) {
            locked.payments.push(row);
        }
    }
    prefetched
}
