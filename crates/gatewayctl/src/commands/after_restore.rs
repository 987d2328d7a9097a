//! The work that must be done once after a restore, before the services start.

use ledger::{AfterRestore, Urgency};
use serde_json::json;

use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, fields};

pub(crate) async fn run(skip: i64) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let done = books
        .at(Urgency::Write)
        .transact(move |tx| tx.after_restore(skip))
        .await?;
    let json = json!({
        "virtual_account_number": {"known": done.known_number, "skipped_to": done.skipped_to},
        "inquiries_due_now": done.inquiries,
        "open_payment_links": done.links,
        "feed_is_ahead": done.is_feed_ahead,
    });
    Ok(Output::new(told(&done), json).with_problem(done.is_feed_ahead))
}

fn told(done: &AfterRestore) -> String {
    let (known, next) = (done.known_number, done.skipped_to.saturating_add(1));
    let mut pairs = vec![
        (
            "virtual accounts",
            format!("known up to {known}, the next is {next}"),
        ),
        (
            "asked about now",
            format!("{} payments, once a worker runs", done.inquiries),
        ),
        (
            "payment links",
            format!(
                "{} open; they cannot be asked about: see the provider's portal",
                done.links
            ),
        ),
    ];
    if done.is_feed_ahead {
        pairs.push((
            "NOT WELL",
            "events are of transactions this server has not reached: stop it and read \
             docs/OPERATIONS.md, \"Backup and restore\""
                .to_owned(),
        ));
    }
    fields(&pairs)
}
