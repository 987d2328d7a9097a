//! The system under measurement: the services on a database of their own, nothing between them.

use std::{net::SocketAddr, time::Duration};

use devstack::{Durability, Postgres, Stack, Trouble};
use serde_json::Value;

use crate::{
    harness::rig::address,
    tools::{
        http::Call,
        processes::{self, Health},
    },
};

const DATABASE: &str = "measure";
const SCRAPE_WITHIN: Duration = Duration::from_secs(5);

/// A running stack. Dropping it stops the services, then the database.
#[derive(Debug)]
pub struct Bed {
    /// The services and the sandbox.
    pub stack: Stack,
    _postgres: Postgres,
}

impl Bed {
    /// Starts this many of each service with the documented defaults, but for these settings.
    ///
    /// # Errors
    /// Returns an error that names what did not start.
    pub async fn start(replicas: usize, settings: &[(&str, &str)]) -> Result<Self, Trouble> {
        let postgres = Postgres::throwaway(Durability::Durable)?;
        postgres.ensure_database(DATABASE)?;
        let mut builder = Stack::builder()
            .api_replicas(replicas)
            .worker_replicas(replicas)
            .database_on_ours(&postgres.url(DATABASE))
            .env("LOG_FORMAT", "json");
        for (name, value) in settings {
            builder = builder.env(name, value);
        }
        let stack = Box::pin(builder.start()).await?;
        Ok(Self {
            stack,
            _postgres: postgres,
        })
    }

    /// Returns the address at which a replica of the API listens.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub fn api(&self, index: usize) -> Result<SocketAddr, Trouble> {
        address(&self.stack.api_url(index))
    }

    /// Returns the address at which a replica of the worker takes callbacks.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub fn worker(&self, index: usize) -> Result<SocketAddr, Trouble> {
        address(&self.stack.callback_url(index))
    }

    /// Returns the address of the provider.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub fn sandbox(&self) -> Result<SocketAddr, Trouble> {
        address(&self.stack.sandbox_url())
    }

    /// Reads the provider's private key (PEM), for callbacks made by hand.
    ///
    /// # Errors
    /// Fails when it cannot be read.
    pub fn provider_key(&self) -> Result<String, Trouble> {
        let file = self.stack.home().join("sandbox/provider_private.pem");
        std::fs::read_to_string(&file)
            .map_err(|error| Trouble::new(format!("could not read {}: {error}", file.display())))
    }

    /// Gives the sandbox fault rules.
    ///
    /// # Errors
    /// Returns an error with the sandbox's answer when it refuses them.
    pub async fn set_faults(&self, rules: &Value) -> Result<(), Trouble> {
        let call = Call::new(self.sandbox()?, "POST", "/_sandbox/faults").json(rules.to_string());
        match call.send().await {
            Ok(reply) if reply.status == 201 => Ok(()),
            other => Err(Trouble::new(format!(
                "the sandbox takes no rules: {other:?}"
            ))),
        }
    }

    /// Sums the samples of a counter in a program whose line contains one of these words.
    ///
    /// # Errors
    /// Fails when the program cannot be scraped.
    pub async fn counter(&self, program: &str, name: &str, words: &[&str]) -> Result<u64, Trouble> {
        let url = self.stack.ops_url(program).unwrap_or_default();
        let call = Call::new(address(&url)?, "GET", "/metrics").within(SCRAPE_WITHIN);
        let reply = call.send().await;
        let reply = reply.map_err(|why| Trouble::new(format!("no metrics of {program}: {why}")))?;
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let samples = text
            .lines()
            .filter(|line| line.starts_with(name) && words.iter().any(|word| line.contains(word)))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        Ok(samples.sum())
    }

    /// Returns the names of our services.
    #[must_use]
    pub fn services(&self) -> Vec<String> {
        let mut names = self.stack.names();
        names.retain(|name| name != "ayolinx-sandbox");
        names
    }

    /// Returns their process ids.
    #[must_use]
    pub fn pids(&self) -> Vec<(String, u32)> {
        let pid = |name: String| self.stack.pid(&name).map(|pid| (name, pid));
        self.services().into_iter().filter_map(pid).collect()
    }
}

/// Returns the greater of each reading.
#[must_use]
pub fn greatest(first: Health, second: Health) -> Health {
    Health {
        rss_kib: first.rss_kib.max(second.rss_kib),
        threads: first.threads.max(second.threads),
        files: first.files.max(second.files),
    }
}

/// Reads the health of a process; zeros when there is none.
#[must_use]
pub fn health_of(pid: u32) -> Health {
    processes::health(pid).unwrap_or_default()
}
