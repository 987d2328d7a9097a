//! The token: who signs what for it, how long it lives, whether a new one revokes the one before.

use std::time::Duration;

use ayolinx_core::messages::paths;
use tokio::time::Instant;

use super::inquiry::unknown_inquiry;
use super::provider_http::{Answer, Call, brief, now};
use super::report::on;
use super::run::Run;
use crate::failure::Failure;

const CHECK: &str = "see `gatewayctl doctor`: is our public key saved in the provider's portal, is \
                     AYOLINX_CLIENT_ID of the same environment as AYOLINX_BASE_URL, is this machine's \
                     address on the IP list, is its clock right?";

/// The first token, which every later step uses.
#[derive(Debug)]
pub(crate) struct FirstToken {
    pub(crate) token: String,
    pub(crate) life: Option<Duration>,
    pub(crate) since: Instant,
}

/// Fetches the first token; without one there is nothing more to ask.
pub(crate) async fn first(run: &mut Run) -> Result<FirstToken, Failure> {
    run.step("asks for a token, signing client id | timestamp");
    let since = Instant::now();
    let got = run
        .provider
        .ask_token(&run.provider.account.client_id, &now())
        .await;
    let asked = on(
        "9",
        "left part of the token's string",
        "a token for client id | timestamp",
    )
    .seen(brief(&got));
    let accepted = got.clone().ok().filter(Answer::is_success);
    let Some(answer) = accepted else {
        return Err(without_token(run, &got).await);
    };
    run.report
        .add(asked.right("the client id, as the gateway signs it"));
    run.report.add(
        on("30", "grantType", "the token's body with grantType")
            .seen(brief(&got))
            .right("grantType is taken"),
    );
    run.report.add(
        on("39", "IP list", "a token from this machine")
            .seen(brief(&got))
            .not_asked("this machine is let in, so the refusal's shape was not seen"),
    );
    let token = answer.text("accessToken").unwrap_or_default();
    if token.is_empty() {
        let text = format!("the token's reply has no accessToken: {}", answer.shape());
        return Err(Failure::new(text).with_code(2));
    }
    run.provider.token.clone_from(&token);
    let life = life(run, &answer);
    Ok(FirstToken { token, life, since })
}

fn life(run: &mut Run, answer: &Answer) -> Option<Duration> {
    let text = answer.text("expiresIn");
    let asked = on("34", "life of a token: expiresIn", "the token's reply").seen(answer.shape());
    let seconds = text.as_deref().and_then(|text| text.parse::<u64>().ok());
    let kind = answer.json.as_ref().and_then(|json| json.get("expiresIn"));
    let is_number = kind.is_some_and(serde_json::Value::is_number);
    run.report.add(match seconds {
        Some(seconds) => {
            let form = if is_number { "number" } else { "text" };
            asked.right(format!(
                "{seconds} seconds, as a {form}; both forms are read"
            ))
        }
        None => asked.right("no readable life; the gateway then reckons with 300 s"),
    });
    seconds.map(Duration::from_secs)
}

/// Finds out why there is no token: the other reading, or something that must be corrected first.
async fn without_token(run: &mut Run, got: &super::provider_http::Got) -> Failure {
    let refused = got.as_ref().is_ok_and(Answer::is_unauthorized);
    let secret = run
        .keys
        .secrets
        .first()
        .map(|named| named.key.expose().to_owned());
    if refused && let Some(secret) = secret {
        run.step("asks again, signing client secret | timestamp");
        let other = run.provider.ask_token(&secret, &now()).await;
        let seen = format!(
            "client id: {}; client secret: {}",
            brief(got),
            brief(&other)
        );
        let asked = on(
            "9",
            "left part of the token's string",
            "a token for client id | timestamp, and for client secret | timestamp",
        )
        .seen(seen);
        if other.as_ref().is_ok_and(Answer::is_success) {
            run.report.add(asked.unfit(
                "the client secret; the gateway signs the client id, and no setting changes that",
            ));
            return Failure::new("no token can be had with the gateway's signature").with_code(1);
        }
        run.report.add(asked.open("both are refused"));
    }
    if got
        .as_ref()
        .is_ok_and(|answer| answer.json.is_none() && matches!(answer.http, 401 | 403))
    {
        run.report.add(
            on("39", "IP list", "a token from this machine")
                .seen(super::provider_http::shape(got))
                .open("a refusal without JSON: this machine's address may not be on the IP list"),
        );
    }
    Failure::new(format!("no token: {}; {CHECK}", brief(got))).with_code(2)
}

/// Fetches a second one and uses the first again.
pub(crate) async fn second(run: &mut Run, first: &FirstToken) {
    run.step("fetches a second token and uses the first again");
    let got = run
        .provider
        .ask_token(&run.provider.account.client_id, &now())
        .await;
    let asked = on(
        "34",
        "parallel tokens",
        "an inquiry with the first token after a second was issued",
    );
    let second = got
        .as_ref()
        .ok()
        .and_then(|answer| answer.text("accessToken"));
    let Some(second) = second else {
        run.report
            .add(asked.seen(brief(&got)).open("no second token was given"));
        return;
    };
    if second == first.token {
        run.report.add(
            asked
                .seen("the same token again")
                .right("one token at a time, given again while it lives"),
        );
        return;
    }
    let call = Call {
        token: Some(first.token.clone()),
        ..unknown_inquiry()
    };
    let old = run.provider.send(call).await;
    run.provider.token = second;
    let new = run.provider.send(unknown_inquiry()).await;
    let seen = format!("first: {}; second: {}", brief(&old), brief(&new));
    let refused = |got: &super::provider_http::Got| got.as_ref().ok().map(Answer::is_unauthorized);
    run.report.add(match (refused(&old), refused(&new)) {
        (Some(false), Some(false)) => asked.seen(seen).right("several live side by side"),
        (Some(true), Some(false)) => asked.seen(seen).right(
            "a new one revokes the one before: share it (REDIS_URL) where several processes run; \
             a refused token is replaced and the call repeated once",
        ),
        _ => asked
            .seen(seen)
            .open("the second token is refused, or there was no answer"),
    });
}

/// Fetches a token for what follows: the last may have ended while the run waited for somebody.
pub(crate) async fn renew(run: &mut Run) {
    let got = run
        .provider
        .ask_token(&run.provider.account.client_id, &now())
        .await;
    if let Some(token) = got.ok().and_then(|answer| answer.text("accessToken")) {
        run.provider.token = token;
    }
}

/// Uses the first token after its life, when that ends soon enough to wait for.
pub(crate) async fn end(run: &mut Run, first: &FirstToken) {
    const WAITED_MAX: Duration = Duration::from_secs(30);
    let age = first.since.elapsed();
    let asked = on(
        "34",
        "life of a token: its end",
        "an inquiry with the first token at the end",
    );
    let left = first.life.map(|life| life.saturating_sub(age));
    if left.is_some_and(|left| left <= WAITED_MAX) {
        let wait = left.unwrap_or_default() + Duration::from_secs(1);
        run.step(&format!(
            "waits {} s for the token's life to end",
            wait.as_secs()
        ));
        tokio::time::sleep(wait).await;
    }
    let call = Call {
        token: Some(first.token.clone()),
        ..unknown_inquiry()
    };
    let got = run.provider.send(call).await;
    let age = first.since.elapsed();
    let over = first.life.is_some_and(|life| age > life);
    let seen = format!("after {} s: {}", age.as_secs(), brief(&got));
    run.report
        .add(match got.as_ref().map(Answer::is_unauthorized) {
        Ok(true) if over => asked.seen(seen).right("it ends when expiresIn says"),
        Ok(true) => asked.seen(seen).right(
            "refused before its time (a newer one revoked it, or it lives shorter); the gateway \
             fetches a new one and repeats the call once",
        ),
        Ok(false) if over => asked
            .seen(seen)
            .right("it lives longer than expiresIn says"),
        Ok(false) => asked.seen(seen).right("it lives at least so long"),
        Err(_) => asked.seen(seen).open("no answer"),
    });
    let path = paths::TOKEN;
    run.report.add(
        on("43", "signatures printed in the documents", path)
            .not_asked("they are copies from elsewhere; never test data"),
    );
}
