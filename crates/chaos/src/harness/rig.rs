//! The whole experiment on one machine: two replicas of each service on a private Postgres and Redis,
//! a proxy before each dependency, the sandbox with its journal, the sink, the shops.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use devstack::{Durability, Postgres, Redis, Stack, Trouble};
use serde_json::Value;
use tokio::runtime::Handle;
use url::Url;

use crate::{
    harness::disk::SmallDisk,
    load::{
        context::{Parts, Shop, World},
        webhook_receiver::Sink,
    },
    monitor::{lease_log, watcher::Watch},
    proxy::Proxy,
    tools::{http::Call, journal::Journal, timeline::Timeline},
};

const DATABASE: &str = "chaos";
const SHOPS: usize = 3;

/// The proxies, one before each dependency.
#[derive(Debug)]
pub struct Proxies {
    /// Before Postgres.
    pub postgres: Proxy,
    /// Before Redis.
    pub redis: Proxy,
    /// Before the provider.
    pub provider: Proxy,
    /// Before the shops' webhook endpoints.
    pub sink: Proxy,
    /// Before the workers' callback listeners; spreads callbacks over them.
    pub callbacks: Proxy,
}

/// The folder of the journals.
#[derive(Debug, Clone)]
pub struct Journals {
    folder: PathBuf,
}

impl Journals {
    /// Creates a folder of this process's own.
    ///
    /// # Errors
    /// Fails when it cannot be made.
    pub fn create(seed: u64) -> Result<Self, Trouble> {
        let name = format!("gateway-chaos-{seed}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).map_err(|error| {
            let folder = folder.display();
            Trouble::new(format!("could not make {folder}: {error}"))
        })?;
        Ok(Self { folder })
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the journal of the shops and the storm.
    #[must_use]
    pub fn load(&self) -> PathBuf {
        self.folder.join("load.jsonl")
    }

    /// Returns the path of the provider's journal.
    #[must_use]
    pub fn provider(&self) -> PathBuf {
        self.folder.join("provider.jsonl")
    }

    /// Returns the path of the webhook sink's journal.
    #[must_use]
    pub fn sink(&self) -> PathBuf {
        self.folder.join("sink.jsonl")
    }
}

/// Everything that runs. Dropping it stops all it started, the last first.
pub struct Rig {
    /// The monitor, which looks at the database all the time.
    pub watch: Watch,
    /// The services and the sandbox.
    pub stack: Stack,
    /// The proxies.
    pub proxies: Proxies,
    /// The shops' endpoints.
    pub sink: Sink,
    /// State of the load.
    pub world: Arc<World>,
    /// The folder of the journals.
    pub journals: Journals,
    /// The small disk of the write-ahead log, when one could be had.
    pub disk: Option<SmallDisk>,
    /// The cache.
    pub redis: Redis,
    /// The database server.
    pub postgres: Postgres,
    /// The database's address without any proxy; another node's after a failover.
    pub direct: String,
    runtime: Handle,
}

/// Settings that may differ from run to run.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    /// The run's seed.
    pub seed: u64,
    /// The time for which shops go on trying.
    pub patience: Duration,
    /// True when the log moves to a small disk.
    pub small_disk: bool,
}

impl Rig {
    /// Starts everything.
    ///
    /// # Errors
    /// Returns an error that names what did not start.
    pub async fn start(runtime: &Handle, choices: Choices) -> Result<Self, Trouble> {
        let journals = Journals::create(choices.seed)?;
        let timeline = Timeline::default();
        let mut postgres = Postgres::throwaway(Durability::Durable)?;
        postgres.ensure_database(DATABASE)?;
        let disk = match choices.small_disk {
            true => SmallDisk::under(&mut postgres)?,
            false => None,
        };
        let redis = Redis::start()?;
        let proxies = Proxies::start(runtime)?;
        proxies
            .postgres
            .forward_to(vec![address(&postgres.url(DATABASE))?]);
        proxies.redis.forward_to(vec![address(&redis.url())?]);
        let journal = Journal::create(&journals.sink())?;
        let sink = Sink::start(runtime, choices.seed, journal, timeline.clone())?;
        proxies.sink.forward_to(vec![sink.address()]);
        let database = through(&postgres.url(DATABASE), &proxies.postgres)?;
        let cache = through(&redis.url(), &proxies.redis)?;
        let stack = start_stack(&proxies, &journals, &database, &cache).await?;
        proxies
            .provider
            .forward_to(vec![address(&stack.sandbox_url())?]);
        lease_log::watch(&postgres.url(DATABASE))?;
        let workers = vec![
            address(&stack.callback_url(0))?,
            address(&stack.callback_url(1))?,
        ];
        proxies.callbacks.forward_to(workers.clone());
        let world = World::new(Parts {
            seed: choices.seed,
            apis: vec![address(&stack.api_url(0))?, address(&stack.api_url(1))?],
            workers,
            sandbox: address(&stack.sandbox_url())?,
            shops: shops(&stack, &proxies, &sink)?,
            provider_key: provider_key(&stack)?,
            journal: Journal::create(&journals.load())?,
            timeline,
            patience: choices.patience,
        });
        Ok(Self {
            watch: Watch::over(&postgres.url(DATABASE)),
            stack,
            proxies,
            sink,
            world,
            journals,
            disk,
            redis,
            direct: postgres.url(DATABASE),
            postgres,
            runtime: runtime.clone(),
        })
    }

    /// Returns the database's address without any proxy.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.direct.clone()
    }

    /// Returns the names of our services.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let mut names = self.stack.names();
        names.retain(|name| name != "ayolinx-sandbox");
        names
    }

    /// Makes the provider forget every token it gave once `wait` is over, so that new ones are
    /// fetched and the shared cache is read and written.
    pub fn revoke_tokens_within(&self, wait: Duration) {
        let sandbox = self.world.sandbox;
        self.runtime.spawn(async move {
            tokio::time::sleep(wait).await;
            let call = Call::new(sandbox, "DELETE", "/_sandbox/tokens");
            // A missing revocation shows as a fault that did not bite.
            call.send().await.ok();
        });
    }

    /// Gives the sandbox fault rules; an empty list takes all away.
    ///
    /// # Errors
    /// Returns an error with the sandbox's answer when it refuses them.
    pub async fn set_sandbox_faults(&self, rules: &Value) -> Result<(), Trouble> {
        let path = "/_sandbox/faults";
        let cleared = Call::new(self.world.sandbox, "DELETE", path).send().await;
        cleared.map_err(|error| Trouble::new(format!("the sandbox is away: {error}")))?;
        if rules.as_array().is_none_or(Vec::is_empty) {
            return Ok(());
        }
        let call = Call::new(self.world.sandbox, "POST", path).json(rules.to_string());
        match call.send().await {
            Ok(reply) if reply.status == 201 => Ok(()),
            Ok(reply) => {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                Err(Trouble::new(format!("the sandbox refused rules: {text}")))
            }
            Err(error) => Err(Trouble::new(format!("the sandbox is away: {error}"))),
        }
    }
}

impl Proxies {
    fn start(runtime: &Handle) -> Result<Self, Trouble> {
        Ok(Self {
            postgres: Proxy::start(runtime)?,
            redis: Proxy::start(runtime)?,
            provider: Proxy::start(runtime)?,
            sink: Proxy::start(runtime)?,
            callbacks: Proxy::start(runtime)?,
        })
    }

    /// Returns all proxies with their names.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Proxy); 5] {
        [
            ("postgres", &self.postgres),
            ("redis", &self.redis),
            ("provider", &self.provider),
            ("sink", &self.sink),
            ("callbacks", &self.callbacks),
        ]
    }
}

/// Timings of the run: minutes of the real plan in seconds, in the same order of size.
const TIMINGS: [(&str, &str); 11] = [
    ("PROVIDER_TIMEOUT_MS", "5000"),
    ("CREATE_REPLY_MS", "3000"),
    ("LEASE_MS", "10000"),
    ("RESOLVE_SCHEDULE", "1s,3s,5s,9s,20s,40s,60s,80s,100s"),
    (
        "INQUIRY_SCHEDULE",
        "2s,4s,7s,10s,15s,20s,30s,40s,50s,60s,75s,90s,105s,120s,150s,180s,210s,240s,270s,300s",
    ),
    ("EXPIRY_GRACE_MS", "2000"),
    ("SWEEP_INTERVAL_MS", "200"),
    (
        "WEBHOOK_SCHEDULE",
        "0s,1s,2s,3s,4s,5s,5s,5s,8s,8s,10s,10s,10s,10s,10s,10s,10s,10s,10s,10s",
    ),
    ("WEBHOOK_TIMEOUT_MS", "3000"),
    ("API_RATE_LIMIT", "0"),
    ("LOG_FORMAT", "json"),
];

async fn start_stack(
    proxies: &Proxies,
    journals: &Journals,
    database: &str,
    cache: &str,
) -> Result<Stack, Trouble> {
    let callbacks = format!("http://{}", proxies.callbacks.address());
    let provider = format!("http://{}", proxies.provider.address());
    let journal = journals.provider().to_string_lossy().into_owned();
    let mut builder = Stack::builder()
        .api_replicas(2)
        .worker_replicas(2)
        .database_on_ours(database)
        .redis_url(cache)
        .env("AYOLINX_BASE_URL", &provider)
        .env("CALLBACK_PUBLIC_URL", &callbacks)
        .sandbox_env("SANDBOX_CALLBACK_ORIGIN", &callbacks)
        .sandbox_env("SANDBOX_JOURNAL", &journal)
        .sandbox_env("SANDBOX_TIME_SCALE", "60")
        .sandbox_env("SANDBOX_TOKEN_TTL", "60");
    for (name, value) in TIMINGS {
        builder = builder.env(name, value);
    }
    Box::pin(builder.start()).await
}

fn shops(stack: &Stack, proxies: &Proxies, sink: &Sink) -> Result<Vec<Shop>, Trouble> {
    let mut shops = Vec::new();
    for index in 0..SHOPS {
        let name = format!("Shop {index}");
        let made = stack.gatewayctl_json(&["merchants", "create", "--name", &name])?;
        let id = text(&made, "merchant_id")?;
        let url = format!("http://{}/hook/{index}", proxies.sink.address());
        let hook = stack.gatewayctl_json(&["webhooks", "add", "--merchant", &id, "--url", &url])?;
        let endpoint = text(&hook, "id").or_else(|_| text(&hook, "endpoint_id"))?;
        sink.add_shop(&endpoint, &text(&hook, "secret")?);
        shops.push(Shop {
            index,
            id,
            api_key: text(&made, "api_key")?,
            endpoint,
        });
    }
    Ok(shops)
}

fn provider_key(stack: &Stack) -> Result<String, Trouble> {
    let file = stack.home().join("sandbox/provider_private.pem");
    std::fs::read_to_string(&file)
        .map_err(|error| Trouble::new(format!("could not read {}: {error}", file.display())))
}

/// Replaces the port of an address by a proxy's.
///
/// # Errors
/// Fails when it is no address with a port.
pub fn through(url: &str, proxy: &Proxy) -> Result<String, Trouble> {
    let mut url = parsed(url)?;
    url.set_port(Some(proxy.address().port()))
        .map_err(|()| Trouble::new("an address without a port"))?;
    Ok(url.into())
}

/// Parses the loopback address in a URL.
///
/// # Errors
/// Fails when there is none.
pub fn address(url: &str) -> Result<SocketAddr, Trouble> {
    let parsed = parsed(url)?;
    let port = parsed.port_or_known_default();
    let port = port.ok_or_else(|| Trouble::new(format!("{url} has no port")))?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn parsed(url: &str) -> Result<Url, Trouble> {
    Url::parse(url).map_err(|error| Trouble::new(format!("{url} is no address: {error}")))
}

fn text(json: &Value, field: &str) -> Result<String, Trouble> {
    let text = json.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Trouble::new(format!("gatewayctl printed no {field}: {json}")))
}
