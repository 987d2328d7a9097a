//! Traps T8 to T11: a commit that waits for a standby which is not there. Nothing is acknowledged,
//! nobody cancels it, and doing it again changes nothing.

use std::time::{Duration, Instant};

use ayolinx_core::ids::MerchantId;
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use devstack::{Durability, Postgres, run_sql};
use ledger::{Begun, InboundNotification, Ledger, LedgerError, LedgerSettings, Received, Urgency};
use uuid::Uuid;

use crate::support::{accepted, claim, context, order, started};

const DEADLINE: Duration = Duration::from_millis(700);
/// The deadline, and what a busy machine may take on top.
const ANSWERED_WITHIN: Duration = Duration::from_millis(1300);

struct Primary {
    // Dropped before the server.
    ledger: Ledger,
    url: String,
    _postgres: Postgres,
}

impl Primary {
    /// A server that keeps its word: each commit is flushed before it is confirmed.
    fn start() -> Self {
        let postgres = Postgres::throwaway(Durability::Durable).unwrap();
        postgres.ensure_database("books").unwrap();
        let url = postgres.url("books");
        ledger::migrate(&url).unwrap();
        let settings = LedgerSettings {
            database_url: url.clone(),
            connections_max: 4,
            waiting_max: 100,
            deadline: DEADLINE,
        };
        Self {
            ledger: Ledger::new(&settings, context()),
            url,
            _postgres: postgres,
        }
    }

    /// From now on a commit waits for this standby; nobody answers to the name.
    fn demand_a_standby(&self) {
        self.set("ALTER SYSTEM SET synchronous_standby_names = 'not_there'");
    }

    fn go_on_without(&self) {
        self.set("ALTER SYSTEM RESET synchronous_standby_names");
    }

    fn set(&self, statement: &str) {
        run_sql(&self.url, statement).unwrap();
        run_sql(&self.url, "SELECT pg_reload_conf()").unwrap();
        let wanted = if statement.contains("RESET") {
            ""
        } else {
            "not_there"
        };
        self.until("the setting holds", || {
            self.asked("SHOW synchronous_standby_names") == wanted
        });
    }

    fn asked(&self, question: &str) -> String {
        run_sql(&self.url, question).unwrap().trim().to_owned()
    }

    /// Commits of ours that wait for the standby now.
    fn waiting(&self) -> String {
        self.asked(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE application_name LIKE 'ayolinx-gateway%' AND wait_event = 'SyncRep'",
        )
    }

    #[track_caller]
    fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(15);
        while !done() {
            assert!(Instant::now() < deadline, "{what}: not in time");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    async fn add(&self, merchant: MerchantId) -> Result<(), LedgerError> {
        self.ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.add_merchant(merchant, "Warung"))
            .await
    }
}

#[track_caller]
fn is_put_off<T: std::fmt::Debug>(answer: &Result<T, LedgerError>, began: Instant) {
    assert!(
        matches!(answer, Err(LedgerError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(began.elapsed() < ANSWERED_WITHIN, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_commit_that_waits_is_answered_in_time_is_not_cancelled_and_may_be_done_again() {
    let primary = Primary::start();
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    primary.add(merchant).await.unwrap();
    let creation = order(merchant, "INV-1", Some(Method::Qris));
    let begin = || {
        let creation = creation.clone();
        primary
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.begin_order(&creation, &claim("INV-1")))
    };
    primary.demand_a_standby();
    let began = Instant::now();
    is_put_off(&begin().await, began);
    // Cancelled, it would be confirmed to its client without the standby (T9).
    let patience = Instant::now() + DEADLINE * 3;
    while Instant::now() < patience {
        assert_eq!(primary.waiting(), "1", "the commit was cancelled");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    primary.go_on_without();
    primary.until("it is committed after all", || {
        primary.asked("SELECT count(*) FROM orders") == "1"
    });
    let again = begin().await.unwrap();
    assert!(matches!(again, Begun::InFlight), "{again:?}");
    assert_eq!(primary.asked("SELECT count(*) FROM payments"), "1");
}

fn told(payment: ayolinx_core::ids::PaymentId) -> InboundNotification {
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{payment}","latestTransactionStatus":"00","amount":{{"value":"150000.00","currency":"IDR"}}}}"#
    );
    InboundNotification {
        path: "/v1.0/qr/qr-mpm-notify",
        matched_route: "/v1.0/qr/qr-mpm-notify",
        body: body.into_bytes(),
        body_digest: [7; 32],
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    }
}

#[tokio::test]
async fn a_repeat_is_not_acknowledged_before_the_standby_has_what_it_repeats() {
    let primary = Primary::start();
    let merchant = MerchantId::from_uuid(Uuid::now_v7());
    primary.add(merchant).await.unwrap();
    let creation = order(merchant, "INV-1", Some(Method::Qris));
    let begun = primary
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.begin_order(&creation, &claim("INV-1")));
    let one = started(begun.await.unwrap());
    let (payment, token) = (one.payment, one.token);
    let settled = primary
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.settle_call(payment, token, &accepted(Method::Qris)));
    settled.await.unwrap();
    let receive = || primary.ledger.receive(told(payment));
    assert_eq!(receive().await.unwrap(), Received::Applied);
    primary.demand_a_standby();
    let began = Instant::now();
    is_put_off(&receive().await, began);
    assert_eq!(primary.waiting(), "1", "the repeat waits like the first");
    primary.go_on_without();
    primary.until("the repeat is counted", || {
        primary.asked("SELECT seen FROM notifications") == "2"
    });
    assert_eq!(receive().await.unwrap(), Received::Duplicate);
}
