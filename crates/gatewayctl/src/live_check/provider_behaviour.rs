//! The questions that only the live provider can decide about what it hands us: what is in its QR, how it refuses and
//! denies, which header it wants besides, what it does with blanks, and how long a wallet's page may live.

use ayolinx_core::channels::{Channel, QrCheck};
use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;
use ayolinx_core::qris;
use ayolinx_core::response_code::{InquiryRefusal, ResponseClass, ResponseCode};

use super::inquiry::unknown_inquiry;
use super::provider_http::{Answer, Call, Got, brief, new_reference, shape};
use super::report::{Setting, on};
use super::run::Run;

const CHANNELS_FILE: &str = "AYOLINX_CHANNELS_FILE";
/// The value that integrators of SNAP send; at most five characters.
const CHANNEL_ID: &str = "95221";

/// Checks the content of the QR: what a wallet would show its payer.
pub(crate) fn qr_content(run: &mut Run, channel: &Channel, answer: &Answer) {
    let qr = answer.text("qrContent").unwrap_or_default();
    let asked = on(
        "17",
        "what is in the QR",
        format!("a QRIS create of Rp {}", channel.min.whole_rupiah()),
    );
    let seen = qris::check(qr.trim(), channel.min);
    let Err(fault) = seen else {
        let asked = asked.seen(format!("a QR of {} characters", qr.chars().count()));
        run.report
            .add(asked.right("whole, in rupiah and over our amount; the gateway shows it"));
        return;
    };
    let asked = asked.seen(fault.to_string());
    run.report.add(match fault {
        qris::QrFault::Broken(_) => {
            let key =
                |check: QrCheck| format!("[{}] qr_check = {:?}", channel.code, check.as_str());
            let setting = Setting {
                name: CHANNELS_FILE,
                current: key(channel.qr_check),
                wanted: key(QrCheck::Report),
            };
            let reading =
                format!("{fault}: if wallets scan it and show the amount, show it all the same");
            asked.set(reading, setting)
        }
        qris::QrFault::OtherAmount(_) => asked.unfit(format!(
            "{fault}: its payer would pay another sum, and it is not shown"
        )),
    });
}

/// Finds whether blanks inside strings are hashed, or dropped with those outside.
pub(crate) async fn blanks_in_strings(run: &mut Run) {
    let asked = on(
        "3",
        "blanks inside strings that are hashed",
        "an inquiry whose reference has a blank, hashed as it is and without the blank",
    );
    if !run.is_strict {
        run.report
            .add(asked.open("a wrong signature is not refused either"));
        return;
    }
    run.step("sends a body with a blank inside a string");
    let body = |reference: &str| {
        format!(
            r#"{{"originalPartnerReferenceNo":"{reference}","additionalInfo":{{"channel":"BNC_QRIS"}}}}"#
        )
    };
    let as_it_is = run
        .provider
        .send(Call::of(paths::QRIS_QUERY, body("live check")))
        .await;
    let dropped = Call {
        hashed: Some(body("livecheck").into_bytes()),
        ..Call::of(paths::QRIS_QUERY, body("live check"))
    };
    let dropped = run.provider.send(dropped).await;
    let passes = |got: &Got| got.as_ref().ok().map(|answer| !answer.is_unauthorized());
    let asked = asked.seen(format!(
        "as it is: {}; without the blank: {}",
        brief(&as_it_is),
        brief(&dropped)
    ));
    run.report.add(match (passes(&as_it_is), passes(&dropped)) {
        (Some(true), _) => asked.right("they are hashed as they are sent, as the gateway does"),
        (Some(false), Some(true)) => asked.unfit(
            "blanks inside strings are dropped before hashing: whatever has a name or a title with a blank is \
             refused; no setting signs so",
        ),
        _ => asked.open("the answers fit no known reading"),
    });
}

/// Finds whether the header that SNAP demands, and no document of the provider names, is wanted.
pub(crate) async fn channel_id(run: &mut Run) {
    run.step("sends CHANNEL-ID");
    let call = Call {
        channel_id: Some(CHANNEL_ID.to_owned()),
        ..unknown_inquiry()
    };
    let with = run.provider.send(call).await;
    let without = run.provider.send(unknown_inquiry()).await;
    let asked = on(
        "10",
        "CHANNEL-ID",
        format!("an inquiry with CHANNEL-ID {CHANNEL_ID}, and one without"),
    )
    .seen(format!(
        "with: {}; without: {}",
        brief(&with),
        brief(&without)
    ));
    let taken = |got: &Got| run.is_like_the_first(got);
    let finding = match (taken(&with), taken(&without)) {
        (true, true) => asked.right("it is not missed, and does no harm"),
        (false, true) => asked.right("it is not missed, and this value is refused: leave it out"),
        (true, false) => asked.unfit(
            "it is wanted: set AYOLINX_CHANNEL_ID to the value that the portal or the provider names",
        ),
        (false, false) => asked.open("both were refused"),
    };
    run.report.add(finding);
}

/// Finds how an inquiry about a virtual account that does not exist is answered.
pub(crate) async fn unknown_account(run: &mut Run) {
    let all = run.channels.iter();
    let mut banks = all.filter(|one| one.method == Method::VirtualAccount && one.is_available());
    let Some(channel) = banks.next().map(|bank| bank.code.clone()) else {
        return;
    };
    run.step("asks about a virtual account that does not exist");
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{}","additionalInfo":{{"channel":"{channel}"}}}}"#,
        new_reference()
    );
    let got = run.provider.send(Call::of(paths::VA_INQUIRY, body)).await;
    let asked = on(
        "36, 41",
        "answer about an unknown virtual account",
        format!("an inquiry about one on {channel}"),
    )
    .seen(shape(&got));
    let Ok(answer) = &got else {
        run.report.add(asked.open("no answer"));
        return;
    };
    let code = ResponseCode::new(&answer.code());
    let says_07 = answer.is_success()
        && InquiryAnswer::parse(&answer.bytes).is_ok_and(|read| read.status.code() == "07");
    let is_read = code.inquiry_refusal() == InquiryRefusal::NotFound || says_07;
    run.report.add(if is_read {
        asked.right(format!("{}: the gateway reads it as not found", answer.brief()))
    } else {
        asked.unfit(format!(
            "{}: the gateway does not read it as not found, so that an unknown create is asked about until it \
             expires and is not sent again; tell an engineer",
            answer.brief()
        ))
    });
}

/// Finds how a store's create is refused, given that its success is `00`.
pub(crate) fn refused_store(run: &mut Run, got: &Got) {
    let asked = on(
        "18",
        "refusals of stores",
        "a create on one store without the customer's name",
    )
    .seen(shape(got));
    let Ok(answer) = got else {
        run.report.add(asked.open("no answer"));
        return;
    };
    let code = answer.code();
    run.report.add(match ResponseCode::new(&code).class() {
        ResponseClass::Refused | ResponseClass::NotFound => {
            asked.right(format!("{code}: shops get 424 at once"))
        }
        ResponseClass::Success => asked.open("it was taken without a name: nothing is known of refusals"),
        ResponseClass::Unauthorized | ResponseClass::Throttled => asked.open(answer.brief()),
        ResponseClass::InProgress
        | ResponseClass::ExternalIdReused
        | ResponseClass::ReferenceExists
        | ResponseClass::InconsistentRequest
        | ResponseClass::Unknown => asked.unfit(format!(
            "{}: the gateway does not know that it refuses; the order fails only after three resends. Tell an \
             engineer this code and its message",
            answer.brief()
        )),
    });
}

/// Finds whether a wallet's page may live for a day.
pub(crate) fn long_wallet(run: &mut Run, channel: &Channel, got: &Got) {
    let asked = on(
        "15",
        "how long a wallet's page may live",
        "an e-wallet create with validUpTo a day ahead",
    )
    .seen(brief(got));
    let key = |life: &str| {
        format!(
            "[{}] default_expiry = {life:?}, max_expiry = {life:?}",
            channel.code
        )
    };
    run.report.add(match got {
        Ok(answer) if answer.is_success() => {
            asked.right("a day is taken, as the gateway asks by default")
        }
        Ok(answer) if answer.is_unauthorized() => asked.open(answer.brief()),
        Ok(answer) => asked.set(
            format!(
                "a day is refused ({}), and 20 minutes are what was tried besides",
                answer.brief()
            ),
            Setting {
                name: CHANNELS_FILE,
                current: key("24h"),
                wanted: key("20m"),
            },
        ),
        Err(reason) => asked.open(format!("no answer ({reason})")),
    });
}
