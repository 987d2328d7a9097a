//! Operators: the people who may use the console, and their roles. The console signs them in (`sign_in`) and
//! keeps their sessions (`sessions`), `gatewayctl` makes and disables them, and what either does is noted
//! (`audit_log`). Invariant: passwords come here as hashes only, and what operators did is only added to.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use uuid::Uuid;

use crate::database::schema::{operator_sessions, operators};
use crate::error::LedgerError;
use crate::tx::Tx;

mod audit_log;
mod sessions;
mod sign_in;

pub use audit_log::{ActionLine, NewAction};
pub use sessions::{NewSession, Visit, Visitor};
pub use sign_in::{SignIn, Subject};

/// The rights of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May look.
    Viewer,
    /// May look and act.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Operator];

    /// Returns its spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("`{text}` is neither viewer nor operator"))
    }
}

/// An operator to be added.
#[derive(Debug, Clone)]
pub struct NewOperator {
    /// The e-mail address to sign in with, in lower case.
    pub email: String,
    /// The name that people see.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The hash of the password, `$argon2id$…`.
    pub password_hash: String,
}

/// An operator, without the password.
#[derive(Debug, Clone)]
pub struct OperatorLine {
    /// Identity.
    pub id: Uuid,
    /// The e-mail address to sign in with.
    pub email: String,
    /// The name that people see.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Time of its creation.
    pub created_at: DateTime<Utc>,
    /// Time of the last sign-in.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// Time since which it is disabled.
    pub disabled_at: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Adds an operator; one that was disabled is enabled again, with this password and role.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] when one with this e-mail address is there.
    pub fn add_operator(&mut self, new: &NewOperator) -> Result<Uuid, LedgerError> {
        #[derive(QueryableByName)]
        struct Added {
            #[diesel(sql_type = diesel::sql_types::Uuid)]
            id: Uuid,
        }
        let added: Option<Added> = diesel::sql_query(
            "INSERT INTO operators (id, email, name, role, password_hash) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (email) DO UPDATE SET name = excluded.name, role = excluded.role, \
                 password_hash = excluded.password_hash, disabled_at = NULL \
                 WHERE operators.disabled_at IS NOT NULL \
             RETURNING id",
        )
        .bind::<diesel::sql_types::Uuid, _>(Uuid::now_v7())
        .bind::<Text, _>(&new.email)
        .bind::<Text, _>(&new.name)
        .bind::<Text, _>(new.role.as_str())
        .bind::<Text, _>(&new.password_hash)
        .get_result(self.connection()?)
        .optional()?;
        let added =
            added.ok_or_else(|| LedgerError::Conflict("such an operator is there".to_owned()))?;
        self.forget_attempts(&Subject::email(&new.email))?;
        self.record_action(&NewAction {
            target: Some(new.email.clone()),
            ..NewAction::of_the_tool("operator_added", new.role.as_str())
        })?;
        Ok(added.id)
    }

    /// Returns all operators, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_operators(&mut self) -> Result<Vec<OperatorLine>, LedgerError> {
        type Row = (
            Uuid,
            String,
            String,
            String,
            DateTime<Utc>,
            Option<DateTime<Utc>>,
            Option<DateTime<Utc>>,
        );
        let rows: Vec<Row> = operators::table
            .select((
                operators::id,
                operators::email,
                operators::name,
                operators::role,
                operators::created_at,
                operators::signed_in_at,
                operators::disabled_at,
            ))
            .order((operators::created_at, operators::id))
            .load(self.connection()?)?;
        rows.into_iter()
            .map(
                |(id, email, name, role, created_at, signed_in_at, disabled_at)| {
                    Ok(OperatorLine {
                        id,
                        email,
                        name,
                        role: crate::rows::values::parse("role", &role)?,
                        created_at,
                        signed_in_at,
                        disabled_at,
                    })
                },
            )
            .collect()
    }

    /// Disables an operator and ends every session of theirs.
    ///
    /// # Errors
    /// [`LedgerError::NotFound`] when there is none of this e-mail address that is not disabled.
    pub fn disable_operator(&mut self, email: &str) -> Result<Uuid, LedgerError> {
        let id: Uuid = diesel::update(operators::table)
            .filter(operators::email.eq(email))
            .filter(operators::disabled_at.is_null())
            .set(operators::disabled_at.eq(diesel::dsl::now))
            .returning(operators::id)
            .get_result(self.connection()?)?;
        diesel::delete(operator_sessions::table)
            .filter(operator_sessions::operator_id.eq(id))
            .execute(self.connection()?)?;
        self.record_action(&NewAction {
            target: Some(email.to_owned()),
            ..NewAction::of_the_tool("operator_disabled", "done")
        })?;
        Ok(id)
    }
}
