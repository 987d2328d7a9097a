//! Sign-ins. Attempts are counted before a password is looked at, by the name that was tried and by
//! the address they came from, so that many at once gain nothing over one after the other. A name
//! that nobody has is counted as any other: the delay reveals nothing.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::Binary;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::accounts::operators::{NewAction, NewSession};
use crate::database::schema::{operators, sign_in_attempts};
use crate::error::LedgerError;
use crate::tx::{Tx, shifted};

/// Number of wrong passwords for one name that cause no delay.
const FREE_BY_EMAIL: i32 = 5;
/// The same from one address, which several people may share.
const FREE_BY_ADDRESS: i32 = 20;
/// The first delay; each further failure doubles it.
const DELAY_FIRST_SECONDS: i64 = 10;
/// The longest delay.
const DELAY_MAX_SECONDS: i64 = 900;
/// Age at which failures are forgotten.
const FORGOTTEN_AFTER_HOURS: i64 = 24;
/// Number of forgotten rows deleted with each attempt: more than it makes.
const SWEPT: i64 = 10;

/// The name or address that failures are counted by; kept as a digest, since a mistyped name may be a
/// password.
#[derive(Debug, Clone)]
pub struct Subject {
    digest: [u8; 32],
    free: i32,
}

impl Subject {
    /// Makes the subject of the name that was tried.
    #[must_use]
    pub fn email(email: &str) -> Self {
        Self {
            digest: Sha256::digest(format!("email:{email}")).into(),
            free: FREE_BY_EMAIL,
        }
    }

    /// Makes the subject of the address that the attempt came from.
    #[must_use]
    pub fn address(address: &str) -> Self {
        Self {
            digest: Sha256::digest(format!("address:{address}")).into(),
            free: FREE_BY_ADDRESS,
        }
    }

    fn delay_after(&self, failures: i32) -> TimeDelta {
        let Some(beyond) = failures.checked_sub(self.free).filter(|more| *more >= 0) else {
            return TimeDelta::zero();
        };
        let doublings = u32::try_from(beyond).unwrap_or(u32::MAX).min(16);
        let seconds = DELAY_FIRST_SECONDS.saturating_mul(2_i64.saturating_pow(doublings));
        TimeDelta::seconds(seconds.min(DELAY_MAX_SECONDS))
    }
}

/// The next step of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// Refuse it before this many seconds have passed.
    Wait(i64),
    /// Check the password; `None` when nobody has this name: then check another hash, which takes as
    /// long.
    Check(Option<(Uuid, String)>),
}

impl Tx<'_> {
    /// Counts an attempt as failed, unless it comes too soon after others that were.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn begin_sign_in(&mut self, email: &str, address: &str) -> Result<SignIn, LedgerError> {
        self.sweep_attempts()?;
        // In this order for all, so that nobody waits crosswise.
        for subject in [Subject::address(address), Subject::email(email)] {
            if let Some(seconds) = self.count_attempt(&subject)? {
                return Ok(SignIn::Wait(seconds));
            }
        }
        let found: Option<(Uuid, String)> = operators::table
            .filter(operators::email.eq(email))
            .filter(operators::disabled_at.is_null())
            .select((operators::id, operators::password_hash))
            .first(self.connection()?)
            .optional()?;
        Ok(SignIn::Check(found))
    }

    /// Begins a session after a right password, and forgets the failures of this name. `false` when
    /// the operator was disabled meanwhile.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn signed_in(&mut self, email: &str, new: &NewSession) -> Result<bool, LedgerError> {
        if !self.open_session(new)? {
            return Ok(false);
        }
        let address = Subject::address(&new.address);
        diesel::sql_query(
            "UPDATE sign_in_attempts SET failures = greatest(failures - 1, 0) WHERE subject = $1",
        )
        .bind::<Binary, _>(address.digest.as_slice())
        .execute(self.connection()?)?;
        self.forget_attempts(&Subject::email(email))?;
        self.record_action(&NewAction {
            operator: Some(new.operator),
            action: "sign_in",
            target: None,
            outcome: "done".to_owned(),
            address: new.address.clone(),
            follows: None,
        })?;
        Ok(true)
    }

    /// Counts an attempt; returns the seconds to wait, or `None` when it is counted.
    fn count_attempt(&mut self, subject: &Subject) -> Result<Option<i64>, LedgerError> {
        let now = self.now()?;
        let digest = subject.digest.as_slice();
        diesel::insert_into(sign_in_attempts::table)
            .values(sign_in_attempts::subject.eq(digest))
            .on_conflict_do_nothing()
            .execute(self.connection()?)?;
        let row = sign_in_attempts::table.find(digest);
        let (failures, last_at): (i32, DateTime<Utc>) = row
            .select((sign_in_attempts::failures, sign_in_attempts::last_at))
            .for_update()
            .first(self.connection()?)?;
        let forgotten = last_at <= forgotten_before(now);
        let failures = if forgotten { 0 } else { failures };
        let until = shifted(last_at, subject.delay_after(failures));
        let wait = until.signed_duration_since(now);
        if wait > TimeDelta::zero() {
            return Ok(Some(wait.num_seconds().saturating_add(1)));
        }
        diesel::update(row)
            .set((
                sign_in_attempts::failures.eq(failures.saturating_add(1)),
                sign_in_attempts::last_at.eq(now),
            ))
            .execute(self.connection()?)?;
        Ok(None)
    }

    pub(super) fn forget_attempts(&mut self, subject: &Subject) -> Result<(), LedgerError> {
        diesel::delete(sign_in_attempts::table.find(subject.digest.as_slice()))
            .execute(self.connection()?)?;
        Ok(())
    }

    fn sweep_attempts(&mut self) -> Result<(), LedgerError> {
        let before = forgotten_before(self.now()?);
        let old: Vec<Vec<u8>> = sign_in_attempts::table
            .filter(sign_in_attempts::last_at.lt(before))
            .select(sign_in_attempts::subject)
            .order(sign_in_attempts::last_at)
            .limit(SWEPT)
            .for_update()
            .skip_locked()
            .load(self.connection()?)?;
        if !old.is_empty() {
            diesel::delete(sign_in_attempts::table)
                .filter(sign_in_attempts::subject.eq_any(old))
                .execute(self.connection()?)?;
        }
        Ok(())
    }
}

fn forgotten_before(now: DateTime<Utc>) -> DateTime<Utc> {
    shifted(now, TimeDelta::hours(-FORGOTTEN_AFTER_HOURS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_with_each_failure_up_to_a_quarter_of_an_hour() {
        let delays = |subject: Subject, range: std::ops::RangeInclusive<i32>| -> Vec<i64> {
            range
                .map(|failures| subject.delay_after(failures).num_seconds())
                .collect()
        };
        assert_eq!(delays(Subject::email("a"), 0..=4), [0; 5]);
        assert_eq!(delays(Subject::email("a"), 5..=7), [10, 20, 40]);
        assert_eq!(delays(Subject::email("a"), 11..=13), [640, 900, 900]);
        assert_eq!(delays(Subject::address("a"), 19..=21), [0, 10, 20]);
        assert_eq!(Subject::email("a").delay_after(i32::MAX).num_seconds(), 900);
    }
}
