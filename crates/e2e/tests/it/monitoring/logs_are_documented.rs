//! What `docs/LOGS.md` says of fields and messages is what the sources log and the services write, and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use devstack::Stack;
use serde_json::{Value, json};

use crate::support::{Provider, QRIS, Sandbox, Shop, an_order, quick, until_some};

const WITHIN: std::time::Duration = std::time::Duration::from_secs(30);
/// The crates that the product's programs are made of.
const CRATES: [&str; 9] = [
    "ayolinx-client",
    "callback-worker",
    "gateway-api",
    "gatewayctl",
    "ledger",
    "payment-flows",
    "service-shell",
    "settings",
    "webhooks",
];
/// What every line may have, whatever is logged.
const OF_EACH_LINE: [&str; 7] = [
    "timestamp",
    "level",
    "target",
    "message",
    "request_id",
    "trace_id",
    "span_id",
];
/// Messages that no constant makes.
const MADE_UP: &str = "{warning}";

/// One `tracing::…!(…)` of the sources.
#[derive(Debug)]
struct Logged {
    level: String,
    message: String,
    fields: Vec<String>,
    file: PathBuf,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the table under a heading: their first cells, without backquotes.
fn documented(heading: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/LOGS.md")).unwrap();
    let after = text.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn logged() -> Vec<Logged> {
    let mut files = Vec::new();
    for name in CRATES {
        sources(&root().join("crates").join(name).join("src"), &mut files);
    }
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap();
        for (at, found) in product.match_indices("tracing::") {
            let rest = product.get(at + found.len()..).unwrap();
            let Some((level, rest)) = rest.split_once("!(") else {
                continue;
            };
            if ["error", "warn", "info", "debug", "trace"].contains(&level) {
                all.push(read(level, arguments(rest), &file));
            }
        }
    }
    all
}

/// What stands between commas up to the closing bracket.
fn arguments(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut all = vec![String::new()];
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        all.last_mut().unwrap().push(letter);
    }
    let trimmed = all.iter().map(|one| one.trim().to_owned());
    trimmed.filter(|one| !one.is_empty()).collect()
}

fn read(level: &str, arguments: Vec<String>, file: &Path) -> Logged {
    let (mut message, mut fields) = (String::new(), Vec::new());
    for argument in arguments {
        let named = argument.split_once(" = ").map(|(name, _)| name);
        match (named, argument.strip_prefix('"')) {
            (Some(name), _) => fields.push(name.trim_matches('"').to_owned()),
            (None, Some(text)) => {
                let text = text.trim_end_matches('"').replace("\\\n", "\n");
                let lines = text.lines().map(str::trim_start);
                message = lines.collect::<Vec<_>>().concat();
            }
            (None, None) => {
                let field = argument.trim_start_matches(['%', '?']);
                fields.push(field.rsplit('.').next().unwrap().to_owned());
            }
        }
    }
    Logged {
        level: level.to_owned(),
        message,
        fields,
        file: file.to_path_buf(),
    }
}

#[test]
fn every_field_of_the_sources_is_documented_and_every_documented_one_is_logged() {
    let mut known = documented("Fields");
    assert!(known.len() > 40, "{known:?}");
    let logged = logged();
    assert!(logged.len() > 40, "{logged:?}");
    let mut used: BTreeSet<String> = OF_EACH_LINE.map(str::to_owned).into();
    for one in &logged {
        for field in &one.fields {
            assert!(known.contains(field), "{field} of {one:?} is in no table");
            assert!(!OF_EACH_LINE.contains(&field.as_str()), "{one:?}");
            used.insert(field.clone());
        }
    }
    known.retain(|field| !used.contains(field));
    assert!(known.is_empty(), "nobody logs {known:?}");
}

#[test]
fn every_error_and_warning_is_listed_and_every_listed_one_is_logged() {
    for (heading, level) in [("Errors", "error"), ("Warnings", "warn")] {
        let listed = documented(heading);
        let of_level = logged().into_iter().filter(|one| one.level == level);
        let said: BTreeMap<String, PathBuf> = of_level
            .map(|one| (one.message, one.file))
            .filter(|(message, _)| message != MADE_UP)
            .collect();
        for (message, file) in &said {
            assert!(
                listed.contains(message),
                "{message:?} of {file:?} is not listed"
            );
        }
        for message in listed {
            assert!(said.contains_key(&message), "nobody logs {message:?}");
        }
    }
}

/// The lines of a program's log so far.
fn lines(stack: &Stack, program: &str) -> Vec<Value> {
    let file = stack.home().join("log").join(format!("{program}.log"));
    let text = fs::read_to_string(file).unwrap();
    // The last one may be half written.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let parsed = whole.lines().map(|line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{program}: {error}: {line}"))
    });
    parsed.collect()
}

fn is_ours(line: &Value) -> bool {
    let target = line["target"].as_str().unwrap().split("::").next().unwrap();
    CRATES.contains(&target.replace('_', "-").as_str())
}

#[actix_rt::test]
async fn the_services_write_json_lines_with_documented_fields_and_ids() {
    let stack = quick()
        .env("LOG_FORMAT", "json")
        .env("RUST_LOG", "info")
        .start()
        .await
        .unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let provider = Provider::of(&stack);
    let headers = [("x-request-id", "one-of-mine")];
    let order = an_order("qris");
    let made = shop.post_with("/v1/orders", &order, &headers).await;
    let made = made.expect(201).json;
    sandbox.pay(&made["payments"][0]).await;
    sandbox.fault(json!({"call": "qris_generate", "action": {"kind": "error", "http_status": 429, "response_code": "4294700"}})).await;
    shop.create(&an_order("qris")).await.expect(503);
    provider.send(QRIS, &[], b"{}").await.expect(401);
    provider
        .notify(QRIS, b"no JSON\n\x1b[31m", chrono::Utc::now())
        .await
        .expect(200);

    let wanted = [
        "provider call",
        "observation applied",
        "webhook tried",
        "callback answered",
    ];
    let all = until_some(WITHIN, "all is logged", async || {
        let programs = ["gateway-api-1", "callback-worker-1"];
        let all: Vec<Value> = programs
            .iter()
            .flat_map(|name| lines(&stack, name))
            .collect();
        let has = |message: &&str| all.iter().any(|line| line["message"] == **message);
        match wanted.iter().find(|message| !has(message)) {
            None => Ok(all),
            Some(message) => Err(format!("{message} is not there")),
        }
    })
    .await;
    let known = documented("Fields");
    for line in &all {
        let names: Vec<&String> = line.as_object().unwrap().keys().collect();
        for always in ["timestamp", "level", "target", "message"] {
            assert!(line[always].is_string(), "{line}");
        }
        let stray = names.iter().find(|name| !known.contains(**name));
        assert!(stray.is_none() || !is_ours(line), "{stray:?} of {line}");
    }
    // What was done for a request says so, in whatever thread it was done.
    for message in ["provider call", "observation applied"] {
        let of_it =
            |line: &&Value| line["message"] == message && line["request_id"] == "one-of-mine";
        let line = all
            .iter()
            .find(of_it)
            .unwrap_or_else(|| panic!("no {message} of the request"));
        assert_eq!(line["trace_id"].as_str().unwrap().len(), 32, "{line}");
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16, "{line}");
    }
    let webhook = all
        .iter()
        .find(|line| line["message"] == "webhook tried")
        .unwrap();
    assert!(webhook["trace_id"].is_string(), "{webhook}");
}
