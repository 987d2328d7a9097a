//! Every string that somebody may have signed in place of the right one: each part in its known
//! spellings, up to two of them at once.

use ayolinx_core::json_style::without_byte_order_mark;
use ayolinx_core::messages::paths;
use ayolinx_core::provider_time::{JAKARTA, format_jakarta, format_unix_seconds, parse_time};
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::body_sha256_hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;
use sha2::{Digest as _, Sha256};

use super::body_forms::BodyForms;
use super::kind::{Kind, Parts};

/// Most differences at once; more cannot be distinguished from chance, and take long.
const DIFFERENCES_MAX: usize = 2;
const CALLED_PATHS: [&str; 10] = [
    paths::QRIS_GENERATE,
    paths::QRIS_QUERY,
    paths::QRIS_CANCEL,
    paths::EWALLET_PAYMENT,
    paths::EWALLET_STATUS,
    paths::VA_CREATE,
    paths::VA_INQUIRY,
    paths::RETAIL_CREATE,
    paths::RETAIL_QUERY,
    paths::PAYMENT_LINK_CREATE,
];
const NOTIFIED_PATHS: [&str; 5] = [
    paths::NOTIFY_QRIS,
    paths::NOTIFY_QRIS_SHORT,
    paths::NOTIFY_DEBIT,
    paths::NOTIFY_VA,
    paths::NOTIFY_LINK,
];

/// The difference of the signed string from the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The description, in a sentence.
    pub text: String,
    /// Set when the worker accepts it all the same (contract 5).
    pub forgiven: bool,
}

impl Difference {
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            forgiven: false,
        }
    }
}

/// One string that may have been signed.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) string: String,
    pub(crate) differences: Vec<Difference>,
}

struct Choice {
    value: String,
    difference: Option<Difference>,
}

#[derive(Clone, Default)]
struct Draft {
    id: String,
    path: String,
    token: String,
    hash: String,
    timestamp: String,
    differences: Vec<Difference>,
}

/// The choices of one part, the right one first; a value that is there already is not added.
struct Choices(Vec<Choice>);

impl Choices {
    fn right(value: impl Into<String>) -> Self {
        Self(vec![Choice {
            value: value.into(),
            difference: None,
        }])
    }

    fn or(&mut self, value: impl Into<String>, said: impl Into<String>) {
        self.add(value.into(), Difference::wrong(said));
    }

    fn or_forgiven(&mut self, value: impl Into<String>, said: &str, forgiven: bool) {
        let text = said.to_owned();
        self.add(value.into(), Difference { text, forgiven });
    }

    fn add(&mut self, value: String, difference: Difference) {
        if self.0.iter().all(|known| known.value != value) {
            self.0.push(Choice {
                value,
                difference: Some(difference),
            });
        }
    }
}

/// Returns every reading, those with the fewest differences first.
pub(crate) fn readings_of(parts: &Parts, secret: Option<&Secret>) -> Vec<Reading> {
    let mut drafts = vec![Draft::default()];
    drafts = cross(drafts, &timestamps(&parts.timestamp), |draft, value| {
        draft.timestamp = value;
    });
    let layouts: &[Layout] = if parts.kind.signs_body() {
        drafts = cross(drafts, &hashes(parts), |draft, value| draft.hash = value);
        drafts = cross(drafts, &routes(parts), |draft, value| draft.path = value);
        drafts = cross(drafts, &tokens(parts), |draft, value| draft.token = value);
        match parts.kind {
            Kind::Callback => &WITHOUT_TOKEN,
            Kind::Token | Kind::SnapToken | Kind::Api | Kind::SnapCallback => &WITH_TOKEN,
        }
    } else {
        drafts = cross(drafts, &ids(parts, secret), |draft, value| draft.id = value);
        &OF_ID
    };
    let mut readings: Vec<Reading> = drafts
        .iter()
        .flat_map(|draft| layouts.iter().filter_map(|layout| layout.reading(draft)))
        .collect();
    readings.sort_by_key(|reading| reading.differences.len());
    readings
}

fn cross(drafts: Vec<Draft>, choices: &Choices, set: impl Fn(&mut Draft, String)) -> Vec<Draft> {
    let mut crossed = Vec::new();
    for draft in &drafts {
        for choice in &choices.0 {
            let mut next = draft.clone();
            next.differences.extend(choice.difference.clone());
            if next.differences.len() <= DIFFERENCES_MAX {
                set(&mut next, choice.value.clone());
                crossed.push(next);
            }
        }
    }
    crossed
}

/// An order of the parts, and its fault.
struct Layout {
    compose: fn(&Draft) -> String,
    said: Option<&'static str>,
}

impl Layout {
    fn reading(&self, draft: &Draft) -> Option<Reading> {
        let mut differences = draft.differences.clone();
        differences.extend(self.said.map(Difference::wrong));
        (differences.len() <= DIFFERENCES_MAX).then(|| Reading {
            string: (self.compose)(draft),
            differences,
        })
    }
}

const OF_ID: [Layout; 5] = [
    Layout {
        compose: |d| format!("{}|{}", d.id, d.timestamp),
        said: None,
    },
    Layout {
        compose: |d| format!("{}|{}", d.timestamp, d.id),
        said: Some("id and timestamp were swapped"),
    },
    Layout {
        compose: |d| format!("{}:{}", d.id, d.timestamp),
        said: Some("a colon joined id and timestamp; | belongs there"),
    },
    Layout {
        compose: |d| format!("{}{}", d.id, d.timestamp),
        said: Some("nothing joined id and timestamp; | belongs there"),
    },
    Layout {
        compose: |d| format!("{}|{}\n", d.id, d.timestamp),
        said: Some(ENDS_IN_NEWLINE),
    },
];

const WITH_TOKEN: [Layout; 7] = [
    Layout {
        compose: |d| format!("POST:{}:{}:{}:{}", d.path, d.token, d.hash, d.timestamp),
        said: None,
    },
    Layout {
        compose: |d| format!("POST:{}:{}:{}:{}", d.path, d.hash, d.token, d.timestamp),
        said: Some("token and body hash were swapped; the token comes first"),
    },
    Layout {
        compose: |d| format!("POST:{}:{}:{}", d.path, d.hash, d.timestamp),
        said: Some("the token was left out, as in kind C"),
    },
    Layout {
        compose: |d| format!("post:{}:{}:{}:{}", d.path, d.token, d.hash, d.timestamp),
        said: Some("the method was written in lower case; POST belongs there"),
    },
    Layout {
        compose: |d| format!("{}:{}:{}:{}", d.path, d.token, d.hash, d.timestamp),
        said: Some(NO_METHOD),
    },
    Layout {
        compose: |d| format!("GET:{}:{}:{}:{}", d.path, d.token, d.hash, d.timestamp),
        said: Some("GET was signed; POST belongs there"),
    },
    Layout {
        compose: |d| format!("POST:{}:{}:{}:{}\n", d.path, d.token, d.hash, d.timestamp),
        said: Some(ENDS_IN_NEWLINE),
    },
];

const NO_METHOD: &str = "the method was left out; the string begins with POST:";
const ENDS_IN_NEWLINE: &str = "a newline was signed at the end of the string (echo without -n?)";

const WITHOUT_TOKEN: [Layout; 6] = [
    Layout {
        compose: |d| format!("POST:{}:{}:{}", d.path, d.hash, d.timestamp),
        said: None,
    },
    Layout {
        compose: |d| format!("POST:{}:{}:{}:{}", d.path, d.token, d.hash, d.timestamp),
        said: Some("a token was signed too, as in kinds B and E; kind C has none"),
    },
    Layout {
        compose: |d| format!("POST:{}::{}:{}", d.path, d.hash, d.timestamp),
        said: Some("an empty token was signed too; kind C has none"),
    },
    Layout {
        compose: |d| format!("post:{}:{}:{}", d.path, d.hash, d.timestamp),
        said: Some("the method was written in lower case; POST belongs there"),
    },
    Layout {
        compose: |d| format!("{}:{}:{}", d.path, d.hash, d.timestamp),
        said: Some(NO_METHOD),
    },
    Layout {
        compose: |d| format!("POST:{}:{}:{}\n", d.path, d.hash, d.timestamp),
        said: Some(ENDS_IN_NEWLINE),
    },
];

fn ids(parts: &Parts, secret: Option<&Secret>) -> Choices {
    let mut ids = Choices::right(&parts.client_id);
    if let Some(secret) = secret {
        let said = "the client secret was signed; the client id belongs there";
        ids.or(secret.expose(), said);
    }
    let said = "the client id was signed without the white space around it";
    ids.or(parts.client_id.trim(), said);
    ids
}

fn hashes(parts: &Parts) -> Choices {
    let forms = BodyForms::of(&parts.body);
    let mut hashes = Choices::right(body_sha256_hex(&forms.given));
    if let Some(bare) = forms.without_last_newline() {
        let said = "the body was hashed without the newline at its end (an editor's?)";
        hashes.or(body_sha256_hex(bare), said);
    }
    let said = "the body was hashed without the byte order mark before it";
    hashes.or(body_sha256_hex(without_byte_order_mark(&forms.given)), said);
    let said = "the body was minified before it was hashed";
    let forgiven = parts.kind.is_callback();
    hashes.or_forgiven(body_sha256_hex(&forms.minified), said, forgiven);
    if let Some(php) = &forms.php {
        let said =
            "the body was spelt as PHP's json_encode does (\\/ and \\uXXXX) before it was hashed";
        hashes.or(body_sha256_hex(php), said);
    }
    if let Some(plain) = &forms.plain {
        let said = "the body was spelt plainly (no \\/, no \\uXXXX) before it was hashed";
        hashes.or(body_sha256_hex(plain), said);
    }
    let said = "blanks inside strings were dropped with those outside before the body was hashed";
    hashes.or(body_sha256_hex(&forms.without_blanks), said);
    let with_newline = [parts.body.as_slice(), b"\n"].concat();
    let said = "the body was hashed with a newline at its end (echo without -n?)";
    hashes.or(body_sha256_hex(&with_newline), said);
    if let Ok(text) = std::str::from_utf8(&forms.minified) {
        let said = "the body itself was signed; its SHA-256 in lower-case hex belongs there";
        hashes.or(text, said);
    }
    hashes.or(body_sha256_hex(b""), "an empty body was hashed");
    let upper = body_sha256_hex(&forms.given).to_uppercase();
    let said = "the body's hash was written in upper case; lower-case hex belongs there";
    hashes.or(upper, said);
    let in_base64 = STANDARD.encode(Sha256::digest(&forms.given));
    let said = "the body's hash was written in base64; lower-case hex belongs there";
    hashes.or(in_base64, said);
    hashes
}

fn routes(parts: &Parts) -> Choices {
    let path = &parts.path;
    let mut routes = Choices::right(path);
    if let Some(query) = &parts.query {
        let said = "the query was signed with the path";
        let forgiven = parts.kind.is_callback();
        routes.or_forgiven(format!("{path}?{query}"), said, forgiven);
    }
    let documented: &[&str] = match parts.kind {
        Kind::Api => &CALLED_PATHS,
        Kind::Callback | Kind::SnapCallback | Kind::Token | Kind::SnapToken => &NOTIFIED_PATHS,
    };
    for other in documented {
        let short_qris = path == paths::NOTIFY_QRIS && *other == paths::NOTIFY_QRIS_SHORT;
        let said = format!("the path {other} was signed");
        routes.or_forgiven(*other, &said, short_qris && parts.kind.is_callback());
    }
    let toggled = match path.strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{path}/"),
    };
    let said = format!("the path was signed as {toggled}: mind the slash at its end");
    // The worker takes the path without it for the same path.
    let forgiven = path.ends_with('/') && parts.kind.is_callback();
    routes.or_forgiven(toggled, &said, forgiven);
    for origin in &parts.origins {
        let said = "the whole URL was signed; only its path belongs there";
        routes.or(format!("{}{path}", origin.trim_end_matches('/')), said);
    }
    if let Some(bare) = path.strip_prefix('/') {
        let said = "the path was signed without the slash at its beginning";
        routes.or(bare, said);
    }
    routes
}

fn tokens(parts: &Parts) -> Choices {
    let mut tokens = Choices::right(parts.token.expose());
    if parts.kind.signs_token() {
        let said = "`Bearer ` was signed with the token; the bare token belongs there";
        tokens.or(format!("Bearer {}", parts.token.expose()), said);
        tokens.or("", "an empty token was signed");
    }
    tokens
}

fn timestamps(given: &str) -> Choices {
    let mut forms = Choices::right(given);
    let Some(time) = parse_time(given) else {
        return forms;
    };
    let jakarta = time.with_timezone(&JAKARTA);
    let millis = SecondsFormat::Millis;
    for form in [
        format_jakarta(time),
        time.to_rfc3339_opts(SecondsFormat::Secs, false),
        time.to_rfc3339_opts(SecondsFormat::Secs, true),
        jakarta.to_rfc3339_opts(millis, false),
        time.to_rfc3339_opts(millis, true),
        jakarta.format("%Y-%m-%dT%H:%M:%S%z").to_string(),
        jakarta.format("%Y-%m-%d %H:%M:%S").to_string(),
        format_unix_seconds(time),
        time.timestamp_millis().to_string(),
    ] {
        let said = format!("the timestamp was signed as {form}; X-TIMESTAMP itself belongs there");
        forms.or(form, said);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_reading_comes_first_and_none_has_more_than_two_differences() {
        let parts = Parts {
            kind: Kind::SnapCallback,
            client_id: String::new(),
            path: paths::NOTIFY_QRIS.to_owned(),
            query: Some("a=1".to_owned()),
            origins: vec!["https://pay.example.co.id".to_owned()],
            token: Secret::new("t"),
            timestamp: "2025-06-01T10:15:30+07:00".to_owned(),
            body: b"{\"a\": \"/\"}\n".to_vec(),
        };
        let readings = readings_of(&parts, None);
        let first = readings.first().unwrap();
        assert_eq!(first.string, parts.string_to_sign());
        assert!(first.differences.is_empty());
        assert!(readings.iter().all(|one| one.differences.len() <= 2));
        assert!(readings.len() > 200, "{}", readings.len());
        let forgiven = readings
            .iter()
            .filter(|one| one.differences.len() == 1)
            .filter(|one| one.differences.iter().all(|difference| difference.forgiven));
        assert_eq!(forgiven.count(), 3);
    }
}
