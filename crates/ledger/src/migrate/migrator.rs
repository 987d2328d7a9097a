//! Applying migrations beside a service that goes on, and the indexes of tables with partitions
//! (`partitioned_indexes`). `migrations` calls it with a connection of its own. Invariant: one migrator at a time,
//! each migration in short tries for its locks, so that nobody queues up behind one that waits for a long
//! transaction.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::migration::Migration;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_migrations::MigrationHarness;

use crate::error::LedgerError;

mod partitioned_indexes;

/// The advisory lock of the one that migrates.
const MIGRATOR_LOCK: i64 = 7_016_012_026;
/// The settings for migrations that set none (one outside of a transaction cannot).
const SESSION: &str = "SET lock_timeout = '1s'; SET application_name = 'ayolinx-gateway-migrate'";
/// The age in seconds up to which a transaction is not named as one that holds a lock up.
const OLD_SECONDS: i64 = 2;

/// The number of tries to get a lock, and the pause between them.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Number of tries of each migration, and for becoming the only migrator.
    pub tries: u32,
    /// The pause between two of them: everybody who had to wait gets through.
    pub pause: Duration,
}

impl Patience {
    /// The usual patience: some five minutes.
    pub const USUAL: Self = Self {
        tries: 60,
        pause: Duration::from_secs(4),
    };
}

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Bool)]
    got: bool,
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = BigInt)]
    pid: i64,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    state: Option<String>,
    #[diesel(sql_type = BigInt)]
    seconds: i64,
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
}

pub(crate) struct Migrator<'m> {
    pub(crate) connection: &'m mut PgConnection,
    pub(crate) patience: Patience,
    pub(crate) told: &'m mut dyn FnMut(&str),
}

impl Migrator<'_> {
    /// Waits until nobody else migrates.
    pub(crate) fn become_the_only_one(&mut self) -> Result<(), LedgerError> {
        self.connection.batch_execute(SESSION)?;
        for attempt in 1..=self.patience.tries {
            let asked = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS got");
            let got: Got = asked
                .bind::<BigInt, _>(MIGRATOR_LOCK)
                .get_result(self.connection)?;
            if got.got {
                return Ok(());
            }
            let tries = self.patience.tries;
            (self.told)(&format!(
                "another migrator is at work; waiting ({attempt} of {tries})"
            ));
            std::thread::sleep(self.patience.pause);
        }
        Err(LedgerError::Unavailable(
            "another migrator is still at work; nothing was changed".to_owned(),
        ))
    }

    /// Applies these, oldest first, and returns their names. Before each, the indexes that those before it began
    /// are completed: it may drop what they replace.
    pub(crate) fn apply(
        &mut self,
        pending: &[Box<dyn Migration<Pg>>],
    ) -> Result<Vec<String>, LedgerError> {
        let mut applied = Vec::new();
        for (place, migration) in (1_usize..).zip(pending) {
            let name = migration.name().to_string();
            self.complete_partitioned_indexes()?;
            (self.told)(&format!("{place} of {}: {name}", pending.len()));
            self.apply_one(migration.as_ref(), &name)?;
            applied.push(migration.name().version().to_string());
        }
        Ok(applied)
    }

    fn apply_one(&mut self, migration: &dyn Migration<Pg>, name: &str) -> Result<(), LedgerError> {
        self.with_patience(&format!("the migration {name}"), |migrator| {
            if !migration.metadata().run_in_transaction() {
                migrator.drop_half_made_indexes()?;
            }
            let run = migrator.connection.run_migration(migration).map(drop);
            run.map_err(|error| LedgerError::Corrupt(error.to_string()))
        })
    }

    /// Runs a step again as long as a lock is not to be had, and reports who holds it up.
    fn with_patience(
        &mut self,
        name: &str,
        step: impl Fn(&mut Self) -> Result<(), LedgerError>,
    ) -> Result<(), LedgerError> {
        let tries = self.patience.tries;
        for attempt in 1..=tries {
            let Err(error) = step(self) else {
                return Ok(());
            };
            let why = error.to_string();
            if !is_about_a_lock(&why) {
                return Err(LedgerError::Corrupt(format!(
                    "{why}\n  {name} changed nothing, those before it stay; the services go on"
                )));
            }
            let held = self.holders()?;
            if attempt == tries {
                return Err(LedgerError::Unavailable(format!(
                    "{name} got no lock in {tries} tries and changed nothing; those before \
                     it stay, and the services go on. {held}"
                )));
            }
            (self.told)(&format!(
                "  no lock in time (try {attempt} of {tries}), nothing changed; again in {:?}. {held}",
                self.patience.pause
            ));
            std::thread::sleep(self.patience.pause);
        }
        Ok(())
    }

    /// Drops indexes that were made beside writers and not completed: they serve nobody, and have the names that
    /// the next try needs.
    fn drop_half_made_indexes(&mut self) -> Result<(), LedgerError> {
        let half_made: Vec<Index> = diesel::sql_query(
            "SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = 'public'",
        )
        .load(self.connection)?;
        for index in half_made {
            (self.told)(&format!("  dropping {}, which was half made", index.name));
            self.connection
                .batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {}", index.name))?;
        }
        Ok(())
    }

    /// Returns the transactions that are old enough to be waited for; no statements, which may hold data.
    fn holders(&mut self) -> Result<String, LedgerError> {
        let holders: Vec<Holder> = diesel::sql_query(
            "SELECT pid::bigint AS pid, application_name AS name, state, \
                 extract(epoch FROM clock_timestamp() - xact_start)::bigint AS seconds \
             FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid() \
               AND xact_start < clock_timestamp() - make_interval(secs => $1::int) \
             ORDER BY xact_start LIMIT 3",
        )
        .bind::<BigInt, _>(OLD_SECONDS)
        .load(self.connection)?;
        if holders.is_empty() {
            return Ok("No transaction is old; the tables are busy".to_owned());
        }
        let shown: Vec<String> = holders
            .iter()
            .map(|one| {
                let name = one.name.as_deref().filter(|name| !name.is_empty());
                let state = one.state.as_deref().unwrap_or("state unknown");
                format!(
                    "pid {} ({}, {state}) for {} s",
                    one.pid,
                    name.unwrap_or("unnamed"),
                    one.seconds
                )
            })
            .collect();
        Ok(format!("Old transactions: {}", shown.join("; ")))
    }
}

/// Returns whether an error is about a lock, by the server's words: neither its code nor its kind comes with them.
fn is_about_a_lock(why: &str) -> bool {
    why.contains("lock timeout") || why.contains("deadlock detected")
}

#[cfg(test)]
mod tests;
