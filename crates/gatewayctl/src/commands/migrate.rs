//! Applies migrations: the only command that changes the schema, and the only program that does.

use ledger::LedgerError;
use serde_json::json;
use settings::{CtlSettings, Env};

use crate::failure::Failure;
use crate::output::Output;
use crate::terminal;

pub(crate) fn run(grant_to: Option<&str>) -> Result<Output, Failure> {
    let settings = CtlSettings::from_env(&Env::from_process())?;
    let url = settings.database()?.url.expose();
    let applied = ledger::migrate_patiently(url, ledger::Patience::USUAL, &mut terminal::say)?;
    if let Some(role) = grant_to {
        ledger::grant_to_services(url, role).map_err(|error| not_granted(role, error))?;
    }
    let human = if applied.is_empty() {
        "up to date".to_owned()
    } else {
        applied
            .iter()
            .map(|name| format!("applied {name}\n"))
            .collect()
    };
    Ok(Output::new(human, json!({"applied": applied})))
}

fn not_granted(role: &str, error: LedgerError) -> Failure {
    match error {
        LedgerError::NotFound => Failure::new(format!(
            "there is no role {role}: make it first, as CREATE ROLE {role} LOGIN PASSWORD '…'"
        )),
        LedgerError::Conflict(_) => Failure::new(format!(
            "nothing holds the role {role}, which is a superuser or has BYPASSRLS: give the services \
             another one"
        )),
        error => error.into(),
    }
}
