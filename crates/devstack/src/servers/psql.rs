//! Single statements through `psql`, which comes with every Postgres: creating and dropping
//! databases needs no driver.

use std::path::{Path, PathBuf};

use url::Url;

use crate::{
    servers::postgres_binaries::any as any_binaries,
    system::{
        error::{Attempting, Trouble},
        process::Program,
    },
};

/// Runs one statement on the database at this address and returns the first column of its rows, one
/// a line. For tests and checks that look at the database from outside.
pub fn run_sql(url: &str, statement: &str) -> Result<String, Trouble> {
    let psql = Psql::new(&any_binaries()?, url)?;
    let database = psql.server.path().trim_start_matches('/').to_owned();
    psql.run(&database, statement)
}

/// A server that `psql` can be pointed at.
#[derive(Debug, Clone)]
pub(crate) struct Psql {
    program: PathBuf,
    server: Url,
}

impl Psql {
    /// Prepares for a server; `server` is the address of any database on it, as
    /// `postgres://user:password@host:port/name`.
    pub(crate) fn new(bin: &Path, server: &str) -> Result<Self, Trouble> {
        let server = Url::parse(server).attempting("read the address of the database server")?;
        Ok(Self {
            program: bin.join("psql"),
            server,
        })
    }

    /// Returns the server's port.
    pub(crate) fn port(&self) -> u16 {
        self.server.port().unwrap_or(5432)
    }

    /// Returns the address of a database on the server.
    pub(crate) fn url(&self, database: &str) -> String {
        let mut url = self.server.clone();
        url.set_path(database);
        url.into()
    }

    /// Runs one statement and returns the first column of its rows, one a line.
    pub(crate) fn run(&self, database: &str, statement: &str) -> Result<String, Trouble> {
        let port = self.port().to_string();
        let environment = [
            ("PGHOST", self.server.host_str().unwrap_or_default()),
            ("PGPORT", &port),
            ("PGUSER", self.server.username()),
            ("PGPASSWORD", self.server.password().unwrap_or_default()),
            ("PGDATABASE", database),
            ("PGCONNECT_TIMEOUT", "5"),
        ];
        let quiet = ["--no-psqlrc", "--no-align", "--tuples-only", "--quiet"];
        Program::new("psql", &self.program)
            .args(quiet)
            .args([
                "--no-password",
                "--set=ON_ERROR_STOP=1",
                "--command",
                statement,
            ])
            .envs(environment)
            .output()
    }
}
