//! Applies migrations: the only command that changes the schema, and the only program that does.

use serde_json::json;
use settings::{CtlSettings, Env};

use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run() -> Result<Output, Failure> {
    let settings = CtlSettings::from_env(&Env::from_process())?;
    let applied = ledger::migrate(settings.database()?.url.expose())?;
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
