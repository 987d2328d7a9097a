//! Where marks are looked for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::{Http, columns};

use super::scene::Scene;

/// What stands in the database as it is, since it is needed so: who reads the database can see and pay
/// open orders, and no more. Everything else is sealed, digested or masked.
pub(super) const MAY_HOLD: [(&str, &str); 8] = [
    ("creations.idempotency_key", "Idempotency-Key"),
    ("orders.checkout_token", "checkout token"),
    ("events.body", "checkout token"),
    ("orders.return_url", "token in a return URL"),
    ("events.body", "token in a return URL"),
    ("webhook_endpoints.url", "token in a webhook URL"),
    ("payments.artefact", "QR string"),
    ("events.body", "QR string"),
];

/// A place and all that is there.
pub(super) type Place = (String, Vec<u8>);

/// Every column with all it holds, sealed ones too.
pub(super) fn database_columns(scene: &Scene) -> Vec<(String, String)> {
    let columns = columns(&scene.stack);
    for (named, _) in MAY_HOLD {
        assert!(columns.iter().any(|(name, _)| name == named), "{named}");
    }
    assert!(columns.len() > 100, "{}", columns.len());
    columns
}

impl Scene {
    /// Metrics, Redis and command lines.
    pub(super) async fn while_it_runs(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for program in self.stack.names() {
            let pid = self.stack.pid(&program).unwrap();
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
            places.push((format!("the command line of {program}"), line));
            if let Some(ops) = self.stack.ops_url(&program) {
                let told = Http::new().get(&format!("{ops}/metrics")).await.expect(200);
                places.push((format!("the metrics of {program}"), told.bytes));
            }
        }
        places.push(("Redis".to_owned(), redis_dump(&self.redis.url())));
        places
    }

    /// What the programs wrote until they ended, and what they answered on the way.
    pub(super) fn after_its_end(&mut self) -> Vec<Place> {
        for program in ["gateway-api-1", "callback-worker-1"] {
            self.stack.stop(program).unwrap();
        }
        let mut places = vec![("the traces".to_owned(), self.collector.bytes())];
        for program in ["gateway-api-1", "callback-worker-1"] {
            let file = self.stack.home().join(format!("log/{program}.log"));
            places.push((format!("the log of {program}"), fs::read(file).unwrap()));
        }
        places.append(&mut self.errors);
        places.append(&mut self.printed);
        places
    }

    /// The logs, where somebody can read them when the folder is gone.
    pub(super) fn kept_logs(&self) -> Vec<String> {
        let mut kept = Vec::new();
        for program in ["gateway-api-1", "callback-worker-1"] {
            let file = self.stack.home().join(format!("log/{program}.log"));
            let copy = std::env::temp_dir().join(format!("canary-{program}.log"));
            if fs::copy(file, &copy).is_ok() {
                kept.push(copy.to_string_lossy().into_owned());
            }
        }
        kept
    }
}

/// All keys and what they hold.
fn redis_dump(url: &str) -> Vec<u8> {
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let keys = redis(address, "KEYS *");
    let mut all = keys.clone();
    let names = keys
        .split(|byte| *byte == b'\n')
        .map(String::from_utf8_lossy);
    for name in names.filter(|name| !name.is_empty() && !name.starts_with(['*', '$', '+'])) {
        all.extend(redis(address, &format!("GET {}", name.trim())));
    }
    all
}

fn redis(address: &str, command: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
        .write_all(format!("{command}\r\nQUIT\r\n").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}
