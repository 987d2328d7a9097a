//! The system under measurement: one of each service as it is shipped, on a durable Postgres of its
//! own, with the sandbox as the provider.

use std::{fs, net::SocketAddr, path::PathBuf};

use ayolinx_core::{secret::Secret, signing::RsaSigningKey};
use chaos::{
    processes,
    proxy::Proxy,
    rig::{address, through},
};
use devstack::{Durability, Postgres, Redis, Stack, StackBuilder, Trouble, run_sql};

const DATABASE: &str = "bench";
pub(crate) const API: &str = "gateway-api-1";
pub(crate) const WORKER: &str = "callback-worker-1";
pub(crate) const SANDBOX: &str = "ayolinx-sandbox";
/// Ticks per second in which the kernel reports processor time.
const TICKS_A_SECOND: u64 = 100;

/// Everything that runs. Dropping it stops the services, then the database.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The services and the sandbox.
    pub(crate) stack: Stack,
    postgres: Postgres,
}

/// Processor time used so far, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    /// Time of `gateway-api`.
    pub(crate) api: u64,
    /// Time of `callback-worker`.
    pub(crate) worker: u64,
    /// Time of every process of the database server.
    pub(crate) database: u64,
    /// Time of the provider's stand-in.
    pub(crate) sandbox: u64,
    /// Time of this program: the load, the shops' endpoints.
    pub(crate) load: u64,
}

impl Spent {
    /// Returns the time spent since then.
    pub(crate) fn since(self, then: Self) -> Self {
        Self {
            api: self.api.saturating_sub(then.api),
            worker: self.worker.saturating_sub(then.worker),
            database: self.database.saturating_sub(then.database),
            sandbox: self.sandbox.saturating_sub(then.sandbox),
            load: self.load.saturating_sub(then.load),
        }
    }
}

impl Ground {
    /// Starts one of each with the documented defaults, but for these settings.
    ///
    /// # Errors
    /// Returns an error that names what did not start.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Result<Self, Trouble> {
        let postgres = Postgres::throwaway(Durability::Durable)?;
        postgres.ensure_database(DATABASE)?;
        let builder = Stack::builder().database_on_ours(&postgres.url(DATABASE));
        let stack = start_with(builder, settings).await?;
        Ok(Self { stack, postgres })
    }

    /// Starts the same with a proxy before the database, a cache that the services share, and this
    /// many descriptors for each of them.
    ///
    /// # Errors
    /// Returns an error that names what did not start.
    pub(crate) async fn start_behind(
        before_postgres: &Proxy,
        cache: &Redis,
        descriptors: u64,
        settings: &[(&str, &str)],
    ) -> Result<Self, Trouble> {
        let postgres = Postgres::throwaway(Durability::Durable)?;
        postgres.ensure_database(DATABASE)?;
        let url = postgres.url(DATABASE);
        before_postgres.forward_to(vec![address(&url)?]);
        let builder = Stack::builder()
            .database_on_ours(&through(&url, before_postgres)?)
            .redis_url(&cache.url())
            .descriptors(descriptors);
        let stack = start_with(builder, settings).await?;
        Ok(Self { stack, postgres })
    }

    /// Returns the database's address.
    pub(crate) fn database_url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// Runs a statement beside the services, as the database's owner.
    ///
    /// # Errors
    /// Returns the server's error.
    pub(crate) fn sql(&self, statement: &str) -> Result<String, Trouble> {
        run_sql(&self.database_url(), statement)
    }

    /// Runs a statement that gives one number.
    ///
    /// # Errors
    /// Returns the server's error, or fails when it is no number.
    pub(crate) fn number(&self, statement: &str) -> Result<u64, Trouble> {
        let text = self.sql(statement)?;
        let number = text.trim().parse();
        number.map_err(|_| Trouble::new(format!("no number: {text}")))
    }

    /// Returns the folder of the server's own programs: `pgbench` of the same release lies there.
    pub(crate) fn postgres_programs(&self) -> Option<PathBuf> {
        let program = fs::read_link(format!("/proc/{}/exe", self.postgres.pid())).ok()?;
        program.parent().map(PathBuf::from)
    }

    /// Returns the address of the API.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub(crate) fn api(&self) -> Result<SocketAddr, Trouble> {
        address(&self.stack.api_url(0))
    }

    /// Returns the address that callbacks go to.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub(crate) fn worker(&self) -> Result<SocketAddr, Trouble> {
        address(&self.stack.callback_url(0))
    }

    /// Returns the address of the provider.
    ///
    /// # Errors
    /// Fails when it has no address.
    pub(crate) fn sandbox(&self) -> Result<SocketAddr, Trouble> {
        address(&self.stack.sandbox_url())
    }

    /// Reads the provider's private key, to sign callbacks ahead of time.
    ///
    /// # Errors
    /// Fails when it cannot be read.
    pub(crate) fn provider_key(&self) -> Result<RsaSigningKey, Trouble> {
        let file = self.stack.home().join("sandbox/provider_private.pem");
        let pem = fs::read_to_string(&file)
            .map_err(|error| Trouble::new(format!("could not read {}: {error}", file.display())))?;
        RsaSigningKey::from_pem(&Secret::new(pem))
            .map_err(|error| Trouble::new(format!("the provider's key: {error}")))
    }

    /// Reads the resident memory of a program, in KiB.
    pub(crate) fn resident_kib(&self, name: &str) -> u64 {
        let pid = self.stack.pid(name).unwrap_or(0);
        processes::health(pid).unwrap_or_default().rss_kib
    }

    /// Returns the process ids of both services.
    pub(crate) fn service_pids(&self) -> [u32; 2] {
        [API, WORKER].map(|name| self.stack.pid(name).unwrap_or(0))
    }

    /// Reads the processor time that each has used since it was started.
    pub(crate) fn spent(&self) -> Spent {
        let of = |name: &str| {
            self.stack
                .pid(name)
                .map_or(0, |pid| spent_by(pid, Own::Alone))
        };
        let server = processes::tree(self.postgres.pid());
        let own = spent_by(self.postgres.pid(), Own::WithEnded);
        let others = server.iter().skip(1).map(|pid| spent_by(*pid, Own::Alone));
        Spent {
            api: of(API),
            worker: of(WORKER),
            database: others.fold(own, u64::saturating_add),
            sandbox: of(SANDBOX),
            load: spent_by(std::process::id(), Own::Alone),
        }
    }

    /// Brings the database to rest, so that the next measurement pays only for itself.
    ///
    /// # Errors
    /// Returns the server's error.
    pub(crate) fn settle(&self) -> Result<(), Trouble> {
        self.sql("VACUUM (ANALYZE)")?;
        self.sql("CHECKPOINT").map(drop)
    }
}

async fn start_with(
    mut builder: StackBuilder,
    settings: &[(&str, &str)],
) -> Result<Stack, Trouble> {
    builder = builder.env("LOG_FORMAT", "json");
    for (name, value) in settings {
        builder = builder.env(name, value);
    }
    Box::pin(builder.start()).await
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    Alone,
    /// With the children that have ended.
    WithEnded,
}

/// Reads the milliseconds of processor time of a process; 0 when there is none.
fn spent_by(pid: u32, own: Own) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // Fields 14 to 17 of the whole line; the first two end with the name.
    let times = rest.split_whitespace().skip(11);
    let wanted = match own {
        Own::Alone => 2,
        Own::WithEnded => 4,
    };
    let ticks: u64 = times
        .take(wanted)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks.saturating_mul(1_000) / TICKS_A_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_some_time_and_none_has_used_none() {
        let began = std::time::Instant::now();
        while spent_by(std::process::id(), Own::Alone) == 0 {
            assert!(began.elapsed().as_secs() < 20, "no time is told");
        }
        assert_eq!(spent_by(0, Own::Alone), 0);
    }
}
