//! Who is served next, for how long one waits, and who hears of a place that came free.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use shares::{Limits, Refused, Shares};
use tokio::sync::mpsc;

const NEVER: Duration = Duration::from_secs(86_400);

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    // On a clock that runs ahead whenever nothing else can happen.
    runtime.block_on(async { tokio::time::timeout(NEVER * 2, test).await.unwrap() })
}

/// Every key of `line` waits in this order; the keys as they were served.
async fn served(line: &[u8]) -> Vec<u8> {
    let pool = Shares::new("turns", Limits::unshared(1), Limits::unshared(1000));
    let held = pool.try_enter(&u8::MAX).unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    for key in line.iter().copied() {
        let (pool, tell) = (pool.clone(), tell.clone());
        tokio::spawn(async move {
            let _place = pool.enter(&key, NEVER).await.unwrap();
            tell.send(key).unwrap();
        });
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.waiting(), line.len());
    drop((held, tell));
    let mut served = Vec::new();
    while let Some(key) = told.recv().await {
        served.push(key);
    }
    served
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_long_line_of_one_key_holds_up_no_other(line in vec(0..6_u8, 1..60)) {
        let served = run(served(&line));
        let of = |keys: &[u8], key| keys.iter().filter(|one| **one == key).count();
        prop_assert_eq!(served.len(), line.len());
        for end in 1..served.len() {
            let so_far = &served[..end];
            for one in 0..6 {
                let still_waits = of(so_far, one) < of(&line, one);
                for other in 0..6 {
                    let ahead = of(so_far, other).saturating_sub(of(so_far, one));
                    prop_assert!(!still_waits || ahead <= 1, "{other} before {one}: {served:?}");
                }
            }
        }
    }
}

#[test]
fn whoever_waits_too_long_is_told_whose_share_was_used_up() {
    run(async {
        let limits = Limits {
            places: 3,
            most_of_one: 2,
            guaranteed: 1,
            reserve: 1,
        };
        let pool = Shares::new("patience", limits, Limits::unshared(1));
        let _held = [pool.try_enter(&1).unwrap(), pool.try_enter(&1).unwrap()];
        let soon = Duration::from_millis(10);
        assert_eq!(pool.enter(&1, soon).await.err(), Some(Refused::OwnShare));
        let _last = pool.try_enter(&2).unwrap();
        assert_eq!(pool.enter(&3, soon).await.err(), Some(Refused::All));
        assert_eq!(pool.waiting(), 0);
    });
}

#[test]
fn a_line_is_shared_as_the_places_are() {
    run(async {
        let line = Limits {
            places: 3,
            most_of_one: 2,
            guaranteed: 1,
            reserve: 1,
        };
        let pool = Shares::new("line", Limits::unshared(1), line);
        let _held = pool.try_enter(&0).unwrap();
        for key in [1, 1, 2] {
            let pool = pool.clone();
            tokio::spawn(async move { pool.enter(&key, NEVER).await.map(drop) });
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.waiting(), 3);
        assert_eq!(pool.enter(&1, NEVER).await.err(), Some(Refused::OwnShare));
        assert_eq!(pool.enter(&3, NEVER).await.err(), Some(Refused::All));
    });
}

#[test]
fn a_place_that_came_free_before_the_wait_is_heard_of() {
    run(async {
        let pool = Shares::new("freed", Limits::unshared(1), Limits::NONE);
        let held = pool.try_enter(&1).unwrap();
        let mut freed = pool.freed();
        assert!(pool.try_enter(&2).is_err());
        drop(held);
        freed.wait().await;
        assert!(pool.try_enter(&2).is_ok());
    });
}
