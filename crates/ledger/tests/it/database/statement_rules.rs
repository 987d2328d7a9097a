//! A bare name in `ORDER BY` means the output of that name before it means the column: `x::text AS x …
//! ORDER BY x` sorts texts, and no index has that order. Every statement in the sources and migrations is
//! read; none may be ordered by an output that is not a column just as it is.

use std::fs;
use std::path::{Path, PathBuf};

mod sql;

use self::sql::{faults, parts};

/// Migrations before this one have landed, and stay as they are.
const FIRST: &str = "2026-11-30-000040";

/// The string literals of a Rust source, as they are at run time.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, after)| after);
        } else if let Some((text, after)) = raw_literal(rest) {
            found.push(text.to_owned());
            rest = after;
        } else if first == '"' {
            let (text, after) = literal(rest.split_at(1).1);
            found.push(text);
            rest = after;
        } else if let Some(after) = character(rest) {
            rest = after;
        } else {
            rest = rest.split_at(first.len_utf8()).1;
        }
    }
    found
}

/// Behind a character's literal, lest a quotation mark in one begins a text.
fn character(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('\'')?;
    let mut characters = inner.chars();
    let is_escape = characters.next()? == '\\';
    if is_escape {
        characters.next()?;
    }
    characters.as_str().strip_prefix('\'')
}

fn raw_literal(rest: &str) -> Option<(&str, &str)> {
    let marked = rest.strip_prefix('r')?;
    let hashes = marked.len() - marked.trim_start_matches('#').len();
    let inner = marked.split_at(hashes).1.strip_prefix('"')?;
    inner.split_once(&format!("\"{}", "#".repeat(hashes)))
}

fn literal(inner: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(one) = characters.next() {
        match one {
            '"' => return (text, characters.as_str()),
            '\\' => match characters.next() {
                Some('\n') => {
                    let after = characters.as_str().trim_start();
                    characters = after.chars();
                }
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    (text, "")
}

/// What is wrong with a text that orders something; nothing with any other.
fn wrong(text: &str) -> Vec<String> {
    let capitals = text.to_uppercase();
    if !capitals.contains("ORDER BY ") {
        return Vec::new();
    }
    if !capitals.contains("SELECT") {
        return vec!["its SELECT stands elsewhere: the two cannot be read together".to_owned()];
    }
    match parts(text) {
        Some(parts) => faults(&parts),
        None => vec!["its brackets do not match".to_owned()],
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// Every text that orders something, and where it stands.
fn ordering_texts() -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let mut sources = Vec::new();
        files(&entry.unwrap().path().join("src"), ".rs", &mut sources);
        for path in sources {
            let source = fs::read_to_string(&path).unwrap();
            let texts = literals(&source).into_iter();
            all.extend(texts.map(|text| (path.clone(), text)));
        }
    }
    for entry in fs::read_dir(root().join("migrations")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.is_dir() && folder.file_name().unwrap().to_string_lossy().as_ref() >= FIRST {
            let path = folder.join("up.sql");
            let text = fs::read_to_string(&path).unwrap();
            all.push((path, text));
        }
    }
    all.retain(|(_, text)| text.to_uppercase().contains("ORDER BY "));
    all
}

#[test]
fn nothing_is_ordered_by_an_output_that_is_no_column() {
    let texts = ordering_texts();
    let of_the_ledger = texts
        .iter()
        .filter(|(path, _)| path.to_string_lossy().contains("crates/ledger/src"));
    assert!(of_the_ledger.count() > 40, "the statements are found");
    let found: Vec<String> = texts
        .iter()
        .flat_map(|(path, text)| {
            let faults = wrong(text).into_iter();
            faults.map(move |fault| format!("{}: {fault}\n    {text}", path.display()))
        })
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn an_output_that_hides_its_column_is_seen_however_it_is_written() {
    for text in [
        "SELECT id, transaction::text AS transaction FROM events WHERE (transaction, id) > ($2::xid8, $3) \
         ORDER BY transaction, id LIMIT $5",
        "SELECT id, transaction::text FROM events ORDER BY transaction DESC NULLS LAST",
        "SELECT events.transaction::text transaction, id FROM events order by Transaction, id",
        "SELECT CAST(transaction AS text) AS transaction FROM events ORDER BY id, transaction",
        "SELECT id, transaction::text FROM events ORDER BY 2, 1",
        "SELECT older.made_at AS made_at, newer.made_at AS id FROM a older JOIN a newer ORDER BY id",
        "SELECT count(*) FROM events GROUP BY type ORDER BY count",
        "SELECT lower(name) AS \"name\" FROM merchants ORDER BY \"name\"",
        "WITH a AS (SELECT state::text AS state FROM orders ORDER BY state) SELECT * FROM a",
        "INSERT INTO a SELECT x + 1 AS x FROM b ORDER BY x ON CONFLICT DO NOTHING",
        "SELECT a FROM b UNION SELECT c FROM d ORDER BY a; SELECT -x AS x FROM a ORDER BY x;",
        "SELECT 1 FROM a WHERE x IN (SELECT -y AS y FROM b ORDER BY y LIMIT ?)",
    ] {
        assert_eq!(wrong(text).len(), 1, "{text}: {:?}", wrong(text));
    }
    assert_eq!(wrong("ORDER BY id").len(), 1, "a piece of a statement");
}

#[test]
fn an_order_of_columns_is_allowed() {
    for text in [
        "SELECT id, transaction::text AS place FROM events ORDER BY transaction, id",
        "SELECT id, transaction::text AS transaction FROM events ORDER BY events.transaction, events.id",
        "SELECT e.id, e.created_at AS created_at FROM events e ORDER BY created_at, id LIMIT 5",
        "SELECT x::text AS x, row_number() OVER (PARTITION BY y ORDER BY x) FROM a ORDER BY a.x",
        "SELECT string_agg(x::text, ', ' ORDER BY x) AS x FROM a",
        "SELECT -x AS x FROM a UNION SELECT y FROM b ORDER BY x",
        "SELECT 'ORDER BY x' AS x FROM a ORDER BY extract(epoch FROM a.x), lower(x)",
        "SELECT * FROM unnest(?, ?) AS new (id, reference) ORDER BY id, reference",
    ] {
        assert_eq!(wrong(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn literals_are_read_as_the_compiler_reads_them() {
    let source = r##"// "not this"
        let quote = '"'; let escaped = '\''; fn f<'a>(x: &'a str) {}
        sql("one \
             two \"three\""); raw(r#"a "b" c"#);"##;
    assert_eq!(literals(source), ["one two \"three\"", "a \"b\" c"]);
}
