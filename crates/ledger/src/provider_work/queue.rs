//! The queue of work with the provider: leased in database time (`leases`), fenced by a token, rescheduled or
//! done. The worker's loops lease and settle it, `payments` plans it; what is planned goes through the write set
//! (`rows::work`). Invariant: a worker whose lease was taken over changes nothing.

use std::time::Instant;

use ayolinx_core::ids::PaymentId;
use ayolinx_core::order_view::Failure;
use ayolinx_core::resend::Resends;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::schema::provider_work;
use crate::error::LedgerError;
use crate::rows::payments::PaymentRow;
use crate::rows::work::WorkKind;
use crate::rows::work::{AfterCall, Planned};
use crate::tx::{Tx, shifted};

mod leases;

pub use leases::WorkRoom;

/// A piece of work claimed by this worker until its lease ends.
#[derive(Debug, Clone)]
pub struct LeasedWork {
    /// The payment.
    pub payment_id: PaymentId,
    /// The kind.
    pub kind: WorkKind,
    /// The code of the channel whose permits it takes; empty when that was not known.
    pub channel: String,
    /// Time at which its plan began.
    pub began_at: DateTime<Utc>,
    /// Number of times it was done.
    pub steps: i32,
    /// Time at which the provider first said "not found" since the last send.
    pub not_found_at: Option<DateTime<Utc>>,
    /// The outcomes of sending its create again.
    pub resends: Resends,
    /// The provider's answer to the last of them, where it answered in JSON.
    pub last_reply: Option<Failure>,
    /// The token that fences a worker that wakes up late.
    pub token: Uuid,
    /// Time since which it is due, in database time.
    pub due_at: DateTime<Utc>,
    /// Time at which it was claimed, in database time.
    pub leased_at: DateTime<Utc>,
    /// The end of the lease, in database time.
    pub leased_until: DateTime<Utc>,
    /// The same by this process's clock: the database's says nothing to a process that was stopped since.
    pub lease_ends: Instant,
}

/// The shortest time between two inquiries about a payment that callbacks cause (contract 5).
pub(crate) const ASK_SPACING: TimeDelta = TimeDelta::seconds(60);

/// The next step of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkNext {
    /// Nothing is left to do.
    Done,
    /// It is to be done again at that time.
    At(DateTime<Utc>),
    /// It was not done and is to be tried at that time.
    Untried(DateTime<Utc>),
}

impl Tx<'_> {
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
        let answered = provider_work::wanted_at
            .is_null()
            .or(provider_work::wanted_at.le(work.leased_at));
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

    /// Notes that the provider said "not found" at this inquiry, or forgets it after a new send.
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

    /// Sets when a kind of work is due, from now on by a plan that began at `began_at`; whoever holds a lease on
    /// it loses it. Work that somebody asked for is due no later than it was.
    pub(crate) fn plan_work(
        &mut self,
        payment: &PaymentRow,
        kind: WorkKind,
        began_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
    ) {
        let planned = Planned {
            channel: payment.line().to_owned(),
            began_at,
            due_at,
            after: None,
        };
        self.writes.work_planned.insert((payment.id, kind), planned);
    }

    /// Sets when an unknown create is resolved, by a plan that begins with this end of a call, or with sending it
    /// again.
    pub(crate) fn plan_resolve(
        &mut self,
        payment: &PaymentRow,
        began_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
        after: AfterCall,
    ) {
        let planned = Planned {
            channel: payment.line().to_owned(),
            began_at,
            due_at,
            after: Some(after),
        };
        let kind = WorkKind::Resolve;
        self.writes.work_planned.insert((payment.id, kind), planned);
    }

    /// Asks for an inquiry about a payment soon: now, but not twice within `spacing`. It is made whatever becomes
    /// of the payment until then. Inquiries by a plan that has ended since are known from the history.
    pub(crate) fn ask_soon(
        &mut self,
        payment: &PaymentRow,
        spacing: TimeDelta,
    ) -> Result<(), LedgerError> {
        let began_at = payment.accepted_at.unwrap_or(payment.created_at);
        diesel::sql_query(
            "WITH last AS (SELECT max(at) AS at FROM history \
                 WHERE order_id = $4 AND payment_id = $1 AND fact = 'asked' AND at >= $5) \
             INSERT INTO provider_work \
                 (payment_id, kind, channel, due_at, began_at, asked_at, wanted_at) \
             SELECT $1, 'inquire', $6, greatest(now(), \
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
        .bind::<Text, _>(payment.line())
        .execute(self.connection()?)?;
        Ok(())
    }

    pub(crate) fn drop_work(&mut self, payment_id: Uuid, kinds: &[WorkKind]) {
        for kind in kinds {
            self.writes.drop_work(payment_id, *kind);
        }
    }
}

/// The columns written of a piece of work that goes on when its lease ends.
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

/// Selects the row of a piece of work, while it is this worker's.
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
