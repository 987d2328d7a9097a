//! Pruning: rows that are kept for a time among others that stay are taken away, or given up, a bounded step at a
//! time. Any number of replicas may do it; each passes over what another one has in hand.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text, Uuid as SqlUuid};
use uuid::Uuid;

use crate::database::statement::Statement;
use crate::error::LedgerError;
use crate::tx::Tx;
use crate::webhooks::waiting_endpoints::of_waiting_endpoints;

/// The fewest days for which creations are kept (contract 4.1).
pub const CREATION_DAYS_MIN: u32 = 30;
/// Number of rows of one step: a short transaction. A step that took fewer was the last.
pub const PRUNED_AT_ONCE: usize = 500;
/// The error of deliveries that were given up since their endpoint was disabled for too long.
pub(crate) const ENDPOINT_DISABLED: &str = "endpoint_disabled";
/// The error of deliveries that were given up since their endpoint was deleted.
pub(crate) const ENDPOINT_DELETED: &str = "endpoint_deleted";

/// Numbers of deliveries that were given up, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenUp {
    /// Number whose endpoint was disabled for longer than all attempts take.
    pub disabled: usize,
    /// Number whose endpoint was deleted.
    pub deleted: usize,
}

impl GivenUp {
    /// Returns the sum of both.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.disabled.saturating_add(self.deleted)
    }
}

#[derive(QueryableByName)]
struct Idle {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Bool)]
    is_deleted: bool,
}

impl Tx<'_> {
    /// Deletes creations older than `days`, at least [`CREATION_DAYS_MIN`], with their keys and replies; up to
    /// [`PRUNED_AT_ONCE`], oldest first. The key is free from then on; the reference stays its order's. Returns
    /// their number.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn prune_creations(&mut self, days: u32) -> Result<usize, LedgerError> {
        let days = i32::try_from(days.max(CREATION_DAYS_MIN)).map_err(LedgerError::corrupt)?;
        Ok(Statement::new(
            "WITH old AS ( \
                 SELECT id FROM creations WHERE created_at < now() - make_interval(days => ?) \
                 ORDER BY created_at LIMIT ? FOR UPDATE SKIP LOCKED) \
             DELETE FROM creations USING old WHERE creations.id = old.id",
        )
        .bind::<Integer, _>(days)
        .bind::<BigInt, _>(at_once()?)
        .execute(self.connection()?)?)
    }

    /// Gives up deliveries that wait for endpoints that are deleted, or disabled for `disabled_for`: up to
    /// [`PRUNED_AT_ONCE`], at each endpoint the longest due first. What was sent by then stays as it was
    /// reported. Returns their numbers.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn give_up_deliveries(&mut self, disabled_for: TimeDelta) -> Result<GivenUp, LedgerError> {
        let found: Vec<Idle> = Statement::new(of_waiting_endpoints!(
            "SELECT e.id, e.is_deleted FROM waiting CROSS JOIN LATERAL ( \
                 SELECT id, deleted_at IS NOT NULL AS is_deleted FROM webhook_endpoints \
                 WHERE id = waiting.endpoint_id AND (deleted_at IS NOT NULL OR (NOT enabled \
                     AND disabled_at < now() - make_interval(secs => ?::bigint))) OFFSET 0) e"
        ))
        .bind::<BigInt, _>(disabled_for.num_seconds())
        .load(self.connection()?)?;
        let mut given_up = GivenUp::default();
        for endpoint in found {
            let room = PRUNED_AT_ONCE.saturating_sub(given_up.all());
            if room == 0 {
                break;
            }
            // Whoever enables it waits for this, or is before it: then nothing is given up.
            if !self.is_still_idle(endpoint.id, disabled_for)? {
                continue;
            }
            let (error, counted) = match endpoint.is_deleted {
                true => (ENDPOINT_DELETED, &mut given_up.deleted),
                false => (ENDPOINT_DISABLED, &mut given_up.disabled),
            };
            *counted = counted.saturating_add(self.give_up_at(endpoint.id, error, room)?);
        }
        Ok(given_up)
    }

    /// Locks an endpoint; returns whether it is still deleted, or disabled for long enough.
    fn is_still_idle(
        &mut self,
        endpoint: Uuid,
        disabled_for: TimeDelta,
    ) -> Result<bool, LedgerError> {
        let locked: Vec<Idle> = Statement::new(
            "SELECT id, deleted_at IS NOT NULL AS is_deleted FROM webhook_endpoints \
             WHERE id = ? AND (deleted_at IS NOT NULL OR (NOT enabled \
                 AND disabled_at < now() - make_interval(secs => ?::bigint))) \
             FOR NO KEY UPDATE SKIP LOCKED",
        )
        .bind::<SqlUuid, _>(endpoint)
        .bind::<BigInt, _>(disabled_for.num_seconds())
        .load(self.connection()?)?;
        Ok(!locked.is_empty())
    }

    fn give_up_at(
        &mut self,
        endpoint: Uuid,
        error: &'static str,
        room: usize,
    ) -> Result<usize, LedgerError> {
        Ok(Statement::new(
            "WITH idle AS ( \
                 SELECT event_id, endpoint_id FROM deliveries \
                 WHERE endpoint_id = ? AND state = 'due' \
                   AND (leased_until IS NULL OR leased_until <= now()) \
                 ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) \
             UPDATE deliveries SET state = 'dead', due_at = NULL, lease_token = NULL, \
                 leased_until = NULL, last_error = ?, updated_at = now() \
             FROM idle WHERE deliveries.event_id = idle.event_id \
               AND deliveries.endpoint_id = idle.endpoint_id",
        )
        .bind::<SqlUuid, _>(endpoint)
        .bind::<BigInt, _>(i64::try_from(room).map_err(LedgerError::corrupt)?)
        .bind::<Text, _>(error)
        .execute(self.connection()?)?)
    }
}

fn at_once() -> Result<i64, LedgerError> {
    i64::try_from(PRUNED_AT_ONCE).map_err(LedgerError::corrupt)
}
