//! Rules, their tests, the runbook, the dashboards and the catalogue of metrics name the same things.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::monitoring::alerts_fire::FIRE_IN_TIME;
use crate::monitoring::metrics_are_catalogued::{Metric, catalogued};
use crate::monitoring::prometheus_watches::{FIRE_AT_THE_END, FIRE_UNDER_TRAFFIC};
use crate::support::promql::asked;

/// What Prometheus itself tells.
const NOT_OURS: [&str; 2] = ["up", "ALERTS"];
/// Labels that everything has, or that Prometheus makes.
const EVERYWHERE: [&str; 4] = ["job", "instance", "le", "alertstate"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn text(path: &str) -> String {
    let file = repository().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A panel's place, and what it asks Prometheus.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) panel: String,
    pub(crate) expr: String,
}

/// Every dashboard by its file's name.
fn dashboards() -> Vec<(String, Value)> {
    let folder = repository().join("deploy/grafana/dashboards");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut all: Vec<(String, Value)> = files
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let json = serde_json::from_str(&fs::read_to_string(&file).unwrap());
            (
                name,
                json.unwrap_or_else(|error| panic!("{error} in {}", file.display())),
            )
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

/// What every panel asks.
pub(crate) fn queries() -> Vec<Query> {
    let mut all = Vec::new();
    for (name, dashboard) in dashboards() {
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = panel["title"].as_str().unwrap();
            for target in panel["targets"].as_array().unwrap() {
                all.push(Query {
                    panel: format!("{name}: {title}"),
                    expr: target["expr"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    all
}

/// The metric of the catalogue that this series belongs to.
fn family(series: &str) -> &str {
    let of_histogram = ["_bucket", "_sum", "_count"].iter();
    let base = of_histogram
        .filter_map(|end| series.strip_suffix(end))
        .next();
    base.unwrap_or(series)
}

/// Names of metrics of ours in a text, as the catalogue has them.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|at: char| !at.is_ascii_alphanumeric() && at != '_');
    let ours = words.filter(|word| word.starts_with("gateway_") || word.starts_with("callback_"));
    ours.map(|word| family(word).to_owned()).collect()
}

/// What is wrong with a query: metrics, labels and values that the catalogue does not have.
fn unknown_in(query: &str, known: &BTreeMap<String, Metric>, catalogue: &str) -> Vec<String> {
    let (metrics, grouped) = asked(query);
    let mut unknown = Vec::new();
    let ours = metrics
        .iter()
        .filter(|one| !NOT_OURS.contains(&one.metric.as_str()));
    for one in ours {
        let Some(metric) = known.get(family(&one.metric)) else {
            unknown.push(one.metric.clone());
            continue;
        };
        for (label, values) in &one.matched {
            if EVERYWHERE.contains(&label.as_str()) {
                continue;
            }
            if !metric.has_label(label) {
                unknown.push(format!("{} of {}", label, one.metric));
            }
            let is_word = |value: &&str| value.chars().all(|at| at.is_alphanumeric() || at == '_');
            let values = values.split('|').filter(is_word);
            unknown.extend(
                values
                    .filter(|value| !catalogue.contains(&format!("`{value}`")))
                    .map(str::to_owned),
            );
        }
    }
    for label in grouped {
        let is_known = EVERYWHERE.contains(&label.as_str())
            || metrics.iter().any(|one| {
                known
                    .get(family(&one.metric))
                    .is_some_and(|metric| metric.has_label(&label))
            });
        if !is_known {
            unknown.push(label);
        }
    }
    unknown
}

/// The name and the lines of each alert.
fn alerts() -> Vec<(String, String)> {
    let rules = text("deploy/prometheus/rules.yaml");
    let parts = rules.split("- alert: ").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once('\n').unwrap();
            (name.to_owned(), rest.to_owned())
        })
        .collect()
}

/// The query of a rule.
fn query_of(rule: &str) -> String {
    let (_, query) = rule.split_once("expr: ").unwrap();
    let lines = query
        .lines()
        .take_while(|line| !line.trim_start().starts_with("for: ") && !line.contains("labels: "));
    let query: Vec<&str> = lines
        .map(|line| line.trim().trim_start_matches(">-"))
        .collect();
    query.join(" ")
}

#[test]
fn what_rules_and_panels_ask_for_is_catalogued() {
    let (known, catalogue) = (catalogued(), text("docs/METRICS.md"));
    for (alert, rule) in alerts() {
        let unknown = unknown_in(&query_of(&rule), &known, &catalogue);
        assert!(unknown.is_empty(), "{alert} asks for {unknown:?}");
    }
    for query in queries() {
        let unknown = unknown_in(&query.expr, &known, &catalogue);
        assert!(unknown.is_empty(), "{} asks for {unknown:?}", query.panel);
    }
    for file in [
        "docs/OPERATIONS.md",
        "docs/LEDGER.md",
        "deploy/prometheus/rules_test.yaml",
    ] {
        let named = metrics_in(&text(file));
        let unknown: Vec<&String> = named.iter().filter(|it| !known.contains_key(*it)).collect();
        assert!(unknown.is_empty(), "{file} names {unknown:?}");
    }
}

#[test]
fn every_alert_is_fired_by_its_cause() {
    let fired = FIRE_UNDER_TRAFFIC
        .iter()
        .chain(&FIRE_AT_THE_END)
        .chain(&FIRE_IN_TIME);
    let mut fired: Vec<String> = fired.map(|name| (*name).to_owned()).collect();
    let mut named: Vec<String> = alerts().into_iter().map(|(name, _)| name).collect();
    fired.sort();
    named.sort();
    assert_eq!(fired, named);
}

#[test]
fn what_is_catalogued_is_on_a_dashboard() {
    let shown: BTreeSet<String> = queries()
        .iter()
        .flat_map(|one| metrics_in(&one.expr))
        .collect();
    for name in catalogued().into_keys() {
        // It says that two panels are incomplete, and is told by their descriptions.
        let is_shown = shown.contains(&name) || name == "gateway_pending_is_cut_off";
        assert!(is_shown, "no panel shows {name}");
    }
}

#[test]
fn every_alert_has_its_section_and_both_its_tests() {
    let (runbook, tests) = (
        text("docs/OPERATIONS.md"),
        text("deploy/prometheus/rules_test.yaml"),
    );
    let alerts = alerts();
    assert!(alerts.len() > 15);
    for (name, rule) in &alerts {
        let section = runbook.split(&format!("\n### {name}\n")).nth(1);
        let section = section.unwrap_or_else(|| panic!("no section about {name}"));
        let section = section.split("\n##").next().unwrap();
        assert!(section.len() > 80, "{name} needs more than {section}");
        let anchor = format!("docs/OPERATIONS.md#{}\n", name.to_lowercase());
        assert!(
            rule.contains(&anchor),
            "{name} does not lead to its section"
        );
        let is_told = ["page", "ticket"]
            .iter()
            .any(|it| rule.contains(&format!("severity: {it}}}")));
        assert!(is_told, "{name} says nobody's severity");
        for (test, fires) in [("fires", true), ("is quiet", false)] {
            let test = format!("  - name: {name} {test}\n");
            let [_, case] = tests.split(&test).collect::<Vec<_>>()[..] else {
                panic!("not once: {test}");
            };
            let case = case.split("\n  - name: ").next().unwrap();
            let about = format!("        alertname: {name}\n");
            assert_eq!(case.matches("alertname: ").count(), 1, "{test}{case}");
            assert!(case.contains(&about), "{test}{case}");
            assert_eq!(case.contains("- exp_labels:"), fires, "{test}{case}");
        }
    }
    assert_eq!(tests.matches("alertname: ").count(), alerts.len() * 2);
    let (_, woken) = runbook.split_once("## What to be woken by").unwrap();
    let (woken, _) = woken.split_once("\n## ").unwrap();
    let sections = woken.lines().filter_map(|line| line.strip_prefix("### "));
    for section in sections {
        assert!(
            alerts.iter().any(|(name, _)| name == section),
            "{section} is no alert"
        );
    }
}

#[test]
fn dashboards_are_told_apart_and_read_the_provisioned_source() {
    let source = text("deploy/grafana/provisioning/datasources/prometheus.yaml");
    assert!(source.contains("uid: prometheus\n"));
    let mut uids = BTreeSet::new();
    for (name, dashboard) in dashboards() {
        assert!(uids.insert(dashboard["uid"].to_string()), "{name}");
        let mut ids = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}: {title}");
            assert_eq!(panel["datasource"]["uid"], "prometheus", "{name}: {title}");
            assert!(
                !panel["description"].as_str().unwrap().is_empty(),
                "{name}: {title}"
            );
        }
    }
    assert_eq!(uids.len(), 5);
}
