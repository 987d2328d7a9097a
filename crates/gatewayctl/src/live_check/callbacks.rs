//! What the provider's callbacks showed: who signs what, where they go, when they come again.

use std::time::Duration;

use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::Run;
use super::creates::{Made, Part};
use super::inbox::{Inbox, REPLIES, Received};
use super::notice::{How, Route, Signed, read};
use super::report::{Finding, Setting, on};
use super::{callback_bodies, portal};
use crate::output::say;

/// After the second of two answers came again, how much longer the first may take.
const LATE: Duration = Duration::from_secs(3);

/// Has everything paid, listens, and judges.
pub(crate) async fn check(run: &mut Run, inbox: &Inbox, waits: (Duration, Duration)) {
    let made = portal::to_pay(run);
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
    portal::mark_paid(run, inbox, &made, waits.0).await;
    let signed = |reference: &str| -> Option<(Received, Option<Signed>)> {
        let one = inbox.about(reference).into_iter().next()?;
        let read = read(&one, &run.public_origin(), &run.keys);
        Some((one, read))
    };
    let (first, second) = (signed(&plain), signed(&query));
    let accounts: Vec<(Received, Option<Signed>)> = made
        .iter()
        .filter(|one| one.method == Method::VirtualAccount)
        .filter_map(|one| signed(&one.reference))
        .collect();
    let mut findings = routes(first.as_ref(), second.as_ref());
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
    repeats(run, inbox, (&plain, &query), waits.1).await;
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
    let asked = on(
        "42",
        "the provider's public key",
        "the callback's signature",
    );
    let key = match first.and_then(|(_, signed)| signed.as_ref()) {
        Some(signed) if signed.how == How::Rsa => {
            asked.seen(&signed.key).right("it is one of ours")
        }
        Some(signed) => asked
            .seen(&signed.key)
            .open("it was signed with the secret, not with a key"),
        None => asked.open("no callback's signature was understood"),
    };
    vec![route, query, key]
}

/// Path and header names: nothing secret.
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
    match (
        one.bearer().is_some(),
        signed.as_ref().map(|signed| signed.how),
    ) {
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
        let text = "it asked for no token: callbacks come without SNAP";
        return vec![asked.not_asked(text)];
    };
    let given = one.header("x-client-key").unwrap_or_default().to_owned();
    let accepted = run.snap_client_keys();
    let timestamp = one.header("x-timestamp").unwrap_or_default();
    let signature = one.header("x-signature").unwrap_or_default();
    let message = format!("{given}|{timestamp}");
    let is_signed = run.keys.provider.iter().any(|named| {
        let bytes = message.as_bytes();
        named.key.verify_base64(bytes, signature)
    });
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

/// Who was paid and did not call back.
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

/// When a callback comes again, and which reply ends that.
async fn repeats(run: &mut Run, inbox: &Inbox, (plain, query): (&str, &str), most: Duration) {
    let count = |reference: &str| inbox.about(reference).len();
    let asked = on(
        "21",
        "what counts as a failed callback",
        "one callback answered with HTTP 200 and responseCode 5005600",
    );
    if count(query) == 0 {
        run.report
            .add(asked.open("no callback came that could have been refused"));
        run.report
            .add(on("19", "reply to a QRIS notice", "").open("no callback came"));
        return;
    }
    say(&format!(
        "waits up to {} s for the refused callback to come again",
        most.as_secs()
    ));
    let began = Instant::now();
    let again = inbox.wait(most, |inbox| inbox.about(query).len() > 1).await;
    let seen = if again {
        format!("it came again within {} s", began.elapsed().as_secs())
    } else {
        format!("it did not come again in {} s", most.as_secs())
    };
    let reading = if again {
        "responseCode counts, not HTTP alone; the gateway answers both alike"
    } else {
        "HTTP 200 alone ends it; the gateway answers both alike"
    };
    run.report.add(asked.seen(seen).right(reading));
    // The first was answered before the second, so that its repeat would be due before.
    let left = if again { LATE } else { Duration::ZERO };
    inbox.wait(left, |inbox| inbox.about(plain).len() > 1).await;
    let asked = on(
        "19",
        "reply to a QRIS notice",
        "a callback answered with 2005600",
    );
    let times = count(plain);
    run.report.add(if times == 0 {
        asked.open("no callback came")
    } else if times == 1 {
        let seen = "it did not come again".to_owned();
        asked
            .seen(seen)
            .right("2005600 is taken, as the gateway answers")
    } else {
        let last = || inbox.about(plain).len();
        let known = last();
        inbox
            .wait(LATE, |inbox| inbox.about(plain).len() > known)
            .await;
        let taken = REPLIES
            .get(last().saturating_sub(1))
            .unwrap_or(&"none of the known");
        asked
            .seen(format!("it came {} times", last()))
            .unfit(format!(
                "2005600 is not taken, {taken} is; no setting changes the reply"
            ))
    });
    let asked = on(
        "20",
        "reply to a virtual account's notice",
        "callbacks answered as documented",
    );
    let va: Vec<usize> = run
        .made
        .iter()
        .filter(|one| one.is_open && one.method == Method::VirtualAccount)
        .map(|one| count(&one.reference))
        .collect();
    run.report.add(match va.iter().max() {
        None | Some(0) => asked.open("no callback of a virtual account came"),
        Some(1) => asked
            .seen("none came again")
            .right("2005600, for SNAP 2002500 with virtualAccountData, as the gateway answers"),
        Some(times) => asked
            .seen(format!("one came {times} times"))
            .unfit("the documented reply is not taken; no setting changes it"),
    });
    if let Some(one) = inbox.about(plain).first() {
        let is_short = one.path == paths::NOTIFY_QRIS_SHORT;
        let reading = if is_short {
            "/v1/…; the gateway takes it"
        } else {
            "the URL's own path"
        };
        run.report.add(
            on("23", "path of the QRIS notice", "a paid QRIS")
                .seen(format!("POST {}", one.path))
                .right(reading),
        );
        let forwarded = one
            .header("x-forwarded-for")
            .map_or("", |_| " (by X-Forwarded-For)");
        let from = one.header("x-forwarded-for").unwrap_or(&one.peer);
        run.report.add(
            on("38", "address that callbacks come from", "a paid QRIS")
                .seen(format!("{from}{forwarded}"))
                .not_asked(format!("seen: {from}; the gateway does not filter by it")),
        );
    }
}

/// A member's text of a callback.
pub(crate) fn member<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name)
        .or_else(|| body.get("additionalInfo").and_then(|info| info.get(name)))
}
