//! The end: what became of the QR that expired, what a used reference gives, and cleaning up.

use ayolinx_core::messages::inquiry::InquiryAnswer;
use ayolinx_core::messages::paths;
use ayolinx_core::method::Method;
use chrono::Utc;

use super::opened_transaction::{Made, Part};
use super::provider_http::{Answer, Call, Got, brief, shape};
use super::report::on;
use super::response_checks::inquire;
use super::run::Run;

/// Seconds from its end to the inquiry about it.
const AFTER_EXPIRY: i64 = 2;

/// Waits for the QR that was left alone to expire, and asks.
pub(crate) async fn expired(run: &mut Run) {
    let asked = on(
        "33",
        "status of what expired unpaid",
        "an inquiry after validUpTo",
    );
    let found = run.made.iter().find(|one| one.part == Part::Expiring);
    let Some(made) = found.filter(|one| one.is_open).cloned() else {
        run.report.add(asked.open("no QR could be opened for it"));
        return;
    };
    let left = (made.expires_at - Utc::now()).num_seconds().max(0);
    run.step(&format!(
        "waits {} s for a QR to expire",
        left.saturating_add(AFTER_EXPIRY)
    ));
    let wait = u64::try_from(left.saturating_add(AFTER_EXPIRY)).unwrap_or_default();
    tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
    let got = inquire(run, &made).await;
    let status = got
        .as_ref()
        .ok()
        .and_then(|answer| answer.text("latestTransactionStatus"));
    let asked = asked.seen(shape(&got));
    run.report.add(match status.as_deref() {
        Some("05") => asked.right("05; near or past the expiry the gateway reads it as expired"),
        Some(status @ ("01" | "03" | "07")) => asked.right(format!(
            "still {status}: nothing says expired, and the gateway expires it by its own clock"
        )),
        Some("00") => asked.open("00: somebody paid it"),
        Some(status) => asked.right(format!("{status}; the gateway expires it by its own clock")),
        None => asked.open(format!("no status: {}", brief(&got))),
    });
}

/// Cancels every QR that nobody paid, and looks at the replies.
pub(crate) async fn cancel_all(run: &mut Run) {
    let mut first: Option<(Got, Got)> = None;
    for made in run.made.clone() {
        if !made.is_open || made.method != Method::Qris {
            continue;
        }
        let before = inquire(run, &made).await;
        let status = before
            .ok()
            .and_then(|answer| answer.text("latestTransactionStatus"));
        if status.as_deref() == Some("00") {
            continue;
        }
        run.step(&format!("cancels {}", made.reference));
        let got = cancel(run, &made).await;
        let after = inquire(run, &made).await;
        if made.part == Part::Expiring || first.is_none() {
            first = Some((got, after));
        }
    }
    let asked = on(
        "41",
        "reply of a QRIS cancel",
        "a cancel of an unpaid QR, then an inquiry",
    );
    let Some((got, after)) = first else {
        run.report.add(asked.open("there was no QR to cancel"));
        return;
    };
    let status = match &after {
        Ok(answer) if answer.is_success() => InquiryAnswer::parse(&answer.bytes).ok(),
        _ => None,
    };
    let asked = asked.seen(format!(
        "cancel: {}; inquiry: {}",
        shape(&got),
        brief(&after)
    ));
    let said = status.map(|answer| format!("{:?}", answer.status));
    run.report.add(match (&got, said) {
        (Ok(answer), Some(status)) if answer.is_success() => asked.right(format!(
            "{}, and the inquiry then says {status}",
            answer.code()
        )),
        (Ok(answer), _) => asked.right(format!(
            "refused ({}); the gateway then goes by the inquiry",
            answer.code()
        )),
        (Err(_), _) => asked.open("no answer"),
    });
}

async fn cancel(run: &Run, made: &Made) -> Got {
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{}","additionalInfo":{{"channel":"{}"}}}}"#,
        made.reference, made.channel
    );
    run.provider.send(Call::of(paths::QRIS_CANCEL, body)).await
}

/// Uses the reference of the cancelled QR once more.
pub(crate) async fn duplicate(run: &mut Run) {
    let asked = on(
        "37",
        "a reference that was used",
        "a second QRIS create under one, after its cancel",
    );
    let found = run.made.iter().find(|one| one.part == Part::Expiring);
    let Some(made) = found.filter(|one| one.is_open).cloned() else {
        run.report
            .add(asked.open("no QR was opened whose reference could be used again"));
        return;
    };
    run.step("opens a QR under a reference that was used");
    let body = format!(
        r#"{{"partnerReferenceNo":"{}","amount":{{"currency":"IDR","value":"1000.00"}},"additionalInfo":{{"channel":"{}"}}}}"#,
        made.reference, made.channel
    );
    let got = run
        .provider
        .send(Call::of(paths::QRIS_GENERATE, body))
        .await;
    let code = got.as_ref().map(Answer::code).unwrap_or_default();
    let asked = asked.seen(shape(&got));
    run.report.add(match &got {
        Err(_) => asked.open("no answer"),
        Ok(answer) if answer.is_success() => asked.right(
            "accepted again: a repeat opens or answers the same reference; the gateway never uses \
             one for another payment",
        ),
        Ok(_) if code.starts_with("409") || (code.starts_with("404") && code.ends_with("18")) => {
            asked.right(format!(
                "refused with {code}, which the gateway answers by asking"
            ))
        }
        Ok(_) => asked.unfit(format!(
            "refused with {code}: the gateway would take a repeat of its own create for refused"
        )),
    });
    if got.as_ref().is_ok_and(Answer::is_success) {
        run.step("cancels it again");
        let again = cancel(run, &made).await;
        if again.is_err() {
            crate::terminal::say("  the cancel had no answer; it expires by itself");
        }
    }
}
