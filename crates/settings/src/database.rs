//! The settings of the ledger's database.

use std::{net::IpAddr, time::Duration};

use ayolinx_core::secret::Secret;
use service_shell::env::Reader;
use url::{Host, Url};

const URL: &str = "DATABASE_URL";

/// The database and the longest time that one piece of work with it may take.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`: Postgres, as a `postgres://` address or as `key=value` pairs; required.
    pub url: Secret,
    /// `DB_DEADLINE_MS`: after this a request is answered 503; default 2500.
    pub deadline: Duration,
}

impl DatabaseSettings {
    pub(crate) fn read(reader: &Reader<'_>) -> Option<Self> {
        let url: Option<Secret> = reader.secret(URL);
        let deadline = reader.milliseconds_or("DB_DEADLINE_MS", 2_500, 50..=60_000);
        let url = url?;
        if !looks_like_postgres(url.expose()) {
            reader.problem(URL, "expected a postgres:// address");
        }
        Some(Self { url, deadline })
    }

    pub(crate) fn read_required(reader: &Reader<'_>) -> Option<Self> {
        Self::require(reader);
        Self::read(reader)
    }

    pub(crate) fn require(reader: &Reader<'_>) {
        if !reader.is_set(URL) && !reader.is_set(&format!("{URL}_FILE")) {
            reader.problem(URL, format!("is required (or {URL}_FILE)"));
        }
    }

    /// Returns whether the database is on this machine: a socket, or a loopback address.
    pub(crate) fn is_local(&self) -> bool {
        let text = self.url.expose();
        match Url::parse(text) {
            Ok(url) => url_is_local(&url),
            Err(_not_a_url) => pairs_are_local(text),
        }
    }
}

fn looks_like_postgres(text: &str) -> bool {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    is_url || (!text.contains("://") && text.contains('='))
}

fn url_is_local(url: &Url) -> bool {
    let in_query = url
        .query_pairs()
        .filter(|(name, _)| name == "host" || name == "hostaddr")
        .map(|(_, host)| host.into_owned());
    let in_place = url.host().map(|host| match host {
        Host::Ipv6(address) => address.to_string(),
        Host::Ipv4(address) => address.to_string(),
        Host::Domain(name) => name.to_owned(),
    });
    in_query.chain(in_place).all(|host| host_is_local(&host))
}

fn pairs_are_local(text: &str) -> bool {
    text.split_whitespace()
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| *name == "host" || *name == "hostaddr")
        .all(|(_, host)| host_is_local(host.trim_matches('\'')))
}

/// Returns whether a host is local. A path is a socket's folder; several hosts must all be local.
fn host_is_local(hosts: &str) -> bool {
    hosts.split(',').all(|host| {
        let decoded = host.replace("%2F", "/").replace("%2f", "/");
        let address: Option<IpAddr> = decoded.parse().ok();
        decoded.is_empty()
            || decoded.starts_with(['/', '@'])
            || decoded == "localhost"
            || address.is_some_and(|address| address.to_canonical().is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, local: bool) {
        let settings = DatabaseSettings {
            url: Secret::new(url),
            deadline: Duration::ZERO,
        };
        assert_eq!(settings.is_local(), local, "{url}");
    }

    #[test]
    fn a_database_on_this_machine_is_told_from_one_elsewhere() {
        check("postgres://u:p@127.0.0.1:5432/db", true);
        check("postgres://u:p@localhost/db", true);
        check("postgres://[::1]/db", true);
        check("postgres:///db", true);
        check("postgres:///db?host=/run/postgresql", true);
        check("postgres://%2Frun%2Fpostgresql/db", true);
        check("host=/run/postgresql dbname=db", true);
        check("dbname=db", true);
        check("postgres://u:p@db.internal/db", false);
        check("postgres://u:p@127.0.0.1/db?host=db.internal", false);
        check("postgres://localhost.example.com/db", false);
        check("host=10.0.0.5 dbname=db", false);
        check("host=localhost,db.internal dbname=db", false);
    }
}
