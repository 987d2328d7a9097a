//! The create call to the provider as the ledger sees it: an intent that is committed before
//! anything is sent, a lease while it may be under way, and the record of its outcome.

use std::time::Instant;

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Customer;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

use crate::accounts::merchants::SubMerchant;
use crate::database::schema::payments;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::provider_work::calls::NotedCall;
use crate::rows::orders::OrderRow;
use crate::rows::payments::NewRow;
use crate::rows::payments::PaymentRow;
use crate::rows::work::AfterCall;
use crate::rows::work::WorkKind;
use crate::tx::{Tx, shifted};

/// A payment to be made.
#[derive(Debug, Clone)]
pub struct NewPayment {
    /// Identity; the provider sees it.
    pub id: PaymentId,
    /// Method.
    pub method: Method,
    /// Channel; `None` for a payment link.
    pub channel: Option<String>,
    /// The channels a payment link offers.
    pub link_channels: Vec<String>,
    /// End of its time; never after the order's.
    pub expires_at: DateTime<Utc>,
}

/// The content of a create call, and the lease under which it may be sent.
#[derive(Debug, Clone)]
pub struct Call {
    /// The token that fences the outcome.
    pub token: Uuid,
    /// The end of the lease, in database time.
    pub leased_until: DateTime<Utc>,
    /// The same by this process's own clock: nothing may be sent that could outlast it.
    pub lease_ends: Instant,
    /// The order.
    pub order_id: OrderId,
    /// The merchant.
    pub merchant_id: MerchantId,
    /// The payment.
    pub payment_id: PaymentId,
    /// Method.
    pub method: Method,
    /// Channel.
    pub channel: Option<String>,
    /// The channels a payment link offers.
    pub link_channels: Vec<String>,
    /// The amount to be paid.
    pub amount: Amount,
    /// End of the payment's time.
    pub expires_at: DateTime<Utc>,
    /// The payer.
    pub customer: Option<Customer>,
    /// The merchant's items as JSON, for a payment link.
    pub items: Option<String>,
    /// The page to which the wallet sends the payer back.
    pub return_url: Option<String>,
    /// The order's description.
    pub description: Option<String>,
    /// The merchant's own order number.
    pub reference: String,
    /// The digits of the virtual account's customer number after the bank's prefix.
    pub customer_no: Option<String>,
    /// The merchant as e-wallets know it; nothing for other methods.
    pub sub_merchant: SubMerchant,
}

#[derive(QueryableByName)]
struct CustomerNo {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Tx<'_> {
    pub(crate) fn insert_payment(
        &mut self,
        order: &OrderRow,
        new: &NewPayment,
        place: Place,
    ) -> Result<PaymentRow, LedgerError> {
        let accounts = usize::from(new.method == Method::VirtualAccount);
        let customer_no = self.next_customer_nos(accounts)?.pop();
        self.add_payment(order, new, place, customer_no)
    }

    /// Adds a payment whose call is about to be sent, under the lease of the call; a virtual
    /// account has its number.
    pub(crate) fn add_payment(
        &mut self,
        order: &OrderRow,
        new: &NewPayment,
        place: Place,
        customer_no: Option<String>,
    ) -> Result<PaymentRow, LedgerError> {
        let now = self.now()?;
        let leased_until = shifted(now, self.context.plans.lease);
        let row = PaymentRow {
            id: new.id.as_uuid(),
            order_id: order.id,
            merchant_id: order.merchant_id,
            position: place.position,
            method: new.method.as_str().to_owned(),
            channel: new.channel.clone(),
            link_channels: (!new.link_channels.is_empty()).then(|| new.link_channels.clone()),
            state: PaymentState::Creating.as_str().to_owned(),
            amount_minor: order.amount_minor,
            currency: order.currency.clone(),
            received_minor: 0,
            refunded_minor: 0,
            merchant_minor: 0,
            suspense_minor: 0,
            provider_reference: None,
            artefact: None,
            link_code: None,
            customer_no,
            failure_code: None,
            failure_message: None,
            replaces: place.replaces,
            replacements: place.replacements,
            last_outcome: None,
            call_token: Some(Uuid::now_v7()),
            call_leased_until: Some(leased_until),
            accepted_at: None,
            created_at: now,
            updated_at: now,
            expires_at: new.expires_at.min(order.expires_at),
            paid_at: None,
            base_state: None,
        };
        self.writes.payments_made.push(NewRow {
            row: row.clone(),
            order_created_at: order.created_at,
        });
        // Should this process die in the call, the lease runs out and the resolver takes over.
        self.plan_work(&row, WorkKind::Resolve, leased_until, leased_until);
        let expire_at = shifted(row.expires_at, self.context.plans.expiry_grace);
        self.plan_work(&row, WorkKind::Expire, row.expires_at, expire_at);
        Ok(row)
    }

    /// Returns the next digits of `customerNo`s after the bank's prefix: from a sequence, never
    /// random (contract 5).
    pub(crate) fn next_customer_nos(&mut self, count: usize) -> Result<Vec<String>, LedgerError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let count = i64::try_from(count).map_err(LedgerError::corrupt)?;
        let numbers: Vec<CustomerNo> = Statement::new(
            "SELECT nextval('virtual_account_customers') AS number FROM generate_series(1, ?)",
        )
        .bind::<BigInt, _>(count)
        .load(self.connection()?)?;
        Ok(numbers
            .into_iter()
            .map(|row| format!("{:08}", row.number))
            .collect())
    }

    /// Takes the lease of a payment whose create was certainly not sent, to send it now.
    pub(crate) fn lease_call(
        &mut self,
        order: &OrderRow,
        row: &PaymentRow,
        kind: Sending,
    ) -> Result<Call, LedgerError> {
        let now = self.now()?;
        let leased_until = shifted(now, self.context.plans.lease);
        let mut row = row.clone();
        row.call_token = Some(Uuid::now_v7());
        row.call_leased_until = Some(leased_until);
        row.last_outcome = None;
        diesel::update(payments::table.find(row.id))
            .set(&row)
            .execute(self.connection()?)?;
        match kind {
            Sending::First => {
                self.plan_work(&row, WorkKind::Resolve, leased_until, leased_until);
            }
            Sending::Again => {
                self.plan_resolve(&row, leased_until, leased_until, AfterCall::Resent);
            }
        }
        let again = NotedCall {
            call: "create",
            outcome: "sent again".to_owned(),
        };
        self.note_call(order.id, row.id, &again)?;
        self.call_of(order, &row)
    }

    pub(crate) fn call_of(
        &mut self,
        order: &OrderRow,
        row: &PaymentRow,
    ) -> Result<Call, LedgerError> {
        let customer = self.customer_of(order.id)?;
        let sub_merchant = match row.method()? {
            Method::Ewallet => self.sub_merchant(order.merchant_id)?,
            Method::Qris | Method::VirtualAccount | Method::Retail | Method::PaymentLink => {
                SubMerchant::default()
            }
        };
        self.call_to(order, row, customer, sub_merchant)
    }

    /// Returns the call like [`Tx::call_of`] where the payer and the merchant are at hand.
    pub(crate) fn call_to(
        &self,
        order: &OrderRow,
        row: &PaymentRow,
        customer: Option<Customer>,
        sub_merchant: SubMerchant,
    ) -> Result<Call, LedgerError> {
        let (Some(token), Some(leased_until)) = (row.call_token, row.call_leased_until) else {
            return Err(LedgerError::corrupt("a call without a lease"));
        };
        Ok(Call {
            token,
            leased_until,
            lease_ends: self.lease_ends(),
            order_id: order.id(),
            merchant_id: order.merchant_id(),
            payment_id: row.id(),
            method: row.method()?,
            channel: row.channel.clone(),
            link_channels: row.link_channels.clone().unwrap_or_default(),
            amount: row.asked()?,
            expires_at: row.expires_at,
            customer,
            items: order.items.clone(),
            return_url: order.return_url.clone(),
            description: order.description.clone(),
            reference: order.reference.clone(),
            customer_no: row.customer_no.clone(),
            sub_merchant,
        })
    }
}

/// The reason why a call is leased once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    /// The call was never sent, and the merchant tries again.
    First,
    /// The provider does not have the payment: the resolver sends it again.
    Again,
}

/// The place of a payment among those of its order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) position: i32,
    pub(crate) replaces: Option<Uuid>,
    pub(crate) replacements: i16,
}

impl Place {
    /// Returns the place of the newest of an order's payments, made on request.
    pub(crate) fn newest_of(existing: &[PaymentRow]) -> Self {
        let last = existing.iter().map(|row| row.position).max().unwrap_or(0);
        Self {
            position: last.saturating_add(1),
            replaces: None,
            replacements: 0,
        }
    }
}
