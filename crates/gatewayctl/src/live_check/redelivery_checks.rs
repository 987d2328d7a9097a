//! The time when a callback comes again, and the replies that end that.

use std::time::Duration;

use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;
use tokio::time::Instant;

use super::callback_listener::{Inbox, REPLIES};
use super::report::on;
use super::run::Run;
use crate::terminal::say;

/// Further wait for the first of two callbacks to come again, after the second has.
const LATE: Duration = Duration::from_secs(3);

/// Finds when a callback comes again, and which reply ends that.
pub(super) async fn check(
    run: &mut Run,
    inbox: &Inbox,
    (plain, query): (&str, &str),
    most: Duration,
) {
    let count = |reference: &str| inbox.about(reference).len();
    if run.is_stored {
        let text = "the worker takes every callback; --listen refuses one to find out";
        run.report
            .add(on("21", "what counts as a failed callback", "nothing").not_asked(text));
        accepted_replies(run, inbox, plain);
        return;
    }
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
    accepted_replies(run, inbox, plain);
}

/// Reports what the other replies and the paths showed.
fn accepted_replies(run: &mut Run, inbox: &Inbox, plain: &str) {
    let count = |reference: &str| inbox.about(reference).len();
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
