//! What is due with the provider: leased in database time, fenced by a token, rescheduled or done.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::order_view::Failure;
use ayolinx_core::resend::Resends;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};

use uuid::Uuid;

use crate::error::LedgerError;
use crate::rows::PaymentRow;
use crate::schema::provider_work;
use crate::statement::Statement;
use crate::tx::{Tx, shifted};
use crate::writes::{AfterCall, Planned};

mod statements;

pub(crate) use statements::{delete_all, plan_all};

/// A kind of work with the provider about one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkKind {
    /// Find out what became of a create, and mend it (contract 4.1).
    Resolve,
    /// Look for money whose callback may be lost (contract 5).
    Inquire,
    /// Cancel at the provider what was withdrawn here.
    Close,
    /// Take a last look, then let it expire.
    Expire,
}

impl WorkKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Resolve, Self::Inquire, Self::Close, Self::Expire];

    /// The spelling in the database and in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Inquire => "inquire",
            Self::Close => "close",
            Self::Expire => "expire",
        }
    }
}

/// A piece of work claimed by this worker until its lease ends.
#[derive(Debug, Clone)]
pub struct LeasedWork {
    /// The payment.
    pub payment_id: PaymentId,
    /// The kind.
    pub kind: WorkKind,
    /// Since when its plan runs.
    pub began_at: DateTime<Utc>,
    /// How often it was done.
    pub steps: i32,
    /// When the provider first said "not found" since the last send.
    pub not_found_at: Option<DateTime<Utc>>,
    /// What came of sending its create again.
    pub resends: Resends,
    /// What the provider answered to the last of them, where it answered in JSON.
    pub last_reply: Option<Failure>,
    /// Fences a worker that wakes up late.
    pub token: Uuid,
    /// The end of the lease, in database time.
    pub leased_until: DateTime<Utc>,
}

/// Callbacks cause one inquiry per payment and minute (contract 5).
pub(crate) const ASK_SPACING: TimeDelta = TimeDelta::seconds(60);

#[derive(QueryableByName)]
struct LeasedRow {
    #[diesel(sql_type = SqlUuid)]
    payment_id: Uuid,
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

/// What becomes of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkNext {
    /// Nothing is left to do.
    Done,
    /// Do it again then.
    At(DateTime<Utc>),
    /// It was not done: try then.
    Untried(DateTime<Utc>),
}

impl Tx<'_> {
    /// Claims up to `limit` due pieces of work of a kind.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn lease_work(
        &mut self,
        kind: WorkKind,
        limit: i64,
    ) -> Result<Vec<LeasedWork>, LedgerError> {
        let token = Uuid::now_v7();
        let rows: Vec<LeasedRow> = Statement::new(
            // A CTE, since a subquery with LIMIT may be run more than once by a join.
            "WITH due AS ( \
                 SELECT payment_id, kind FROM provider_work \
                 WHERE kind = ? AND due_at <= now() \
                   AND (leased_until IS NULL OR leased_until <= now()) \
                 ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) \
             UPDATE provider_work w SET lease_token = ?, \
                    leased_until = now() + make_interval(secs => ?::bigint / 1000.0) \
             FROM due WHERE w.payment_id = due.payment_id AND w.kind = due.kind \
             RETURNING w.payment_id, w.began_at, w.steps, w.not_found_at, w.resends, w.alike, \
                 w.unanswered, w.reply_code, w.reply_message, w.leased_until",
        )
        .bind::<Text, _>(kind.as_str())
        .bind::<BigInt, _>(limit)
        .bind::<SqlUuid, _>(token)
        .bind::<BigInt, _>(self.context.plans.lease.num_milliseconds())
        .load(self.connection()?)?;
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
                token,
                leased_until: row.leased_until,
            })
            .collect())
    }

    /// Whether the lease is still ours; locks the row, so that what follows in this transaction
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

    /// Ends a lease. A worker whose lease was taken over changes nothing and gets `false`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn settle_work(&mut self, work: &LeasedWork, next: WorkNext) -> Result<bool, LedgerError> {
        let due_at = match next {
            WorkNext::Done => None,
            WorkNext::At(due_at) => Some(due_at),
            WorkNext::Untried(due_at) => {
                let end = LeaseEnd::untried(work, due_at);
                let changed = diesel::update(held_by(work)).set(end);
                return Ok(changed.execute(self.connection()?)? > 0);
            }
        };
        let now = self.now()?;
        // What was wanted after this began may not have been answered by it.
        let lease = self.context.plans.lease.checked_mul(-1).unwrap_or_default();
        let answered = provider_work::wanted_at
            .is_null()
            .or(provider_work::wanted_at.le(shifted(work.leased_until, lease)));
        let answered = held_by(work).filter(answered);
        let changed = match due_at {
            None => diesel::delete(answered).execute(self.connection()?)?,
            Some(due_at) => diesel::update(answered)
                .set((
                    LeaseEnd::done(work, due_at, now),
                    provider_work::wanted_at.eq(None::<DateTime<Utc>>),
                ))
                .execute(self.connection()?)?,
        };
        if changed > 0 {
            return Ok(true);
        }
        let soon = shifted(now, ASK_SPACING);
        let due_at = due_at.map_or(soon, |due_at| due_at.min(soon));
        let changed = diesel::update(held_by(work))
            .set(LeaseEnd::done(work, due_at, now))
            .execute(self.connection()?)?;
        Ok(changed > 0)
    }

    /// Notes that the provider said "not found" at this look, or forgets it after a new send.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn note_not_found(
        &mut self,
        work: &LeasedWork,
        at: Option<DateTime<Utc>>,
    ) -> Result<(), LedgerError> {
        diesel::update(provider_work::table)
            .filter(provider_work::payment_id.eq(work.payment_id.as_uuid()))
            .filter(provider_work::kind.eq(work.kind.as_str()))
            .filter(provider_work::lease_token.eq(work.token))
            .set(provider_work::not_found_at.eq(at))
            .execute(self.connection()?)?;
        Ok(())
    }

    /// Sets when a kind of work is due, from now on by a plan that began at `began_at`; whoever
    /// holds a lease on it loses it. What somebody wants done is due no later than it was.
    pub(crate) fn plan_work(
        &mut self,
        payment_id: Uuid,
        kind: WorkKind,
        began_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) {
        let planned = Planned {
            began_at,
            due_at,
            after: None,
        };
        self.writes.work_planned.insert((payment_id, kind), planned);
    }

    /// Sets when an unknown create is looked after, by a plan that begins with this end of a call, or
    /// with sending it again.
    pub(crate) fn plan_resolve(
        &mut self,
        payment_id: Uuid,
        began_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
        after: AfterCall,
    ) {
        let planned = Planned {
            began_at,
            due_at,
            after: Some(after),
        };
        let kind = WorkKind::Resolve;
        self.writes.work_planned.insert((payment_id, kind), planned);
    }

    /// Asks for a look at a payment soon: now, but not twice within `spacing`. It is made whatever
    /// becomes of the payment until then. What was asked before by a plan that has ended since is
    /// known from the history.
    pub(crate) fn ask_soon(
        &mut self,
        payment: &PaymentRow,
        spacing: TimeDelta,
    ) -> Result<(), LedgerError> {
        let began_at = payment.accepted_at.unwrap_or(payment.created_at);
        diesel::sql_query(
            "WITH last AS (SELECT max(at) AS at FROM history \
                 WHERE order_id = $4 AND payment_id = $1 AND fact = 'asked' AND at >= $5) \
             INSERT INTO provider_work (payment_id, kind, due_at, began_at, asked_at, wanted_at) \
             SELECT $1, 'inquire', greatest(now(), \
                 last.at + make_interval(secs => $3::bigint / 1000.0)), $2, last.at, now() FROM last \
             ON CONFLICT (payment_id, kind) DO UPDATE SET wanted_at = now(), \
                 due_at = least(provider_work.due_at, greatest(now(), \
                     provider_work.asked_at + make_interval(secs => $3::bigint / 1000.0)))",
        )
        .bind::<SqlUuid, _>(payment.id)
        .bind::<Timestamptz, _>(began_at)
        .bind::<BigInt, _>(spacing.num_milliseconds())
        .bind::<SqlUuid, _>(payment.order_id)
        .bind::<Timestamptz, _>(payment.created_at)
        .execute(self.connection()?)?;
        Ok(())
    }

    pub(crate) fn drop_work(&mut self, payment_id: Uuid, kinds: &[WorkKind]) {
        for kind in kinds {
            self.writes.drop_work(payment_id, *kind);
        }
    }
}

/// What is written of a piece of work that goes on when its lease ends.
#[derive(AsChangeset)]
#[diesel(table_name = provider_work)]
struct LeaseEnd {
    due_at: DateTime<Utc>,
    steps: Option<i32>,
    asked_at: Option<DateTime<Utc>>,
    lease_token: Option<Option<Uuid>>,
    leased_until: Option<Option<DateTime<Utc>>>,
}

impl LeaseEnd {
    const fn untried(work: &LeasedWork, due_at: DateTime<Utc>) -> Self {
        Self {
            due_at,
            steps: Some(work.steps),
            asked_at: None,
            lease_token: Some(None),
            leased_until: Some(None),
        }
    }

    const fn done(work: &LeasedWork, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        Self {
            steps: Some(work.steps.saturating_add(1)),
            asked_at: Some(now),
            ..Self::untried(work, due_at)
        }
    }
}

/// The row of a piece of work, while it is this worker's.
#[diesel::dsl::auto_type(no_type_alias)]
fn held_by(work: &LeasedWork) -> _ {
    let payment_id: Uuid = work.payment_id.as_uuid();
    let kind: &'static str = work.kind.as_str();
    let token: Uuid = work.token;
    provider_work::table
        .filter(provider_work::payment_id.eq(payment_id))
        .filter(provider_work::kind.eq(kind))
        .filter(provider_work::lease_token.eq(token))
}
