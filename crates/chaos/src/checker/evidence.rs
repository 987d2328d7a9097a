//! The three journals and the database, read into the shape the checks want.

use std::{collections::BTreeMap, sync::Arc};

use devstack::Trouble;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::database::Database;
use crate::{harness::rig::Journals, load::webhook_receiver::hex, tools::journal};

/// A shop's request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Asked {
    pub(super) n: u64,
    pub(super) at_ms: u64,
    pub(super) op: String,
    pub(super) what: String,
    pub(super) shop: String,
    pub(super) key: Option<String>,
    pub(super) body: Option<String>,
}

/// The answer to a shop's request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Answered {
    pub(super) n: u64,
    #[serde(default)]
    pub(super) at_ms: u64,
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) replayed: Option<String>,
    pub(super) body: String,
}

/// A callback, the sandbox's or one made by hand.
#[derive(Debug, Clone)]
pub(super) struct Callback {
    pub(super) path: String,
    pub(super) digest: String,
    pub(super) kind: String,
    pub(super) is_accepted: bool,
    pub(super) status: Option<u64>,
    pub(super) reference: Option<String>,
    /// Content of its body.
    pub(super) said: Said,
}

/// Content of a callback's body about a payment.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// Value of `latestTransactionStatus`.
    pub(super) status: Option<String>,
    /// The provider's number in it.
    pub(super) name: Option<String>,
    /// True when there is white space between its tokens.
    pub(super) is_spaced: bool,
}

/// A call that the provider served.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Served {
    pub(super) call: String,
    pub(super) reference: Option<String>,
    pub(super) response_code: Option<String>,
    pub(super) fault: Option<String>,
    /// SHA-256 of the request's body.
    pub(super) body_sha: Option<String>,
}

impl Served {
    /// Returns whether the provider, undisturbed, did not accept the caller's token.
    pub(super) fn is_refused(&self) -> bool {
        let code = self.response_code.as_deref().unwrap_or_default();
        self.fault.is_none() && code.starts_with("401")
    }
}

/// The provider's calls of a time in which all tokens were lost at once under parallel requests.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Race {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) processes: usize,
}

/// Money, or its end, at the provider.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) reference: String,
    pub(super) status: String,
    pub(super) minor: i64,
    /// The sum's own number, where a payment takes several.
    pub(super) transfer: Option<String>,
}

/// A webhook that arrived.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Arrived {
    pub(super) endpoint: Option<String>,
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) body_id: Option<String>,
    pub(super) order: Option<String>,
    pub(super) version: Option<i64>,
    pub(super) sha: String,
    pub(super) verified: bool,
    pub(super) by_old_secret: bool,
    pub(super) answer: Value,
}

impl Arrived {
    /// Returns the event's bare id.
    pub(super) fn event(&self) -> &str {
        bare(&self.id)
    }

    /// Returns whether the gateway may have read a success.
    pub(super) fn is_success(&self) -> bool {
        self.answer == json!(200) || self.answer == json!("drip")
    }
}

/// Everything the checks look at.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub(super) asked: Vec<Asked>,
    pub(super) answered: BTreeMap<u64, Answered>,
    pub(super) callbacks: Vec<Callback>,
    pub(super) served: Vec<Served>,
    pub(super) settled: Vec<Settled>,
    pub(super) arrived: Vec<Arrived>,
    pub(super) calm: Option<(u64, u64)>,
    pub(super) rotated: bool,
    pub(super) database: Database,
    pub(super) races: Vec<Race>,
    /// Places that must not hold secrets, and what is in them.
    pub(super) public: Vec<(String, Arc<str>)>,
    /// Places that could not be searched.
    pub(super) unread: Vec<String>,
    /// Texts that must not be in them, each with a name for the finding.
    pub(super) canaries: Vec<(String, String)>,
    /// Bound on token calls.
    pub(super) tokens_max: u64,
}

impl Evidence {
    /// Reads the journals and the database.
    ///
    /// # Errors
    /// Fails when something cannot be read.
    pub fn read(journals: &Journals, database_url: &str) -> Result<Self, Trouble> {
        Self::of(
            journal::read(&journals.load())?,
            journal::read(&journals.provider())?,
            journal::read(&journals.sink())?,
            database_url,
        )
    }

    /// Builds the evidence from these lines and this database.
    pub(super) fn of(
        load: Vec<Value>,
        provider: Vec<Value>,
        sink: Vec<Value>,
        database_url: &str,
    ) -> Result<Self, Trouble> {
        let mut evidence = Self {
            database: Database::read(database_url)?,
            ..Self::default()
        };
        evidence.add_load(load)?;
        evidence.add_provider(provider)?;
        evidence.arrived = sink.into_iter().map(line).collect::<Result<_, _>>()?;
        Ok(evidence)
    }

    fn add_load(&mut self, lines: Vec<Value>) -> Result<(), Trouble> {
        let mut calm = (None, None);
        for entry in lines {
            let at = entry.get("at_ms").and_then(Value::as_u64);
            match entry.get("t").and_then(Value::as_str).unwrap_or_default() {
                "request" => self.asked.push(line(entry)?),
                "reply" => {
                    let reply: Answered = line(entry)?;
                    self.answered.insert(reply.n, reply);
                }
                "callback" => self.callbacks.extend(by_hand(&entry)),
                "token_race" => self.races.push(line(entry)?),
                "rotation" => self.rotated = entry.get("rotated") == Some(&json!(true)),
                "mark" if entry.get("name") == Some(&json!("calm_begins")) => calm.0 = at,
                "mark" => calm.1 = at,
                _ => {}
            }
        }
        self.calm = calm.0.zip(calm.1);
        Ok(())
    }

    fn add_provider(&mut self, lines: Vec<Value>) -> Result<(), Trouble> {
        for entry in lines {
            match entry.get("event").and_then(Value::as_str) {
                Some("call") => self.served.push(line(entry)?),
                Some("settle") => self.settled.extend(settled(&entry)),
                Some("callback") => self.callbacks.extend(by_sandbox(&entry)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Returns the requests with their replies.
    pub(super) fn exchanges(&self) -> impl Iterator<Item = (&Asked, &Answered)> {
        self.asked
            .iter()
            .filter_map(|asked| Some((asked, self.answered.get(&asked.n)?)))
    }

    /// Returns the provider's calls during a race.
    pub(super) fn served_during(&self, race: &Race) -> &[Served] {
        let to = race.to.min(self.served.len());
        self.served.get(race.from..to).unwrap_or_default()
    }
}

/// Strips an id of its prefix.
pub(super) fn bare(id: &str) -> &str {
    id.rsplit_once('_').map_or(id, |(_prefix, digits)| digits)
}

/// Parses minor units from `"150000.00"`.
pub(super) fn minor(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "00"));
    let whole: i64 = whole.parse().ok()?;
    let decimals: i64 = decimals.parse().ok()?;
    whole.checked_mul(100)?.checked_add(decimals)
}

/// Returns the SHA-256 of a body without the white space between its tokens.
pub(super) fn minified_digest(body: &str) -> String {
    let mut kept = Vec::with_capacity(body.len());
    let (mut in_string, mut escaped) = (false, false);
    for byte in body.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            continue;
        }
        kept.push(byte);
    }
    hex(&Sha256::digest(&kept))
}

/// Returns the lines of the services' logs that contain these words.
pub(super) fn log_lines<'a>(
    evidence: &'a Evidence,
    words: &'a str,
) -> impl Iterator<Item = &'a str> {
    let logs = evidence.public.iter();
    let logs = logs.filter(|(place, _)| place.ends_with(".log"));
    logs.flat_map(|(_, text)| text.lines())
        .filter(move |line| line.contains(words))
}

fn by_hand(entry: &Value) -> Option<Callback> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let status = entry.get("answer").and_then(Value::as_u64);
    Some(Callback {
        path: text("path")?,
        digest: minified_digest(&text("body")?),
        kind: text("kind")?,
        is_accepted: status == Some(200),
        status,
        reference: named_by(&text("body")?),
        said: said(&text("body")?),
    })
}

fn named_by(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let reference = body
        .get("originalPartnerReferenceNo")
        .or_else(|| body.get("trxId"))?;
    reference.as_str().map(str::to_owned)
}

fn said(text: &str) -> Said {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let read = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let transfer = read("/paymentRequestId");
    let name = read("/originalReferenceNo").or(transfer);
    // A SNAP notice of a transfer has no status: it is a success.
    let status = read("/latestTransactionStatus").or(transfer.map(|_| "00"));
    Said {
        status: status.map(str::to_owned),
        name: name.map(str::to_owned),
        is_spaced: text.contains(": "),
    }
}

fn by_sandbox(entry: &Value) -> Option<Callback> {
    let url = entry.get("url")?.as_str()?;
    let path = url.splitn(4, '/').nth(3)?;
    Some(Callback {
        path: format!("/{path}"),
        digest: minified_digest(entry.get("body")?.as_str()?),
        kind: "sandbox".to_owned(),
        is_accepted: entry.pointer("/answer/accepted") == Some(&json!(true)),
        status: entry.pointer("/answer/httpStatus").and_then(Value::as_u64),
        reference: entry
            .get("reference")
            .and_then(Value::as_str)
            .map(str::to_owned),
        said: said(entry.get("body")?.as_str()?),
    })
}

fn settled(entry: &Value) -> Option<Settled> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    Some(Settled {
        reference: text("/reference")?.to_owned(),
        status: text("/status")?.to_owned(),
        minor: text("/amount/value").and_then(minor).unwrap_or(0),
        transfer: text("/transfer").map(str::to_owned),
    })
}

fn line<T: DeserializeOwned>(entry: Value) -> Result<T, Trouble> {
    let shown = entry.to_string();
    serde_json::from_value(entry).map_err(|error| {
        Trouble::new(format!(
            "a journal line is not understood: {error}: {shown}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_outside_strings_does_not_count() {
        let tight = minified_digest(r#"{"a":"b \" c"}"#);
        assert_eq!(minified_digest("{ \"a\" :\n\t\"b \\\" c\" }"), tight);
        assert_ne!(minified_digest(r#"{"a":"b \"c"}"#), tight);
    }

    #[test]
    fn money_is_read_exactly() {
        assert_eq!(minor("150000.07"), Some(15_000_007));
        assert_eq!(minor("1.x"), None);
    }
}
