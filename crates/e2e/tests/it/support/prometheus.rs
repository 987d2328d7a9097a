//! A real Prometheus that scrapes a stack and judges by rules.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use devstack::{Stack, free_address};

use super::http::Http;
use super::wait::until;
use crate::monitoring::alerts_and_dashboards_fit::text;

const READY_WITHIN: Duration = Duration::from_secs(30);
/// Another program may take a port between our choosing and its binding it.
const PORT_TRIES: u32 = 5;

/// What it looks at and judges by.
pub(crate) struct Watch<'a> {
    pub(crate) rules: String,
    /// Between two scrapes, and between two looks at the rules; the shipped settings have 15s.
    pub(crate) every: &'a str,
    /// Processes beside those of the stack, by job.
    pub(crate) also: &'a [(&'a str, SocketAddr)],
}

/// Prometheus, until it is dropped.
pub(crate) struct Prometheus {
    process: Child,
    http: Http,
    url: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Prometheus {
    /// The first replicas of the stack's services are scraped, as the shipped settings say.
    pub(crate) async fn over(stack: &Stack, watch: Watch<'_>) -> Self {
        let folder = stack.home().join("prometheus");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("rules.yaml"), &watch.rules).unwrap();
        let config = settings(stack, &watch);
        fs::write(folder.join("prometheus.yaml"), config).unwrap();
        for _ in 0..PORT_TRIES {
            let mut prometheus = Self::start(&folder);
            if prometheus.is_up().await {
                return prometheus;
            }
        }
        let log = fs::read_to_string(folder.join("log")).unwrap();
        panic!("Prometheus does not start: {log}");
    }

    fn start(folder: &Path) -> Self {
        let address = free_address().unwrap().to_string();
        let log = fs::File::create(folder.join("log")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", at("prometheus.yaml")))
            .arg(format!("--storage.tsdb.path={}", at("data")))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        Self {
            process: process.expect("prometheus is installed: apt-get install prometheus"),
            http: Http::new(),
            url: format!("http://{address}"),
        }
    }

    /// Waits until it is ready or has ended.
    async fn is_up(&mut self) -> bool {
        let ready = format!("{}/-/ready", self.url);
        let mut is_up = false;
        until(READY_WITHIN, "Prometheus is ready", async || {
            let answer = self.http.try_send("GET", &ready, &[], Vec::new()).await;
            is_up = answer.is_ok_and(|answer| answer.status == 200);
            is_up || self.process.try_wait().unwrap().is_some()
        })
        .await;
        is_up && self.process.try_wait().unwrap().is_none()
    }

    /// The values that a query finds now.
    pub(crate) async fn values(&self, expr: &str) -> Vec<String> {
        let encoded: String = expr.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let url = format!("{}/api/v1/query?query={encoded}", self.url);
        let answer = self.http.get(&url).await;
        assert_eq!(answer.status, 200, "{expr}: {}", answer.text());
        let found = answer.json["data"]["result"].as_array().unwrap();
        let values = found
            .iter()
            .map(|one| one["value"][1].as_str().unwrap().to_owned());
        values.collect()
    }

    /// The names of the alerts that fire now.
    pub(crate) async fn firing(&self) -> BTreeSet<String> {
        let answer = self.http.get(&format!("{}/api/v1/alerts", self.url)).await;
        let alerts = answer.expect(200).json["data"]["alerts"]
            .as_array()
            .unwrap()
            .clone();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        let names = firing.map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// Those of these alerts that do not fire now.
    pub(crate) async fn not_firing(&self, wanted: &[&str]) -> Vec<String> {
        let firing = self.firing().await;
        let missing = wanted.iter().filter(|name| !firing.contains(**name));
        missing.map(|name| (*name).to_owned()).collect()
    }
}

/// The shipped settings, about this stack.
fn settings(stack: &Stack, watch: &Watch<'_>) -> String {
    let mut config = text("deploy/prometheus/prometheus.yaml").replace("15s", watch.every);
    for (job, program, told) in [
        ("gateway-api", "gateway-api-1", 9080),
        ("callback-worker", "callback-worker-1", 9081),
    ] {
        let ours = stack.ops_url(program).unwrap();
        let mut targets = format!("\"{}\"", ours.strip_prefix("http://").unwrap());
        for (_, address) in watch.also.iter().filter(|(of, _)| *of == job) {
            targets.push_str(&format!(", \"{address}\""));
        }
        let told = format!("\"127.0.0.1:{told}\"");
        assert!(config.contains(&told), "{config}");
        config = config.replace(&told, &targets);
    }
    config
}
