//! The catalogue of metrics is what the services tell: each metric with its type, its labels and its
//! service, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use devstack::Stack;
use serde_json::json;

use crate::support::{Http, Sandbox, Shop, an_order, quick, until_some};

const WITHIN: Duration = Duration::from_secs(30);
const SERVICES: [(&str, &str); 2] = [("gateway-api-1", "api"), ("callback-worker-1", "worker")];

/// What the catalogue, or a service, says about a metric.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Metric {
    kind: String,
    labels: BTreeSet<String>,
    services: BTreeSet<String>,
}

impl Metric {
    pub(crate) fn has_label(&self, label: &str) -> bool {
        self.labels.contains(label)
    }

    /// The same, told by no service that is not named.
    fn covers(&self, told: &Self) -> bool {
        self.kind == told.kind
            && self.labels == told.labels
            && self.services.is_superset(&told.services)
    }
}

/// The rows `| name | type | labels | service | meaning |` of the catalogue.
pub(crate) fn catalogued() -> BTreeMap<String, Metric> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/METRICS.md");
    let text = fs::read_to_string(file).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, kind, labels, services, meaning, _] = cells[..] else {
            panic!("not a row of the catalogue: {line}");
        };
        assert!(!meaning.is_empty(), "{line}");
        let metric = Metric {
            kind: kind.to_owned(),
            labels: quoted(labels),
            services: services.split(", ").map(str::to_owned).collect(),
        };
        let name = name.trim_matches('`').to_owned();
        assert!(found.insert(name, metric).is_none(), "twice: {line}");
    }
    found
}

/// What stands between backquotes before the first colon: a label's values come after it.
fn quoted(cell: &str) -> BTreeSet<String> {
    let names = cell
        .split("; ")
        .map(|label| label.split(": ").next().unwrap());
    let names = names.flat_map(|names| names.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

/// What a service tells at `/metrics`, added to what others told.
fn read(text: &str, service: &str, told: &mut BTreeMap<String, Metric>) {
    let mut name = String::new();
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (named, kind) = typed.split_once(' ').unwrap();
            named.clone_into(&mut name);
            let metric = told.entry(name.clone()).or_default();
            kind.clone_into(&mut metric.kind);
            metric.services.insert(service.to_owned());
        } else if let Some((_, rest)) = line.split_once('{').filter(|_| !line.starts_with('#')) {
            let labels = rest
                .split("=\"")
                .map(|part| part.rsplit([',', '"']).next().unwrap());
            let labels = labels.filter(|label| !label.is_empty() && !label.contains('}'));
            let metric = told.get_mut(&name).unwrap();
            let labels = labels.filter(|label| *label != "le");
            metric.labels.extend(labels.map(str::to_owned));
        }
    }
}

async fn told(stack: &Stack) -> BTreeMap<String, Metric> {
    let mut all = BTreeMap::new();
    for (program, service) in SERVICES {
        let url = format!("{}/metrics", stack.ops_url(program).unwrap());
        let answer = Http::new().get(&url).await.expect(200);
        read(&answer.text(), service, &mut all);
    }
    all
}

/// Something of everything: paid, asked about by both services, told to the shop.
async fn traffic(stack: &Stack) {
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let first = shop.made(&an_order("qris")).await;
    let second = shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    let third = shop.made(&an_order("qris")).await;
    sandbox.pay(&first["payments"][0]).await;
    sandbox
        .settle(&second["payments"][0], "pay", json!({"mode": "snap"}))
        .await;
    let id = third["id"].as_str().unwrap();
    let path = format!("/v1/orders/{id}/sync");
    shop.call("POST", &path, None).await.expect(200);
    let id = first["id"].as_str().unwrap();
    let heard = stack
        .receiver()
        .wait_for(WITHIN, |it| it.is("order.paid", id));
    assert!(heard.await.is_some());
}

#[actix_rt::test]
async fn and_the_catalogue_has_nothing_else() {
    let stack = quick()
        .env("INQUIRY_SCHEDULE", "200ms")
        .start()
        .await
        .unwrap();
    traffic(&stack).await;
    let catalogue = catalogued();
    assert!(catalogue.len() > 30, "{}", catalogue.len());
    // Gauges of the books are read every few seconds; the worker asks by and by.
    until_some(WITHIN, "the services tell what is catalogued", async || {
        let told = told(&stack).await;
        for (name, metric) in &told {
            let known = catalogue
                .get(name)
                .ok_or(format!("{name} is not catalogued"))?;
            if !known.covers(metric) {
                return Err(format!("{name} is {metric:?} and catalogued as {known:?}"));
            }
        }
        let missing: Vec<&String> = catalogue
            .keys()
            .filter(|name| !told.contains_key(*name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(format!("nobody tells {missing:?}"))
    })
    .await;
}

/// Labels that would have a value for each order, payment, shop or request.
#[test]
fn no_label_is_an_id() {
    for (name, metric) in catalogued() {
        for label in metric.labels {
            let is_id = label.ends_with("id")
                || ["order", "payment", "merchant", "url", "reference"].contains(&label.as_str());
            assert!(!is_id, "{name} has the label {label}");
        }
    }
}
