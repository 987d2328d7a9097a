//! The migrations, embedded, and the check whether the database is as new as this binary.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::database::address::without_address;
use crate::error::LedgerError;
use crate::migrate::migrator::{Migrator, Patience};
use crate::migrate::partitions;
use crate::tx::Tx;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Migrates like [`migrate_patiently`] for tests and the stand-in stack, without reports.
///
/// # Errors
/// As [`migrate_patiently`].
pub fn migrate(database_url: &str) -> Result<Vec<String>, LedgerError> {
    migrate_patiently(database_url, Patience::USUAL, &mut |_progress| {})
}

/// Applies the missing migrations and returns their versions, oldest first; then makes the indexes that partitions
/// lack, and the partitions of this month and those ahead. `told` hears what is being done and waited for. Run by
/// `gatewayctl migrate` only, at any hour: a migration that does not get its locks soon lets everybody pass and tries
/// again.
///
/// # Errors
/// When the database cannot be reached, or a migration or the making fails; what was done before stays.
pub fn migrate_patiently(
    database_url: &str,
    patience: Patience,
    told: &mut dyn FnMut(&str),
) -> Result<Vec<String>, LedgerError> {
    let mut connection = PgConnection::establish(database_url)
        .map_err(|error| LedgerError::Unavailable(without_address(&error.to_string())))?;
    let mut migrator = Migrator {
        connection: &mut connection,
        patience,
        told,
    };
    migrator.become_the_only_one()?;
    let pending = migrator
        .connection
        .pending_migrations(MIGRATIONS)
        .map_err(LedgerError::corrupt)?;
    let applied = migrator.apply(&pending)?;
    migrator.complete_partitioned_indexes()?;
    make_partitions(&mut connection)?;
    Ok(applied)
}

/// Makes partitions, with retries: where payments go on meanwhile, a lock is not always to be had at once.
fn make_partitions(connection: &mut PgConnection) -> Result<(), LedgerError> {
    for _ in 1..partitions::TRIES {
        match partitions::made(connection) {
            Err(error) if error.is_transient() => std::thread::sleep(partitions::TRY_PAUSE),
            done => return done.map(drop),
        }
    }
    partitions::made(connection).map(drop)
}

/// Reverts every migration; for tests of the down scripts.
///
/// # Errors
/// As [`migrate`].
pub fn revert_all(database_url: &str) -> Result<(), LedgerError> {
    let mut connection = PgConnection::establish(database_url)
        .map_err(|error| LedgerError::Unavailable(without_address(&error.to_string())))?;
    connection
        .revert_all_migrations(MIGRATIONS)
        .map_err(LedgerError::corrupt)?;
    Ok(())
}

/// Returns the versions that this binary knows, oldest first.
///
/// # Errors
/// When the embedded migrations are malformed.
pub fn known_versions() -> Result<Vec<String>, LedgerError> {
    let migrations: Vec<Box<dyn Migration<Pg>>> =
        MIGRATIONS.migrations().map_err(LedgerError::corrupt)?;
    let mut versions: Vec<String> = migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    versions.sort();
    Ok(versions)
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

impl Tx<'_> {
    /// Returns the versions that this binary needs and the database lacks.
    ///
    /// # Errors
    /// When the database does not answer. A database that was never migrated lacks all.
    pub fn missing_migrations(&mut self) -> Result<Vec<String>, LedgerError> {
        let known = known_versions()?;
        let exists: bool = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(
            "to_regclass('__diesel_schema_migrations') IS NOT NULL",
        ))
        .get_result(self.connection()?)?;
        if !exists {
            return Ok(known);
        }
        let applied: Vec<Applied> =
            diesel::sql_query("SELECT version FROM __diesel_schema_migrations")
                .load(self.connection()?)?;
        Ok(known
            .into_iter()
            .filter(|version| {
                !applied
                    .iter()
                    .any(|row| MigrationVersion::from(row.version.as_str()).to_string() == *version)
            })
            .collect())
    }
}
