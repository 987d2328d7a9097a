//! Runs the binary with nothing in its environment but what a test gives it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::RsaSigningKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use devstack::TestDatabase;
use ledger::{LedgerError, Tx, Urgency};
use payment_flows::{keyring_of, ledger_of};
use serde_json::Value;
use settings::{CtlSettings, Env};
use tempfile::TempDir;

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

/// Does something with the books, as the services do.
#[track_caller]
pub(crate) fn in_books<T: Send + 'static>(
    database: &TestDatabase,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
) -> T {
    let env = Env::from_pairs([("DATABASE_URL", database.url())]);
    let settings = CtlSettings::from_env(&env).unwrap();
    let keyring = keyring_of(settings.encryption_keys().unwrap()).unwrap();
    let books = ledger_of(settings.database().unwrap(), &settings.shared, keyring, "");
    actix_rt::System::new()
        .block_on(books.at(Urgency::Write).transact(work))
        .unwrap()
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

/// A key pair that nobody has published, made once.
pub(crate) struct TestKey {
    pub(crate) private: PathBuf,
    pub(crate) public: PathBuf,
    _folder: TempDir,
}

impl TestKey {
    pub(crate) fn shared() -> &'static Self {
        static KEY: OnceLock<TestKey> = OnceLock::new();
        KEY.get_or_init(Self::make)
    }

    fn make() -> Self {
        let folder = TempDir::new().unwrap();
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let private = folder.path().join("private.pem");
        let public = folder.path().join("public.pem");
        let key = RsaSigningKey::from_pem(&Secret::new(pem.as_str())).unwrap();
        std::fs::write(&private, pem).unwrap();
        std::fs::write(&public, key.public_key_pem()).unwrap();
        Self {
            private,
            public,
            _folder: folder,
        }
    }
}
