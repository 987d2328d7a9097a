//! Invariants about reports and replies to shops and others: 11 to 14, 16, 19 to 21, 23.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    checked::Checked,
    database::Event,
    evidence::{Answered, Asked, Evidence, Served, bare, log_lines},
};

/// Checks invariant 11: what arrived is ours, the same at every attempt, and what counts as
/// delivered was taken.
///
/// The payer's data join the body when it is sent, so the stored bytes differ.
pub(super) fn webhooks_are_ours(evidence: &Evidence) -> Checked {
    let events: BTreeMap<&str, &Event> = evidence
        .database
        .events
        .iter()
        .map(|event| (event.id.as_str(), event))
        .collect();
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for arrived in &evidence.arrived {
        first.entry(arrived.event()).or_insert(&arrived.sha);
    }
    let mut checked = Checked::each(evidence.arrived.iter(), |arrived| {
        let Some(event) = events.get(arrived.event()) else {
            return Some(format!("{} arrived and is unknown", arrived.id));
        };
        let is_same = first.get(arrived.event()) == Some(&arrived.sha.as_str())
            && arrived.body_id.as_deref() == Some(arrived.id.as_str())
            && arrived.kind.as_deref() == Some(event.kind.as_str())
            && arrived.order.as_deref().map(bare) == event.order_id.as_deref()
            && arrived.version == event.order_version;
        (!is_same).then(|| format!("{} arrived altered", arrived.id))
    });
    checked.add(delivered_was_taken(evidence));
    checked
}

fn delivered_was_taken(evidence: &Evidence) -> Checked {
    let taken: BTreeSet<(&str, &str)> = evidence
        .arrived
        .iter()
        .filter(|arrived| arrived.is_success())
        .filter_map(|arrived| Some((arrived.event(), bare(arrived.endpoint.as_deref()?))))
        .collect();
    let known: BTreeSet<&str> = evidence
        .arrived
        .iter()
        .filter_map(|arrived| arrived.endpoint.as_deref().map(bare))
        .collect();
    let delivered = evidence
        .database
        .deliveries
        .iter()
        .filter(|row| row.state == "delivered" && known.contains(row.endpoint.as_str()));
    Checked::each(delivered, |row| {
        let is_taken = taken.contains(&(row.event.as_str(), row.endpoint.as_str()));
        (!is_taken).then(|| format!("event {} counts as delivered, nobody took it", row.event))
    })
}

/// Checks invariant 12: every webhook verifies and is for its own shop.
pub(super) fn webhooks_verify(evidence: &Evidence) -> Checked {
    let owners: BTreeMap<&str, &str> = evidence
        .database
        .events
        .iter()
        .map(|event| (event.id.as_str(), event.merchant.as_str()))
        .collect();
    let mut checked = Checked::each(evidence.arrived.iter(), |arrived| {
        (!arrived.verified).then(|| format!("{} does not verify", arrived.id))
    });
    checked.add(Checked::each(evidence.database.deliveries.iter(), |row| {
        let owner = owners.get(row.event.as_str()).copied();
        let foreign = owner != Some(row.endpoint_merchant.as_str());
        foreign.then(|| format!("event {} goes to another shop", row.event))
    }));
    checked
}

/// Checks invariant 13: forgeries are refused and leave nothing; strangers and the unreadable
/// change nothing.
pub(super) fn forgeries_do_nothing(evidence: &Evidence) -> Checked {
    let inbox: BTreeMap<&str, &str> = evidence
        .database
        .notifications
        .iter()
        .map(|row| (row.digest.as_str(), row.verdict.as_str()))
        .collect();
    let poison = evidence
        .callbacks
        .iter()
        .filter(|callback| matches!(callback.kind.as_str(), "forged" | "stranger" | "unreadable"));
    Checked::each(poison, |callback| {
        let verdict = inbox.get(callback.digest.as_str()).copied();
        let is_right = match callback.kind.as_str() {
            "forged" => verdict.is_none() && !callback.is_accepted,
            "stranger" => matches!(verdict, None | Some("unknown_reference")),
            _ => matches!(verdict, None | Some("unreadable" | "unknown_reference")),
        };
        let (kind, status) = (&callback.kind, callback.status);
        (!is_right).then(|| format!("a {kind} callback: answered {status:?}, kept as {verdict:?}"))
    })
}

/// Checks invariant 14: tokens are asked for as often as they run out or are lost, by each process
/// once.
pub(super) fn tokens_are_few(evidence: &Evidence) -> Checked {
    let count = tokens(&evidence.served);
    let max = usize::try_from(evidence.tokens_max).unwrap_or(usize::MAX);
    let mut checked = Checked {
        count,
        findings: Vec::new(),
    };
    if count > max {
        let text = format!("{count} token calls; {max} would do");
        checked.findings.push(text);
    }
    checked.add(Checked::each(evidence.races.iter(), |race| {
        let count = tokens(evidence.served_during(race));
        let text = || {
            format!(
                "a token race of {} processes: {count} fetched",
                race.processes
            )
        };
        (count > race.processes).then(text)
    }));
    checked
}

fn tokens(served: &[Served]) -> usize {
    served
        .iter()
        .filter(|served| served.call == "token")
        .count()
}

/// Counts, for invariant 28, the races in which several requests were refused and one token served
/// them all.
pub(super) fn races_won_by_one(evidence: &Evidence) -> usize {
    let races = evidence.races.iter();
    races
        .filter(|race| {
            let served = evidence.served_during(race);
            let refused = served.iter().filter(|one| one.is_refused());
            refused.count() > 1 && tokens(served) == 1
        })
        .count()
}

/// Checks invariant 16: a key has one order, its final replies are the same bytes, and another body
/// gets a 422.
pub(super) fn replies_repeat(evidence: &Evidence) -> Checked {
    let mut finals: BTreeMap<(&str, &str), BTreeSet<(u16, &str)>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (asked, answered) in evidence.exchanges() {
        let Some(key) = asked.key.as_deref() else {
            continue;
        };
        if asked.what == "mismatch" {
            if !matches!(answered.status, 422 | 429 | 503) {
                let status = answered.status;
                wrong.push(format!(
                    "{key} was sent with another body and answered {status}"
                ));
            }
            continue;
        }
        if matches!(answered.status, 201 | 424) {
            let replies = finals.entry((&asked.shop, key)).or_default();
            replies.insert((answered.status, &answered.body));
        }
        if answered.status == 422 {
            wrong.push(format!("{key} was sent unchanged and answered 422"));
        }
    }
    let mut checked = Checked::each(finals.iter(), |((_, key), replies)| {
        (replies.len() > 1).then(|| format!("{key} got {} different replies", replies.len()))
    });
    checked.findings.extend(wrong);
    let mut rows: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut orders: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for row in &evidence.database.creations {
        if let Some(key) = row.key.as_deref() {
            *rows.entry((&row.merchant, key)).or_default() += 1;
            orders
                .entry((&row.merchant, key))
                .or_default()
                .insert(&row.order_id);
        }
    }
    checked.add(Checked::each(rows.iter(), |((_, key), count)| {
        (*count > 1).then(|| format!("{key} was worked on {count} times"))
    }));
    checked
}

/// Checks invariant 19: no reply names an order or payment of another shop.
pub(super) fn tenants_are_apart(evidence: &Evidence) -> Checked {
    let owners: BTreeMap<&str, &str> = evidence
        .database
        .orders
        .iter()
        .map(|order| (order.id.as_str(), order.merchant.as_str()))
        .collect();
    Checked::each(evidence.exchanges(), |(asked, answered)| {
        let own = bare(&asked.shop);
        let foreign = answered.body.split("ord_").skip(1).find(|rest| {
            let id: String = rest.chars().take(32).collect();
            owners.get(id.as_str()).is_some_and(|owner| *owner != own)
        });
        foreign.map(|_| format!("{} was told of another shop's order", asked.op))
    })
}

/// Checks invariant 20: no secret and no personal data in logs, errors, metrics, Redis and the
/// columns that are not sealed.
pub(super) fn canaries_are_silent(evidence: &Evidence) -> Checked {
    let errors: String = evidence
        .exchanges()
        .filter(|(_, answered)| answered.status >= 400)
        .map(|(_, answered)| answered.body.as_str())
        .collect();
    let errors = ("the errors".to_owned(), errors.into());
    let mut checked = Checked::default();
    for (place, text) in evidence.public.iter().chain([&errors]) {
        checked.add(Checked::each(evidence.canaries.iter(), |(name, canary)| {
            text.contains(canary)
                .then(|| format!("{name} is in {place}"))
        }));
    }
    let unread = evidence.unread.iter();
    checked.add(Checked::each(unread, |place| {
        Some(format!("{place} could not be searched"))
    }));
    checked
}

/// Checks invariant 21: errors are the contract's: 503 with `Retry-After` at worst, always
/// problem+json.
pub(super) fn errors_are_right(evidence: &Evidence) -> Checked {
    let errors = evidence
        .exchanges()
        .filter(|(_, answered)| answered.status >= 400);
    let mut checked = Checked::each(errors, |(asked, answered)| wrong_error(asked, answered));
    checked.add(Checked::each(evidence.callbacks.iter(), |callback| {
        let is_known = matches!(callback.status, None | Some(200 | 401 | 408 | 503));
        (!is_known).then(|| format!("a callback was answered {:?}", callback.status))
    }));
    checked
}

fn wrong_error(asked: &Asked, answered: &Answered) -> Option<String> {
    let (op, status) = (&asked.op, answered.status);
    // The HTTP library itself answers so to what waited while the process was frozen: nothing was
    // read.
    if status == 408 && answered.body.is_empty() {
        return None;
    }
    let problem: Value = serde_json::from_str(&answered.body).unwrap_or_default();
    let kind = answered.content_type.as_deref().unwrap_or_default();
    let is_problem = kind.starts_with("application/problem+json")
        && problem.get("status") == Some(&json!(status))
        && problem.get("code").is_some_and(Value::is_string)
        && problem.get("request_id").is_some_and(Value::is_string);
    if !is_problem {
        return Some(format!(
            "{op} got a {status} that is no problem+json: {}",
            answered.body
        ));
    }
    let must_wait = matches!(status, 429 | 503);
    if must_wait && answered.retry_after.is_none() {
        return Some(format!("{op} got {status} without Retry-After"));
    }
    let is_expected = matches!(
        (asked.what.as_str(), status),
        (_, 503 | 429)
            | ("create" | "switch" | "replay", 409 | 424)
            | ("cancel", 409)
            | ("mismatch", 422)
    );
    (!is_expected).then(|| {
        let code = problem
            .get("code")
            .and_then(Value::as_str)
            .unwrap_or_default();
        format!("{} {op} got {status} {code}", asked.what)
    })
}

/// Checks invariant 23: nothing panicked.
pub(super) fn nothing_panicked(evidence: &Evidence) -> Checked {
    let mut checked = Checked::each(log_lines(evidence, "panicked"), |line| {
        Some(line.to_owned())
    });
    let all = log_lines(evidence, "");
    checked.count = all.count();
    checked
}
