//! Single sessions whose server process is stopped, at any point of their work: others go on without them,
//! and what was on them is neither lost nor doubled, also when the process goes on and commits.

mod cases;

use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use ayolinx_core::ids::MerchantId;
use devstack::{Durability, Postgres, run_sql};
use ledger::{LedgerError, NotReady};
use tokio::task::JoinHandle;
use uuid::Uuid;

use cases::{Case, Change, HOLDS, Kind, Point, ask, effect};

const DEADLINE: Duration = Duration::from_secs(3);
const ANSWERED_WITHIN: Duration = Duration::from_millis(4_500);
/// Sessions are given up after three deadlines.
const REPLACED_WITHIN: Duration = Duration::from_secs(90);

fn signal(which: &str, pids: &[String]) {
    let sent = Command::new("kill").arg(which).args(pids).status().unwrap();
    assert!(sent.success());
}

async fn until(what: &str, within: Duration, mut done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !done().await {
        assert!(Instant::now() < deadline, "{what}: not in time");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

type Asking = JoinHandle<Result<(), LedgerError>>;

/// Asks for the change and stops the writer's session at the point.
async fn stopped(case: &Case, change: &Change, point: Point) -> (Vec<String>, Asking) {
    let mut pid = None;
    if point == Point::Idle {
        pid = case.writer_at(point);
        signal("-STOP", pid.as_slice());
    } else {
        case.sql(&format!("INSERT INTO holds VALUES ('{}')", point.name()));
    }
    let asking = tokio::spawn(ask(case.ledger.clone(), change.clone()));
    if point != Point::Idle {
        until(point.name(), DEADLINE, async || {
            pid = case.writer_at(point);
            pid.is_some()
        })
        .await;
        signal("-STOP", pid.as_slice());
        case.sql("DELETE FROM holds");
    }
    (pid.into_iter().collect(), asking)
}

/// Others go on although it stays stopped.
async fn others_go_on(case: &Case, name: &str) {
    let others = Arc::new(std::sync::atomic::AtomicU32::new(0));
    until(name, REPLACED_WITHIN, async || {
        let number = others.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let other = Change::Order(Box::new(case.new_order(&format!("B-{number}"))));
        let began = Instant::now();
        let answer = ask(case.ledger.clone(), other).await;
        assert!(
            began.elapsed() < ANSWERED_WITHIN,
            "{name}: {:?}",
            began.elapsed()
        );
        answer.is_ok()
    })
    .await;
}

async fn a_stopped_writer(case: &Case, kind: Kind, point: Point) {
    let name = format!("{kind:?} {point:?}");
    let change = case.change(kind).await;
    case.ledger.ready().await.unwrap();
    let asked = Instant::now();
    let (pid, asking) = stopped(case, &change, point).await;
    // Nobody is told anything but "later", in time, and the service says what it cannot do.
    let not_ready = case.ledger.ready().await;
    if asked.elapsed() < DEADLINE * 3 {
        assert!(
            matches!(not_ready, Err(NotReady::CannotWrite(_))),
            "{name}: {not_ready:?}"
        );
    }
    others_go_on(case, &name).await;
    let answer = asking.await.unwrap();
    // A result that was not yet with the stopped session waits for the next one.
    let may_wait = point == Point::Idle && matches!(kind, Kind::CallEnd | Kind::Try);
    assert!(
        matches!(answer, Err(LedgerError::Unavailable(_))) || (may_wait && answer.is_ok()),
        "{name}: {answer:?}"
    );
    assert_eq!(case.given_up("writer"), 1.0, "{name}");
    assert_eq!(case.replaced("writer"), 1.0);
    until(&name, REPLACED_WITHIN, async || {
        case.ledger.ready().await.is_ok()
    })
    .await;
    assert_eq!(case.ledger.beyond_help(), None);
    // What it holds, it may hold; nothing is done twice beside it.
    let again = ask(case.ledger.clone(), change.clone()).await;
    assert!(
        again
            .as_ref()
            .map_or_else(LedgerError::is_transient, |()| true),
        "{name}: {again:?}"
    );
    signal("-CONT", &pid);
    until(&name, REPLACED_WITHIN, async || {
        case.given_up("writer") == 0.0
    })
    .await;
    let (tables, once) = effect(kind);
    if point == Point::Commit {
        // It was given up, and it was committed.
        assert_eq!(case.sql(tables), once, "{name}");
    }
    until(&name, REPLACED_WITHIN, async || {
        ask(case.ledger.clone(), change.clone()).await.is_ok()
    })
    .await;
    assert_eq!(case.sql(tables), once, "{name}");
    case.audit().await;
}

#[test]
fn a_stopped_writer_is_replaced_and_what_was_on_it_is_neither_lost_nor_doubled() {
    let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("template").unwrap();
    let template = postgres.url("template");
    ledger::migrate(&template).unwrap();
    run_sql(&template, HOLDS).unwrap();
    let kinds = [Kind::Order, Kind::CallEnd, Kind::Callback, Kind::Try];
    let points = [Point::Idle, Point::Statement, Point::Commit];
    std::thread::scope(|scope| {
        for kind in kinds {
            for point in points {
                let name = format!("{kind:?}_{point:?}").to_lowercase();
                let administration = postgres.url("postgres");
                let create = format!("CREATE DATABASE {name} TEMPLATE template");
                run_sql(&administration, &create).unwrap();
                let url = postgres.url(&name);
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread();
                    let runtime = { runtime }.enable_all().build().unwrap();
                    runtime.block_on(async {
                        let case = Case::open(url, 4, DEADLINE).await;
                        a_stopped_writer(&case, kind, point).await;
                    });
                });
            }
        }
    });
}

/// Each place has a session from then on.
async fn all_at_work(case: &Case, places: u32) {
    let together = Arc::new(Barrier::new(3));
    let mut all = Vec::new();
    for _ in 0..places {
        let (ledger, together) = (case.ledger.clone(), Arc::clone(&together));
        all.push(tokio::spawn(async move {
            ledger
                .at(ledger::Urgency::Write)
                .transact(move |_tx| {
                    together.wait();
                    Ok(())
                })
                .await
        }));
    }
    for one in all {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn stopped_sessions_of_the_pool_are_given_up_and_give_their_places_back() {
    let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("books").unwrap();
    let url = postgres.url("books");
    ledger::migrate(&url).unwrap();
    let places = 3;
    let case = Case::open(url, places, Duration::from_millis(900)).await;
    let read = async || {
        let listed = case
            .ledger
            .at(ledger::Urgency::Write)
            .transact(|tx| tx.list_merchants())
            .await;
        listed.map(|all| all.len())
    };
    all_at_work(&case, places).await;
    let pids = case.sql(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'ayolinx-gateway' \
         AND datname = current_database()",
    );
    let pids: Vec<String> = pids.lines().map(str::to_owned).collect();
    assert!(pids.len() >= 3, "{pids:?}");
    signal("-STOP", &pids);
    let mut asked = Vec::new();
    for _ in 0..places {
        let ledger = case.ledger.clone();
        asked.push(tokio::spawn(async move {
            ledger
                .at(ledger::Urgency::Write)
                .transact(|tx| tx.list_merchants())
                .await
        }));
    }
    for one in asked {
        let answer = one.await.unwrap();
        assert!(
            matches!(answer, Err(LedgerError::Unavailable(_))),
            "{answer:?}"
        );
    }
    until("others have their places", REPLACED_WITHIN, async || {
        read().await.is_ok()
    })
    .await;
    until("no place is held", REPLACED_WITHIN, async || {
        case.ledger.connections_in_use() == (0, places)
    })
    .await;
    for _ in 0..20 {
        read().await.unwrap();
    }
    let given_up = case.given_up("pool");
    assert_eq!(given_up, 3.0);
    signal("-CONT", &pids);
    until("they end", REPLACED_WITHIN, async || {
        case.given_up("pool") == 0.0
    })
    .await;
    until("their sessions are gone", REPLACED_WITHIN, async || {
        let left = case.sql(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid IN ({})",
            pids.join(", ")
        ));
        left.parse::<usize>().unwrap() <= pids.len() - 3
    })
    .await;
    case.audit().await;
}

#[tokio::test]
async fn what_was_given_up_writes_nothing_more() {
    let postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("books").unwrap();
    let url = postgres.url("books");
    ledger::migrate(&url).unwrap();
    let case = Case::open(url, 2, Duration::from_millis(300)).await;
    // One would commit, the other go on.
    for goes_on in [false, true] {
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        let asked = case.ledger.at(ledger::Urgency::Write).transact(move |tx| {
            tx.add_merchant(merchant, "Silent")?;
            wait.recv().ok();
            let listed = if goes_on {
                tx.list_merchants()
            } else {
                Ok(Vec::new())
            };
            tell.send(listed.is_err()).ok();
            listed.map(|_| ())
        });
        let answer = asked.await;
        assert!(
            matches!(answer, Err(LedgerError::Unavailable(_))),
            "{answer:?}"
        );
        until("given up", REPLACED_WITHIN, async || {
            case.given_up("pool") == 1.0
        })
        .await;
        go_on.send(()).unwrap();
        assert_eq!(told.await.unwrap(), goes_on);
        until("it ends", REPLACED_WITHIN, async || {
            case.given_up("pool") == 0.0
        })
        .await;
    }
    assert_eq!(
        case.sql("SELECT count(*) FROM merchants WHERE name = 'Silent'"),
        "0"
    );
}
