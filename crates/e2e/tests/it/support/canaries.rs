//! Canaries: values that nobody else has, put in where secrets and personal data go in, and looked for
//! where none of them may come out, in each way they may be spelt.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use devstack::{Stack, run_sql};
use uuid::Uuid;

/// How much of a value is looked for at most: a longer one is found by its beginning.
const LOOKED_FOR_MAX: usize = 48;

/// One value and what it is called.
#[derive(Debug, Clone)]
pub(crate) struct Canary {
    pub(crate) name: &'static str,
    spellings: Vec<String>,
}

/// All that are out.
#[derive(Debug, Default)]
pub(crate) struct Canaries(Vec<Canary>);

/// Sixteen letters nobody has used.
pub(crate) fn letters() -> String {
    let id = Uuid::new_v4().simple().to_string();
    let letter =
        |digit: char| char::from(b'a' + u8::try_from(digit.to_digit(16).unwrap()).unwrap());
    id.chars().rev().take(16).map(letter).collect()
}

/// So many digits nobody has used, the first not zero.
pub(crate) fn digits(count: usize) -> String {
    let id = Uuid::new_v4().as_u128() % 10_u128.pow(u32::try_from(count).unwrap() - 1);
    format!("7{id:0width$}", width = count - 1)
}

/// A card number with the right check digit (Luhn).
pub(crate) fn card_number() -> String {
    let body = format!("4{}", digits(14));
    let sum: u32 = body
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit.to_digit(10).unwrap();
            match (place % 2, digit) {
                (0, 5..) => digit * 2 - 9,
                (0, _) => digit * 2,
                _ => digit,
            }
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

impl Canaries {
    /// Lets one out; returns it.
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) -> String {
        let value = value.into();
        assert!(
            value.len() >= 10,
            "{name} would be found by chance: {value}"
        );
        self.0.push(Canary {
            name,
            spellings: spellings(&value),
        });
        value
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|canary| canary.name).collect()
    }

    /// The names of those that are in these bytes, in whatever spelling.
    pub(crate) fn in_bytes(&self, bytes: &[u8]) -> Vec<&'static str> {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let is_there = |canary: &&Canary| canary.spellings.iter().any(|it| text.contains(it));
        let found = self.0.iter().filter(is_there);
        found.map(|canary| canary.name).collect()
    }
}

/// As it is, percent-encoded, in hex, in both Base64s at each of the three places in a longer text, and
/// with its slashes escaped as in JSON; in small letters.
fn spellings(value: &str) -> Vec<String> {
    let value: String = value.chars().take(LOOKED_FOR_MAX).collect();
    let mut all = vec![
        value.clone(),
        value.replace('/', "\\/"),
        value.bytes().map(|byte| format!("{byte:02x}")).collect(),
        value.bytes().map(percent_encoded).collect(),
    ];
    for engine in [STANDARD, URL_SAFE] {
        for before in ["", "x", "xx"] {
            let encoded = engine.encode(format!("{before}{value}"));
            // What its neighbours change is left out at both ends.
            let begin = (before.len() * 8).div_ceil(6);
            let end = (before.len() + value.len()) * 8 / 6;
            all.push(encoded.get(begin..end).unwrap().to_owned());
        }
    }
    let mut all: Vec<String> = all.iter().map(|it| it.to_lowercase()).collect();
    all.sort();
    all.dedup();
    all
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
        return char::from(byte).to_string();
    }
    format!("%{byte:02X}")
}

/// Every column of the database with all that stands in it, sealed ones too.
pub(crate) fn columns(stack: &Stack) -> Vec<(String, String)> {
    let url = stack.database_url();
    let listed = run_sql(
        &url,
        "SELECT c.table_name || ' ' || string_agg(c.column_name || ':' || c.data_type, ',') \
         FROM information_schema.columns c JOIN information_schema.tables t \
             USING (table_schema, table_name) \
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' \
             AND t.table_name !~ '_(default|[0-9]{4}_[0-9]{2})$' GROUP BY c.table_name ORDER BY 1",
    )
    .unwrap();
    let mut found = Vec::new();
    for line in listed.lines() {
        let (table, columns) = line.split_once(' ').unwrap();
        let columns: Vec<(&str, &str)> = columns
            .split(',')
            .map(|column| column.split_once(':').unwrap())
            .collect();
        let each = columns.iter().map(|(name, kind)| {
            let shown = match *kind {
                "bytea" => format!("encode(\"{name}\", 'escape')"),
                _ => format!("\"{name}\"::text"),
            };
            // Sealed bytes may contain any byte: what parts the columns must part nothing else.
            format!("coalesce(replace(string_agg({shown}, ' '), chr(30), ' '), '')")
        });
        let each: Vec<String> = each.collect();
        let all = format!(
            "SELECT concat_ws(chr(30), {}) FROM \"{table}\"",
            each.join(", ")
        );
        let all = run_sql(&url, &all).unwrap();
        let held: Vec<&str> = all.split('\u{1e}').collect();
        assert_eq!(held.len(), columns.len(), "the columns of {table}");
        for ((name, _), held) in columns.iter().zip(held) {
            found.push((format!("{table}.{name}"), held.to_owned()));
        }
    }
    found
}

#[test]
fn a_planted_leak_is_found_in_every_spelling() {
    let mut canaries = Canaries::default();
    let value = canaries.add("planted", format!("Pa/ss {}", letters()));
    let inside = format!("user:{value}@host");
    let hex: String = inside.bytes().map(|byte| format!("{byte:02X}")).collect();
    let planted = [
        inside.clone(),
        inside.to_uppercase(),
        serde_json::json!({ "a": inside.replace('/', "\\/") })
            .to_string()
            .replace("\\\\", "\\"),
        inside.bytes().map(percent_encoded).collect(),
        hex,
        STANDARD.encode(&inside),
        STANDARD.encode(format!("1{inside}")),
        STANDARD.encode(format!("12{inside}")),
        URL_SAFE.encode(format!("12{inside}")),
    ];
    for text in planted {
        let line = format!("{{\"message\":\"{text}\"}}");
        assert_eq!(canaries.in_bytes(line.as_bytes()), ["planted"], "{line}");
    }
    let nothing = format!("{{\"message\":\"{}\"}}", letters());
    assert!(canaries.in_bytes(nothing.as_bytes()).is_empty());
}
