//! The rules of this repository, checked: who may know whom, how files open and how long they
//! are, that every route is tried, that links lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ayolinx_core::messages::paths;

use crate::support::{Http, shared};

const LINES_MAX: usize = 400;

/// Files that may be longer, each for a reason of its own. None is.
const LONGER: [&str; 0] = [];

/// Packages that only these crates of ours may name, so that what they are about stays there.
/// `gatewayctl` looks after Redis as its doctor. No program is built from what tests and benchmarks need.
const ALONE: [(&str, &[&str]); 9] = [
    ("diesel", &["ledger"]),
    ("diesel_migrations", &["ledger"]),
    ("r2d2", &["ledger"]),
    ("redis", &["ayolinx-client", "gatewayctl"]),
    ("clap", &["gatewayctl"]),
    ("divan", &[]),
    ("insta", &[]),
    ("proptest", &[]),
    ("standardwebhooks", &[]),
];

/// What the core, which only decides, may not name: whatever waits, reads a clock or a disk.
const NOT_IN_THE_CORE: [&str; 6] = [
    "tokio",
    "actix-web",
    "actix-rt",
    "awc",
    "tracing",
    "futures-util",
];

/// Who may depend on which crates of ours: the law, whole. Tests may use `devstack` and any
/// library; programs are libraries to nobody but them.
const LAW: [(&str, &[&str]); 19] = [
    ("ayolinx-core", &[]),
    ("service-shell", &[]),
    ("http-client", &[]),
    ("shares", &[]),
    ("signature-readings", &["ayolinx-core"]),
    ("webhooks", &["http-client"]),
    ("devstack", &[]),
    ("chaos", &["ayolinx-core", "devstack"]),
    ("bench", &["ayolinx-core", "chaos", "devstack"]),
    ("ayolinx-client", &["ayolinx-core", "http-client", "shares"]),
    ("ledger", &["ayolinx-core", "shares"]),
    ("settings", &["ayolinx-core", "service-shell", "webhooks"]),
    (
        "payment-flows",
        &["ayolinx-client", "ayolinx-core", "ledger", "settings"],
    ),
    ("ayolinx-sandbox", &["ayolinx-core", "service-shell"]),
    (
        "gateway-api",
        &[
            "ayolinx-client",
            "ayolinx-core",
            "ledger",
            "payment-flows",
            "service-shell",
            "settings",
            "shares",
            "webhooks",
        ],
    ),
    (
        "callback-worker",
        &[
            "ayolinx-client",
            "ayolinx-core",
            "ledger",
            "payment-flows",
            "service-shell",
            "settings",
            "shares",
            "signature-readings",
            "webhooks",
        ],
    ),
    (
        "gatewayctl",
        &[
            "ayolinx-client",
            "ayolinx-core",
            "http-client",
            "ledger",
            "payment-flows",
            "settings",
            "signature-readings",
            "webhooks",
        ],
    ),
    ("e2e", &[]),
    (
        "fuzz",
        &[
            "ayolinx-client",
            "ayolinx-core",
            "callback-worker",
            "gateway-api",
            "webhooks",
        ],
    ),
];

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// Every file under `folder` with one of these endings, but for build output and dot folders.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(repository())
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

#[test]
fn crates_know_only_whom_the_law_allows() {
    let root = repository();
    let ours: BTreeSet<String> = fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let law: BTreeMap<&str, &[&str]> = LAW.into_iter().collect();
    assert_eq!(
        ours,
        law.keys().map(|name| (*name).to_owned()).collect(),
        "every crate stands in the law"
    );
    for (name, allowed) in law {
        for dependency in dependencies(name) {
            let known = !ours.contains(&dependency) || allowed.contains(&dependency.as_str());
            assert!(known, "{name} may not know {dependency}");
        }
    }
}

/// What a crate is built from, without its tests.
fn dependencies(name: &str) -> BTreeSet<String> {
    let manifest = repository().join("crates").join(name).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let tables = ["dependencies", "build-dependencies"].map(|table| manifest.get(table));
    let tables = tables
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table);
    tables.flat_map(|table| table.keys().cloned()).collect()
}

#[test]
fn what_a_package_is_about_stays_in_one_crate() {
    for (name, _) in LAW {
        let all = dependencies(name);
        for (package, alone) in ALONE {
            let may = alone.contains(&name) || !all.contains(package);
            assert!(may, "{name} names {package}");
        }
    }
    let core = dependencies("ayolinx-core");
    for package in NOT_IN_THE_CORE {
        assert!(!core.contains(package), "the core names {package}");
    }
}

/// Every line of source files under `folder` that contains `word`.
fn lines_with(folder: &str, word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in files(&repository().join(folder), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(word));
        found
            .extend(lines.map(|(number, line)| format!("{}:{}: {line}", shown(&path), number + 1)));
    }
    found
}

/// The rooms of the API that are a capability: HTTP is spoken in their routes alone.
const API_ROOMS: [&str; 6] = [
    "channels",
    "events",
    "orders",
    "refunds",
    "reports",
    "webhook_endpoints",
];

#[test]
fn each_layer_speaks_its_own_language() {
    let room = |name: &str| format!("crates/gateway-api/src/{name}");
    for name in API_ROOMS
        .into_iter()
        .chain(["checkout", "console", "pages"])
    {
        for word in ["ayolinx_client", "diesel"] {
            assert_eq!(lines_with(&room(name), word), [""; 0], "{name}: {word}");
        }
    }
    for name in API_ROOMS {
        for word in ["HttpRequest", "HttpResponse", "StatusCode"] {
            let mut lines = lines_with(&room(name), word);
            let all = lines.len();
            lines.retain(|line| !line.contains("/routes.rs:"));
            assert_eq!(lines, [""; 0], "{name} says {word} outside its routes");
            assert!(all > 0 || word == "StatusCode", "{name} has no routes");
        }
    }
    for (folder, words) in [
        ("crates/payment-flows/src", ["diesel", "actix_web"]),
        ("crates/ledger/src", ["ayolinx_client", "actix_web"]),
    ] {
        for word in words {
            assert_eq!(lines_with(folder, word), [""; 0], "{folder} says {word}");
        }
    }
    // Split, so that this file does not find itself.
    for word in [concat!("#[ig", "nore"), concat!("#[should_", "panic")] {
        assert_eq!(lines_with("crates", word), [""; 0]);
    }
}

#[test]
fn every_source_file_opens_by_saying_what_lives_there() {
    for path in files(&repository().join("crates"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{} does not open with //!",
            shown(&path)
        );
    }
}

#[test]
fn no_source_file_is_longer_than_one_can_hold_in_mind() {
    for path in files(&repository().join("crates"), &[".rs"]) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let name = shown(&path);
        let excused = LONGER.contains(&name.as_str());
        assert!(lines <= LINES_MAX || excused, "{name} has {lines} lines");
    }
}

#[test]
fn nothing_is_left_to_be_done_and_nothing_names_this_machine() {
    // Split, so that this file may name what others may not.
    let forbidden = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("/wo", "rk/"),
        concat!("/tm", "p/"),
        concat!("/ro", "ot/"),
        concat!("dbg", "!("),
    ];
    let endings = [
        ".rs", ".md", ".toml", ".sql", ".html", ".js", ".css", ".yaml", ".yml",
    ];
    for path in files(&repository(), &endings) {
        let Ok(text) = fs::read_to_string(&path) else {
            panic!("{} is not UTF-8", shown(&path));
        };
        for word in forbidden {
            let line = text.lines().position(|line| line.contains(word));
            if let Some(line) = line {
                panic!("{}:{} says {word}", shown(&path), line + 1);
            }
        }
    }
}

/// The texts of all tests that speak HTTP to a service.
fn tests_of_services() -> String {
    let root = repository().join("crates");
    let mut all = String::new();
    for name in ["e2e", "gateway-api", "callback-worker"] {
        for path in files(&root.join(name).join("tests"), &[".rs"]) {
            all.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    all
}

/// The paths in `resource("…")` of a service's URL map.
fn routes(file: &str) -> Vec<String> {
    let text = fs::read_to_string(repository().join(file)).unwrap();
    let parts = text.split("resource(\"").skip(1);
    parts
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_route_of_the_api_is_tried() {
    let tests = tests_of_services();
    let routes = routes("crates/gateway-api/src/routes.rs");
    assert!(routes.len() > 12, "{routes:?}");
    for route in routes {
        // `/v1/orders/{id}/sync` is tried where a test names its fixed parts.
        let tried = route
            .split(['{', '}'])
            .enumerate()
            .filter(|(place, part)| place % 2 == 0 && part.len() > 1)
            .all(|(_, part)| tests.contains(part.trim_end_matches('/')));
        assert!(tried, "no test names {route}");
    }
}

/// Where the provider reaches us.
const CALLBACK_PATHS: [&str; 5] = [
    paths::NOTIFY_QRIS,
    paths::NOTIFY_DEBIT,
    paths::NOTIFY_VA,
    paths::NOTIFY_LINK,
    paths::TOKEN,
];

#[actix_rt::test]
async fn every_callback_path_is_mounted_and_tried() {
    let tests = tests_of_services();
    let (http, worker) = (Http::new(), shared().callback_url(0));
    let ask = async |path: &str| {
        let url = format!("{worker}{path}");
        http.send("POST", &url, &[], Vec::new()).await.status
    };
    for path in CALLBACK_PATHS {
        assert!(tests.contains(path), "no test names {path}");
        let status = ask(path).await;
        assert!(
            [400, 401].contains(&status),
            "{path} is not mounted: {status}"
        );
    }
    assert_eq!(ask("/v1.0/of-nobody").await, 404);
    // A path that is added to the provider's is in the list above.
    let known =
        fs::read_to_string(repository().join("crates/ayolinx-core/src/provider/messages.rs"))
            .unwrap();
    let notified = known.matches("pub const NOTIFY_").count();
    let only_signed = known.matches("pub const NOTIFY_QRIS_SHORT").count();
    assert_eq!(notified - only_signed + 1, CALLBACK_PATHS.len());
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in files(&repository(), &[".md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            let there = path.parent().unwrap().join(file);
            assert!(
                there.exists(),
                "{} leads to {target}, which is not there",
                shown(&path)
            );
        }
    }
}
