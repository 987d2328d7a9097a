//! The settings that may differ from stack to stack.

use std::path::{Path, PathBuf};

use crate::{
    servers::{
        postgres::{SERVICES_ROLE, as_services},
        test_services::TestDatabase,
    },
    shop::{merchant::Merchant, webhook_receiver::WebhookReceiver},
    stack::{
        blueprint::{Blueprint, PortChoice},
        database::Database,
        environment::{Environment, Secrets},
        home::{Home, clear_logs},
    },
    system::{
        directories::Throwaway,
        error::Trouble,
        find_program::own_folder,
        ports::Ports,
        process::Program,
        secrets::{MerchantKeys, random_hex},
    },
};

const TEMPLATE: &str = "stack";

/// A collector of wishes, which then starts a stack. See [`Stack::builder`](crate::Stack::builder)
/// for what holds without any.
#[derive(Debug, Default)]
pub struct StackBuilder {
    api_replicas: Option<usize>,
    worker_replicas: Option<usize>,
    settings: Vec<(String, String)>,
    sandbox_settings: Vec<(String, String)>,
    redis_url: Option<String>,
    descriptors: Option<u64>,
    programs: Option<PathBuf>,
    database: Option<Database>,
    ports: Option<Ports>,
    home: Option<PathBuf>,
    secrets: Option<Secrets>,
    merchant: Option<Merchant>,
    receiver: Option<WebhookReceiver>,
}

impl StackBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Sets the number of `gateway-api`; default 1.
    #[must_use]
    pub fn api_replicas(mut self, count: usize) -> Self {
        self.api_replicas = Some(count);
        self
    }

    /// Sets the number of `callback-worker`; default 1.
    #[must_use]
    pub fn worker_replicas(mut self, count: usize) -> Self {
        self.worker_replicas = Some(count);
        self
    }

    /// Adds a setting of both services and `gatewayctl`, over what the stack sets itself.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a setting of the sandbox, over what the stack sets itself.
    #[must_use]
    pub fn sandbox_env(mut self, name: &str, value: &str) -> Self {
        let pair = (name.to_owned(), value.to_owned());
        self.sandbox_settings.push(pair);
        self
    }

    /// Makes the services share this Redis; without it each keeps its own token.
    #[must_use]
    pub fn redis_url(mut self, url: &str) -> Self {
        self.redis_url = Some(url.to_owned());
        self
    }

    /// Sets how many files and connections each service may have open, which it cannot raise;
    /// default as many as we.
    #[must_use]
    pub fn descriptors(mut self, count: u64) -> Self {
        self.descriptors = Some(count);
        self
    }

    /// Sets the folder of the programs; default the folder of this program's build.
    #[must_use]
    pub fn programs_from(mut self, folder: &Path) -> Self {
        self.programs = Some(folder.to_path_buf());
        self
    }

    /// Uses this database, which stays when the stack is gone. The services log in as its owner.
    #[must_use]
    pub fn database_url(mut self, url: &str) -> Self {
        self.database = Some(Database::Given {
            owner: url.to_owned(),
            services: None,
        });
        self
    }

    /// Uses a database as [`StackBuilder::database_url`] does, on a [`Postgres`](crate::Postgres),
    /// where the services have a role of their own.
    #[must_use]
    pub fn database_on_ours(mut self, url: &str) -> Self {
        self.database = Some(Database::Given {
            owner: url.to_owned(),
            services: Some(as_services(url)),
        });
        self
    }

    pub(crate) fn database(mut self, database: Database) -> Self {
        self.database = Some(database);
        self
    }

    pub(crate) fn ports(mut self, ports: Ports) -> Self {
        self.ports = Some(ports);
        self
    }

    pub(crate) fn home(mut self, folder: &Path) -> Self {
        self.home = Some(folder.to_path_buf());
        self
    }

    pub(crate) fn secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = Some(secrets);
        self
    }

    pub(crate) fn merchant(mut self, merchant: Option<Merchant>) -> Self {
        self.merchant = merchant;
        self
    }

    pub(crate) fn receiver(mut self, receiver: WebhookReceiver) -> Self {
        self.receiver = Some(receiver);
        self
    }

    pub(super) fn blueprint(self) -> Result<Blueprint, Trouble> {
        let programs = self.programs.map_or_else(own_folder, Ok)?;
        let (choice, ports) = match self.ports {
            Some(ports) => (PortChoice::Given, ports),
            None => (
                PortChoice::Ours,
                Ports::free(
                    self.api_replicas.unwrap_or(1),
                    self.worker_replicas.unwrap_or(1),
                )?,
            ),
        };
        let home = match self.home {
            Some(folder) => Home::Kept(folder),
            None => Home::Throwaway(Throwaway::new(None)?),
        };
        let database = match self.database {
            Some(database) => database,
            None => Database::Test(TestDatabase::from_template(TEMPLATE, migrate)),
        };
        clear_logs(home.path())?;
        let keys = MerchantKeys::in_folder(home.path())?;
        let secrets = self.secrets.map_or_else(Secrets::random, Ok)?;
        Ok(Blueprint {
            environment: Environment {
                programs,
                ports,
                keys,
                secrets,
                redis_url: self.redis_url,
                descriptors: self.descriptors,
                settings: self.settings,
                sandbox_settings: self.sandbox_settings,
            },
            choice,
            database,
            home,
            merchant: self.merchant,
            receiver: self.receiver,
        })
    }
}

impl Secrets {
    /// Makes new ones.
    pub(crate) fn random() -> Result<Self, Trouble> {
        Ok(Self {
            client_id: format!("CKSandbox-{}", short()?),
            client_secret: format!("SKSandbox-{}", random_hex()?),
            pepper: random_hex()?,
            encryption_key: random_hex()?,
        })
    }
}

fn short() -> Result<String, Trouble> {
    Ok(random_hex()?.chars().take(16).collect())
}

fn migrate(url: &str) {
    let migrated = own_folder().and_then(|folder| {
        Program::new("gatewayctl migrate", folder.join("gatewayctl"))
            .args(["migrate", "--grant-to", SERVICES_ROLE])
            .envs([("DATABASE_URL", url)])
            .output()
    });
    if let Err(trouble) = migrated {
        panic!("{trouble}");
    }
}
