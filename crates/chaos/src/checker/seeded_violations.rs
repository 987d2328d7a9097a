//! The checker against itself: one violation of each invariant, planted in a journal or in
//! the database, must be found. A checker that cannot fail proves nothing.

mod of_orders_and_webhooks;
mod of_receipts;
mod plant;

use devstack::{Trouble, run_sql};

use self::plant::Plant;
use super::checked::Check;
use super::database::Database;
use super::evidence::Evidence;
use super::invariants::{INVARIANTS, LIVENESS};
use crate::monitor::continuous_checks;

/// Plants each violation in turn; returns its name and whether it was found.
pub(super) fn try_all(
    evidence: &Evidence,
    database_url: &str,
) -> Result<Vec<(String, bool)>, Trouble> {
    let mut results = Vec::new();
    for (number, plant) in of_orders_and_webhooks::PLANTS
        .iter()
        .chain(&of_receipts::PLANTS)
    {
        let Some(check) = check_of(*number) else {
            continue;
        };
        let before = check(evidence).findings.len();
        let mut spoilt = evidence.clone();
        let name = match plant {
            Plant::Lines(spoil) => {
                spoil(&mut spoilt);
                format!("{number}, in a journal")
            }
            Plant::Rows(statement) => {
                let (database, seen) = spoilt_by(database_url, evidence, (*number, statement))?;
                spoilt.database = database;
                if continuous_checks::RULES
                    .iter()
                    .any(|(known, _)| known == number)
                {
                    let is_found = seen
                        .findings
                        .iter()
                        .any(|one| continuous_checks::is_of(one, *number));
                    results.push((format!("{number} online: {statement}"), is_found));
                }
                format!("{number}: {statement}")
            }
        };
        results.push((name, check(&spoilt).findings.len() > before));
    }
    Ok(results)
}

fn check_of(number: u8) -> Option<Check> {
    let all = INVARIANTS.into_iter().chain(LIVENESS);
    let mut found = all.filter(|(known, _, _)| *known == number);
    found.next().map(|(_, _, check)| check)
}

/// Returns the tables that the checks of a number read: the others need not be read again.
const fn tables_of(number: u8) -> &'static [&'static str] {
    match number {
        1 => &["notifications"],
        2 | 17 => &["orders", "payments"],
        6 => &["history", "bookings", "payments"],
        10 => &["history", "events", "bookings"],
        11 | 12 => &["events", "deliveries"],
        15 => &["leases", "deliveries", "tries"],
        18 => &["orders", "history"],
        25 => &["deliveries"],
        _ => &["orders", "payments", "bookings", "receipts", "notices"],
    }
}

/// Returns the database with one change, past every trigger and foreign key, as read in a
/// transaction that is always rolled back.
fn spoilt_by(
    url: &str,
    evidence: &Evidence,
    (number, statement): (u8, &str),
) -> Result<(Database, continuous_checks::Look), Trouble> {
    let tables = tables_of(number);
    let (rows, looks) = (
        Database::statement(tables),
        continuous_checks::statement_of(number),
    );
    let lifted = "SET LOCAL session_replication_role = 'replica'";
    let printed = run_sql(
        url,
        &format!("BEGIN; {lifted}; {statement}; {rows}; {looks}; ROLLBACK"),
    )?;
    let database = evidence.database.clone().with(tables, &printed)?;
    Ok((database, continuous_checks::Look::of(&printed)))
}
