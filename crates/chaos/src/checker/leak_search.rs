//! The places where secrets and personal data must not be, and the canaries that would show that
//! they are: logs, metrics of every service, every key of Redis, every row in clear.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use devstack::run_sql;

use super::evidence::Evidence;
use crate::harness::rig::{Rig, address};

const WITHIN: Duration = Duration::from_secs(5);
const TABLES: &str = "SELECT table_name FROM information_schema.tables \
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";

/// Collects the places to search and the texts to search for. The services still run, since their
/// metrics end with them.
pub(super) fn search(rig: &Rig) -> Evidence {
    let mut found = Evidence::default();
    logs(rig, &mut found);
    metrics(rig, &mut found);
    redis(rig, &mut found);
    rows(rig, &mut found);
    canaries(rig, &mut found);
    found
}

fn logs(rig: &Rig, found: &mut Evidence) {
    let entries = fs::read_dir(rig.stack.home().join("log"));
    for entry in entries.into_iter().flatten().flatten() {
        let place = entry.file_name().to_string_lossy().into_owned();
        match fs::read(entry.path()) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                found.public.push((place, text.into()));
            }
            Err(_unreadable) => found.unread.push(place),
        }
    }
}

fn metrics(rig: &Rig, found: &mut Evidence) {
    for name in rig.services() {
        let place = format!("the metrics of {name}");
        let to = rig.stack.ops_url(&name).and_then(|url| address(&url).ok());
        let request = "GET /metrics HTTP/1.1\r\nHost: ops\r\nConnection: close\r\n\r\n";
        match to.and_then(|to| exchange(to, request)) {
            Some(text) if text.starts_with("HTTP/1.1 200") => {
                found.public.push((place, text.into()))
            }
            _ => found.unread.push(place),
        }
    }
}

fn redis(rig: &Rig, found: &mut Evidence) {
    let place = "Redis".to_owned();
    let server = address(&rig.redis.url()).ok();
    let keys = server.and_then(|server| exchange(server, "KEYS *\r\nQUIT\r\n"));
    let (Some(server), Some(keys)) = (server, keys) else {
        found.unread.push(place);
        return;
    };
    let names = keys
        .lines()
        .filter(|line| !line.starts_with(['*', '$', '+']) && !line.is_empty());
    let mut commands: String = names
        .map(|name| format!("GET {name}\r\nLRANGE {name} 0 -1\r\n"))
        .collect();
    commands.push_str("QUIT\r\n");
    match exchange(server, &commands) {
        Some(values) => {
            let text = format!("{keys}\n{values}");
            found.public.push((place, text.into()));
        }
        None => found.unread.push(place),
    }
}

fn rows(rig: &Rig, found: &mut Evidence) {
    let url = rig.database_url();
    let tables = run_sql(&url, TABLES).unwrap_or_default();
    if tables.trim().is_empty() {
        found.unread.push("the database".to_owned());
    }
    for table in tables.lines() {
        let place = format!("table {table}");
        match run_sql(&url, &format!("SELECT t::text FROM public.\"{table}\" t")) {
            Ok(text) => found.public.push((place, text.into())),
            Err(_trouble) => found.unread.push(place),
        }
    }
}

fn canaries(rig: &Rig, found: &mut Evidence) {
    let mut canary = |name: &str, value: &str| {
        found.canaries.push((name.to_owned(), value.to_owned()));
    };
    canary("a payer's name", crate::CANARY_NAME);
    canary("a payer's address", crate::CANARY_EMAIL);
    canary("a payer's number", crate::CANARY_PHONE);
    for shop in &rig.world.shops {
        canary("an API key", &shop.api_key);
    }
    for secret in rig.sink.secrets() {
        canary("a webhook secret", &secret);
    }
    for (name, value) in rig.stack.settings() {
        if matches!(
            name.as_str(),
            "AYOLINX_CLIENT_SECRET" | "API_KEY_PEPPER" | "ENCRYPTION_KEYS"
        ) {
            canary(&name, &value);
        }
    }
}

/// Sends a text and reads the reply to its end.
fn exchange(to: SocketAddr, text: &str) -> Option<String> {
    let mut stream = TcpStream::connect_timeout(&to, WITHIN).ok()?;
    stream.set_read_timeout(Some(WITHIN)).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
