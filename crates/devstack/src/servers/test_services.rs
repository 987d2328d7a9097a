//! The servers that tests ask for: a fresh, migrated database each, and a Redis each. The servers
//! behind them are those of `devstack with-services` when a whole test run shares them, else one
//! Postgres that lives as long as the test process. Failures panic: in a test nothing can be done
//! about them.

use std::{
    fs::File,
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    servers::{
        postgres::{Durability, Postgres, as_services},
        postgres_binaries::any as any_binaries,
        psql::Psql,
        redis::Redis,
    },
    system::error::{Attempting, Trouble},
};

/// Name of the variable for the Postgres that a whole test run shares; set by
/// `devstack with-services`.
pub(crate) const SHARED_DATABASE_VARIABLE: &str = "DEVSTACK_TEST_DATABASE_URL";

const TEMPLATE: &str = "migrated";

/// A database for one test. Dropping it drops the database.
#[derive(Debug)]
pub struct TestDatabase {
    psql: Psql,
    name: String,
}

impl TestDatabase {
    /// Creates a fresh database, cloned from a template that `migrate` is run on once per server
    /// and test program. `migrate` gets the template's address and panics when it fails.
    ///
    /// # Panics
    /// Panics when no Postgres can be brought up or `migrate` panics.
    pub fn create(migrate: fn(&str)) -> Self {
        Self::from_template(TEMPLATE, migrate)
    }

    /// Creates a database as [`TestDatabase::create`] does, with a template of this name: for a
    /// second kind of schema or seed data.
    ///
    /// # Panics
    /// As [`TestDatabase::create`].
    pub fn from_template(template: &str, migrate: fn(&str)) -> Self {
        or_panic(server().and_then(|psql| {
            let template = format!("{template}_{}", program_key());
            prepare(psql, &template, migrate)?;
            Self::clone_of(psql, &template)
        }))
    }

    /// Creates a fresh database without anything in it.
    ///
    /// # Panics
    /// Panics when no Postgres can be brought up.
    pub fn empty() -> Self {
        or_panic(server().and_then(|psql| Self::clone_of(psql, "template0")))
    }

    /// Returns the database's address.
    pub fn url(&self) -> String {
        self.psql.url(&self.name)
    }

    /// Returns its address for the services, which log in as
    /// [`SERVICES_ROLE`](crate::SERVICES_ROLE).
    pub fn services_url(&self) -> String {
        as_services(&self.url())
    }

    /// Runs one statement and returns the first column of its rows, one a line.
    ///
    /// # Panics
    /// Panics when the statement fails.
    pub fn query(&self, statement: &str) -> String {
        or_panic(self.psql.run(&self.name, statement))
    }

    fn clone_of(psql: &Psql, template: &str) -> Result<Self, Trouble> {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let statement = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
        psql.run("postgres", &statement)?;
        Ok(Self {
            psql: psql.clone(),
            name,
        })
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name);
        // The server may be gone already; its data go with it.
        self.psql.run("postgres", &statement).ok();
    }
}

/// A Redis for one test: it may be paused, killed and started again.
#[derive(Debug)]
pub struct TestRedis(Redis);

impl TestRedis {
    /// Starts an empty Redis.
    ///
    /// # Panics
    /// Panics when none can be brought up.
    pub fn start() -> Self {
        Self(or_panic(Redis::start()))
    }
}

impl Deref for TestRedis {
    type Target = Redis;

    fn deref(&self) -> &Redis {
        &self.0
    }
}

impl DerefMut for TestRedis {
    fn deref_mut(&mut self) -> &mut Redis {
        &mut self.0
    }
}

#[track_caller]
fn or_panic<T>(result: Result<T, Trouble>) -> T {
    match result {
        Ok(value) => value,
        Err(trouble) => panic!("{trouble}"),
    }
}

fn server() -> Result<&'static Psql, Trouble> {
    static SERVER: OnceLock<Result<(Psql, Option<Postgres>), Trouble>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var(SHARED_DATABASE_VARIABLE) {
        Ok(url) => Ok((Psql::new(&any_binaries()?, &url)?, None)),
        Err(_unset) => {
            let postgres = Postgres::throwaway(Durability::Throwaway)?;
            Ok((postgres.psql()?, Some(postgres)))
        }
    });
    server.as_ref().map(|(psql, _)| psql).map_err(Clone::clone)
}

/// Returns a key that tells test programs apart: each may run a `migrate` of its own.
fn program_key() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let digest = Sha256::digest(program.as_os_str().as_encoded_bytes());
    digest.iter().take(6).map(|b| format!("{b:02x}")).collect()
}

/// Makes the template unless it is there. Processes that share the server wait for the first.
fn prepare(psql: &Psql, template: &str, migrate: fn(&str)) -> Result<(), Trouble> {
    let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{template}'");
    if !psql.run("postgres", &exists)?.trim().is_empty() {
        return Ok(());
    }
    let lock_name = format!("gateway-devstack-{}-{template}.lock", psql.port());
    let lock_path = std::env::temp_dir().join(lock_name);
    let lock = File::create(&lock_path).attempting("make a lock file")?;
    lock.lock().attempting("lock the template database")?;
    if psql.run("postgres", &exists)?.trim().is_empty() {
        make(psql, template, migrate)?;
        // Those who wait on it look again for the template, so that a new file does no harm.
        std::fs::remove_file(&lock_path).attempting("remove a lock file")?;
    }
    Ok(())
}

fn make(psql: &Psql, template: &str, migrate: fn(&str)) -> Result<(), Trouble> {
    let making = format!("{template}_in_the_making");
    psql.run(
        "postgres",
        &format!("DROP DATABASE IF EXISTS \"{making}\" WITH (FORCE)"),
    )?;
    psql.run(
        "postgres",
        &format!("CREATE DATABASE \"{making}\" TEMPLATE template0"),
    )?;
    migrate(&psql.url(&making));
    // A pool that `migrate` left behind would keep the name from being changed.
    let disconnect = format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{making}'"
    );
    psql.run("postgres", &disconnect)?;
    let rename = format!("ALTER DATABASE \"{making}\" RENAME TO \"{template}\"");
    psql.run("postgres", &rename)?;
    Ok(())
}
