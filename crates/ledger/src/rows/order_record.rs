//! The row of an order with all that hangs on it, on its way into the record that callers see.

use ayolinx_core::artefact::Artefact;
use ayolinx_core::order_view::{Failure, OrderRecord, PaymentRecord};

use crate::error::LedgerError;
use crate::rows::orders::OrderRow;
use crate::rows::payers::Payer;
use crate::rows::payments::PaymentRow;
use crate::rows::receipts::ReceiptRow;
use crate::rows::values::amount;

impl OrderRow {
    pub(crate) fn record(
        &self,
        payments: &[PaymentRow],
        receipts: &[ReceiptRow],
        payer: Option<&Payer>,
    ) -> Result<OrderRecord, LedgerError> {
        let metadata = self
            .metadata
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(LedgerError::corrupt)?;
        Ok(OrderRecord {
            id: self.id(),
            reference: self.reference.clone(),
            state: self.state()?,
            version: self.version,
            amount: self.amount()?,
            paid_amount: amount(self.paid_minor, &self.currency)?,
            paid_late: self.paid_late,
            description: self.description.clone(),
            customer: payer.and_then(|payer| payer.customer.clone()),
            return_url: self.return_url.clone(),
            metadata,
            checkout_token: self.checkout_token.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            expires_at: self.expires_at,
            paid_at: self.paid_at,
            payments: payments
                .iter()
                .map(|payment| payment.record(receipts, payer))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl PaymentRow {
    fn artefact(&self, payer: Option<&Payer>) -> Result<Option<Artefact>, LedgerError> {
        let mut artefact = self
            .artefact
            .as_deref()
            .map(serde_json::from_str)
            .transpose()
            .map_err(LedgerError::corrupt)?;
        if let (Some(Artefact::VirtualAccount { account_name, .. }), Some(payer)) =
            (&mut artefact, payer)
        {
            *account_name = payer.account_name(self.id);
        }
        Ok(artefact)
    }

    fn record(
        &self,
        receipts: &[ReceiptRow],
        payer: Option<&Payer>,
    ) -> Result<PaymentRecord, LedgerError> {
        let failure = self.failure_code.as_ref().map(|code| Failure {
            code: code.clone(),
            message: self.failure_message.clone().unwrap_or_default(),
        });
        Ok(PaymentRecord {
            id: self.id(),
            method: self.method()?,
            channel: self.channel.clone(),
            state: self.state()?,
            provider_reference: self.provider_reference.clone(),
            artefact: self.artefact(payer)?,
            failure,
            created_at: self.created_at,
            expires_at: self.expires_at,
            paid_at: self.paid_at,
            receipts: receipts
                .iter()
                .filter(|receipt| receipt.payment_id == self.id)
                .map(|receipt| receipt.read(self))
                .collect::<Result<_, _>>()?,
        })
    }
}
