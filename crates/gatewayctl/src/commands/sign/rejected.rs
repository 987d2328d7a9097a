//! Replays the callbacks that were rejected, to see whether a known confusion explains them.

use ledger::{RefusedNotification, Urgency};
use serde_json::{Value, json};

use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::signatures::{
    KeySource, Keys, Kind, Parts, explain, headers_of, known_origins, read_keys,
};

const CAVEAT: &str = "Authorization headers are never kept: what came with a token (kind E) was tried by the \
                      worker while it had it, one a second at most, and is shown as it explained it; what it \
                      could not explain shows as unexplained.";

pub(crate) async fn replay(source: &KeySource, limit: i64) -> Result<Output, Failure> {
    let keys = read_keys(source, false)?;
    if keys.provider.is_empty() {
        let text = "no key: set AYOLINX_PUBLIC_KEY_FILES or give --public-key";
        return Err(Failure::new(text));
    }
    let settings = connect::settings()?;
    let refused = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.refused(limit))
        .await?;
    let replayed: Vec<(&RefusedNotification, String)> = refused
        .iter()
        .map(|one| (one, explanation(one, &keys)))
        .collect();
    let rows: Vec<Vec<String>> = replayed
        .iter()
        .map(|(one, why)| vec![target(one), one.reason.clone(), why.clone()])
        .collect();
    let data: Vec<Value> = replayed
        .iter()
        .map(|(one, why)| {
            json!({"path": one.path, "query": one.query, "reason": one.reason, "explanation": why})
        })
        .collect();
    let human = format!(
        "{}\n{CAVEAT}\n",
        table(&["PATH", "REFUSED FOR", "EXPLANATION"], &rows)
    );
    Ok(Output::new(human, json!({"data": data, "note": CAVEAT})))
}

fn target(one: &RefusedNotification) -> String {
    match &one.query {
        Some(query) => format!("{}?{query}", one.path),
        None => one.path.clone(),
    }
}

fn explanation(one: &RefusedNotification, keys: &Keys) -> String {
    if let Some(known) = &one.explanation {
        return known.clone();
    }
    let headers = headers_of(&one.headers);
    let (Some(signature), Some(timestamp)) =
        (headers.get("x-signature"), headers.get("x-timestamp"))
    else {
        return "X-SIGNATURE or X-TIMESTAMP is missing".to_owned();
    };
    let parts = Parts {
        kind: Kind::Callback,
        client_id: String::new(),
        path: one.path.clone(),
        query: one.query.clone(),
        origins: known_origins(),
        token: String::new().into(),
        timestamp: timestamp.clone(),
        body: one.body.clone(),
    };
    let Some(found) = explain(&parts, keys, signature) else {
        return "unexplained: a forgery, an unknown key, or kind E".to_owned();
    };
    if found.is_accepted() {
        return format!("valid now, with {}", found.key);
    }
    found.reasons()
}
