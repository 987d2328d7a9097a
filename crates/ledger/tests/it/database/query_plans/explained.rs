//! A database whose server tells every plan, and what is wrong with a plan.

use std::collections::BTreeSet;
use std::path::Path;

use ayolinx_core::ids::MerchantId;
use devstack::TestDatabase;
use ledger::{Ledger, Urgency};
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Books, context, settings};

/// What grows with the number of orders.
pub(super) const BIG: [&str; 12] = [
    "orders",
    "payments",
    "receipts",
    "journals",
    "entries",
    "history",
    "notifications",
    "events",
    "deliveries",
    "delivery_tries",
    "creations",
    "provider_work",
];

/// A database whose server writes every plan into its log.
pub(super) async fn explained() -> Books {
    explained_with(&["auto_explain.log_analyze = off"]).await
}

/// [`explained`], and with each plan what it really read.
pub(super) async fn measured() -> Books {
    let settings = [
        "auto_explain.log_analyze = on",
        "auto_explain.log_buffers = on",
    ];
    explained_with(&settings).await
}

async fn explained_with(more: &[&str]) -> Books {
    let database = TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
        ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
    });
    let name = database.query("SELECT current_database()");
    let always = [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_buffers = on",
        "auto_explain.log_format = 'json'",
    ];
    for setting in always.iter().chain(more) {
        database.query(&format!("ALTER DATABASE \"{}\" SET {setting}", name.trim()));
    }
    let ledger = Ledger::new(&settings(database.services_url()), context());
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.add_merchant(merchant, "Warung Budi"))
        .await
        .unwrap();
    Books {
        ledger,
        merchant,
        database,
    }
}

/// The plans of the ledger's own sessions so far, each with its statement.
fn plans(books: &Books) -> Vec<(String, Value)> {
    let sessions = books.sql(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
         AND application_name LIKE 'ayolinx-gateway%'",
    );
    let sessions: Vec<String> = sessions.lines().map(|pid| format!("[{pid}]")).collect();
    let data = books.sql("SHOW data_directory");
    let log = Path::new(&data).with_file_name("postgres.log");
    let log = std::fs::read(&log).unwrap();
    let log = String::from_utf8_lossy(&log);
    let mut lines = log.lines().peekable();
    let mut plans = Vec::new();
    while let Some(line) = lines.next() {
        let is_plan = line.contains(" LOG:  duration: ") && line.ends_with("plan:");
        if !is_plan || !sessions.iter().any(|session| line.contains(session)) {
            continue;
        }
        let mut json = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            json.push_str(more);
        }
        let mut told: Value = serde_json::from_str(&json).unwrap();
        let statement = told["Query Text"].as_str().unwrap().to_owned();
        plans.push((statement, told["Plan"].take()));
    }
    plans
}

/// Every node of a plan.
fn nodes<'a>(plan: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(plan);
    for child in plan["Plans"].as_array().into_iter().flatten() {
        nodes(child, found);
    }
}

/// The table, or the table it is a part of, if it is a big one.
fn big(relation: &str) -> Option<&'static str> {
    let is_it = |table: &&&str| {
        let rest = relation.strip_prefix(**table);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    BIG.iter().find(is_it).copied()
}

/// What reads a big table from end to end: without an index, or along one without a condition on it.
pub(super) fn read_whole(books: &Books) -> BTreeSet<String> {
    let partial = books.sql("SELECT indexrelid::regclass FROM pg_index WHERE indpred IS NOT NULL");
    let partial: BTreeSet<&str> = partial.lines().collect();
    let mut found = BTreeSet::new();
    for (statement, plan) in plans(books) {
        let mut all = Vec::new();
        nodes(&plan, &mut all);
        for node in all {
            let Some(relation) = node["Relation Name"]
                .as_str()
                .filter(|name| big(name).is_some())
            else {
                continue;
            };
            let kind = node["Node Type"].as_str().unwrap();
            let index = node["Index Name"].as_str().unwrap_or_default();
            let is_whole = match kind {
                "Seq Scan" | "Sample Scan" => true,
                "Index Scan" | "Index Only Scan" => {
                    // An index of what waits may be read whole: that is what it is for.
                    node["Index Cond"].is_null() && !partial.contains(index)
                }
                _ => false,
            };
            if is_whole {
                found.insert(format!("{kind} of {relation} {index}: {statement}"));
            }
        }
    }
    found
}

/// By what indexes were looked through for statements that say this.
pub(super) fn conditions(books: &Books, says: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (statement, plan) in plans(books) {
        if !statement.contains(says) {
            continue;
        }
        let mut all = Vec::new();
        nodes(&plan, &mut all);
        let by_index = all.iter().filter(|node| !node["Index Name"].is_null());
        found.extend(by_index.map(|node| node["Index Cond"].to_string()));
    }
    found
}

/// The big tables that some plan is about.
pub(super) fn touched(books: &Books) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for (_, plan) in plans(books) {
        let mut all = Vec::new();
        nodes(&plan, &mut all);
        let names = all.iter().filter_map(|node| node["Relation Name"].as_str());
        found.extend(names.filter_map(big));
    }
    found
}

/// How the statements that say this find their rows, one line a plan: the nodes that sort, and the rows
/// that were read of big tables, whether they were wanted or not; the pages that were looked at, and the
/// nodes that have other processes help.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) statement: String,
    pub(super) sorts: Vec<String>,
    pub(super) rows: u64,
    pub(super) buffers: u64,
    pub(super) helpers: usize,
}

/// [`Read`] of every plan of a [`measured`] database whose statement says this.
pub(super) fn reads(books: &Books, says: &str) -> Vec<Read> {
    let plans = plans(books).into_iter();
    let told = plans.filter(|(statement, _)| statement.contains(says));
    let read = told.map(|(statement, plan)| {
        let mut all = Vec::new();
        nodes(&plan, &mut all);
        let kind = |node: &&Value| node["Node Type"].as_str().unwrap().to_owned();
        let of_big = all
            .iter()
            .filter(|node| node["Relation Name"].as_str().and_then(big).is_some());
        let buffers = |name: &str| plan[name].as_u64().unwrap_or(0);
        Read {
            statement,
            buffers: buffers("Shared Hit Blocks") + buffers("Shared Read Blocks"),
            helpers: (all.iter())
                .filter(|node| !node["Workers Planned"].is_null())
                .count(),
            sorts: all
                .iter()
                .map(kind)
                .filter(|k| k.contains("Sort"))
                .collect(),
            rows: of_big.map(|node| rows_of(node)).sum(),
        }
    });
    read.collect()
}

/// Rows that a node read, in whole numbers of each of its loops.
fn rows_of(node: &Value) -> u64 {
    let number = |name: &str| {
        let text = node[name].to_string();
        let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
        whole.unwrap_or(0_u64)
    };
    (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops")
}
