//! A second Postgres node: a base backup of the primary, which replicates it synchronously and is
//! promoted when the primary is gone.

use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use devstack::{Trouble, run_sql};
use rustix::process::Signal;
use url::Url;

use crate::tools::processes;

const WITHIN: Duration = Duration::from_secs(40);
/// The most tries with a port: another program may take it between our choosing and Postgres's
/// binding it.
const PORT_TRIES: u32 = 5;
const POLL: Duration = Duration::from_millis(100);

/// The folder of the server's programs and the user they run as; found from a running server.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
    uid: u32,
    gid: u32,
}

impl Programs {
    /// Finds those of the server with this process id and address.
    ///
    /// # Errors
    /// Fails when they cannot be found.
    pub fn of(pid: u32, url: &str) -> Result<Self, Trouble> {
        let data = run_sql(url, "SHOW data_directory")?;
        let owner = fs::metadata(data.trim()).map_err(|error| Trouble::new(error.to_string()))?;
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        let program = program.map_err(|error| Trouble::new(format!("which Postgres? {error}")))?;
        Ok(Self {
            folder: program.parent().map(Path::to_path_buf).unwrap_or_default(),
            uid: owner.uid(),
            gid: owner.gid(),
        })
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.uid(self.uid).gid(self.gid).current_dir("/");
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn start(&self, data: &Path, port: u16) -> Result<Child, Trouble> {
        self.command("postgres")
            .arg("-D")
            .arg(data)
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                &format!("port={port}"),
            ])
            .args([
                "-c",
                "unix_socket_directories=",
                "-c",
                "max_connections=200",
            ])
            .process_group(0)
            .spawn()
            .map_err(|error| Trouble::new(format!("could not start a node: {error}")))
    }
}

/// A running node. Dropping it kills it and removes its data.
#[derive(Debug)]
pub struct Node {
    child: Child,
    data: PathBuf,
    url: String,
}

impl Node {
    /// Copies the primary and follows it; returns when every commit there waits for this node.
    ///
    /// # Errors
    /// Fails when that does not come about.
    pub fn follow(programs: &Programs, primary: &str, data: &Path) -> Result<Self, Trouble> {
        let folder = |error: std::io::Error| Trouble::new(format!("no folder for a node: {error}"));
        fs::create_dir_all(data).map_err(folder)?;
        fs::set_permissions(data, fs::Permissions::from_mode(0o700)).map_err(folder)?;
        chown(data, Some(programs.uid), Some(programs.gid)).map_err(folder)?;
        let copied = programs
            .command("pg_basebackup")
            .args([
                "--write-recovery-conf",
                "--wal-method=stream",
                "--checkpoint=fast",
            ])
            .arg("--pgdata")
            .arg(data)
            .args(["--dbname", primary])
            .status();
        if !copied.is_ok_and(|status| status.success()) {
            return Err(Trouble::new("pg_basebackup failed"));
        }
        let node = Self::start_where_a_port_is_free(programs, primary, data)?;
        node.keep_in_step(primary)?;
        Ok(node)
    }

    fn start_where_a_port_is_free(
        programs: &Programs,
        primary: &str,
        data: &Path,
    ) -> Result<Self, Trouble> {
        for _ in 0..PORT_TRIES {
            let port = free_port()?;
            let mut url = Url::parse(primary).map_err(|error| Trouble::new(error.to_string()))?;
            url.set_port(Some(port))
                .map_err(|()| Trouble::new("an address without a port"))?;
            let mut child = programs.start(data, port)?;
            if answers(&mut child, url.as_str()) {
                return Ok(Self {
                    child,
                    data: data.to_path_buf(),
                    url: url.into(),
                });
            }
            child.kill().ok();
            child.wait().ok();
        }
        Err(Trouble::new("a node ended at its start, on every port"))
    }

    fn keep_in_step(&self, primary: &str) -> Result<(), Trouble> {
        let streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        wait_for(primary, streams, "1")?;
        run_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        run_sql(primary, "SELECT pg_reload_conf()")?;
        let in_step = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        wait_for(primary, in_step, "1")
    }

    /// Returns the address of the same database on this node.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the ids of its process and of its children.
    #[must_use]
    pub fn tree(&self) -> Vec<u32> {
        processes::tree(self.child.id())
    }

    /// Makes it the primary.
    ///
    /// # Errors
    /// Fails when it does not become one.
    pub fn promote(&self) -> Result<(), Trouble> {
        run_sql(&self.url, "SELECT pg_promote(true, 30)")?;
        wait_for(&self.url, "SHOW transaction_read_only", "off")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        processes::signal_all(&self.tree(), Signal::KILL);
        self.child.wait().ok();
        fs::remove_dir_all(&self.data).ok();
    }
}

/// Waits until the node answers; `false` when it has ended or the time is over.
fn answers(node: &mut Child, url: &str) -> bool {
    let deadline = Instant::now() + WITHIN;
    while Instant::now() < deadline && matches!(node.try_wait(), Ok(None)) {
        if run_sql(url, "SELECT 1").is_ok() {
            return true;
        }
        std::thread::sleep(POLL);
    }
    false
}

fn wait_for(url: &str, query: &str, answer: &str) -> Result<(), Trouble> {
    let deadline = Instant::now() + WITHIN;
    loop {
        let got = run_sql(url, query);
        if got.as_deref().map(str::trim) == Ok(answer) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Trouble::new(format!(
                "{query} did not become {answer}: {got:?}"
            )));
        }
        std::thread::sleep(POLL);
    }
}

fn free_port() -> Result<u16, Trouble> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Trouble::new(format!("no free port: {error}")))
}
