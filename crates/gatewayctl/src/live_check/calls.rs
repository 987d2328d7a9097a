//! The required spelling and signature of calls, found out with inquiries about a reference that does not
//! exist: they open nothing and cost nothing, however often they are sent.

use ayolinx_core::messages::paths;
use ayolinx_core::provider_time::{JAKARTA, format_jakarta};
use chrono::{SecondsFormat, TimeDelta, Utc};

use super::inquiry::{inquiry_body, unknown_inquiry};
use super::provider_http::{
    Answer, CHANNEL_ID, Call, Got, brief, needed, new_external_id, new_reference, shape,
};
use super::report::{Setting, on};
use super::run::Run;
use crate::failure::Failure;

fn passes(got: &Got) -> Option<bool> {
    got.as_ref().ok().map(|answer| !answer.is_unauthorized())
}

/// Sends the inquiry as it should be, and one signed wrongly: without both, nothing else proves anything.
pub(crate) async fn baseline(run: &mut Run) -> Result<(), Failure> {
    run.step("asks about a reference that does not exist");
    let got = run.provider.send(unknown_inquiry()).await;
    let answer = needed(got.clone(), "the first inquiry")?;
    if answer.is_unauthorized() {
        let text = format!(
            "the first inquiry is refused ({}), though its body has neither / nor other than ASCII: \
             is AYOLINX_CLIENT_SECRET of this account and environment?",
            answer.brief()
        );
        return Err(Failure::new(text).with_code(2));
    }
    run.first_code = answer.code();
    not_found(run, &answer);
    run.step("sends the same with a wrong signature");
    let call = Call {
        spoilt: true,
        ..unknown_inquiry()
    };
    let spoilt = run.provider.send(call).await;
    let asked = on(
        "35",
        "HTTP status of refusals",
        "an inquiry that is signed wrongly",
    );
    let refusal = needed(spoilt.clone(), "the inquiry that is signed wrongly")?;
    run.is_strict = refusal.is_unauthorized();
    let as_code = refusal.code().starts_with(&refusal.http.to_string());
    let asked = asked.seen(shape(&spoilt));
    run.report.add(if !run.is_strict {
        asked.open("a wrong signature is not refused: nothing about signatures can be found out")
    } else if as_code {
        asked.right("HTTP status is the first three digits of responseCode")
    } else {
        asked.right("HTTP status is not responseCode's; the gateway reads responseCode first")
    });
    Ok(())
}

fn not_found(run: &mut Run, answer: &Answer) {
    let code = answer.code();
    let status = answer.text("latestTransactionStatus");
    let asked = on(
        "36",
        "answer about an unknown reference",
        "a QRIS inquiry about one",
    )
    .seen(answer.shape());
    run.report
        .add(if code.starts_with("404") && code.ends_with("01") {
            asked.right("404…01, which the gateway reads as not found")
        } else if answer.is_success() && status.as_deref() == Some("07") {
            asked.right("success with status 07, which the gateway reads as not found")
        } else {
            asked.unfit(format!(
                "{}: the gateway reads only 404…01 and status 07 as not found, so that an unknown \
             create is asked about until it expires and is not sent again",
                answer.brief()
            ))
        });
}

/// Finds which bytes the provider hashes (protocol 3.2): the first question of all.
pub(crate) async fn body_spelling(run: &mut Run) {
    let asked = on(
        "3",
        "spelling of bodies that are hashed",
        "inquiries whose reference has a / or an é, spelt as PHP does and plainly, and one with \
         white space",
    );
    if !run.is_strict {
        run.report
            .add(asked.open("a wrong signature is not refused either"));
        return;
    }
    run.step("sends bodies with / and é, spelt in both ways");
    let mut seen: Vec<String> = Vec::new();
    let mut passed: Vec<Option<bool>> = Vec::new();
    let spaced = inquiry_body("live-check").replace(',', ", ");
    for (name, bytes) in [
        ("php /", inquiry_body("live\\/check")),
        ("plain /", inquiry_body("live/check")),
        ("php é", inquiry_body("live\\u00e9")),
        ("plain é", inquiry_body("liveé")),
        ("with white space", spaced),
    ] {
        let got = run.provider.send(Call::of(paths::QRIS_QUERY, bytes)).await;
        seen.push(format!("{name}: {}", brief(&got)));
        passed.push(passes(&got));
    }
    let asked = asked.seen(seen.join("; "));
    let current = run.provider.account.json_style.as_str();
    let style = |wanted: &str| Setting {
        name: "AYOLINX_JSON_STYLE",
        current: current.to_owned(),
        wanted: wanted.to_owned(),
    };
    let spaces = match passed.last() {
        Some(Some(false)) => "; white space is not hashed",
        _ => "",
    };
    let finding = match passed.as_slice() {
        [Some(true), Some(true), Some(true), Some(true), _] => asked.set(
            format!("the bytes received{spaces}: either spelling is taken"),
            style(current),
        ),
        [Some(true), Some(false), Some(true), Some(false), _] => asked.set(
            "PHP's json_encode of the parsed body: \\/ and \\uXXXX",
            style("php"),
        ),
        [Some(false), Some(true), Some(false), Some(true), _] => asked.set(
            "a plain re-serialisation: / and é as they are",
            style("plain"),
        ),
        [Some(false), Some(true), _, Some(false), _] => asked.set(
            "/ plainly, but é as \\uXXXX; with plain, names must stay ASCII",
            style("plain"),
        ),
        [Some(true), Some(false), Some(false), Some(true), _] => {
            asked.unfit("\\/ but é as it is: no setting spells so; with php, names must stay ASCII")
        }
        _ => asked.open("the answers fit no known reading"),
    };
    let wanted = finding
        .setting
        .as_ref()
        .map(|setting| setting.wanted.parse());
    if let Some(Ok(style)) = wanted {
        run.style = style;
    }
    run.report.add(finding);
}

/// Finds which spellings of the time pass, and how far it may be off.
pub(crate) async fn timestamps(run: &mut Run) {
    run.step("sends timestamps in other spellings, and wrong ones");
    let time = Utc::now();
    let jakarta = time.with_timezone(&JAKARTA);
    let forms = [
        ("+07:00", format_jakarta(time)),
        ("+00:00", time.to_rfc3339_opts(SecondsFormat::Secs, false)),
        ("Z", time.to_rfc3339_opts(SecondsFormat::Secs, true)),
        (
            "milliseconds",
            jakarta.to_rfc3339_opts(SecondsFormat::Millis, false),
        ),
    ];
    let mut taken: Vec<&str> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (name, timestamp) in forms {
        let got = run.at(timestamp).await;
        seen.push(format!("{name}: {}", brief(&got)));
        if run.is_like_the_first(&got) {
            taken.push(name);
        }
    }
    let asked = on(
        "11, 12",
        "spelling of X-TIMESTAMP",
        "inquiries at the right time in four spellings",
    )
    .seen(seen.join("; "));
    run.report.add(if taken.contains(&"+07:00") {
        asked.right(format!(
            "taken: {}; the gateway sends +07:00",
            taken.join(", ")
        ))
    } else {
        asked.unfit("the gateway's +07:00 is not taken")
    });
    skew(run).await;
}

async fn skew(run: &mut Run) {
    let mut seen: Vec<String> = Vec::new();
    let mut reach = [0_i64; 2];
    for (index, sign) in [(0_usize, -1_i64), (1, 1)] {
        for seconds in [30, 120, 240, 420, 900, 3_600] {
            let time = Utc::now() + TimeDelta::seconds(sign.saturating_mul(seconds));
            let got = run.at(format_jakarta(time)).await;
            if !run.is_like_the_first(&got) {
                let side = if sign < 0 { "behind" } else { "ahead" };
                seen.push(format!("{seconds} s {side}: {}", brief(&got)));
                break;
            }
            if let Some(side) = reach.get_mut(index) {
                *side = seconds;
            }
        }
    }
    let asked = on(
        "12",
        "how far clocks may be apart",
        "inquiries from 30 s to an hour off, both ways",
    );
    let seen = if seen.is_empty() {
        "an hour off is taken".to_owned()
    } else {
        seen.join("; ")
    };
    let [behind, ahead] = reach;
    let reading = format!("taken up to {behind} s behind and {ahead} s ahead (of what was tried)");
    run.report.add(if behind == 0 || ahead == 0 {
        asked.seen(seen).unfit(format!(
            "{reading}: clocks must agree within 30 s; mind NTP"
        ))
    } else {
        asked.seen(seen).right(reading)
    });
}

/// Finds which forms X-EXTERNAL-ID may have, and whether it may come again.
pub(crate) async fn external_ids(run: &mut Run) {
    run.step("sends X-EXTERNAL-ID with letters, and one twice");
    let with = |id: String| Call {
        external_id: Some(id),
        ..unknown_inquiry()
    };
    let letters = run
        .provider
        .send(with(format!("live-{}", new_reference())))
        .await;
    let id = new_external_id();
    let once = run.provider.send(with(id.clone())).await;
    let again = run.provider.send(with(id)).await;
    let asked = on(
        "13",
        "form of X-EXTERNAL-ID",
        "an inquiry whose X-EXTERNAL-ID has letters",
    )
    .seen(brief(&letters));
    let reading = if run.is_like_the_first(&letters) {
        "any text is taken; the gateway sends 20 digits"
    } else {
        "digits only, which the gateway sends"
    };
    run.report.add(asked.right(reading));
    let asked = on(
        "13",
        "X-EXTERNAL-ID again on one day",
        "the same X-EXTERNAL-ID in two inquiries",
    )
    .seen(format!("first: {}; again: {}", brief(&once), brief(&again)));
    let code = again.as_ref().map(Answer::code).unwrap_or_default();
    run.report.add(if !run.is_like_the_first(&once) {
        asked.open("the first of the two was refused too")
    } else if run.is_like_the_first(&again) {
        asked.right("it may come again; the gateway makes a new one for every call")
    } else if code.starts_with("409") && code.ends_with("00") {
        asked.right("refused with 409…00, which the gateway repeats once under a new one")
    } else {
        asked.right("refused; the gateway makes a new one for every call")
    });
}

/// Finds which headers are needed.
pub(crate) async fn headers(run: &mut Run) {
    run.step("leaves out one header after the other");
    let mut needed: Vec<&str> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let mut names = vec![
        "X-PARTNER-ID",
        "X-EXTERNAL-ID",
        "X-TIMESTAMP",
        "Authorization",
    ];
    match run.provider.account.channel_id {
        Some(_) => names.push(CHANNEL_ID),
        None => seen.push("CHANNEL-ID is not sent (AYOLINX_CHANNEL_ID is unset)".to_owned()),
    }
    for name in names {
        let call = Call {
            without: Some(name),
            ..unknown_inquiry()
        };
        let got = run.provider.send(call).await;
        seen.push(format!("without {name}: {}", brief(&got)));
        if !run.is_like_the_first(&got) {
            needed.push(name);
        }
    }
    let reading = if needed.is_empty() {
        "none of them is missed; the gateway sends all".to_owned()
    } else {
        format!("needed: {}; the gateway sends all", needed.join(", "))
    };
    run.report.add(
        on(
            "10",
            "which headers are needed",
            "inquiries without one of them",
        )
        .seen(seen.join("; "))
        .right(reading),
    );
}
