//! Rows of the work with the provider: the kinds of work, their due times, and the statements that plan and drop it for
//! a set of payments at once.

use std::collections::{BTreeMap, BTreeSet};

use ayolinx_core::order_view::Failure;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;

/// A kind of work with the provider about one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkKind {
    /// Find out the outcome of a create, and mend it (contract 4.1).
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

    /// Returns its spelling in the database and in metrics.
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

/// The due time of a piece of work, and the start of its plan.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The channel whose turn it is.
    pub(crate) channel: String,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) due_at: DateTime<Utc>,
    /// The end of the create's call after which its plan begins anew, if it does.
    pub(crate) after: Option<AfterCall>,
}

/// The end of a create's call after which the plan to resolve it begins anew.
#[derive(Debug, Clone)]
pub(crate) enum AfterCall {
    /// The create is sent again.
    Resent,
    /// The exchange ended with a reply in JSON that settles nothing.
    Answered(Failure),
    /// The exchange ended without one.
    Silent,
}

impl AfterCall {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Resent => "resent",
            Self::Answered(_) => "answered",
            Self::Silent => "silent",
        }
    }

    pub(crate) const fn reply(&self) -> Option<&Failure> {
        match self {
            Self::Answered(reply) => Some(reply),
            Self::Resent | Self::Silent => None,
        }
    }
}

/// Deletes work, except what somebody asked for: a payment that is paid may have been given back meanwhile.
pub(crate) fn delete_all(dropped: &BTreeSet<(Uuid, WorkKind)>) -> Statement {
    Statement::new(
        "DELETE FROM provider_work USING unnest(?, ?) AS dropped (payment_id, kind) \
         WHERE provider_work.payment_id = dropped.payment_id AND provider_work.kind = dropped.kind \
             AND provider_work.wanted_at IS NULL",
    )
    .column::<SqlUuid, _>(dropped.iter().map(|(payment, _)| *payment))
    .column::<Text, _>(dropped.iter().map(|(_, kind)| kind.as_str()))
}

pub(crate) fn plan_all(planned: &BTreeMap<(Uuid, WorkKind), Planned>) -> Statement {
    Statement::new(
        // The first call is no resend: what came of it is not counted.
        "INSERT INTO provider_work (payment_id, kind, channel, began_at, due_at, last_end, \
             reply_code, reply_message) \
         SELECT * FROM unnest(?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (payment_id, kind) DO UPDATE SET channel = excluded.channel, \
             began_at = excluded.began_at, \
             due_at = CASE WHEN provider_work.wanted_at IS NULL THEN excluded.due_at \
                 ELSE least(provider_work.due_at, excluded.due_at) END, \
             not_found_at = NULL, lease_token = NULL, leased_until = NULL, \
             last_end = coalesce(excluded.last_end, provider_work.last_end), \
             resends = provider_work.resends \
                 + (excluded.last_end IS NOT DISTINCT FROM 'resent')::int, \
             alike = CASE excluded.last_end \
                 WHEN 'answered' THEN CASE WHEN provider_work.resends = 0 THEN 0 \
                     WHEN provider_work.alike > 0 \
                         AND provider_work.reply_code = excluded.reply_code \
                         THEN provider_work.alike + 1 \
                     ELSE 1 END \
                 WHEN 'silent' THEN 0 ELSE provider_work.alike END, \
             unanswered = CASE excluded.last_end \
                 WHEN 'silent' THEN provider_work.unanswered + (provider_work.resends > 0)::int \
                 WHEN 'answered' THEN 0 ELSE provider_work.unanswered END, \
             reply_code = CASE excluded.last_end WHEN 'answered' THEN excluded.reply_code \
                 WHEN 'silent' THEN NULL ELSE provider_work.reply_code END, \
             reply_message = CASE excluded.last_end WHEN 'answered' THEN excluded.reply_message \
                 WHEN 'silent' THEN NULL ELSE provider_work.reply_message END",
    )
    .column::<SqlUuid, _>(planned.keys().map(|(payment, _)| *payment))
    .column::<Text, _>(planned.keys().map(|(_, kind)| kind.as_str()))
    .column::<Text, _>(planned.values().map(|planned| planned.channel.clone()))
    .column::<Timestamptz, _>(planned.values().map(|planned| planned.began_at))
    .column::<Timestamptz, _>(planned.values().map(|planned| planned.due_at))
    .column::<Nullable<Text>, _>(after(planned).map(|after| Some(after?.as_str())))
    .column::<Nullable<Text>, _>(after(planned).map(|after| Some(after?.reply()?.code.clone())))
    .column::<Nullable<Text>, _>(after(planned).map(|after| Some(after?.reply()?.message.clone())))
}

fn after(
    planned: &BTreeMap<(Uuid, WorkKind), Planned>,
) -> impl Iterator<Item = Option<&AfterCall>> {
    planned.values().map(|planned| planned.after.as_ref())
}
