//! The replies to creates and inquiries, compared with what the gateway reads.

use ayolinx_core::channels::Channel;
use ayolinx_core::messages::ProviderStatus;
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::method::Method;
use ayolinx_core::provider_time::parse_time;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::inquiry::inquiry_path;
use super::opened_transaction::{Made, Part};
use super::provider_http::{Answer, Call, Got, brief, shape};
use super::report::{Question, Setting, on};
use super::run::Run;

const CHANNELS_FILE: &str = "AYOLINX_CHANNELS_FILE";

/// Adds the result of a create; returns the answer when it was accepted with its artefact.
fn judged<'a>(
    run: &mut Run,
    question: Question,
    got: &'a Got,
    artefact: &str,
) -> Option<&'a Answer> {
    let question = question.seen(shape(got));
    let answer = match got {
        Ok(answer) if answer.is_success() => answer,
        Ok(answer) if answer.is_unauthorized() => {
            run.report.add(question.unfit(
                "refused as unauthorized though inquiries pass: is the product switched on in the \
                 portal, and is the body's spelling (#3) right?",
            ));
            return None;
        }
        Ok(answer) => {
            let reading = format!("refused: {}", answer.brief());
            run.report.add(question.open(reading));
            return None;
        }
        Err(reason) => {
            let reading = format!("no answer ({reason}); it is not sent again");
            run.report.add(question.open(reading));
            return None;
        }
    };
    let is_there = artefact
        .split('.')
        .try_fold(answer.json.as_ref()?, |json, name| json.get(name));
    let text = is_there.and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        let reading =
            format!("success without {artefact}: the gateway could show the payer nothing");
        run.report.add(question.unfit(reading));
        return None;
    }
    run.report
        .add(question.right(format!("{}, with {artefact}", answer.code())));
    Some(answer)
}

pub(crate) fn qris(run: &mut Run, got: &Got, asked: DateTime<Utc>) {
    let question = on(
        "41",
        "reply of a QRIS create",
        "a QRIS create with its callback URL",
    );
    let Some(answer) = judged(run, question, got, "qrContent") else {
        return;
    };
    let given = answer.text("expiredDate");
    let form = given.as_deref().map_or("absent", |text| match text.len() {
        10 if text.bytes().all(|byte| byte.is_ascii_digit()) => "unix seconds",
        13 if text.bytes().all(|byte| byte.is_ascii_digit()) => "unix milliseconds",
        _ if text.contains('T') => "ISO",
        _ => "another form",
    });
    let off = given
        .as_deref()
        .and_then(parse_time)
        .map(|time| (time - asked).num_seconds());
    let seen = off.map_or_else(
        || form.to_owned(),
        |off| format!("{form}, {off} s from the validUpTo that was sent"),
    );
    let question = on("16", "expiredDate of a QR", "a QRIS create with validUpTo").seen(seen);
    run.report
        .add(question.right(format!("{form}; by an earlier end the payment ends")));
    let extras: Vec<&str> = ["qrUrl", "referenceNo"]
        .into_iter()
        .filter(|name| answer.text(name).is_some())
        .collect();
    let reading = if extras.is_empty() {
        "neither qrUrl nor referenceNo comes; the gateway needs neither".to_owned()
    } else {
        format!("{} come; the gateway needs neither", extras.join(" and "))
    };
    run.report.add(
        on("17", "extra members of a QR's reply", "a QRIS create")
            .seen(answer.shape())
            .right(reading),
    );
}

pub(crate) fn ewallet(run: &mut Run, told: &[(&'static str, Got)]) {
    let Some((form, got)) = told.last() else {
        return;
    };
    let question = on("41", "reply of an e-wallet create", "an e-wallet create");
    let accepted = judged(run, question, got, "webRedirectUrl").is_some();
    let seen: Vec<String> = told
        .iter()
        .map(|(form, got)| format!("{form}: {}", brief(got)))
        .collect();
    let question = on(
        "15",
        "validUpTo of e-wallets",
        "e-wallet creates with validUpTo in one form, \
                       and in the other when the first is refused",
    );
    let question = question.seen(seen.join("; "));
    run.report.add(match (accepted, *form) {
        (true, "unix seconds") => question.right("unix seconds are taken, as the gateway sends"),
        (true, other) => question.unfit(format!("only {other}; the gateway sends unix seconds")),
        (false, _) => question.open("no e-wallet create was accepted"),
    });
}

pub(crate) fn virtual_account(run: &mut Run, channel: &Channel, told: &[(String, Got)]) {
    let Some((prefix, got)) = told.last() else {
        return;
    };
    let item = if channel.code.ends_with("BRI") {
        "28"
    } else {
        "27"
    };
    let seen: Vec<String> = told
        .iter()
        .map(|(prefix, got)| format!("{prefix:?}: {}", shape(got)))
        .collect();
    let own = channel.partner_service_id.clone().unwrap_or_default();
    let question = on(
        item,
        "prefix of a bank's numbers",
        format!("a create on {}", channel.code),
    )
    .seen(seen.join("; "));
    let is_accepted = got.as_ref().is_ok_and(Answer::is_success);
    run.report.add(if is_accepted {
        let setting = Setting {
            name: CHANNELS_FILE,
            current: format!("[{}] partner_service_id = {own:?}", channel.code),
            wanted: format!("[{}] partner_service_id = {prefix:?}", channel.code),
        };
        question.set(format!("{} takes {prefix}", channel.code), setting)
    } else {
        question.open(format!(
            "{} took no number; the right partner_service_id stands in the provider's portal, and \
             a bank that is not yours is switched off with enabled = false in {CHANNELS_FILE}",
            channel.code
        ))
    });
}

pub(crate) fn retail(run: &mut Run, got: &Got) {
    let question = on("41", "reply of a store create", "a create on one store");
    let Some(answer) = judged(run, question, got, "vaNumber") else {
        return;
    };
    let code = answer.code();
    let reading = if code == "00" {
        "\"00\", as documented; the gateway reads both"
    } else {
        "seven digits as elsewhere; the gateway reads both"
    };
    run.report.add(
        on("18", "responseCode of stores", "a create on one store")
            .seen(code)
            .right(reading),
    );
}

pub(crate) fn link(run: &mut Run, got: &Got, ours: &str, asked: DateTime<Utc>) {
    let question = on("41", "reply of a payment link", "a payment link");
    let Some(answer) = judged(run, question, got, "paymentLink") else {
        return;
    };
    let echoed = answer.text("partnerReferenceNo").unwrap_or_default();
    let url = answer.text("paymentLink").unwrap_or_default();
    let reading = if echoed == ours {
        "our reference comes back; the gateway then knows the link by our reference alone"
    } else if url.ends_with(&format!("/{echoed}")) {
        "the link's code comes back, the last segment of its URL; the gateway keeps it as such"
    } else {
        "something else comes back; the gateway keeps it as the link's code"
    };
    run.report.add(
        on(
            "24",
            "partnerReferenceNo of a link's reply",
            "a payment link",
        )
        .seen(answer.shape())
        .right(reading),
    );
    let off = answer
        .text("expiryDate")
        .as_deref()
        .and_then(parse_time)
        .map(|time| (time - asked).num_seconds());
    let reading = match off {
        Some(0) => "as it was asked for; the gateway ignores it".to_owned(),
        Some(-25_200) => {
            "seven hours early: UTC with a Jakarta label; the gateway ignores it".to_owned()
        }
        Some(off) => format!("{off} s off; the gateway ignores it"),
        None => "absent or unreadable; the gateway ignores it".to_owned(),
    };
    run.report.add(
        on("25", "expiryDate of a link's reply", "a payment link")
            .seen(off.map_or_else(
                || "none".to_owned(),
                |off| format!("{off} s from what was asked"),
            ))
            .right(reading),
    );
}

/// Reports which channels were left out, and why.
pub(crate) fn not_tried(run: &mut Run, channels: &[Channel]) {
    let off: Vec<&str> = channels
        .iter()
        .filter(|one| one.method == Method::VirtualAccount && !one.is_available())
        .map(|one| one.code.as_str())
        .collect();
    let question = on("29", "which banks", "a create on each bank that is on");
    let reading = if off.is_empty() {
        "every bank of the table was tried".to_owned()
    } else {
        format!(
            "not tried, since off or without a prefix: {}",
            off.join(", ")
        )
    };
    run.report.add(question.not_asked(reading));
    run.report
        .add(on("26", "place of subMerchantId", "nothing").not_asked("the gateway sends none"));
}

/// Asks about one of them.
pub(crate) async fn inquire(run: &Run, made: &Made) -> Got {
    let path = inquiry_path(made.method).ok_or("no inquiry exists")?;
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{}","additionalInfo":{{"channel":"{}"}}}}"#,
        made.reference, made.channel
    );
    run.provider.send(Call::of(path, body)).await
}

/// Asks about one unpaid transaction of each method.
pub(crate) async fn inquiries(run: &mut Run) {
    let mut done: Vec<Method> = Vec::new();
    for made in run.made.clone() {
        let is_first = made.is_open && !done.contains(&made.method) && made.part == Part::Plain;
        if !is_first || inquiry_path(made.method).is_none() {
            continue;
        }
        done.push(made.method);
        run.step(&format!("asks about {} {}", made.channel, made.reference));
        let got = inquire(run, &made).await;
        let question = on(
            "41",
            "reply of an inquiry",
            format!("an inquiry about an unpaid {}", made.channel),
        )
        .seen(shape(&got));
        let read = match &got {
            Ok(answer) if answer.is_success() => InquiryAnswer::parse(&answer.bytes).ok(),
            _ => None,
        };
        run.report.add(match read {
            Some(read) if is_unpaid(&read.status) => question.right(format!(
                "the gateway reads it: {}, {}",
                shape_name(&got),
                amounts(&got)
            )),
            Some(read) => {
                question.unfit(format!("read as {:?}, though nobody has paid", read.status))
            }
            None if got.is_err() => question.open("no answer"),
            None => question.unfit("the gateway cannot read it"),
        });
    }
}

const fn is_unpaid(status: &ProviderStatus) -> bool {
    matches!(
        status,
        ProviderStatus::Initiated | ProviderStatus::Pending | ProviderStatus::Paying
    )
}

fn shape_name(got: &Got) -> &'static str {
    let json = got.as_ref().ok().and_then(|answer| answer.json.as_ref());
    if json.is_some_and(|json| json.get("virtualAccountData").is_some()) {
        "SNAP's virtualAccountData"
    } else {
        "the flat shape of the QRIS query"
    }
}

fn amounts(got: &Got) -> &'static str {
    let json = got.as_ref().ok().and_then(|answer| answer.json.as_ref());
    let amount = json.and_then(|json| {
        let account = json.get("virtualAccountData");
        json.get("amount").or_else(|| account?.get("totalAmount"))
    });
    match amount.and_then(|amount| amount.get("value")) {
        Some(Value::String(_)) => "amount as text",
        Some(Value::Number(_)) => "amount as a number",
        _ => "no amount",
    }
}
