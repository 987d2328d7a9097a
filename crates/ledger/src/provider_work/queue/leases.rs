//! Claiming work: a share of each channel, so that no backlog of one stands before the work of another.

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::ids::PaymentId;
use ayolinx_core::order_view::Failure;
use ayolinx_core::resend::Resends;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::{LeasedWork, WorkKind, held_by};
use crate::database::schema::provider_work;
use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::{Tx, shifted};

/// Numbers of pieces of work that may be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRoom {
    /// Number for all channels together.
    pub all: i64,
    /// Number for each channel that is not named in `of`.
    pub each: i64,
    /// Numbers for these channels; the empty one is of pieces whose channel is not known yet.
    pub of: Vec<(String, i64)>,
}

impl From<i64> for WorkRoom {
    /// Makes room for `all` pieces, of whatever channels.
    fn from(all: i64) -> Self {
        Self {
            all,
            each: all,
            of: Vec::new(),
        }
    }
}

#[derive(QueryableByName)]
struct LeasedRow {
    #[diesel(sql_type = SqlUuid)]
    payment_id: Uuid,
    #[diesel(sql_type = Text)]
    channel: String,
    #[diesel(sql_type = Timestamptz)]
    began_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    steps: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    not_found_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = SmallInt)]
    resends: i16,
    #[diesel(sql_type = SmallInt)]
    alike: i16,
    #[diesel(sql_type = SmallInt)]
    unanswered: i16,
    #[diesel(sql_type = Nullable<Text>)]
    reply_code: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    reply_message: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    leased_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    leased_until: DateTime<Utc>,
}

impl LeasedRow {
    fn resends(&self) -> Resends {
        let count = |counted: i16| u16::try_from(counted).unwrap_or(0);
        Resends {
            sent: count(self.resends),
            alike: count(self.alike),
            unanswered: count(self.unanswered),
        }
    }

    fn last_reply(&self) -> Option<Failure> {
        Some(Failure {
            code: self.reply_code.clone()?,
            message: self.reply_message.clone().unwrap_or_default(),
        })
    }
}

impl Tx<'_> {
    /// Claims due pieces of work of a kind, as many as there is room for: of each channel those that are due
    /// first, and where there is room for fewer than that, of each channel alike.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_work(
        &mut self,
        kind: WorkKind,
        room: impl Into<WorkRoom>,
    ) -> Result<Vec<LeasedWork>, LedgerError> {
        let token = Uuid::now_v7();
        let room = room.into();
        let rows: Vec<LeasedRow> = Statement::new(
            // The channels that have work, each found by one step along the index. A CTE, since a subquery
            // with LIMIT may be run more than once by a join.
            "WITH RECURSIVE lines AS ( \
                 (SELECT channel FROM provider_work WHERE kind = ? ORDER BY channel LIMIT 1) \
                 UNION ALL \
                 SELECT (SELECT next.channel FROM provider_work AS next \
                         WHERE next.kind = ? AND next.channel > lines.channel \
                         ORDER BY next.channel LIMIT 1) \
                 FROM lines WHERE lines.channel IS NOT NULL), \
             due AS ( \
                 SELECT first.payment_id, first.kind, first.channel FROM lines \
                 LEFT JOIN unnest(?, ?) AS room (channel, places) ON room.channel = lines.channel \
                 CROSS JOIN LATERAL ( \
                     SELECT payment_id, kind, work.channel, due_at FROM provider_work AS work \
                     WHERE kind = ? AND work.channel = lines.channel AND due_at <= now() \
                       AND (leased_until IS NULL OR leased_until <= now()) \
                     ORDER BY due_at LIMIT coalesce(room.places, ?) FOR UPDATE SKIP LOCKED) AS first \
                 ORDER BY row_number() OVER (PARTITION BY first.channel ORDER BY first.due_at) \
                 LIMIT ?) \
             UPDATE provider_work w SET lease_token = ?, \
                    leased_until = now() + make_interval(secs => ?::bigint / 1000.0), \
                    channel = CASE w.channel WHEN '' THEN coalesce((SELECT payments.channel \
                        FROM payments WHERE payments.id = w.payment_id), ?) ELSE w.channel END \
             FROM due WHERE w.payment_id = due.payment_id AND w.kind = due.kind \
             RETURNING w.payment_id, due.channel, w.began_at, w.steps, w.not_found_at, w.resends, \
                 w.alike, w.unanswered, w.reply_code, w.reply_message, w.due_at, \
                 now() AS leased_at, w.leased_until",
        )
        .bind::<Text, _>(kind.as_str())
        .bind::<Text, _>(kind.as_str())
        .column::<Text, _>(room.of.iter().map(|(channel, _)| channel.clone()))
        .column::<BigInt, _>(room.of.iter().map(|(_, places)| *places))
        .bind::<Text, _>(kind.as_str())
        .bind::<BigInt, _>(room.each)
        .bind::<BigInt, _>(room.all)
        .bind::<SqlUuid, _>(token)
        .bind::<BigInt, _>(self.context.plans.lease.num_milliseconds())
        .bind::<Text, _>(PAYMENT_LINK_CHANNEL)
        .load(self.connection()?)?;
        let lease_ends = self.lease_ends();
        Ok(rows
            .into_iter()
            .map(|row| LeasedWork {
                payment_id: PaymentId::from_uuid(row.payment_id),
                kind,
                began_at: row.began_at,
                steps: row.steps,
                not_found_at: row.not_found_at,
                resends: row.resends(),
                last_reply: row.last_reply(),
                channel: row.channel,
                token,
                due_at: row.due_at,
                leased_at: row.leased_at,
                leased_until: row.leased_until,
                lease_ends,
            })
            .collect())
    }

    /// Extends a lease to its whole time from now on; `None` when it is over or another's.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn renew_work(&mut self, work: &LeasedWork) -> Result<Option<LeasedWork>, LedgerError> {
        let now = self.now()?;
        let leased_until = shifted(now, self.context.plans.lease);
        let held = held_by(work).filter(provider_work::leased_until.gt(now));
        let changed = diesel::update(held)
            .set(provider_work::leased_until.eq(leased_until))
            .execute(self.connection()?)?;
        Ok((changed > 0).then(|| LeasedWork {
            leased_until,
            lease_ends: self.lease_ends(),
            ..work.clone()
        }))
    }

    /// Returns whether the lease is still ours; locks the row, so that what follows in this transaction
    /// cannot be overtaken.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn still_leased(&mut self, work: &LeasedWork) -> Result<bool, LedgerError> {
        let now = self.now()?;
        let found: Option<Option<DateTime<Utc>>> = provider_work::table
            .find((work.payment_id.as_uuid(), work.kind.as_str()))
            .filter(provider_work::lease_token.eq(work.token))
            .select(provider_work::leased_until)
            .for_update()
            .first(self.connection()?)
            .optional()?;
        Ok(found.flatten().is_some_and(|until| until > now))
    }
}
