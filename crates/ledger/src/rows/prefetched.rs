//! Orders that were locked and read ahead for a set of facts, until each is taken.

use std::collections::HashMap;

use uuid::Uuid;

use crate::rows::locked::Locked;
use crate::rows::orders::OrderRow;
use crate::rows::payers::Payer;
use crate::rows::payments::PaymentRow;

/// The rows that are read with the payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Along {
    /// The receipts of each payment.
    Receipts,
    /// The payers.
    Payers,
}

/// Orders under lock that nobody has taken yet.
#[derive(Default)]
pub(crate) struct Prefetched {
    orders: HashMap<Uuid, Locked>,
    order_of: HashMap<Uuid, Uuid>,
}

impl Prefetched {
    pub(crate) fn of(orders: Vec<OrderRow>, along: Along) -> Self {
        let locked = |order| Locked {
            order,
            payments: Vec::new(),
            receipts: (along == Along::Receipts).then(Vec::new),
            notices: Vec::new(),
            payer: (along == Along::Payers).then(Payer::default),
        };
        Self {
            orders: (orders.into_iter())
                .map(|order| (order.id, locked(order)))
                .collect(),
            order_of: HashMap::new(),
        }
    }

    pub(crate) fn order_ids(&self) -> Vec<Uuid> {
        self.orders.keys().copied().collect()
    }

    /// Adds a payment to its order, once however often it was read.
    pub(crate) fn add(&mut self, payment: PaymentRow) -> Option<&mut Locked> {
        let locked = self.orders.get_mut(&payment.order_id)?;
        if self.order_of.insert(payment.id, payment.order_id).is_none() {
            locked.payments.push(payment);
        }
        Some(locked)
    }

    /// Takes the order of a payment, once: who takes it changes it and writes it.
    pub(crate) fn take(&mut self, payment_id: Uuid) -> Option<Locked> {
        self.orders.remove(self.order_of.get(&payment_id)?)
    }

    /// Returns whether the order of this payment was locked ahead, taken since or not.
    pub(crate) fn knows(&self, payment_id: Uuid) -> bool {
        self.order_of.contains_key(&payment_id)
    }
}
