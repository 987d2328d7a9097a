//! What shared commits are worth: callbacks that each change a payment, each in a transaction of its
//! own against many in one, in turn on one database in one run. Prints rates and their ratio, and
//! the latency of one at a time beside that of a commit of one row; no HTTP, no signatures. Run by
//! `devstack with-services -- cargo bench --workspace --bench callbacks`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement stops where something is wrong, and prints what it found"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ayolinx_core::artefact::Artefact;
use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Links;
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::Channelled;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::{TimeDelta, Utc};
use devstack::TestDatabase;
use ledger::{
    Begun, CallOutcome, Claim, Context, InboundNotification, Ledger, LedgerSettings, NewOrder,
    NewPayment, NotedCall, Observation, Plans, Received, Source, Tx, Urgency,
};
use uuid::Uuid;

/// Payments of one measurement.
const EACH: usize = 2_000;
/// Each way is measured so often, in turn.
const ROUNDS: usize = 3;
/// Connections that commit one by one, and callbacks that wait for a shared commit.
const SINGLE_AT_ONCE: usize = 16;
const SHARED_AT_ONCE: usize = 256;
const ONE_BY_ONE: usize = 300;

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if std::env::args().any(|word| word == "--test") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let database = TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
    });
    let ledger = Ledger::new(&settings(database.url()), context());
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.add_merchant(merchant, "Warung Budi"))
        .await
        .unwrap();
    let (mut single, mut shared) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let payments = pending(&ledger, merchant, EACH).await;
        single.push(rate(&ledger, payments, SINGLE_AT_ONCE, Way::Single).await);
        let payments = pending(&ledger, merchant, EACH).await;
        shared.push(rate(&ledger, payments, SHARED_AT_ONCE, Way::Shared).await);
        println!(
            "round {}: one commit each {:>6}/s, shared {:>6}/s",
            round + 1,
            single[round],
            shared[round]
        );
    }
    let group = ledger.group_commits();
    let (single, shared) = (median(single), median(shared));
    println!("callbacks a second, one commit each, {SINGLE_AT_ONCE} at once   {single:>8}");
    println!("callbacks a second, shared, {SHARED_AT_ONCE} at once          {shared:>8}");
    println!(
        "ratio, in hundredths                          {:>8}",
        shared * 100 / single.max(1)
    );
    println!(
        "callbacks in a commit, mean                   {:>8}",
        group.entries / group.commits.max(1)
    );
    one_by_one(&ledger, merchant).await;
}

/// Latencies of one callback at a time, and of a commit of one row on the same road.
async fn one_by_one(ledger: &Ledger, merchant: MerchantId) {
    let payments = pending(ledger, merchant, ONE_BY_ONE).await;
    let (mut callbacks, mut commits) = (Vec::new(), Vec::new());
    for payment in payments {
        let began = Instant::now();
        ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                let call = NotedCall {
                    call: "inquiry",
                    outcome: "measured".to_owned(),
                };
                tx.note_calls(payment, &[call])
            })
            .await
            .unwrap();
        commits.push(micros(began.elapsed()));
        let began = Instant::now();
        let received = ledger.receive(paid(payment)).await.unwrap();
        callbacks.push(micros(began.elapsed()));
        assert_eq!(received, Received::Applied);
    }
    let (callback, commit) = (median(callbacks), median(commits));
    println!("one callback at a time, p50, microseconds     {callback:>8}");
    println!("one row at a time, p50, microseconds          {commit:>8}");
}

#[derive(Clone, Copy)]
enum Way {
    Single,
    Shared,
}

/// Payments a second with so many under way.
async fn rate(ledger: &Ledger, payments: Vec<PaymentId>, at_once: usize, way: Way) -> u64 {
    let count = payments.len();
    let places = Arc::new(tokio::sync::Semaphore::new(at_once));
    let began = Instant::now();
    let mut running = Vec::with_capacity(count);
    for payment in payments {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let ledger = ledger.clone();
        running.push(tokio::spawn(async move {
            let inbound = paid(payment);
            let received = match way {
                Way::Single => {
                    ledger
                        .at(Urgency::Write)
                        .transact(move |tx| tx.receive(&inbound))
                        .await
                }
                Way::Shared => ledger.receive(inbound).await,
            };
            drop(place);
            received.unwrap()
        }));
    }
    for one in running {
        assert_eq!(one.await.unwrap(), Received::Applied);
    }
    u64::try_from(count).unwrap() * 1_000_000 / micros(began.elapsed()).max(1)
}

/// Orders with a QR on show.
async fn pending(ledger: &Ledger, merchant: MerchantId, count: usize) -> Vec<PaymentId> {
    let mut payments = Vec::with_capacity(count);
    while payments.len() < count {
        let made = ledger
            .at(Urgency::Write)
            .transact(move |tx| (0..50).map(|_| make(tx, merchant)).collect());
        let made: Vec<PaymentId> = made.await.unwrap();
        payments.extend(made);
    }
    payments.truncate(count);
    payments
}

fn make(tx: &mut Tx<'_>, merchant: MerchantId) -> Result<PaymentId, ledger::LedgerError> {
    let id = OrderId::from_uuid(Uuid::now_v7());
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let new = NewOrder {
        id,
        merchant_id: merchant,
        reference: id.to_string(),
        amount: Amount::rupiah(150_000).unwrap(),
        expires_at,
        description: Some("Kopi susu 3x".to_owned()),
        customer: None,
        items: None,
        return_url: None,
        metadata: None,
        checkout_token: id.to_string(),
        payment: Some(NewPayment {
            id: PaymentId::from_uuid(Uuid::now_v7()),
            method: Method::Qris,
            channel: Some("BNC_QRIS".to_owned()),
            link_channels: Vec::new(),
            expires_at,
        }),
    };
    let claim = Claim {
        endpoint: "POST /v1/orders".to_owned(),
        key: None,
        fingerprint: [0; 32],
        source: Source::Merchant,
    };
    let Begun::Send { call, .. } = tx.begin_order(&new, &claim)? else {
        return Err(ledger::LedgerError::NotFound);
    };
    let accepted = CallOutcome::Accepted(Box::new(Observation {
        artefact: Some(Artefact::Qr {
            qr_string: "000201010212".to_owned(),
        }),
        ..Observation::fact(Source::Reply, Fact::Accepted)
    }));
    tx.settle_call(call.payment_id, call.token, &accepted)?;
    Ok(call.payment_id)
}

fn paid(payment: PaymentId) -> InboundNotification {
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{payment}","latestTransactionStatus":"00","amount":{{"value":"150000.00","currency":"IDR"}}}}"#
    );
    let mut body_digest = [0_u8; 32];
    body_digest[..16].copy_from_slice(payment.as_uuid().as_bytes());
    InboundNotification {
        path: "/v1.0/qr/qr-mpm-notify",
        matched_route: "/v1.0/qr/qr-mpm-notify",
        body: body.into_bytes(),
        body_digest,
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    }
}

fn settings(database_url: String) -> LedgerSettings {
    LedgerSettings {
        database_url,
        connections_max: 16,
        waiting_max: 1024,
        deadline: Duration::from_secs(20),
    }
}

fn context() -> Context {
    let seconds = |steps: &[i64]| {
        Schedule::new(steps.iter().map(|step| TimeDelta::seconds(*step)).collect()).unwrap()
    };
    Context {
        links: Links {
            checkout_origin: "https://pay.example.co.id".to_owned(),
        },
        keyring: Arc::new(Keyring::new(&[Secret::new("bench key".to_owned())]).unwrap()),
        plans: Plans {
            lease: TimeDelta::seconds(30),
            expiry_grace: TimeDelta::seconds(300),
            resolve: seconds(&[2, 10, 30, 65, 300]),
            inquiry: seconds(&[15, 30]),
            inquiry_slow: seconds(&[15, 60]),
        },
        channels: Arc::new(ChannelTable::built_in(Environment::NonProduction)),
    }
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap()
}
