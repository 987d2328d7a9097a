//! Sessions of operators: known by the digest of a token that only the browser has. They end when
//! nobody uses them, when they are old, at the sign-out, and with the operator.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::accounts::operators::{NewAction, Role};
use crate::database::schema::{operator_sessions, operators};
use crate::error::LedgerError;
use crate::tx::{Tx, shifted};

/// Minutes after which a session that nobody uses ends.
const IDLE_MINUTES: i64 = 30;
/// Hours after which any session ends.
const LIFE_HOURS: i64 = 12;
/// Seconds to which the time of the last use is known.
const NOTED_EVERY_SECONDS: i64 = 60;
/// The most sessions of an operator at once; the oldest is ended for a new one.
const SESSIONS_MAX: i64 = 10;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Digest of its token.
    pub digest: [u8; 32],
    /// The operator.
    pub operator: Uuid,
    /// The address it came from.
    pub address: String,
}

/// The operator of a request to the console.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The operator.
    pub operator: Uuid,
    /// The name that people see.
    pub name: String,
    /// Role, as it is now.
    pub role: Role,
}

/// The console's view of a request.
#[derive(Debug, Clone)]
pub enum Visit {
    /// There is no operator, and so no console.
    Closed,
    /// There is an operator, and the request is from nobody known.
    Stranger,
    /// The request is from an operator with a session.
    Known(Visitor),
}

impl Tx<'_> {
    /// Returns who a request comes from, by the digest of the token it carries.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn visit(&mut self, digest: Option<[u8; 32]>) -> Result<Visit, LedgerError> {
        if let Some(digest) = digest
            && let Some(visitor) = self.known_visitor(&digest)?
        {
            return Ok(Visit::Known(visitor));
        }
        let active = operators::table.filter(operators::disabled_at.is_null());
        let is_open: bool = diesel::select(exists(active)).get_result(self.connection()?)?;
        Ok(if is_open {
            Visit::Stranger
        } else {
            Visit::Closed
        })
    }

    fn known_visitor(&mut self, digest: &[u8; 32]) -> Result<Option<Visitor>, LedgerError> {
        let now = self.now()?;
        let rested = shifted(now, TimeDelta::minutes(-IDLE_MINUTES));
        type Row = (Uuid, String, String, DateTime<Utc>);
        let found: Option<Row> = operator_sessions::table
            .inner_join(operators::table.on(operators::id.eq(operator_sessions::operator_id)))
            .filter(operator_sessions::digest.eq(digest.as_slice()))
            .filter(operator_sessions::expires_at.gt(now))
            .filter(operator_sessions::seen_at.gt(rested))
            .filter(operators::disabled_at.is_null())
            .select((
                operators::id,
                operators::name,
                operators::role,
                operator_sessions::seen_at,
            ))
            .first(self.connection()?)
            .optional()?;
        let Some((operator, name, role, seen_at)) = found else {
            return Ok(None);
        };
        if seen_at < shifted(now, TimeDelta::seconds(-NOTED_EVERY_SECONDS)) {
            diesel::update(operator_sessions::table.find(digest.as_slice()))
                .set(operator_sessions::seen_at.eq(now))
                .execute(self.connection()?)?;
        }
        Ok(Some(Visitor {
            operator,
            name,
            role: crate::rows::values::parse("role", &role)?,
        }))
    }

    /// Opens a session; `false` when the operator is disabled.
    pub(super) fn open_session(&mut self, new: &NewSession) -> Result<bool, LedgerError> {
        let now = self.now()?;
        let changed = diesel::update(operators::table.find(new.operator))
            .filter(operators::disabled_at.is_null())
            .set(operators::signed_in_at.eq(now))
            .execute(self.connection()?)?;
        if changed == 0 {
            return Ok(false);
        }
        let kept: Vec<Vec<u8>> = operator_sessions::table
            .filter(operator_sessions::operator_id.eq(new.operator))
            .select(operator_sessions::digest)
            .order(operator_sessions::created_at.desc())
            .limit(SESSIONS_MAX.saturating_sub(1))
            .load(self.connection()?)?;
        diesel::delete(operator_sessions::table)
            .filter(operator_sessions::operator_id.eq(new.operator))
            .filter(not(operator_sessions::digest.eq_any(kept)))
            .execute(self.connection()?)?;
        diesel::delete(operator_sessions::table)
            .filter(operator_sessions::expires_at.lt(now))
            .execute(self.connection()?)?;
        diesel::insert_into(operator_sessions::table)
            .values((
                operator_sessions::digest.eq(new.digest.as_slice()),
                operator_sessions::operator_id.eq(new.operator),
                operator_sessions::created_at.eq(now),
                operator_sessions::seen_at.eq(now),
                operator_sessions::expires_at.eq(shifted(now, TimeDelta::hours(LIFE_HOURS))),
            ))
            .execute(self.connection()?)?;
        Ok(true)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn close_session(
        &mut self,
        digest: [u8; 32],
        operator: Uuid,
        address: &str,
    ) -> Result<(), LedgerError> {
        diesel::delete(operator_sessions::table.find(digest.as_slice()))
            .execute(self.connection()?)?;
        self.record_action(&NewAction {
            operator: Some(operator),
            action: "sign_out",
            target: None,
            outcome: "done".to_owned(),
            address: address.to_owned(),
            follows: None,
        })?;
        Ok(())
    }
}
