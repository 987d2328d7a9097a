//! The database and Redis.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use redis::Client;
use settings::CtlSettings;

use super::Findings;
use crate::ledger_access::ledger_of;

const REDIS_PATIENCE: Duration = Duration::from_secs(3);

/// Whether it is there, and as new as this program.
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
    match ledger.transact(|tx| tx.missing_migrations()).await {
        Ok(missing) if missing.is_empty() => {
            findings.ok("database", "reachable, and its schema is this program's");
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

/// Only when it is configured.
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

/// The error's own text may hold the URL, and so a password.
fn kind_of(error: &redis::RedisError) -> String {
    format!("not reachable: {}", error.category())
}
