//! What a migration may do while the services run, and those of the version before. Read from the files;
//! that the version before really works is tried by `make upgrade-check`.

use std::fs;
use std::path::{Path, PathBuf};

/// Older ones are history: no service ran on them.
const FIRST: &str = "2026-11-21-000020";
/// Tables that grow with the business.
const LARGE: [&str; 13] = [
    "orders",
    "payers",
    "payments",
    "receipts",
    "provider_aliases",
    "journals",
    "entries",
    "history",
    "notifications",
    "creations",
    "events",
    "deliveries",
    "delivery_tries",
];
const LOCK_TIMEOUT_MAX_MS: u32 = 2000;
/// A comment that begins so, above a statement, is the reason why it may stand there although the
/// services of the version before may still use what it takes away …
const CONTRACT: &str = "-- contract:";
/// … or although it holds a lock for longer than a moment.
const LOCK: &str = "-- lock:";

/// A statement and the comments above it.
#[derive(Debug, PartialEq, Eq)]
struct Stated {
    comments: String,
    /// In capitals, with single spaces; bodies of functions and literals are left out.
    text: String,
}

/// Parts a file at its semicolons, but for those in bodies, literals and comments.
fn statements(file: &str) -> Vec<Stated> {
    let (mut all, mut comments, mut text) = (Vec::new(), String::new(), String::new());
    let mut rest = file;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("--") {
            let (comment, after) = parted(rest, "\n");
            comments.push_str(comment);
            comments.push('\n');
            rest = after;
        } else if let Some(literal) = rest.strip_prefix('\'') {
            let (value, after) = parted(literal, "'");
            text.push_str(&format!("'{value}'"));
            rest = after;
        } else if let Some(tag) = dollar_tag(rest) {
            let (body, after) = parted(rest.strip_prefix(&tag).unwrap_or_default(), &tag);
            if text.trim().eq_ignore_ascii_case("DO") {
                text.push_str(body);
            }
            rest = after;
        } else {
            if first == ';' {
                push(&mut all, &mut comments, &mut text);
            } else {
                text.push(first);
            }
            rest = rest.split_at(first.len_utf8()).1;
        }
    }
    push(&mut all, &mut comments, &mut text);
    all
}

/// What comes before and after; all of it and nothing where it does not come.
fn parted<'t>(text: &'t str, at: &str) -> (&'t str, &'t str) {
    text.split_once(at).unwrap_or((text, ""))
}

fn dollar_tag(rest: &str) -> Option<String> {
    let (name, _) = rest.strip_prefix('$')?.split_once('$')?;
    let is_tag = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_tag.then(|| format!("${name}$"))
}

fn push(all: &mut Vec<Stated>, comments: &mut String, text: &mut String) {
    let words: Vec<&str> = text.split_whitespace().collect();
    if !words.is_empty() {
        all.push(Stated {
            comments: std::mem::take(comments),
            text: words.join(" ").to_uppercase(),
        });
    }
    text.clear();
}

fn is_about_large(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words
        .map(str::to_lowercase)
        .any(|word| LARGE.contains(&word.as_str()))
}

/// What a statement takes away from the version before.
fn taken_away(text: &str) -> Option<&'static str> {
    let alters = text.starts_with("ALTER ");
    [
        (
            text.starts_with("DROP ") && !text.starts_with("DROP INDEX CONCURRENTLY"),
            "DROP",
        ),
        (
            alters && text.contains(" DROP ") && !text.contains(" DROP NOT NULL"),
            "DROP in ALTER",
        ),
        (alters && text.contains(" RENAME "), "RENAME"),
        (
            alters && (text.contains(" SET DATA TYPE ") || column_type(text)),
            "another TYPE",
        ),
        (alters && text.contains(" SET NOT NULL"), "SET NOT NULL"),
        (
            alters && new_column_needs_a_value(text),
            "a new column NOT NULL without DEFAULT",
        ),
        (text.starts_with("TRUNCATE"), "TRUNCATE"),
        (
            text.starts_with("REVOKE ") && !text.contains(" ON FUNCTION "),
            "REVOKE",
        ),
    ]
    .into_iter()
    .find_map(|(does, what)| does.then_some(what))
}

fn column_type(text: &str) -> bool {
    text.split(',')
        .any(|part| part.contains("ALTER COLUMN ") && part.contains(" TYPE "))
}

fn new_column_needs_a_value(text: &str) -> bool {
    text.split(',').any(|part| {
        part.contains("ADD COLUMN ") && part.contains(" NOT NULL") && !part.contains(" DEFAULT ")
    })
}

/// What a statement does to a large table for longer than a moment.
fn locks_long(text: &str) -> Option<&'static str> {
    if !is_about_large(text) {
        return None;
    }
    let indexes = text.starts_with("CREATE INDEX") || text.starts_with("CREATE UNIQUE INDEX");
    let adds = text.starts_with("ALTER TABLE") && text.contains(" ADD ");
    let checks = adds
        && (text.contains(" CHECK ")
            || text.contains(" FOREIGN KEY ")
            || text.contains(" REFERENCES "))
        && !text.contains(" NOT VALID");
    [
        (
            indexes && !text.contains(" CONCURRENTLY "),
            "CREATE INDEX without CONCURRENTLY",
        ),
        (
            adds && (text.contains(" UNIQUE ") || text.contains(" PRIMARY KEY ")),
            "a new key",
        ),
        (
            checks,
            "a constraint that is checked at once: NOT VALID, then VALIDATE CONSTRAINT",
        ),
        (
            text.starts_with("UPDATE ") || text.starts_with("DELETE "),
            "a change of many rows",
        ),
        (text.starts_with("LOCK "), "LOCK"),
    ]
    .into_iter()
    .find_map(|(does, what)| does.then_some(what))
}

fn lock_timeout_ms(text: &str) -> Option<u32> {
    let value = text
        .strip_prefix("SET LOCAL LOCK_TIMEOUT = '")?
        .strip_suffix('\'')?;
    match value.strip_suffix("MS") {
        Some(millis) => millis.parse().ok(),
        None => Some(value.strip_suffix('S')?.parse::<u32>().ok()? * 1000),
    }
}

/// What is wrong with a migration.
fn faults(up: &str, is_in_transaction: bool) -> Vec<String> {
    let all = statements(up);
    let mut faults = Vec::new();
    if is_in_transaction {
        let timeout = all.first().and_then(|first| lock_timeout_ms(&first.text));
        if timeout.is_none_or(|timeout| timeout > LOCK_TIMEOUT_MAX_MS) {
            faults.push("begins without SET LOCAL lock_timeout of at most 2s".to_owned());
        }
    } else if all.len() != 1 {
        faults.push("outside of a transaction it must be one statement alone".to_owned());
    }
    for one in &all {
        let has = |marker: &str| one.comments.lines().any(|line| line.starts_with(marker));
        if let Some(what) = taken_away(&one.text).filter(|_| !has(CONTRACT)) {
            faults.push(format!(
                "{what} without a line `{CONTRACT} why`: {}",
                one.text
            ));
        }
        if let Some(what) = locks_long(&one.text).filter(|_| !has(LOCK)) {
            faults.push(format!("{what} without a line `{LOCK} why`: {}", one.text));
        }
        if one.text.contains(" CONCURRENTLY ") && is_in_transaction {
            faults.push(
                "CONCURRENTLY needs metadata.toml with run_in_transaction = false".to_owned(),
            );
        }
    }
    faults
}

fn migrations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations")
}

#[test]
fn every_migration_lets_the_services_and_the_version_before_go_on() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for entry in fs::read_dir(migrations()).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !folder.is_dir() || name.as_str() < FIRST {
            continue;
        }
        read += 1;
        let metadata = fs::read_to_string(folder.join("metadata.toml")).unwrap_or_default();
        let up = fs::read_to_string(folder.join("up.sql")).unwrap();
        assert!(
            folder.join("down.sql").is_file(),
            "{name} has no way back for tests"
        );
        let found = faults(&up, !metadata.contains("run_in_transaction = false"));
        wrong.extend(found.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(read > 0);
    assert_eq!(wrong, Vec::<String>::new());
}

#[track_caller]
fn refused(statement: &str, why: &str) {
    let found = faults(
        &format!("SET LOCAL lock_timeout = '2s';\n{statement};"),
        true,
    );
    assert!(
        found.len() == 1 && found[0].contains(why),
        "{statement}: {found:?}"
    );
}

#[track_caller]
fn allowed(statements: &str) {
    let found = faults(
        &format!("-- Why.\nSET LOCAL lock_timeout = '500ms';\n{statements};"),
        true,
    );
    assert_eq!(found, Vec::<String>::new(), "{statements}");
}

#[test]
fn what_would_break_the_version_before_is_refused() {
    for (statement, why) in [
        ("DROP TABLE merchants", "DROP"),
        ("ALTER TABLE merchants DROP COLUMN name", "DROP in ALTER"),
        (
            "alter table orders rename column reference to number",
            "RENAME",
        ),
        (
            "ALTER TABLE merchants ALTER COLUMN name TYPE varchar(9)",
            "TYPE",
        ),
        (
            "ALTER TABLE merchants ALTER name SET DATA TYPE varchar",
            "TYPE",
        ),
        (
            "ALTER TABLE merchants ALTER COLUMN name\n  SET NOT NULL",
            "SET NOT NULL",
        ),
        (
            "ALTER TABLE merchants ADD COLUMN a text NOT NULL",
            "without DEFAULT",
        ),
        ("TRUNCATE merchants", "TRUNCATE"),
        ("REVOKE SELECT ON merchants FROM gateway", "REVOKE"),
        ("DO $$ BEGIN EXECUTE 'x'; END $$; DROP VIEW v", "DROP"),
    ] {
        refused(statement, why);
    }
    refused("CREATE INDEX o ON orders (state)", "CONCURRENTLY");
    refused(
        "ALTER TABLE entries ADD CONSTRAINT c CHECK (minor > 0)",
        "NOT VALID",
    );
    refused(
        "ALTER TABLE entries ADD CONSTRAINT c UNIQUE (minor)",
        "a new key",
    );
    refused("UPDATE orders SET paid_late = false", "many rows");
    refused("LOCK TABLE orders", "LOCK");
    refused(
        "CREATE INDEX CONCURRENTLY m ON merchants (name)",
        "run_in_transaction",
    );
    for without in [
        "",
        "SET LOCAL lock_timeout = '3s';",
        "SET lock_timeout = '1s';",
    ] {
        let found = faults(&format!("{without} CREATE TABLE t ()"), true);
        assert_eq!(found.len(), 1, "{without}: {found:?}");
    }
    assert_eq!(faults("SELECT 1; SELECT 2", false).len(), 1);
}

#[test]
fn what_only_adds_or_says_why_is_allowed() {
    allowed("CREATE TABLE t (id uuid); CREATE INDEX i ON t (id)");
    allowed("ALTER TABLE orders ADD COLUMN trace text");
    allowed(
        "ALTER TABLE orders ADD COLUMN n integer NOT NULL DEFAULT 0, ALTER COLUMN items DROP NOT NULL",
    );
    allowed("ALTER TABLE entries ADD CONSTRAINT c CHECK (minor > 0) NOT VALID");
    allowed("CREATE OR REPLACE FUNCTION f() RETURNS void AS $x$ DROP TABLE a; $x$ LANGUAGE sql");
    allowed("-- contract: nobody reads it since 1.4\nDROP TABLE t");
    allowed("INSERT INTO merchants (name) VALUES ('a; DROP TABLE b')");
    allowed("-- lock: the table is young\nCREATE INDEX o ON orders (state)");
    assert!(faults("CREATE INDEX CONCURRENTLY o ON orders (state);", false).is_empty());
}
