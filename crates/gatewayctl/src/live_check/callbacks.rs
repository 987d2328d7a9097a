//! The findings from the provider's callbacks: who signs what, where they go, when they come again.

use std::time::Duration;

use ayolinx_core::method::Method;

use super::callback_listener::{Inbox, Received};
use super::callback_signature::{Body, How, Route, Signed, read};
use super::opened_transaction::{Made, Part, QUERY};
use super::report::{Finding, Setting, on};
use super::run::Run;
use super::{callback_bodies, redelivery_checks, sandbox_control};

/// Has everything paid, listens, and judges.
pub(crate) async fn check(run: &mut Run, inbox: &Inbox, waits: (Duration, Duration)) {
    let made = sandbox_control::to_pay(run);
    let of = |part| {
        let mut all = made.iter();
        all.find(|one| one.part == part && one.method == Method::Qris)
    };
    let (plain, query) = (of(Part::Plain).cloned(), of(Part::Query).cloned());
    let name = |one: &Option<Made>| {
        one.as_ref()
            .map_or_else(String::new, |one| one.reference.clone())
    };
    let (plain, query) = (name(&plain), name(&query));
    inbox.plan(&query, &plain);
    sandbox_control::mark_paid(run, inbox, &made, waits.0).await;
    let signed = |reference: &str| -> Option<(Received, Option<Signed>)> {
        let one = inbox.about(reference).into_iter().next()?;
        let origin = run.public_origin();
        if let Some(signed) = read(&one, &origin, &run.keys) {
            return Some((one, Some(signed)));
        }
        // The worker keeps no query, but it can only be the one we gave.
        let with_query = Received {
            query: Some(QUERY.to_owned()),
            ..one.clone()
        };
        match read(&with_query, &origin, &run.keys) {
            Some(signed) if one.is_verified => Some((with_query, Some(signed))),
            _ => {
                let taken = taken_by_the_worker(&one);
                Some((one, taken))
            }
        }
    };
    let (first, second) = (signed(&plain), signed(&query));
    let accounts: Vec<(Received, Option<Signed>)> = made
        .iter()
        .filter(|one| one.method == Method::VirtualAccount)
        .filter_map(|one| signed(&one.reference))
        .collect();
    let mut findings = routes(first.as_ref(), second.as_ref());
    findings.push(public_key(run, inbox, first.as_ref()));
    findings.push(callback_bodies::spelling(first.as_ref()));
    findings.extend(snap(inbox, &accounts));
    findings.push(qris_headers(first.as_ref()));
    findings.push(url_source(run, first.as_ref()));
    findings.extend(callback_bodies::content(first.as_ref().map(|(one, _)| one)));
    findings.extend(client_key(run, inbox));
    findings.push(silent(&made, inbox));
    for finding in findings {
        run.report.add(finding);
    }
    redelivery_checks::check(run, inbox, (&plain, &query), waits.1).await;
}

/// Returns the signature that the worker verified. Kind E cannot be checked again: its token is
/// never kept.
fn taken_by_the_worker(one: &Received) -> Option<Signed> {
    one.is_verified.then(|| Signed {
        how: How::Sha512,
        route: Route::Path,
        body: Body::AsReceived,
        bodies_agree: false,
        key: "the client secret (the worker checked it)".to_owned(),
    })
}

fn routes(
    first: Option<&(Received, Option<Signed>)>,
    second: Option<&(Received, Option<Signed>)>,
) -> Vec<Finding> {
    let asked = on(
        "1",
        "route in a callback's signature",
        "a paid QRIS with a callback URL of our own",
    );
    let route = match first {
        None => asked.open("no callback came"),
        Some((one, None)) => asked.seen(came(one)).open(
            "it fits no key of AYOLINX_PUBLIC_KEY_FILES and no known string: is that the public key \
             of this environment?",
        ),
        Some((one, Some(signed))) => {
            let seen = format!("{}, signed with {}", came(one), signed.key);
            let reading = signed.route.say();
            match signed.route {
                Route::WholeUrl => asked.seen(seen).unfit(format!("{reading}, which is not checked")),
                _ => asked.seen(seen).right(format!(
                    "{reading}; our callback URLs have the documented paths, so that both are the same"
                )),
            }
        }
    };
    let asked = on(
        "2",
        "route with a query",
        "a paid QRIS whose callback URL has a query",
    );
    let query = match second {
        None => asked.open("no callback came"),
        Some((one, None)) => asked.seen(came(one)).open("it fits no known string"),
        Some((one, Some(_))) if one.query.is_none() => asked
            .seen(came(one))
            .open("the query did not come back, so that nothing tells"),
        Some((one, Some(signed))) => asked.seen(came(one)).right(format!(
            "{}; the gateway takes both, and registers URLs without a query",
            signed.route.say()
        )),
    };
    vec![route, query]
}

/// Finds the key that signed: a callback's, or with SNAP that of its token request.
fn public_key(run: &Run, inbox: &Inbox, first: Option<&(Received, Option<Signed>)>) -> Finding {
    let asked = on(
        "42",
        "the provider's public key",
        "signatures that a key makes",
    );
    let signed = first.and_then(|(_, signed)| signed.as_ref());
    if let Some(signed) = signed.filter(|signed| signed.how == How::Rsa) {
        return asked.seen(&signed.key).right("it is one of ours");
    }
    let requests = inbox.token_requests();
    match requests.first().map(|one| token_key(run, one)) {
        Some(Some(key)) => asked
            .seen(key)
            .right("it is one of ours (of the token request)"),
        Some(None) => asked
            .seen("a token request")
            .open("no key of AYOLINX_PUBLIC_KEY_FILES signed it"),
        None => asked.open("no signature came that a key of ours verifies"),
    }
}

/// Returns the key that signed a token request by the rule.
fn token_key(run: &Run, one: &Received) -> Option<String> {
    let given = one.header("x-client-key")?;
    let message = format!("{given}|{}", one.header("x-timestamp")?);
    let signature = one.header("x-signature")?;
    let mut keys = run.keys.provider.iter();
    keys.find(|named| named.key.verify_base64(message.as_bytes(), signature))
        .map(|named| named.name.clone())
}

/// Describes the path and header names: nothing secret.
fn came(one: &Received) -> String {
    let query = one.query.as_ref().map_or("", |_| "?…");
    let mut names: Vec<&str> = one.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    format!("POST {}{query} with {}", one.path, names.join(", "))
}

fn snap(inbox: &Inbox, accounts: &[(Received, Option<Signed>)]) -> Vec<Finding> {
    let hash = on("5", "hash of SNAP callbacks", "a paid virtual account");
    let string = on("6", "string of SNAP callbacks", "a paid virtual account");
    let Some((one, signed)) = accounts.first() else {
        return vec![
            hash.open("no callback of a virtual account came"),
            string.open("no callback of a virtual account came"),
        ];
    };
    let (hash, string) = (hash.seen(came(one)), string.seen(came(one)));
    let token = one.bearer().map(|token| inbox.gave(token));
    match signed.as_ref().map(|signed| signed.how) {
        Some(How::Rsa) => vec![
            hash.not_asked("virtual accounts call back without SNAP here: there is no HMAC"),
            string.not_asked("virtual accounts call back without SNAP here: POST:route:hash:time"),
        ],
        Some(How::Sha512) if token == Some(false) => vec![
            hash.right("HMAC-SHA512"),
            string.unfit("the five parts, with a token that was not given here"),
        ],
        Some(How::Sha512) => vec![
            hash.right("HMAC-SHA512, as the gateway checks"),
            string.right("POST:route:token:hash:time, as the gateway checks"),
        ],
        Some(How::Sha256) => vec![
            hash.unfit("HMAC-SHA256; the gateway checks HMAC-SHA512, and no setting changes that"),
            string.right("POST:route:token:hash:time, as the gateway checks"),
        ],
        Some(How::WithoutToken) => vec![
            hash.right("HMAC-SHA512, as the gateway checks"),
            string.unfit(
                "without the token; the gateway checks five parts, and no setting changes that",
            ),
        ],
        None => vec![
            hash.open("its signature fits no known string and key"),
            string.open("its signature fits no known string and key"),
        ],
    }
}

fn qris_headers(first: Option<&(Received, Option<Signed>)>) -> Finding {
    let asked = on("7", "token with the notice of QRIS", "a paid QRIS");
    let Some((one, signed)) = first else {
        return asked.open("no callback came");
    };
    let asked = asked.seen(came(one));
    let has_token = one.bearer().is_some()
        || (one.is_verified
            && signed
                .as_ref()
                .is_some_and(|signed| signed.how == How::Sha512));
    match (has_token, signed.as_ref().map(|signed| signed.how)) {
        (false, Some(How::Rsa)) => {
            asked.right("no token; signed as kind C, as the gateway checks then")
        }
        (true, Some(How::Sha512)) => {
            asked.right("a token; signed as kind E, as the gateway checks then")
        }
        (true, Some(How::Rsa)) => {
            asked.unfit("a token, and yet signed as kind C: the gateway checks kind E then")
        }
        (_, Some(_)) => asked.unfit("signed in a way that the gateway does not check"),
        (_, None) => asked.open("its signature was not understood"),
    }
}

fn url_source(run: &Run, first: Option<&(Received, Option<Signed>)>) -> Finding {
    let asked = on(
        "22",
        "callback URL: the request's or the portal's",
        "a QRIS with a URL of its own",
    );
    let Some((one, _)) = first else {
        return asked.open("no callback came here");
    };
    let asked = asked.seen(format!("POST {}", one.path));
    if run
        .callback_url(Method::Qris)
        .is_some_and(|url| url.ends_with(&one.path))
    {
        asked.right("the request's; the gateway sends it (AYOLINX_SEND_NOTIFICATION_URL)")
    } else {
        asked.right(
            "the portal's, whatever the request says: save CALLBACK_PUBLIC_URL and the documented \
             path there for each product",
        )
    }
}

fn client_key(run: &Run, inbox: &Inbox) -> Vec<Finding> {
    let asked = on(
        "8",
        "X-CLIENT-KEY the provider uses toward us",
        "its token request",
    );
    let requests = inbox.token_requests();
    let Some(one) = requests.first() else {
        let text = if run.is_stored {
            "the worker answers token requests and keeps none; --listen shows them"
        } else {
            "it asked for no token: callbacks come without SNAP"
        };
        return vec![asked.not_asked(text)];
    };
    let given = one.header("x-client-key").unwrap_or_default().to_owned();
    let accepted = run.snap_client_keys();
    let is_signed = token_key(run, one).is_some();
    let is_ours = given == run.provider.account.client_id;
    let seen = if is_ours {
        "our client id"
    } else {
        "another key"
    };
    let wanted = if accepted.contains(&given) {
        accepted.join(",")
    } else {
        given.clone()
    };
    let setting = Setting {
        name: "AYOLINX_SNAP_CLIENT_KEYS",
        current: accepted.join(","),
        wanted,
    };
    let reading = format!("{seen}, {given}");
    let key = asked.seen(came(one)).set(reading, setting);
    let asked = on("9", "signature of its token request", "its token request").seen(came(one));
    let signature = if is_signed {
        asked.right("X-CLIENT-KEY | X-TIMESTAMP, as the gateway checks")
    } else {
        asked.unfit("not X-CLIENT-KEY | X-TIMESTAMP under a key of AYOLINX_PUBLIC_KEY_FILES")
    };
    let body = one.json();
    let spelling = ["grantType", "grant_type"]
        .into_iter()
        .find(|name| body.get(name).is_some());
    let asked = on("30", "grantType of its token request", "its token request").seen(came(one));
    let grant = match spelling {
        Some(name) => asked.right(format!("{name}; the gateway takes both")),
        None => asked.unfit("neither grantType nor grant_type: the gateway refuses it"),
    };
    vec![key, signature, grant]
}

/// Reports the transactions that were paid and got no callback.
fn silent(made: &[Made], inbox: &Inbox) -> Finding {
    let asked = on(
        "22",
        "callbacks of every method",
        "a paid transaction of each method",
    );
    let mut came: Vec<String> = Vec::new();
    let mut missing: Vec<String> = Vec::new();
    for one in made {
        let first = inbox.about(&one.reference).into_iter().next();
        match first {
            Some(first) => {
                let is_signed = first.header("authorization").is_some();
                let mode = if is_signed { "SNAP" } else { "without SNAP" };
                came.push(format!("{} at {} {mode}", one.channel, first.path));
            }
            None => missing.push(one.channel.clone()),
        }
    }
    let asked = asked.seen(came.join("; "));
    if missing.is_empty() {
        asked.right("all called back")
    } else {
        asked.open(format!(
            "no callback of {}: was it marked as paid, does its URL in the portal lead here, and is \
             this listener reachable from outside?",
            missing.join(", ")
        ))
    }
}
