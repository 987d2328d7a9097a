//! Runs the binary with nothing in its environment but what a test gives it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use devstack::TestDatabase;
use serde_json::Value;

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The program and the environment it runs in.
pub(crate) struct Ctl {
    variables: Vec<(String, String)>,
}

impl Ctl {
    pub(crate) fn nowhere() -> Self {
        Self {
            variables: Vec::new(),
        }
    }

    pub(crate) fn on(database: &TestDatabase) -> Self {
        Self::nowhere().with("DATABASE_URL", database.url())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewayctl"));
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A fresh database with today's schema.
pub(crate) fn migrated() -> TestDatabase {
    TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
    })
}

/// A merchant's id and key.
pub(crate) fn merchant(ctl: &Ctl) -> (String, String) {
    let made = ctl
        .run(&["merchants", "create", "--name", "Kopi", "--json"])
        .ok()
        .json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("merchant_id"), text("api_key"))
}

/// A file of the signing vectors' folder.
pub(crate) fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ayolinx-core/tests/vectors")
}
