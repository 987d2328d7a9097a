//! The raw baseline: `pgbench` makes the same row changes as a callback does, in a transaction
//! each. Its inserts are copied from the rows of one order that the gateway itself recorded as
//! paid; it verifies, reads and decides nothing.

pub(crate) mod script;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use devstack::Trouble;
use url::Url;

use self::script::{Paid, Sent};
use crate::{
    dataset::row_cloner::{Batch, Of},
    harness::ground::Ground,
    tools::figures::median,
};

/// A `pgbench` on this ground.
#[derive(Debug)]
pub(crate) struct Pgbench<'a> {
    ground: &'a Ground,
    program: PathBuf,
    folder: PathBuf,
    paid: Paid,
}

impl<'a> Pgbench<'a> {
    /// Finds the program; the order was paid by a callback.
    ///
    /// # Errors
    /// Fails when there is no `pgbench`.
    pub(crate) fn new(ground: &'a Ground, paid: Paid) -> Result<Self, Trouble> {
        let beside = ground.postgres_programs().map(|bin| bin.join("pgbench"));
        let program = beside.filter(|file| file.is_file());
        let program = program.unwrap_or_else(|| PathBuf::from("pgbench"));
        let folder = std::env::temp_dir().join(format!("gateway-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .map_err(|error| Trouble::new(format!("no folder for scripts: {error}")))?;
        let version = Command::new(&program).arg("--version").output();
        version.map_err(|error| {
            Trouble::new(format!(
                "pgbench, which comes with Postgres, is missing: {error}"
            ))
        })?;
        ground.sql("CREATE TABLE IF NOT EXISTS bench_one (n bigint)")?;
        Ok(Self {
            ground,
            program,
            folder,
            paid,
        })
    }

    /// Pays all of a batch with this many clients; returns transactions per second.
    ///
    /// # Errors
    /// Fails when one failed, or an order is not paid in the end.
    pub(crate) fn rate(&self, batch: &Batch, clients: u64, sent: Sent) -> Result<u64, Trouble> {
        let script = self.script(
            "paid.sql",
            &script::transaction(self.ground, &self.paid, batch, sent)?,
        )?;
        let each = batch.count / clients.max(1);
        let said = self.run(&script, (clients, each), None)?;
        self.check(batch, each.saturating_mul(clients))?;
        said.lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split('.').next()?.parse().ok())
            .ok_or_else(|| Trouble::new(format!("pgbench told no rate: {said}")))
    }

    /// Pays all of a batch one after the other; returns the median latency in microseconds.
    ///
    /// # Errors
    /// Fails as [`Pgbench::rate`] does.
    pub(crate) fn latency(&self, batch: &Batch) -> Result<u64, Trouble> {
        let script = self.script(
            "paid.sql",
            &script::transaction(self.ground, &self.paid, batch, Sent::InTurn)?,
        )?;
        let latency = self.timed(&script, batch.count)?;
        self.check(batch, batch.count)?;
        Ok(latency)
    }

    /// Commits one row this many times, one after the other; returns the median latency in
    /// microseconds.
    ///
    /// # Errors
    /// Fails when one failed.
    pub(crate) fn one_row(&self, count: u64) -> Result<u64, Trouble> {
        let text = "\\set i :i + 1\nINSERT INTO bench_one (n) VALUES (:i::bigint);\n";
        self.timed(&self.script("one.sql", text)?, count)
    }

    fn timed(&self, script: &Path, count: u64) -> Result<u64, Trouble> {
        let prefix = self.folder.join("log");
        self.run(script, (1, count), Some(&prefix))?;
        let mut micros = Vec::new();
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("log."))
        {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            // client, transaction, microseconds, …
            let third = |line: &str| line.split(' ').nth(2)?.parse::<u64>().ok();
            micros.extend(text.lines().filter_map(third));
            fs::remove_file(entry.path()).ok();
        }
        Ok(median(micros))
    }

    fn run(
        &self,
        script: &Path,
        (clients, each): (u64, u64),
        log: Option<&Path>,
    ) -> Result<String, Trouble> {
        let url = self.ground.database_url();
        let url = Url::parse(&url).map_err(|error| Trouble::new(format!("{url}: {error}")))?;
        let mut command = Command::new(&self.program);
        command
            .env("PGHOST", url.host_str().unwrap_or_default())
            .env("PGPORT", url.port().unwrap_or(5432).to_string())
            .env("PGUSER", url.username())
            .env("PGPASSWORD", url.password().unwrap_or_default())
            .env("PGDATABASE", url.path().trim_start_matches('/'))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .args(["--define=i=0".to_owned(), format!("--define=each={each}")])
            .arg(format!("--client={clients}"))
            .arg(format!("--transactions={each}"))
            .arg("--file")
            .arg(script);
        if let Some(prefix) = log {
            command.arg("--log").arg("--log-prefix").arg(prefix);
        }
        let output = command.output();
        let output = output.map_err(|error| Trouble::new(format!("pgbench: {error}")))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && said.contains("number of failed transactions: 0 ") {
            return Ok(said);
        }
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        let first: Vec<&str> = complained.lines().take(3).collect();
        Err(Trouble::new(format!(
            "pgbench failed: {}",
            first.join("\n  ")
        )))
    }

    /// Checks that the measured work did happen.
    fn check(&self, batch: &Batch, wanted: u64) -> Result<(), Trouble> {
        let paid = paid_of(self.ground, batch)?;
        if paid == wanted {
            return Ok(());
        }
        Err(Trouble::new(format!("{paid} of {wanted} orders are paid")))
    }

    fn script(&self, name: &str, text: &str) -> Result<PathBuf, Trouble> {
        let file = self.folder.join(name);
        fs::write(&file, text)
            .map_err(|error| Trouble::new(format!("could not write {name}: {error}")))?;
        Ok(file)
    }
}

impl Drop for Pgbench<'_> {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Counts the paid orders of a batch.
///
/// # Errors
/// Returns the server's error.
pub(crate) fn paid_of(ground: &Ground, batch: &Batch) -> Result<u64, Trouble> {
    let (first, last) = (
        batch.id(Of::Order, 1),
        batch.id(Of::Order, batch.count.saturating_add(1)),
    );
    ground.number(&format!(
        "SELECT count(*) FROM orders WHERE id >= '{first}' AND id < '{last}' AND state = 'paid' \
         AND expiry_due_at IS NULL AND version > 1"
    ))
}
