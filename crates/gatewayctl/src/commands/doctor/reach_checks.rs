//! The database and Redis.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::{Datelike, NaiveDate};
use ledger::{Ledger, PartitionLine, Urgency};
use redis::Client;
use settings::CtlSettings;

use super::{Findings, key_checks};
use crate::connect::single_connection::ledger_of;

const REDIS_PATIENCE: Duration = Duration::from_secs(3);

/// Checks whether the database is reachable, and as new as this program.
pub(super) async fn database(settings: &CtlSettings, findings: &mut Findings) {
    let Ok(database) = settings.database() else {
        let advice = "Set DATABASE_URL; nothing works without it";
        findings.fail("database", "DATABASE_URL cannot be used", advice);
        return;
    };
    // Looking at the schema seals and opens nothing, so that any key will do.
    let Ok(keyring) = Keyring::new(&[Secret::new("looks at the schema only")]) else {
        return;
    };
    let ledger = ledger_of(
        database,
        database.deadline,
        &settings.shared,
        Arc::new(keyring),
        "",
    );
    match ledger.at(Urgency::Write).transact(|tx| tx.missing_migrations()).await {
        Ok(missing) if missing.is_empty() => {
            findings.ok("database", "reachable, and its schema is this program's");
            partitions(&ledger, findings).await;
            role(&ledger, findings).await;
            key_checks::peppers(settings, &ledger, findings).await;
            key_checks::sealed(settings, &ledger, findings).await;
        }
        Ok(missing) => {
            let text = format!("reachable, but it lacks migrations: {}", missing.join(", "));
            findings.fail("database", text, "Run `gatewayctl migrate`");
        }
        Err(error) => findings.fail(
            "database",
            error.to_string(),
            "Check DATABASE_URL, that Postgres runs there and is the primary, and that the way is open",
        ),
    }
}

/// Checks whether anything but the programs themselves separates the shops' rows.
async fn role(ledger: &Ledger, findings: &mut Findings) {
    const ADVICE: &str =
        "Give the services a role of their own: docs/OPERATIONS.md, \"A role for the services\"";
    match ledger
        .at(Urgency::Write)
        .transact(|tx| tx.is_held_by_walls())
        .await
    {
        Ok(true) => findings.ok("role", "row-level security holds it"),
        Ok(false) => {
            let found = "owns the tables or is a superuser: no wall holds it but the programs' own";
            findings.warn("role", found, ADVICE);
        }
        Err(error) => findings.fail("role", error.to_string(), ADVICE),
    }
}

/// Checks whether the next month has a table, and no row had to go where no month was made.
async fn partitions(ledger: &Ledger, findings: &mut Findings) {
    const ADVICE: &str = "Run `gatewayctl partitions --apply`, and see why the worker's loop keep_partitions does not do it";
    let read = ledger
        .at(Urgency::Write)
        .transact(|tx| Ok((tx.partitions()?, tx.now()?.date_naive())));
    let (lines, today) = match read.await {
        Ok(read) => read,
        Err(error) => {
            findings.fail("partitions", error.to_string(), ADVICE);
            return;
        }
    };
    let strays: Vec<String> = lines
        .iter()
        .filter(|line| line.month.is_none() && line.row_count != Some(0))
        .map(|line| format!("{} in {}", line.row_count.unwrap_or_default(), line.name))
        .collect();
    if !strays.is_empty() {
        let found = format!("rows of months without a table: {}", strays.join(", "));
        findings.warn("partitions", found, ADVICE);
    }
    let missing: Vec<String> = [
        "history",
        "notifications",
        "events",
        "deliveries",
        "delivery_tries",
    ]
    .into_iter()
    .filter(|parent| !reaches_next_month(&lines, parent, today))
    .map(str::to_owned)
    .collect();
    if !missing.is_empty() {
        let found = format!("none for the next month: {}", missing.join(", "));
        findings.warn("partitions", found, ADVICE);
    } else if strays.is_empty() {
        let last = lines.iter().filter_map(|line| line.month).max();
        let last = last.map(|month| month.format("%Y-%m").to_string());
        let found = format!("made ahead until {}", last.unwrap_or_default());
        findings.ok("partitions", found);
    }
}

fn reaches_next_month(lines: &[PartitionLine], parent: &str, today: NaiveDate) -> bool {
    let this = today.with_day(1);
    let next = this.and_then(|first| first.checked_add_months(chrono::Months::new(1)));
    let has = |month: Option<NaiveDate>| {
        month.is_some()
            && lines
                .iter()
                .any(|line| line.parent == parent && line.month == month)
    };
    has(this) && has(next)
}

/// Checks Redis, only when it is configured.
pub(super) async fn redis(settings: &CtlSettings, findings: &mut Findings) {
    let Some(url) = &settings.redis_url else {
        findings.ok("redis", "not configured: each process keeps its own token");
        return;
    };
    let advice =
        "Check REDIS_URL, or unset it: payments go on without, each process with its own token";
    let answer = tokio::time::timeout(REDIS_PATIENCE, ping(url.expose())).await;
    match answer {
        Ok(Ok(())) => findings.ok("redis", "reachable"),
        Ok(Err(error)) => findings.fail("redis", kind_of(&error), advice),
        Err(_elapsed) => findings.fail("redis", "no answer in time", advice),
    }
}

async fn ping(url: &str) -> redis::RedisResult<()> {
    let mut connection = Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    let _pong: String = redis::cmd("PING").query_async(&mut connection).await?;
    Ok(())
}

/// Returns the kind of the error only: its own text may hold the URL, and so a password.
fn kind_of(error: &redis::RedisError) -> String {
    format!("not reachable: {}", error.category())
}
