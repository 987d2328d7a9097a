//! The provider's work for an admitted call, and its reply (protocol 4). Nothing here awaits.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::protocol::behaviours::Reading;
use crate::protocol::calls::Call;
use crate::protocol::refusal::{Refusal, Reply};
use crate::protocol::requests::{Create, Inquiry, read_create, read_inquiry};
use crate::provider::jobs::Job;
use crate::provider::sandbox::Sandbox;
use crate::provider::transaction::{Status, Transaction};
use crate::service::request_auth::{admit_call, admit_token_request};
use crate::service::{alternate_behaviour, create_reply, query_reply};

use crate::service::incoming::Incoming;
use crate::service::magic_amounts::Magic;

/// The national cap of a QRIS payment (protocol 7.1).
const QRIS_RUPIAH_MAX: i64 = 10_000_000;

/// The result of a call.
pub(crate) struct Answer {
    /// The reply to be sent, unless a fault forbids.
    pub(crate) reply: Reply,
    /// The magic amount of a created transaction.
    pub(crate) magic: Option<Magic>,
}

/// Checks and serves one call.
pub(crate) fn serve(sandbox: &Sandbox, incoming: &Incoming<'_>, now: DateTime<Utc>) -> Answer {
    let served = match incoming.call {
        Call::Token => token(sandbox, incoming, now),
        call => admit_call(sandbox, call, incoming.request, incoming.body, now)
            .and_then(|()| serve_admitted(sandbox, incoming, now)),
    };
    let mut answer =
        served.unwrap_or_else(|refusal| Answer::plain(Reply::refused(incoming.call, &refusal)));
    alternate_behaviour::respelt(sandbox, incoming, &mut answer.reply);
    answer
}

impl Answer {
    fn plain(reply: Reply) -> Self {
        Self { reply, magic: None }
    }
}

fn token(
    sandbox: &Sandbox,
    incoming: &Incoming<'_>,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    admit_token_request(sandbox, incoming.request, now)?;
    let document = incoming.document.ok_or_else(bad_request)?;
    let fields = crate::protocol::fields::Fields::root(document)?;
    fields.text("grantType", |text| text == "client_credentials")?;
    let ttl = sandbox.settings.token_ttl;
    if sandbox.reads(Reading::OneToken) {
        sandbox.tokens.revoke_all();
    }
    let token = sandbox
        .tokens
        .issue(ttl)
        .ok_or_else(|| Refusal::new(500, "00", "General Error"))?;
    let members = json!({
        "accessToken": token,
        "tokenType": "Bearer",
        "expiresIn": if sandbox.reads(Reading::ExpiresInNumber) {
            json!(ttl.as_secs())
        } else {
            json!(ttl.as_secs().to_string())
        },
    });
    Ok(Answer::plain(Reply::success(
        incoming.call,
        "Successful",
        members,
    )))
}

fn serve_admitted(
    sandbox: &Sandbox,
    incoming: &Incoming<'_>,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let document = incoming.document.ok_or_else(bad_request)?;
    let call = incoming.call;
    if call.is_create() {
        alternate_behaviour::refuse(sandbox, call, document)?;
        let create = read_create(call, document, &sandbox.channels, now)?;
        return open(sandbox, incoming, create, now);
    }
    let inquiry = read_inquiry(call, document, &sandbox.channels)?;
    if !inquiry.undocumented.is_empty() {
        tracing::warn!(fields = ?inquiry.undocumented, "members no document names");
    }
    if call == Call::QrisCancel {
        return cancel(sandbox, &inquiry, now).map(Answer::plain);
    }
    let found = find(sandbox, &inquiry, |transaction| {
        let expired = transaction.status.is_open() && now > transaction.valid_until;
        if expired && sandbox.reads(Reading::ExpiredIs05) {
            transaction.status = Status::cancelled();
        }
        alternate_behaviour::closed(sandbox, call, transaction, expired)?;
        Ok(query_reply::of(call, transaction, now))
    })
    .flatten();
    match found {
        Err(refusal) if refusal.http == 404 && sandbox.reads(Reading::NotFoundIs07) => {
            let members = json!({
                "originalPartnerReferenceNo": inquiry.reference,
                "latestTransactionStatus": "07",
            });
            Ok(Answer::plain(Reply::success(call, "Successful", members)))
        }
        Err(refusal) if refusal == Refusal::not_found() => {
            Err(alternate_behaviour::not_found(sandbox, call).unwrap_or(refusal))
        }
        other => other.map(Answer::plain),
    }
}

fn open(
    sandbox: &Sandbox,
    incoming: &Incoming<'_>,
    create: Create,
    now: DateTime<Utc>,
) -> Result<Answer, Refusal> {
    let call = incoming.call;
    let magic = create.amount.and_then(Magic::of);
    if magic == Some(Magic::Refused) {
        return Err(Refusal::new(403, "05", "Do Not Honor"));
    }
    let too_much = create
        .amount
        .is_some_and(|amount| amount.whole_rupiah() > QRIS_RUPIAH_MAX);
    if call == Call::QrisGenerate && too_much {
        return Err(Refusal::new(403, "02", "Exceeds Transaction Amount Limit"));
    }
    let reference = create.reference.clone();
    if sandbox.reads(Reading::DuplicateAnswered)
        && let Some(known) = sandbox.store.find(&reference)
    {
        return Ok(Answer::plain(create_reply::of(call, &known)));
    }
    let transaction = sandbox
        .store
        .open(&reference, |sequence| {
            let made = Transaction {
                request: serde_json::from_slice(incoming.body).unwrap_or_default(),
                ..create_reply::transaction(sequence, create, now)
            };
            alternate_behaviour::named(sandbox, made)
        })
        .ok_or_else(|| Refusal::new(409, "01", "Duplicate partnerReferenceNo"))?;
    schedule(sandbox, &transaction, magic, now);
    Ok(Answer {
        reply: create_reply::of(call, &transaction),
        magic,
    })
}

fn schedule(
    sandbox: &Sandbox,
    transaction: &Transaction,
    magic: Option<Magic>,
    now: DateTime<Utc>,
) {
    let soon = sandbox.scaled(Duration::from_secs(3));
    let (after, announced) = match magic {
        Some(Magic::PaysSoon) => (soon, true),
        Some(Magic::PaysSilently) => (soon, false),
        Some(Magic::PaysLate) => {
            let open_for = transaction.valid_until - now;
            (open_for.to_std().unwrap_or_default() + soon, true)
        }
        Some(Magic::Refused | Magic::TimesOut) | None => return,
    };
    sandbox.send(Job::PayLater {
        reference: transaction.create.reference.clone(),
        after,
        announced,
    });
}

/// Runs `read` on the transaction of that channel, or refuses when there is none.
fn find<T>(
    sandbox: &Sandbox,
    inquiry: &Inquiry,
    read: impl FnOnce(&mut Transaction) -> T,
) -> Result<T, Refusal> {
    sandbox
        .store
        .change(&inquiry.reference, |transaction| {
            let is_it = transaction.create.reference == inquiry.reference
                && transaction.create.channel == inquiry.channel
                && transaction.link_code.is_none();
            is_it.then(|| read(transaction))
        })
        .flatten()
        .ok_or_else(Refusal::not_found)
}

/// Cancels. Unpaid: closed. Already closed: success again. Paid or failed: refused.
fn cancel(sandbox: &Sandbox, inquiry: &Inquiry, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let cancelled = find(sandbox, inquiry, |transaction| {
        if transaction.status.is_open() {
            transaction.status = Status::cancelled();
            transaction.finished_at = Some(now);
        }
        transaction.status == Status::cancelled()
    })?;
    if !cancelled {
        return Err(Refusal::new(403, "15", "Transaction Not Permitted"));
    }
    let members = json!({"originalPartnerReferenceNo": inquiry.reference});
    Ok(Reply::success(Call::QrisCancel, "Successful", members))
}

fn bad_request() -> Refusal {
    Refusal::new(400, "00", "Bad Request")
}
