//! The flow of money: the bookings for merchants in a span of time, and the states of creates. Rows are
//! found by their ids, which begin with their time.

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::{Tx, shifted};

/// The most bookings of a span that are added up.
const BOOKINGS_MAX: i64 = 100_000;
/// The most of the newest payments that are looked at.
const PAYMENTS_MAX: i64 = 5_000;

/// The money that one channel brought in.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ChannelMoney {
    /// The method.
    #[diesel(sql_type = Text)]
    pub method: String,
    /// The channel's code.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Number of bookings that brought merchants money.
    #[diesel(sql_type = BigInt)]
    pub payments: i64,
    /// Their sum, less what was refunded, in rupiah.
    #[diesel(sql_type = BigInt)]
    pub rupiah: i64,
}

/// The number of the newest payments of one channel that are in one state.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct ChannelTraffic {
    /// The channel's code.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// The payments' state.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Number of payments.
    #[diesel(sql_type = BigInt)]
    pub payments: i64,
}

/// Returns the least id that is made `seconds` after a time.
pub(super) fn id_of_time(at: DateTime<Utc>, seconds: i64) -> Uuid {
    let at = shifted(at, TimeDelta::seconds(seconds));
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

impl Tx<'_> {
    /// Returns the money booked for merchants from one time until before another, by channel; in a span
    /// with more than 100,000 bookings, the first of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn booked_between(
        &mut self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<ChannelMoney>, LedgerError> {
        Ok(Statement::new(
            "SELECT paid.method, coalesce(paid.channel, ?) AS channel, \
                 count(*) FILTER (WHERE booked.minor < 0) AS payments, \
                 (-sum(booked.minor) / 100)::bigint AS rupiah \
             FROM (SELECT id, payment_id FROM journals WHERE id >= ? AND id < ? \
                   ORDER BY id LIMIT ?) AS made \
             CROSS JOIN LATERAL (SELECT sum(minor) AS minor FROM entries \
                 WHERE journal_id = made.id AND account = 'merchant_payable' OFFSET 0) AS booked \
             CROSS JOIN LATERAL (SELECT method, channel FROM payments \
                 WHERE id = made.payment_id OFFSET 0) AS paid \
             WHERE booked.minor IS NOT NULL \
             GROUP BY paid.method, paid.channel ORDER BY sum(booked.minor), paid.channel",
        )
        .bind::<Text, _>(PAYMENT_LINK_CHANNEL)
        .bind::<SqlUuid, _>(id_of_time(from, 0))
        .bind::<SqlUuid, _>(id_of_time(until, 0))
        .bind::<BigInt, _>(BOOKINGS_MAX)
        .load(self.connection()?)?)
    }

    /// Counts the payments that were made in the last `seconds` by channel and state, the newest 5,000
    /// of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn traffic_of_channels(
        &mut self,
        seconds: i64,
    ) -> Result<Vec<ChannelTraffic>, LedgerError> {
        let since = id_of_time(self.now()?, seconds.saturating_neg());
        Ok(Statement::new(
            "SELECT coalesce(newest.channel, ?) AS channel, newest.state, count(*) AS payments \
             FROM (SELECT channel, state FROM payments WHERE id >= ? \
                   ORDER BY id DESC LIMIT ?) AS newest \
             GROUP BY newest.channel, newest.state ORDER BY newest.channel, newest.state",
        )
        .bind::<Text, _>(PAYMENT_LINK_CHANNEL)
        .bind::<SqlUuid, _>(since)
        .bind::<BigInt, _>(PAYMENTS_MAX)
        .load(self.connection()?)?)
    }
}
