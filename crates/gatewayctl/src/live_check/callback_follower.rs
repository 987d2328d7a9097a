//! The callbacks that the running worker received and stored, in place of a listener of our own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use ledger::{Ledger, Urgency};
use tokio::time::sleep;
use uuid::Uuid;

use super::callback_listener::{Inbox, Received};
use crate::signatures::headers_of;
use crate::terminal::say;

const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);
const AT_ONCE: i64 = 200;

/// Copies what the worker stores from now on, until it is dropped.
pub(super) fn follow(books: Ledger, inbox: Inbox) -> actix_rt::task::JoinHandle<()> {
    let since = Utc::now();
    actix_rt::spawn(async move {
        let mut known: BTreeMap<Uuid, i32> = BTreeMap::new();
        let mut refused: BTreeSet<String> = BTreeSet::new();
        loop {
            if let Err(error) = look(&books, &inbox, since, (&mut known, &mut refused)).await {
                say(&format!("the worker's callbacks cannot be read: {error}"));
            }
            sleep(LOOKED_AT_EVERY).await;
        }
    })
}

async fn look(
    books: &Ledger,
    inbox: &Inbox,
    since: DateTime<Utc>,
    (known, refused): (&mut BTreeMap<Uuid, i32>, &mut BTreeSet<String>),
) -> Result<(), ledger::LedgerError> {
    let read = books
        .at(Urgency::Write)
        .transact(move |tx| Ok((tx.callbacks_since(since, AT_ONCE)?, tx.refused(AT_ONCE)?)));
    let (stored, turned_away) = read.await?;
    for one in stored {
        let before = known.insert(one.id, one.seen).unwrap_or_default();
        for _again in before..one.seen {
            inbox.keep(received(&one.path, None, &one.headers, &one.body, true));
        }
    }
    // A refused callback has no identity but its headers, the signature among them.
    for one in turned_away {
        if refused.insert(one.headers.clone()) {
            inbox.keep(received(
                &one.path,
                one.query,
                &one.headers,
                &one.body,
                false,
            ));
        }
    }
    Ok(())
}

fn received(
    path: &str,
    query: Option<String>,
    headers: &str,
    body: &[u8],
    is_verified: bool,
) -> Received {
    Received {
        path: path.to_owned(),
        query,
        headers: headers_of(headers).into_iter().collect(),
        body: body.to_vec(),
        peer: String::new(),
        is_verified,
    }
}
