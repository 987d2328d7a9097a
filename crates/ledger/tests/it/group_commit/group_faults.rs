//! What shares a commit when something goes wrong: the writer is held up, its connection dies in the
//! middle of a group, its queue is full, a twin comes with the next group.

use std::time::{Duration, Instant};

use ayolinx_core::ids::PaymentId;
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use chrono::TimeDelta;
use devstack::SERVICES_ROLE;
use ledger::{
    CallEnd, DeliveryNext, InboundNotification, LeasedDelivery, Ledger, LedgerError,
    LedgerSettings, Received, TryResult,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, PRICE, accepted, context, settings};

/// A callback about a payment that nobody knows, at which whoever stores it comes to a stand.
struct Stall {
    held: InboundNotification,
}

impl Stall {
    fn begin(books: &Books) -> Self {
        let nobody = PaymentId::from_uuid(Uuid::now_v7());
        let held = callback(nobody);
        books.sql(&format!(
            "CREATE TABLE IF NOT EXISTS stalls (digest bytea PRIMARY KEY); \
             GRANT SELECT ON stalls TO {SERVICES_ROLE}; \
             CREATE OR REPLACE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 WHILE EXISTS (SELECT FROM stalls WHERE digest = NEW.body_digest) LOOP \
                     PERFORM pg_sleep(0.01); \
                 END LOOP; RETURN NEW; END $$; \
             CREATE OR REPLACE TRIGGER stall BEFORE INSERT ON notifications \
                 FOR EACH ROW EXECUTE FUNCTION stall()",
        ));
        let stall = Self { held };
        books.sql(&format!("INSERT INTO stalls VALUES ('{}')", stall.digest()));
        stall
    }

    fn digest(&self) -> String {
        let digits = self.held.body_digest.iter();
        digits.fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// Holds the writer up, then queues these.
    async fn queue(
        &self,
        books: &Books,
        ledger: &Ledger,
        behind: &[InboundNotification],
    ) -> Vec<JoinHandle<Result<Received, LedgerError>>> {
        let mut running = vec![send(ledger, &self.held)];
        until(|| writers_stalled(books) == 1).await;
        for one in behind {
            running.push(send(ledger, one));
            tokio::task::yield_now().await;
        }
        running
    }

    fn end(&self, books: &Books) {
        books.sql(&format!(
            "DELETE FROM stalls WHERE digest = '{}'",
            self.digest()
        ));
    }
}

fn callback(payment: PaymentId) -> InboundNotification {
    inbound(&says(payment, "00", "150000.00"), Channelled::Callback)
}

fn send(
    ledger: &Ledger,
    inbound: &InboundNotification,
) -> JoinHandle<Result<Received, LedgerError>> {
    let (ledger, inbound) = (ledger.clone(), inbound.clone());
    tokio::spawn(async move { ledger.receive(inbound).await })
}

fn writers_stalled(books: &Books) -> i64 {
    books.count(
        "pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' \
         AND application_name = 'ayolinx-gateway-writer'",
    )
}

async fn until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !done() {
        assert!(Instant::now() < deadline, "not in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn all(
    running: Vec<JoinHandle<Result<Received, LedgerError>>>,
) -> Vec<Result<Received, LedgerError>> {
    let mut received = Vec::new();
    for one in running {
        received.push(one.await.unwrap());
    }
    received
}

#[tokio::test]
async fn twins_in_two_groups_take_effect_once() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let stall = Stall::begin(&books);
    let running = stall
        .queue(&books, &books.ledger, &[callback(one.payment)])
        .await;
    // The first group waits with the stranger; the twin's group comes after that of the first.
    stall.end(&books);
    let first = all(running).await;
    let twin = books.ledger.receive(callback(one.payment)).await.unwrap();
    assert_eq!(*first[1].as_ref().unwrap(), Received::Applied);
    assert_eq!(twin, Received::Duplicate);
    assert_eq!(books.held().await, (PRICE, 0));
    assert_eq!(books.count("receipts"), 1);
    books.audit().await;
}

#[tokio::test]
async fn a_group_whose_connection_dies_is_acknowledged_to_nobody_and_may_come_again() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let (first, second) = (Stall::begin(&books), Stall::begin(&books));
    // Both are queued while the writer waits, so that they are one group, which waits in turn.
    let group = vec![callback(one.payment), second.held.clone()];
    let mut running = first.queue(&books, &books.ledger, &group).await;
    first.end(&books);
    let before = running.remove(0).await.unwrap();
    assert_eq!(before.unwrap(), Received::UnknownReference);
    until(|| writers_stalled(&books) == 1).await;
    books.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    for received in all(running).await {
        assert!(
            matches!(received, Err(LedgerError::Unavailable(_))),
            "{received:?}"
        );
    }
    assert_eq!(books.held().await, (0, 0));
    assert_eq!(books.count("events WHERE type = 'order.paid'"), 0);
    second.end(&books);
    for inbound in group {
        let again = books.ledger.receive(inbound).await.unwrap();
        assert!(
            matches!(again, Received::Applied | Received::UnknownReference),
            "{again:?}"
        );
    }
    assert_eq!(books.held().await, (PRICE, 0));
    books.audit().await;
}

#[tokio::test]
async fn a_full_queue_turns_away_at_once_and_what_is_in_it_is_done() {
    let books = Books::open().await;
    let narrow = Ledger::new(
        &LedgerSettings {
            waiting_max: 4,
            ..settings(books.database.url())
        },
        context(),
    );
    let mut orders = Vec::new();
    for number in 0..8 {
        orders.push(books.pending(&format!("A-{number}")).await.payment);
    }
    let stall = Stall::begin(&books);
    let callbacks: Vec<_> = orders.iter().map(|payment| callback(*payment)).collect();
    let running = stall.queue(&books, &narrow, &callbacks).await;
    let turned_away = callbacks.len() - 4;
    until(|| running.iter().filter(|one| one.is_finished()).count() == turned_away).await;
    stall.end(&books);
    let received = all(running).await;
    let (mut applied, mut overloaded) = (0, 0);
    for one in received {
        match one {
            Ok(Received::Applied) => applied += 1,
            Err(LedgerError::Overloaded) => overloaded += 1,
            Ok(Received::UnknownReference) => {}
            other => panic!("{other:?}"),
        }
    }
    // On a slow machine what waited too long is turned away too.
    assert_eq!(applied + overloaded, callbacks.len());
    assert!(overloaded >= turned_away, "{overloaded}");
    let applied = i64::try_from(applied).unwrap();
    assert_eq!(books.held().await, (applied * PRICE, 0));
    books.audit().await;
}

/// The end of a call and a try to deliver, of orders of their own.
async fn results(books: &Books) -> (CallEnd, LeasedDelivery) {
    books.endpoint("hook").await;
    books.pending("R-1").await;
    let leased = books.run(|tx| tx.lease_deliveries(1, 1, TimeDelta::minutes(10)));
    let delivery = leased.await.remove(0);
    let call = books.creating("R-2").await;
    let end = CallEnd {
        payment: call.payment,
        token: call.token,
        outcome: accepted(Method::Qris),
        keep: None,
    };
    (end, delivery)
}

fn delivered() -> TryResult {
    TryResult {
        next: DeliveryNext::Delivered,
        outcome: "delivered".to_owned(),
        status: Some(200),
        duration_ms: 12,
    }
}

const RESULTS: &str = "SELECT (SELECT count(*) FROM delivery_tries), \
    (SELECT count(*) FROM payments JOIN orders ON orders.id = order_id \
     WHERE reference = 'R-2' AND payments.state = 'pending')";

#[tokio::test]
async fn a_full_queue_sheds_new_work_and_keeps_results_however_long_they_wait() {
    let books = Books::open().await;
    let (end, delivery) = results(&books).await;
    let narrow = Ledger::new(
        &LedgerSettings {
            waiting_max: 2,
            ..settings(books.database.url())
        },
        context(),
    );
    let mut callbacks = Vec::new();
    for number in 0..5 {
        let order = books.pending(&format!("A-{number}")).await;
        callbacks.push(callback(order.payment));
    }
    let stall = Stall::begin(&books);
    let mut running = stall.queue(&books, &narrow, &callbacks).await;
    let held = running.remove(0);
    until(|| running.iter().filter(|one| one.is_finished()).count() == 3).await;
    // There is no room for more, and the results still find theirs.
    let ledger = narrow.clone();
    let ended = tokio::spawn(async move { ledger.end_call(end).await });
    let ledger = narrow.clone();
    let settled =
        tokio::spawn(async move { ledger.settle_delivery(&delivery, &delivered()).await });
    let queued = Instant::now();
    let more = narrow.receive(callbacks.remove(0)).await;
    assert!(matches!(more, Err(LedgerError::Overloaded)), "{more:?}");
    // What waits for longer than a second is answered "later", but for results.
    until(|| queued.elapsed() > Duration::from_millis(1_200)).await;
    assert!(!ended.is_finished() && !settled.is_finished());
    stall.end(&books);
    held.await.unwrap().unwrap();
    for one in all(running).await {
        assert!(matches!(one, Err(LedgerError::Overloaded)), "{one:?}");
    }
    ended.await.unwrap().unwrap();
    assert!(settled.await.unwrap().unwrap());
    assert_eq!(books.sql(RESULTS), "1|1");
    books.audit().await;
}

#[tokio::test]
async fn a_result_is_written_again_while_its_lease_holds_and_no_longer() {
    let books = Books::open().await;
    let (end, delivery) = results(&books).await;
    let impatient = Ledger::new(
        &LedgerSettings {
            deadline: Duration::from_millis(300),
            ..settings(books.database.url())
        },
        context(),
    );
    // Whoever writes a try or a payment fails, until that is allowed again.
    books.sql(
        "CREATE TABLE refusals (again int); INSERT INTO refusals VALUES (1); \
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF EXISTS (SELECT FROM refusals) THEN \
                 RAISE EXCEPTION 'not now' USING ERRCODE = 'lock_not_available'; \
             END IF; RETURN NEW; END $$; \
         CREATE TRIGGER refuse BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION refuse(); \
         CREATE TRIGGER refuse BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let shortly = || Instant::now() + Duration::from_millis(400);
    let late = impatient.end_call_by(end.clone(), shortly()).await;
    assert!(late.is_err_and(|error| error.is_transient()));
    let result = delivered();
    let late = impatient.settle_delivery_by(&delivery, &result, shortly());
    assert!(late.await.is_err_and(|error| error.is_transient()));
    let long = Instant::now() + Duration::from_secs(120);
    let (one, other) = (impatient.clone(), impatient);
    let ended = tokio::spawn(async move { one.end_call_by(end, long).await });
    let settled =
        tokio::spawn(async move { other.settle_delivery_by(&delivery, &result, long).await });
    // They have failed at least once: a change that comes later is done.
    let began = Instant::now();
    until(|| began.elapsed() > Duration::from_millis(500)).await;
    assert!(!ended.is_finished() && !settled.is_finished());
    books.sql("DELETE FROM refusals");
    ended.await.unwrap().unwrap();
    assert!(settled.await.unwrap().unwrap());
    assert_eq!(books.sql(RESULTS), "1|1");
    books.audit().await;
}
