//! `sign` and `verify`: shows what is signed, signs it, and explains signatures that do not hold.

mod rejected;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use ayolinx_core::provider_time::format_jakarta;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ApiCall, ClientSecret, body_sha256_hex, sign_api_call};
use chrono::Utc;
use serde_json::{Value, json};

use crate::cli::signatures::{Sign, SignedParts, Verify};
use crate::failure::Failure;
use crate::output::{Output, fields, printable};
use crate::signatures::{
    BodyForms, Found, Keys, Kind, Parts, caret, explain, first_difference, known_origins,
    read_keys, signing_key,
};

pub(crate) fn sign(asked: &Sign) -> Result<Output, Failure> {
    let keys = read_keys(&asked.keys, Kind::from(asked.parts.kind).is_ours())?;
    let parts = parts_of(&asked.parts, &keys, true)?;
    let signature = signature_of(asked, &parts, &keys)?;
    let note = "none: only the provider holds the private key; name one with --private-key";
    let mut rows = shown(&parts);
    rows.push((
        "signature",
        signature.clone().unwrap_or_else(|| note.to_owned()),
    ));
    let mut json = shown_json(&parts);
    if let Some(members) = json.as_object_mut() {
        members.insert("signature".to_owned(), json!(signature));
    }
    Ok(Output::new(fields(&rows), json))
}

pub(crate) async fn verify(asked: &Verify) -> Result<Output, Failure> {
    if asked.rejected {
        return rejected::replay(&asked.keys, asked.limit).await;
    }
    let Some(given) = &asked.parts else {
        return Err(Failure::usage("--kind is needed, or --rejected"));
    };
    if asked.signature.is_none() && asked.expected_string.is_none() {
        let text = "nothing to compare with: give --signature, --expected-string or --rejected";
        return Err(Failure::usage(text));
    }
    let keys = read_keys(&asked.keys, Kind::from(given.kind).is_ours())?;
    let parts = parts_of(given, &keys, false)?;
    let mut human = fields(&shown(&parts));
    let mut json = shown_json(&parts);
    let mut wrong = false;
    if let Some(expected) = &asked.expected_string {
        let (text, found) = compare(&parts.string_to_sign(), expected);
        wrong |= !found.is_null();
        human.push_str(&format!("\n{text}"));
        merge(&mut json, &[("first_difference", found)]);
    }
    if let Some(signature) = &asked.signature {
        require_keys(parts.kind, &keys)?;
        let found = explain(&parts, &keys, signature);
        wrong |= !found.as_ref().is_some_and(Found::is_accepted);
        human.push_str(&format!("\n{}", verdict(&parts, found.as_ref(), &keys)));
        merge(&mut json, &verdict_json(found.as_ref(), &keys));
    }
    Ok(Output::new(human, json).with_problem(wrong))
}

fn parts_of(given: &SignedParts, keys: &Keys, now_is_fine: bool) -> Result<Parts, Failure> {
    let kind = Kind::from(given.kind);
    let missing = |what: &str| Failure::usage(format!("kind {} needs {what}", kind.name()));
    let timestamp = match &given.timestamp {
        Some(text) => text.clone(),
        None if now_is_fine => format_jakarta(Utc::now()),
        None => return Err(missing("--timestamp, the X-TIMESTAMP header")),
    };
    let mut parts = Parts {
        kind,
        client_id: String::new(),
        path: String::new(),
        query: None,
        origins: known_origins(),
        token: bare_token(given.token.as_deref().unwrap_or_default()).into(),
        timestamp,
        body: Vec::new(),
    };
    if !kind.signs_body() {
        let id = keys.client_id.clone();
        parts.client_id = id.ok_or_else(|| missing("--client-id or AYOLINX_CLIENT_ID"))?;
        return Ok(parts);
    }
    let path = given.path.as_deref().ok_or_else(|| missing("--path"))?;
    (parts.path, parts.query) = path_and_query(path, given.query.as_deref());
    parts.origins.extend(origin_of(path));
    let body = given.body.as_deref().ok_or_else(|| missing("--body"))?;
    parts.body = read_body(body)?;
    if kind.signs_token() && parts.token.is_empty() {
        return Err(missing("--token"));
    }
    Ok(parts)
}

fn bare_token(token: &str) -> String {
    token.strip_prefix("Bearer ").unwrap_or(token).to_owned()
}

/// Returns the path and the query. A whole URL is taken too; only its path is signed.
fn path_and_query(given: &str, query: Option<&str>) -> (String, Option<String>) {
    let path = match given.split_once("://") {
        Some((_, rest)) => rest
            .split_once('/')
            .map_or_else(|| "/".to_owned(), |(_, path)| format!("/{path}")),
        None => given.to_owned(),
    };
    let (path, in_path) = match path.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (path, None),
    };
    (path, query.map(str::to_owned).or(in_path))
}

/// Returns `https://host` of a whole URL.
fn origin_of(given: &str) -> Option<String> {
    let (scheme, rest) = given.split_once("://")?;
    let host = rest.split('/').next()?;
    Some(format!("{scheme}://{host}"))
}

fn read_body(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path.as_os_str() == "-" {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body).map(|_| body)
    } else {
        fs::read(path)
    };
    read.map_err(|error| Failure::new(format!("--body {}: {error}", path.display())))
}

fn signature_of(asked: &Sign, parts: &Parts, keys: &Keys) -> Result<Option<String>, Failure> {
    let kind = parts.kind;
    if kind.uses_rsa() {
        let key = signing_key(&asked.keys, kind.is_ours())?;
        if key.is_none() && kind.is_ours() {
            let text = "no private key: set AYOLINX_PRIVATE_KEY_FILE or give --private-key";
            return Err(Failure::new(text));
        }
        return Ok(key.map(|key| key.sign_base64(parts.string_to_sign().as_bytes())));
    }
    require_keys(kind, keys)?;
    let secret = keys
        .secrets
        .first()
        .map(|named| ClientSecret::new(Secret::new(named.key.expose())))
        .transpose()
        .map_err(|error| Failure::new(error.to_string()))?;
    let call = ApiCall {
        path: &parts.path,
        token: parts.token.expose(),
        body: &parts.body,
        timestamp: &parts.timestamp,
    };
    Ok(secret.map(|secret| sign_api_call(&secret, &call)))
}

fn require_keys(kind: Kind, keys: &Keys) -> Result<(), Failure> {
    let text = match kind {
        Kind::Token if keys.ours.is_empty() => {
            "no key: set AYOLINX_PRIVATE_KEY_FILE or give --public-key"
        }
        Kind::Callback | Kind::SnapToken if keys.provider.is_empty() => {
            "no key: set AYOLINX_PUBLIC_KEY_FILES or give --public-key"
        }
        Kind::Api | Kind::SnapCallback if keys.secrets.is_empty() => {
            "no secret: set AYOLINX_CLIENT_SECRET or give --secret-file"
        }
        Kind::Token | Kind::Callback | Kind::SnapToken | Kind::Api | Kind::SnapCallback => {
            return Ok(());
        }
    };
    Err(Failure::new(text))
}

fn shown(parts: &Parts) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("kind", parts.kind.title().to_owned()),
        ("string to sign", parts.string_to_sign()),
    ];
    if !parts.kind.signs_body() {
        return rows;
    }
    let forms = BodyForms::of(&parts.body);
    rows.push(("body", format!("{} bytes", forms.given.len())));
    let given = body_sha256_hex(&forms.given);
    for (name, form) in [
        ("sha256 minified", Some(&forms.minified)),
        ("sha256 php", forms.php.as_ref()),
        ("sha256 plain", forms.plain.as_ref()),
    ] {
        let shown = match form.map(|form| body_sha256_hex(form)) {
            Some(hash) if hash == given => "the same".to_owned(),
            Some(hash) => hash,
            None => "the body is not JSON".to_owned(),
        };
        rows.push((name, shown));
    }
    rows.insert(3, ("sha256 as given", given));
    rows
}

fn shown_json(parts: &Parts) -> Value {
    let mut json = json!({
        "kind": parts.kind.name(),
        "string_to_sign": parts.string_to_sign(),
        "timestamp": parts.timestamp,
    });
    if parts.kind.signs_body() {
        let forms = BodyForms::of(&parts.body);
        let hash = |form: Option<&Vec<u8>>| form.map(|form| body_sha256_hex(form));
        let hashes = json!({
            "given": body_sha256_hex(&forms.given),
            "minified": body_sha256_hex(&forms.minified),
            "php": hash(forms.php.as_ref()),
            "plain": hash(forms.plain.as_ref()),
        });
        merge(&mut json, &[("body_sha256", hashes)]);
    }
    json
}

fn merge(json: &mut Value, pairs: &[(&str, Value)]) {
    if let Some(members) = json.as_object_mut() {
        for (name, value) in pairs {
            members.insert((*name).to_owned(), value.clone());
        }
    }
}

fn compare(ours: &str, expected: &str) -> (String, Value) {
    match first_difference(ours, expected) {
        None => ("the strings to sign are equal\n".to_owned(), Value::Null),
        Some(at) => {
            let lines = caret(
                ("string to sign", &printable(ours)),
                ("expected", &printable(expected)),
                at,
            );
            let text = format!("the strings to sign differ\n{lines}");
            (text, json!({"position": at.saturating_add(1)}))
        }
    }
}

fn verdict(parts: &Parts, found: Option<&Found>, keys: &Keys) -> String {
    let Some(found) = found else {
        return "INVALID: no known key and no known confusion gives this signature\n  \
                the body may have been altered on its way, or another key or secret signed it\n"
            .to_owned();
    };
    if found.differences.is_empty() {
        return format!("valid: signed with {}\n", found.key);
    }
    let reasons: String = found
        .differences
        .iter()
        .map(|one| format!("  {}\n", hidden(&one.text, keys)))
        .collect();
    let head = if found.is_accepted() {
        format!(
            "valid in a reading that the worker takes too; signed with {}",
            found.key
        )
    } else {
        format!("INVALID, and this is why (signed with {})", found.key)
    };
    let ours = printable(&parts.string_to_sign());
    let signed = printable(&hidden(&found.string, keys));
    let strings = first_difference(&ours, &signed)
        .map(|at| caret(("string to sign", &ours), ("what was signed", &signed), at));
    format!("{head}\n{reasons}{}", strings.unwrap_or_default())
}

fn verdict_json(found: Option<&Found>, keys: &Keys) -> [(&'static str, Value); 3] {
    let differences: Vec<String> = found
        .iter()
        .flat_map(|found| &found.differences)
        .map(|one| hidden(&one.text, keys))
        .collect();
    [
        ("valid", json!(found.is_some_and(Found::is_accepted))),
        ("differences", json!(differences)),
        (
            "signed",
            json!(found.map(|found| json!({
                "string": hidden(&found.string, keys),
                "key": found.key,
            }))),
        ),
    ]
}

/// Hides the secrets in a text: somebody may have signed the secret itself; it is not printed.
fn hidden(text: &str, keys: &Keys) -> String {
    keys.secrets
        .iter()
        .filter(|named| !named.key.is_empty())
        .fold(text.to_owned(), |text, named| {
            text.replace(named.key.expose(), "[client secret]")
        })
}
