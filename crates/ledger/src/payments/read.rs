//! Reading payments: what a flow must know of one before it asks the provider about it.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::database::schema::{orders, payments};
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::orders::history::{NewHistory, Source};
use crate::rows::PaymentRow;
use crate::tx::{Tx, shifted};

/// What a flow must know of a payment.
#[derive(Debug, Clone)]
pub struct PaymentFacts {
    /// Identity.
    pub id: PaymentId,
    /// The order.
    pub order_id: OrderId,
    /// The merchant.
    pub merchant_id: MerchantId,
    /// Method.
    pub method: Method,
    /// Channel; `None` for a payment link.
    pub channel: Option<String>,
    /// State.
    pub state: PaymentState,
    /// The order's state.
    pub order_state: OrderState,
    /// Whether its create is known to never have been sent.
    pub never_sent: bool,
    /// Until when a create of it may be under way; `None` when none is.
    pub call_leased_until: Option<DateTime<Utc>>,
    /// Whether it replaces one whose artefact was lost: then we owe the retry, not the merchant.
    pub is_replacement: bool,
    /// How many lost ones came before it.
    pub replacements: i16,
    /// When its artefact went out.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// End of its time.
    pub expires_at: DateTime<Utc>,
    /// The database's time now.
    pub now: DateTime<Utc>,
}

impl Tx<'_> {
    /// What is known of a payment.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`].
    pub fn payment_facts(&mut self, id: PaymentId) -> Result<PaymentFacts, LedgerError> {
        let row: PaymentRow = payments::table
            .find(id.as_uuid())
            .select(PaymentRow::as_select())
            .first(self.connection()?)?;
        let order_state = self.find_order(OrderId::from_uuid(row.order_id))?.state()?;
        self.facts(&row, order_state)
    }

    /// The payments of a merchant's order, newest first.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn payments_of_order(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
    ) -> Result<Vec<PaymentFacts>, LedgerError> {
        let order = self.find_order(id)?;
        if order.merchant_id() != merchant {
            return Err(LedgerError::NotFound);
        }
        let state = order.state()?;
        let rows = self.payments_of(order.id)?;
        rows.iter().map(|row| self.facts(row, state)).collect()
    }

    /// Notes that somebody has the provider asked about an order; `false` when somebody did so within
    /// `spacing` before.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] also when the order is another merchant's.
    pub fn claim_sync(
        &mut self,
        merchant: MerchantId,
        id: OrderId,
        spacing: TimeDelta,
        source: Source,
    ) -> Result<bool, LedgerError> {
        self.order_pulse(merchant, id)?;
        let now = self.now()?;
        let before = shifted(now, spacing.checked_mul(-1).unwrap_or_default());
        let claimed = diesel::update(orders::table.find(id.as_uuid()))
            .filter(orders::synced_at.is_null().or(orders::synced_at.le(before)))
            .set(orders::synced_at.eq(now))
            .execute(self.connection()?)?;
        if claimed > 0 {
            self.record(NewHistory {
                order_id: id.as_uuid(),
                payment_id: None,
                source: source.as_str(),
                fact: "sync_asked",
                payment_from: None,
                payment_to: None,
                order_from: None,
                order_to: None,
                order_version: None,
                detail: None,
            });
        }
        Ok(claimed > 0)
    }

    fn facts(
        &mut self,
        row: &PaymentRow,
        order_state: OrderState,
    ) -> Result<PaymentFacts, LedgerError> {
        let now = self.now()?;
        let call_leased_until = row.call_leased_until.filter(|until| *until > now);
        Ok(PaymentFacts {
            id: row.id(),
            order_id: OrderId::from_uuid(row.order_id),
            merchant_id: MerchantId::from_uuid(row.merchant_id),
            method: row.method()?,
            channel: row.channel.clone(),
            state: row.state()?,
            order_state,
            never_sent: call_leased_until.is_none()
                && row.last_outcome.as_deref() == Some("not_sent"),
            call_leased_until,
            is_replacement: row.replaces.is_some(),
            replacements: row.replacements,
            accepted_at: row.accepted_at,
            created_at: row.created_at,
            expires_at: row.expires_at,
            now,
        })
    }
}

/// A payment to be written, and when its order was made: by that it is found among those of its way.
pub(crate) struct NewRow {
    pub(crate) row: PaymentRow,
    pub(crate) order_created_at: DateTime<Utc>,
}

/// Writes payments that are on their way out: whatever else a payment has comes later.
pub(crate) fn insert_all(made: &[NewRow]) -> Statement {
    let rows = || made.iter().map(|one| &one.row);
    Statement::new(
        "INSERT INTO payments (id, order_id, merchant_id, position, method, channel, \
             link_channels, state, amount_minor, currency, customer_no, replaces, replacements, \
             call_token, call_leased_until, created_at, updated_at, expires_at, order_created_at) \
         SELECT id, order_id, merchant_id, position, method, channel, \
             string_to_array(link_channels, ','), state, amount_minor, currency, customer_no, \
             replaces, replacements, call_token, call_leased_until, created_at, updated_at, \
             expires_at, order_created_at \
         FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS new \
             (id, order_id, merchant_id, position, method, channel, link_channels, state, \
              amount_minor, currency, customer_no, replaces, replacements, call_token, \
              call_leased_until, created_at, updated_at, expires_at, order_created_at)",
    )
    .column::<SqlUuid, _>(rows().map(|row| row.id))
    .column::<SqlUuid, _>(rows().map(|row| row.order_id))
    .column::<SqlUuid, _>(rows().map(|row| row.merchant_id))
    .column::<Integer, _>(rows().map(|row| row.position))
    .column::<Text, _>(rows().map(|row| row.method.clone()))
    .column::<Nullable<Text>, _>(rows().map(|row| row.channel.clone()))
    // The names of channels have no commas; an array of arrays would be taken apart.
    .column::<Nullable<Text>, _>(rows().map(|row| Some(row.link_channels.as_ref()?.join(","))))
    .column::<Text, _>(rows().map(|row| row.state.clone()))
    .column::<BigInt, _>(rows().map(|row| row.amount_minor))
    .column::<Text, _>(rows().map(|row| row.currency.clone()))
    .column::<Nullable<Text>, _>(rows().map(|row| row.customer_no.clone()))
    .column::<Nullable<SqlUuid>, _>(rows().map(|row| row.replaces))
    .column::<SmallInt, _>(rows().map(|row| row.replacements))
    .column::<Nullable<SqlUuid>, _>(rows().map(|row| row.call_token))
    .column::<Nullable<Timestamptz>, _>(rows().map(|row| row.call_leased_until))
    .column::<Timestamptz, _>(rows().map(|row| row.created_at))
    .column::<Timestamptz, _>(rows().map(|row| row.updated_at))
    .column::<Timestamptz, _>(rows().map(|row| row.expires_at))
    .column::<Timestamptz, _>(made.iter().map(|one| one.order_created_at))
}

/// Writes what may change of a payment; the rest of its row is what it was made with.
pub(crate) fn update_all(rows: &BTreeMap<Uuid, PaymentRow>) -> Statement {
    Statement::new(
        "UPDATE payments SET state = new.state, received_minor = new.received_minor, \
             refunded_minor = new.refunded_minor, merchant_minor = new.merchant_minor, \
             suspense_minor = new.suspense_minor, provider_reference = new.provider_reference, \
             artefact = new.artefact, link_code = new.link_code, \
             failure_code = new.failure_code, failure_message = new.failure_message, \
             last_outcome = new.last_outcome, call_token = new.call_token, \
             call_leased_until = new.call_leased_until, accepted_at = new.accepted_at, \
             updated_at = new.updated_at, expires_at = new.expires_at, paid_at = new.paid_at, \
             channel = new.channel, base_state = new.base_state \
         FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS new \
             (id, state, received_minor, refunded_minor, merchant_minor, suspense_minor, \
              provider_reference, artefact, link_code, failure_code, failure_message, \
              last_outcome, call_token, call_leased_until, accepted_at, updated_at, expires_at, \
              paid_at, channel, base_state) \
         WHERE payments.id = new.id",
    )
    .column::<SqlUuid, _>(rows.values().map(|row| row.id))
    .column::<Text, _>(rows.values().map(|row| row.state.clone()))
    .column::<BigInt, _>(rows.values().map(|row| row.received_minor))
    .column::<BigInt, _>(rows.values().map(|row| row.refunded_minor))
    .column::<BigInt, _>(rows.values().map(|row| row.merchant_minor))
    .column::<BigInt, _>(rows.values().map(|row| row.suspense_minor))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.provider_reference.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.artefact.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.link_code.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.failure_code.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.failure_message.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.last_outcome.clone()))
    .column::<Nullable<SqlUuid>, _>(rows.values().map(|row| row.call_token))
    .column::<Nullable<Timestamptz>, _>(rows.values().map(|row| row.call_leased_until))
    .column::<Nullable<Timestamptz>, _>(rows.values().map(|row| row.accepted_at))
    .column::<Timestamptz, _>(rows.values().map(|row| row.updated_at))
    .column::<Timestamptz, _>(rows.values().map(|row| row.expires_at))
    .column::<Nullable<Timestamptz>, _>(rows.values().map(|row| row.paid_at))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.channel.clone()))
    .column::<Nullable<Text>, _>(rows.values().map(|row| row.base_state.clone()))
}
