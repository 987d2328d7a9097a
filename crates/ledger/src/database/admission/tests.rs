//! Tests of the gate's queues.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

#[test]
fn reads_are_shed_before_requests_and_callbacks_last() {
    let of = |most| Urgency::ALL.map(|of| of.waiting_max(most));
    assert_eq!(of(1024), [1024, 768, 256, 64, 128, 64, 0]);
    assert_eq!(of(2), [2, 1, 1, 1, 1, 1, 0]);
}

#[tokio::test]
async fn a_place_goes_to_the_most_urgent_and_at_times_to_the_oldest() {
    let gate = Gate::new(1, 64);
    let deadline = Duration::from_secs(10);
    let held = gate
        .enter(Urgency::Read, Whose::Ours, deadline)
        .await
        .unwrap();
    assert_eq!(gate.free(), 0);
    let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
    let enter = |urgency: Urgency| {
        let (gate, served) = (gate.clone(), served.clone());
        tokio::spawn(async move {
            let _place = gate.enter(urgency, Whose::Ours, deadline).await.unwrap();
            served.send(urgency).unwrap();
        })
    };
    enter(Urgency::Read);
    tokio::task::yield_now().await;
    for _ in 0..9 {
        enter(Urgency::Callback);
    }
    enter(Urgency::Write);
    tokio::task::yield_now().await;
    drop(held);
    let mut seen = Vec::new();
    for _ in 0..11 {
        seen.push(order.recv().await.unwrap());
    }
    let read = seen.iter().position(|of| *of == Urgency::Read).unwrap();
    assert_eq!(read, 7, "{seen:?}");
    assert_eq!(seen[10], Urgency::Write, "{seen:?}");
    assert_eq!(gate.free(), 1);
}

#[tokio::test]
async fn whoever_came_first_strangers_stand_behind_every_shop() {
    let gate = Gate::new(1, 1024);
    let held = gate
        .enter(Urgency::Write, Whose::Ours, PATIENCE_MAX)
        .await
        .unwrap();
    let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
    let expected = &Urgency::ALL[..6];
    for urgency in expected.iter().rev().copied() {
        let (gate, served) = (gate.clone(), served.clone());
        tokio::spawn(async move {
            let _place = gate
                .enter(urgency, Whose::Ours, PATIENCE_MAX)
                .await
                .unwrap();
            served.send(urgency).unwrap();
        });
        tokio::task::yield_now().await;
    }
    drop((held, served));
    let mut seen = Vec::new();
    while let Some(urgency) = order.recv().await {
        seen.push(urgency);
    }
    assert_eq!(seen, expected);
    assert_eq!(
        expected[2..],
        [
            Urgency::Request,
            Urgency::Payer,
            Urgency::Read,
            Urgency::Public
        ]
    );
}

#[tokio::test]
async fn what_is_spare_leaves_most_places_to_others() {
    let gate = Gate::new(16, 64);
    let deadline = Duration::from_secs(10);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(
            gate.enter(Urgency::Spare, Whose::Ours, deadline)
                .await
                .unwrap(),
        );
    }
    let refused = gate.enter(Urgency::Spare, Whose::Ours, deadline).await;
    assert_eq!(refused.err(), Some(Refused::TooMany));
    held.push(
        gate.enter(Urgency::Read, Whose::Ours, deadline)
            .await
            .unwrap(),
    );
    held.clear();
    assert!(
        gate.enter(Urgency::Spare, Whose::Ours, deadline)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_stall_is_waited_for_and_too_much_load_is_not() {
    let gate = Gate::new(1, 64);
    let long = Duration::from_secs(10);
    let held = gate.enter(Urgency::Write, Whose::Ours, long).await.unwrap();
    let turned_away_after = async |urgency| {
        let began = Instant::now();
        assert_eq!(
            gate.enter(urgency, Whose::Ours, long).await.err(),
            Some(Refused::InVain)
        );
        began.elapsed()
    };
    assert!(turned_away_after(Urgency::Read).await >= PATIENCE_MAX);
    // Nobody was let in since: this is no stall any more.
    assert!(turned_away_after(Urgency::Read).await < PATIENCE_MAX);
    assert!(turned_away_after(Urgency::Write).await >= PATIENCE_MAX);
    drop(held);
    let held = gate.enter(Urgency::Write, Whose::Ours, long).await.unwrap();
    assert!(turned_away_after(Urgency::Read).await >= PATIENCE_MAX);
    drop(held);
}

#[tokio::test]
async fn who_gave_up_takes_no_place_with_it() {
    let gate = Gate::new(1, 4);
    let held = gate
        .enter(Urgency::Write, Whose::Ours, Duration::ZERO)
        .await
        .unwrap();
    let shortly = Duration::from_millis(5);
    for _ in 0..20 {
        let refused = gate.enter(Urgency::Read, Whose::Ours, shortly).await;
        assert_eq!(refused.err(), Some(Refused::InVain));
    }
    let line = gate.clone();
    let one =
        tokio::spawn(async move { line.enter(Urgency::Read, Whose::Ours, shortly * 50).await });
    tokio::task::yield_now().await;
    let refused = gate.enter(Urgency::Read, Whose::Ours, shortly).await;
    assert_eq!(refused.err(), Some(Refused::TooMany));
    drop(held);
    drop(one.await.unwrap().unwrap());
    assert_eq!(gate.free(), 1);
}

fn shop(number: u128) -> Whose {
    Whose::Shop(MerchantId::from_uuid(Uuid::from_u128(number)))
}

#[tokio::test]
async fn a_shop_that_fills_its_share_leaves_others_a_place_and_ours_all_that_is_free() {
    let gate = Gate::new(16, 1024);
    let soon = Duration::from_millis(5);
    let mut held = Vec::new();
    while let Ok(place) = gate.enter(Urgency::Read, shop(1), soon).await {
        held.push(place);
    }
    assert_eq!(held.len(), 12);
    let other = gate.enter(Urgency::Read, shop(2), soon).await;
    held.push(other.unwrap());
    while let Ok(place) = gate.enter(Urgency::Read, Whose::Ours, soon).await {
        held.push(place);
    }
    assert_eq!(gate.free(), 0);
    drop(held);
    assert_eq!(gate.standing().free, 16);
}

#[tokio::test]
async fn a_long_line_of_one_shop_is_bounded_and_holds_up_no_other() {
    let gate = Gate::new(1, 1024);
    let long = Duration::from_secs(10);
    let held = gate.enter(Urgency::Write, Whose::Ours, long).await.unwrap();
    let (served, mut order) = tokio::sync::mpsc::unbounded_channel();
    let enter = |whose: Whose| {
        let (gate, served) = (gate.clone(), served.clone());
        tokio::spawn(async move {
            let entered = gate.enter(Urgency::Read, whose, long).await;
            served.send((whose, entered.err())).unwrap();
        })
    };
    // 128 may wait for a read, 96 of them of one shop.
    for _ in 0..200 {
        enter(shop(1));
    }
    enter(shop(2));
    while gate.standing().waiting < 97 {
        tokio::task::yield_now().await;
    }
    let mut refused = 0;
    while let Ok((whose, entered)) = order.try_recv() {
        assert_eq!((whose, entered), (shop(1), Some(Refused::TooMany)));
        refused += 1;
    }
    assert_eq!(refused, 104);
    drop(held);
    let first = [order.recv().await.unwrap(), order.recv().await.unwrap()];
    assert_eq!(first, [(shop(1), None), (shop(2), None)]);
}

/// Draws callers.
fn callers() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((0..Urgency::COUNT, 0..4_u8), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_place_comes_back_and_nobody_waits_beside_a_place_of_its_own(
        places in 1..20_usize,
        callers in callers(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let gate = Gate::new(places, 1024);
            let held = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
            let local = tokio::task::LocalSet::new();
            for (urgency, number) in callers {
                let whose = if number == 0 { Whose::Ours } else { shop(number.into()) };
                let (gate, held) = (gate.clone(), std::rc::Rc::clone(&held));
                local.spawn_local(async move {
                    let entered = gate.enter(Urgency::ALL[urgency], whose, Duration::from_secs(60)).await;
                    held.borrow_mut().extend(entered.ok());
                });
            }
            local.run_until(async {
                loop {
                    for _ in 0..300 {
                        tokio::task::yield_now().await;
                    }
                    let lines = gate.lines();
                    for line in &lines.waiting {
                        assert!(line.oldest(|whose| lines.admit(*whose).is_ok()).is_none());
                    }
                    drop(lines);
                    let Some(place) = held.borrow_mut().pop() else { break };
                    drop(place);
                }
            }).await;
            assert_eq!((gate.free(), gate.standing().waiting), (places, 0));
        });
    }
}
