//! The database frozen, killed, demoted or crowded: an answer in time, bounded threads, recovery.

use std::process::Command;
use std::time::{Duration, Instant};

use devstack::{Durability, Postgres, run_sql};
use ledger::{Ledger, LedgerError, LedgerSettings, Urgency};

use crate::support::context;

const DEADLINE: Duration = Duration::from_millis(700);

/// A server of its own, since it is about to be mistreated.
fn server() -> (Postgres, String) {
    let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("books").unwrap();
    let url = postgres.url("books");
    ledger::migrate(&url).unwrap();
    (postgres, url)
}

fn ledger_over(url: &str, connections_max: u32, waiting_max: usize) -> Ledger {
    let settings = LedgerSettings {
        database_url: url.to_owned(),
        connections_max,
        waiting_max,
        deadline: DEADLINE,
    };
    Ledger::new(&settings, context())
}

async fn merchants(ledger: &Ledger) -> Result<usize, LedgerError> {
    ledger
        .at(Urgency::Write)
        .transact(|tx| Ok(tx.list_merchants()?.len()))
        .await
}

async fn recovers(ledger: &Ledger) {
    let until = Instant::now() + Duration::from_secs(15);
    loop {
        match merchants(ledger).await {
            Ok(_) => return,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The server with all its backends.
fn processes(postgres: &Postgres) -> Vec<String> {
    let pid = postgres.pid();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let own = std::iter::once(pid.to_string());
    own.chain(children.split_whitespace().map(str::to_owned))
        .collect()
}

/// Stops the server, then its backends: once it is stopped, no further one begins.
fn freeze(postgres: &Postgres) -> Vec<String> {
    signal("-STOP", &[postgres.pid().to_string()]);
    let all = processes(postgres);
    signal("-STOP", &all);
    all
}

fn signal(which: &str, processes: &[String]) {
    let sent = Command::new("kill")
        .arg(which)
        .args(processes)
        .status()
        .unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_frozen_server_is_answered_in_time_holds_few_threads_and_is_used_again() {
    let (postgres, url) = server();
    let ledger = ledger_over(&url, 3, 100);
    recovers(&ledger).await;
    let frozen = freeze(&postgres);
    for _ in 0..2 {
        let mut callers = Vec::new();
        for _ in 0..12 {
            let ledger = ledger.clone();
            callers.push(tokio::spawn(async move {
                let began = Instant::now();
                let answer = merchants(&ledger).await;
                (answer, began.elapsed())
            }));
        }
        for caller in callers {
            let (answer, took) = caller.await.unwrap();
            assert!(
                matches!(answer, Err(LedgerError::Unavailable(_))),
                "{answer:?}"
            );
            assert!(took < DEADLINE + Duration::from_millis(500), "{took:?}");
        }
        let (stuck, all) = ledger.connections_in_use();
        assert!((1..=3).contains(&stuck) && all == 3, "{stuck}");
    }
    signal("-CONT", &frozen);
    recovers(&ledger).await;
    let until = Instant::now() + Duration::from_secs(5);
    while ledger.connections_in_use().0 > 0 {
        assert!(Instant::now() < until, "threads are still stuck");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As a test does that fails meanwhile: it must come to its end.
#[tokio::test]
async fn a_frozen_server_that_is_dropped_lets_go_of_its_callers() {
    let (postgres, url) = server();
    let ledger = ledger_over(&url, 3, 100);
    recovers(&ledger).await;
    freeze(&postgres);
    assert!(merchants(&ledger).await.is_err());
    assert!(ledger.connections_in_use().0 > 0);
    let began = Instant::now();
    drop(postgres);
    while ledger.connections_in_use().0 > 0 {
        assert!(began.elapsed() < Duration::from_secs(8), "still stuck");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn killed_backends_are_replaced() {
    let (_postgres, url) = server();
    let ledger = ledger_over(&url, 2, 100);
    recovers(&ledger).await;
    for idle in [Duration::ZERO, Duration::from_millis(1100)] {
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                    WHERE application_name = 'ayolinx-gateway'";
        run_sql(&url, kill).unwrap();
        tokio::time::sleep(idle).await;
        // Only what was used within the last second is believed to live.
        let calls = if idle.is_zero() { 3 } else { 1 };
        let mut answers = Vec::new();
        for _ in 0..calls {
            answers.push(merchants(&ledger).await);
        }
        assert!(answers.last().unwrap().is_ok(), "{answers:?}");
    }
}

#[tokio::test]
async fn a_server_killed_and_started_again_is_used_again() {
    let (mut postgres, url) = server();
    let ledger = ledger_over(&url, 2, 100);
    recovers(&ledger).await;
    postgres.kill();
    // Its backends notice a moment later.
    let until = Instant::now() + Duration::from_secs(10);
    while merchants(&ledger).await.is_ok() {
        assert!(Instant::now() < until, "a dead server answers");
    }
    let began = Instant::now();
    let answer = merchants(&ledger).await;
    assert!(
        matches!(answer, Err(LedgerError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(began.elapsed() < DEADLINE + Duration::from_millis(500));
    postgres.start_again().unwrap();
    recovers(&ledger).await;
}

#[tokio::test]
async fn a_demoted_server_is_left_as_soon_as_it_refuses() {
    let (_postgres, url) = server();
    let ledger = ledger_over(&url, 1, 100);
    recovers(&ledger).await;
    let add = |ledger: Ledger| async move {
        let id = ayolinx_core::ids::MerchantId::from_uuid(uuid::Uuid::now_v7());
        ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.add_merchant(id, "Warung"))
            .await
    };
    add(ledger.clone()).await.unwrap();
    let backend = "SELECT pid FROM pg_stat_activity WHERE application_name = 'ayolinx-gateway'";
    let before = run_sql(&url, backend).unwrap();
    for on in ["on", "off"] {
        run_sql(
            &url,
            &format!("ALTER SYSTEM SET default_transaction_read_only = {on}"),
        )
        .unwrap();
        run_sql(&url, "SELECT pg_reload_conf()").unwrap();
        if on == "on" {
            let until = Instant::now() + Duration::from_secs(5);
            loop {
                match add(ledger.clone()).await {
                    Err(LedgerError::Unavailable(_)) => break,
                    other => assert!(Instant::now() < until, "{other:?}"),
                }
            }
            // Reads would still be answered there: nobody asks it any more.
            let read = merchants(&ledger).await;
            assert!(matches!(read, Err(LedgerError::Unavailable(_))), "{read:?}");
        }
    }
    recovers(&ledger).await;
    add(ledger.clone()).await.unwrap();
    assert_ne!(
        run_sql(&url, backend).unwrap(),
        before,
        "the connection was given up"
    );
}

#[tokio::test]
async fn more_than_may_wait_is_shed_at_once() {
    let (_postgres, url) = server();
    // A quarter of the line is for callbacks.
    let ledger = ledger_over(&url, 1, 3);
    recovers(&ledger).await;
    let (free, held) = std::sync::mpsc::channel::<()>();
    let (began, begun) = tokio::sync::oneshot::channel();
    let holder = {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            ledger
                .at(Urgency::Callback)
                .transact(move |_tx| {
                    began.send(()).unwrap();
                    held.recv_timeout(Duration::from_millis(600)).ok();
                    Ok(())
                })
                .await
        })
    };
    begun.await.unwrap();
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let ledger = ledger.clone();
            tokio::spawn(async move { merchants(&ledger).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let began = Instant::now();
    let shed = merchants(&ledger).await;
    assert!(matches!(shed, Err(LedgerError::Overloaded)), "{shed:?}");
    assert!(began.elapsed() < Duration::from_millis(100));
    free.send(()).unwrap();
    holder.await.unwrap().unwrap();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    merchants(&ledger).await.unwrap();
}

#[tokio::test]
async fn a_longer_deadline_lets_a_statement_run_longer() {
    let (_postgres, url) = server();
    let ledger = ledger_over(&url, 1, 10);
    recovers(&ledger).await;
    run_sql(
        &url,
        "ALTER TABLE merchants RENAME TO merchants_kept; \
         CREATE VIEW merchants AS SELECT m.* FROM merchants_kept m, (SELECT pg_sleep(1.2)) slow",
    )
    .unwrap();
    let short = merchants(&ledger).await;
    assert!(
        matches!(short, Err(LedgerError::Unavailable(_))),
        "{short:?}"
    );
    let long = ledger
        .at(Urgency::Write)
        .transact_within(Duration::from_secs(10), |tx| tx.list_merchants())
        .await;
    assert!(long.is_ok(), "{long:?}");
}

#[tokio::test]
async fn a_panic_in_the_work_is_an_error_and_gives_everything_back() {
    let (_postgres, url) = server();
    let ledger = ledger_over(&url, 1, 10);
    recovers(&ledger).await;
    for _ in 0..3 {
        // Printing the panic's place takes its time on a busy machine: that is not what is asked.
        let patience = Duration::from_secs(30);
        let answer: Result<(), _> = ledger
            .at(Urgency::Write)
            .transact_within(patience, |_tx| panic!("a bug"))
            .await;
        assert!(matches!(answer, Err(LedgerError::Corrupt(_))), "{answer:?}");
    }
    recovers(&ledger).await;
    assert_eq!(ledger.connections_in_use().0, 0);
}
