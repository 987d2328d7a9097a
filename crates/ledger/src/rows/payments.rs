//! Rows of payments, inserted and changed as a set.

use std::collections::BTreeMap;

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::PaymentId;
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::states::PaymentState;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::payments;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::rows::values::{amount, parse};

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
    /// State apart from money; `None` while no money was heard of.
    pub(crate) base_state: Option<String>,
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

    /// Returns the channel whose turn with the provider it waits for.
    pub(crate) fn line(&self) -> &str {
        self.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL)
    }

    pub(crate) fn asked(&self) -> Result<Amount, LedgerError> {
        amount(self.amount_minor, &self.currency)
    }

    pub(crate) fn held_for_merchant(&self) -> Result<Amount, LedgerError> {
        amount(self.merchant_minor, &self.currency)
    }

    /// Returns whether a call to the provider may be under way: its lease runs.
    pub(crate) fn call_is_leased(&self, now: DateTime<Utc>) -> bool {
        self.call_leased_until.is_some_and(|until| until > now)
    }
}

/// A payment to be written, and the creation time of its order, by which it is found among those of
/// its method and channel.
pub(crate) struct NewRow {
    pub(crate) row: PaymentRow,
    pub(crate) order_created_at: DateTime<Utc>,
}

/// Inserts payments whose calls are about to be sent: whatever else a payment has comes later.
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

/// Writes the columns of a payment that may change; the rest of its row is never written again.
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
