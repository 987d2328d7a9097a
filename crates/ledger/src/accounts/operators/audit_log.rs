//! The log of what operators did: rows that are only added, each with its effect or before it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::schema::{operator_actions, operators};
use crate::error::LedgerError;
use crate::tx::Tx;

/// The address of an action that was not done through the console.
const TOOL: &str = "gatewayctl";

/// Something an operator did, or tried.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// The operator; `None` for a stranger who signs in, or for whoever runs the tool.
    pub operator: Option<Uuid>,
    /// The action, in a word.
    pub action: &'static str,
    /// The id of the action's target.
    pub target: Option<String>,
    /// The outcome: `done`, `begun`, or the reason of a failure.
    pub outcome: String,
    /// The address it came from.
    pub address: String,
    /// The row that noted its beginning.
    pub follows: Option<i64>,
}

impl NewAction {
    pub(super) fn of_the_tool(action: &'static str, outcome: &str) -> Self {
        Self {
            operator: None,
            action,
            target: None,
            outcome: outcome.to_owned(),
            address: TOOL.to_owned(),
            follows: None,
        }
    }
}

/// A row of the log.
#[derive(Debug, Clone)]
pub struct ActionLine {
    /// Place in the log.
    pub id: i64,
    /// Time of the action.
    pub at: DateTime<Utc>,
    /// The operator's e-mail address; `None` for strangers and the tool.
    pub operator: Option<String>,
    /// The action.
    pub action: String,
    /// The target.
    pub target: Option<String>,
    /// The outcome.
    pub outcome: String,
    /// The address it came from.
    pub address: String,
    /// The row that noted its beginning.
    pub follows: Option<i64>,
}

impl Tx<'_> {
    /// Writes an action into the log. Returns its place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn record_action(&mut self, new: &NewAction) -> Result<i64, LedgerError> {
        Ok(diesel::insert_into(operator_actions::table)
            .values((
                operator_actions::operator_id.eq(new.operator),
                operator_actions::action.eq(new.action),
                operator_actions::target.eq(&new.target),
                operator_actions::outcome.eq(&new.outcome),
                operator_actions::address.eq(&new.address),
                operator_actions::follows.eq(new.follows),
            ))
            .returning(operator_actions::id)
            .get_result(self.connection()?)?)
    }

    /// Returns the log, newest first, before a place in it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn list_actions(
        &mut self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ActionLine>, LedgerError> {
        type Row = (
            i64,
            DateTime<Utc>,
            Option<String>,
            String,
            Option<String>,
            String,
            String,
            Option<i64>,
        );
        let rows: Vec<Row> = operator_actions::table
            .left_join(
                operators::table.on(operator_actions::operator_id.eq(operators::id.nullable())),
            )
            .filter(operator_actions::id.lt(before.unwrap_or(i64::MAX)))
            .select((
                operator_actions::id,
                operator_actions::at,
                operators::email.nullable(),
                operator_actions::action,
                operator_actions::target,
                operator_actions::outcome,
                operator_actions::address,
                operator_actions::follows,
            ))
            .order(operator_actions::id.desc())
            .limit(limit)
            .load(self.connection()?)?;
        Ok(rows
            .into_iter()
            .map(
                |(id, at, operator, action, target, outcome, address, follows)| ActionLine {
                    id,
                    at,
                    operator,
                    action,
                    target,
                    outcome,
                    address,
                    follows,
                },
            )
            .collect())
    }
}
