//! Rows of orders and payments and their way into the core's types. Private to the crate: callers
//! see records and core types.

pub(crate) mod receipts;
pub(crate) mod work;
pub(crate) mod write_set;

use std::str::FromStr;

use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::{Amount, Currency};
use ayolinx_core::order_view::{Failure, OrderRecord, PaymentRecord};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::error::LedgerError;
use crate::privacy::payers::Payer;
use crate::rows::receipts::ReceiptRow;

#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = orders, treat_none_as_null = true)]
pub(crate) struct OrderRow {
    pub(crate) id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) version: i32,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) paid_minor: i64,
    pub(crate) paid_late: bool,
    pub(crate) payer_chooses: bool,
    pub(crate) description: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) items: Option<String>,
    pub(crate) checkout_token: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) paid_at: Option<DateTime<Utc>>,
    pub(crate) expiry_due_at: Option<DateTime<Utc>>,
    /// Where it stands apart from money; `None` while no money was heard of.
    pub(crate) base_state: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payments, treat_none_as_null = true)]
pub(crate) struct PaymentRow {
    pub(crate) id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) merchant_id: Uuid,
    pub(crate) position: i32,
    pub(crate) method: String,
    pub(crate) channel: Option<String>,
    pub(crate) link_channels: Option<Vec<String>>,
    pub(crate) state: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) received_minor: i64,
    pub(crate) refunded_minor: i64,
    pub(crate) merchant_minor: i64,
    pub(crate) suspense_minor: i64,
    pub(crate) provider_reference: Option<String>,
    pub(crate) artefact: Option<String>,
    pub(crate) link_code: Option<String>,
    pub(crate) customer_no: Option<String>,
    pub(crate) failure_code: Option<String>,
    pub(crate) failure_message: Option<String>,
    pub(crate) replaces: Option<Uuid>,
    pub(crate) replacements: i16,
    pub(crate) last_outcome: Option<String>,
    pub(crate) call_token: Option<Uuid>,
    pub(crate) call_leased_until: Option<DateTime<Utc>>,
    pub(crate) accepted_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) paid_at: Option<DateTime<Utc>>,
    /// Where it stands apart from money; `None` while no money was heard of.
    pub(crate) base_state: Option<String>,
}

pub(crate) fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, LedgerError> {
    text.parse()
        .map_err(|_| LedgerError::Corrupt(format!("{what} `{text}` is not known")))
}

pub(crate) fn amount(minor: i64, currency: &str) -> Result<Amount, LedgerError> {
    Currency::parse(currency)
        .and_then(|currency| Amount::from_minor(minor, currency))
        .map_err(LedgerError::corrupt)
}

impl OrderRow {
    pub(crate) fn id(&self) -> OrderId {
        OrderId::from_uuid(self.id)
    }

    pub(crate) fn merchant_id(&self) -> MerchantId {
        MerchantId::from_uuid(self.merchant_id)
    }

    pub(crate) fn state(&self) -> Result<OrderState, LedgerError> {
        parse("order state", &self.state)
    }

    pub(crate) fn amount(&self) -> Result<Amount, LedgerError> {
        amount(self.amount_minor, &self.currency)
    }

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
    pub(crate) fn id(&self) -> PaymentId {
        PaymentId::from_uuid(self.id)
    }

    pub(crate) fn state(&self) -> Result<PaymentState, LedgerError> {
        parse("payment state", &self.state)
    }

    pub(crate) fn method(&self) -> Result<Method, LedgerError> {
        parse("method", &self.method)
    }

    /// The channel whose turn with the provider it waits for.
    pub(crate) fn line(&self) -> &str {
        self.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL)
    }

    pub(crate) fn asked(&self) -> Result<Amount, LedgerError> {
        amount(self.amount_minor, &self.currency)
    }

    pub(crate) fn held_for_merchant(&self) -> Result<Amount, LedgerError> {
        amount(self.merchant_minor, &self.currency)
    }

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

    /// A call to the provider may be under way: its lease runs.
    pub(crate) fn call_is_leased(&self, now: DateTime<Utc>) -> bool {
        self.call_leased_until.is_some_and(|until| until > now)
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
