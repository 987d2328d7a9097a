//! "Mark Success": at the provider only a person in its portal can press it; at our stand-in we press it.

use std::time::Duration;

use serde_json::json;

use super::callback_listener::Inbox;
use super::opened_transaction::{Made, Part};
use super::run::Run;
use crate::terminal::say;

/// Returns whether the provider is our stand-in on this machine, whose portal we may use ourselves.
pub(crate) fn is_stand_in(run: &Run) -> bool {
    run.provider.account.base_url.is_loopback()
}

/// Returns the transactions to pay: one of each kind that is open and is not left to expire.
pub(crate) fn to_pay(run: &Run) -> Vec<Made> {
    let open = run.made.iter();
    open.filter(|made| made.is_open && made.part != Part::Expiring)
        .cloned()
        .collect()
}

/// Has them marked as paid, each once, and waits until every one has called back.
pub(crate) async fn mark_paid(run: &Run, inbox: &Inbox, made: &[Made], most: Duration) {
    let stand_in = is_stand_in(run);
    if stand_in {
        let origin = json!({"callback_origin": run.public_origin()}).to_string();
        if let Err(reason) = run.provider.control("/_sandbox/portal", &origin).await {
            say(&format!("the stand-in's portal: {reason}"));
        }
    } else {
        say("\nNow, in the provider's portal:");
        say(&format!(
            "  - the callback URL of virtual accounts must be {}/v1.0/transfer-va/payment",
            run.public_origin()
        ));
        say("  - press \"Mark Success\", then \"Check Transaction\", on each of these:");
    }
    for one in made {
        if stand_in {
            run.step(&format!("marks {} {} as paid", one.channel, one.reference));
            let path = format!("/_sandbox/transactions/{}/pay", one.reference);
            if let Err(reason) = run.provider.control(&path, "{}").await {
                say(&format!("the stand-in's portal: {reason}"));
            }
        } else {
            let rupiah = run.channels.get(&one.channel).map(|channel| channel.min);
            let amount = rupiah.map_or_else(String::new, |amount| amount.to_decimal_string());
            say(&format!(
                "      {}  {}  Rp {amount}",
                one.reference, one.channel
            ));
        }
    }
    say(&format!(
        "waits up to {} s for the callbacks",
        most.as_secs()
    ));
    let all = |inbox: &Inbox| {
        let mut all = made.iter();
        all.all(|one| !inbox.about(&one.reference).is_empty())
    };
    if !inbox.wait(most, all).await {
        say("not every callback came");
    }
}
