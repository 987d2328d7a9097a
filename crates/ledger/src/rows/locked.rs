//! An order under lock, with the rows that hang on it.

use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::orders::OrderRow;
use crate::rows::payers::Payer;
use crate::rows::payments::PaymentRow;
use crate::rows::receipts::{NoticeRow, ReceiptRow};

/// An order under lock with its payments, newest first.
pub(crate) struct Locked {
    pub(crate) order: OrderRow,
    pub(crate) payments: Vec<PaymentRow>,
    /// Receipts of all its payments, oldest first; read when they are needed.
    pub(crate) receipts: Option<Vec<ReceiptRow>>,
    /// Notices of receipts without their sums; read with the receipts.
    pub(crate) notices: Vec<NoticeRow>,
    /// The payer; read when needed.
    pub(crate) payer: Option<Payer>,
}

impl Locked {
    pub(crate) fn payment(&self, id: Uuid) -> Result<&PaymentRow, LedgerError> {
        self.payments
            .iter()
            .find(|payment| payment.id == id)
            .ok_or(LedgerError::NotFound)
    }

    pub(crate) fn receipts_of(&self, payment_id: Uuid) -> impl Iterator<Item = &ReceiptRow> {
        self.receipts
            .iter()
            .flatten()
            .filter(move |receipt| receipt.payment_id == payment_id)
    }

    pub(crate) fn payment_mut(&mut self, id: Uuid) -> Result<&mut PaymentRow, LedgerError> {
        self.payments
            .iter_mut()
            .find(|payment| payment.id == id)
            .ok_or(LedgerError::NotFound)
    }

    pub(crate) fn others_open(&self, id: Uuid) -> Result<bool, LedgerError> {
        for payment in &self.payments {
            if payment.id != id && payment.state()?.is_open() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the amount that is booked to the merchant for this order and did not go back.
    pub(crate) fn paid_minor(&self) -> Result<i64, LedgerError> {
        (self.payments.iter())
            .try_fold(0_i64, |sum, payment| {
                sum.checked_add(payment.merchant_minor)
            })
            .ok_or_else(|| LedgerError::corrupt("paid amount out of range"))
    }
}
