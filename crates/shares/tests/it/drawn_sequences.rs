//! Drawn pools and drawn sequences of entering, waiting, leaving and giving back, held against the rules.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use shares::{Limits, Place, Refused, Shares};

const NEVER: Duration = Duration::from_secs(86_400);

#[derive(Debug, Clone, Copy)]
enum Step {
    Try(u8),
    Wait(u8),
    GiveBack(usize),
    Leave(usize),
    Panic(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..5_u8).prop_map(Step::Try),
        4 => (0..5_u8).prop_map(Step::Wait),
        4 => any::<usize>().prop_map(Step::GiveBack),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => (0..5_u8).prop_map(Step::Panic),
    ];
    vec(step, 1..120)
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..24_usize).prop_flat_map(|places| {
        (Just(places), 1..=places, 0..=places, 0..=places).prop_map(
            |(places, most_of_one, guaranteed, reserve)| Limits {
                places,
                most_of_one,
                guaranteed: guaranteed.min(most_of_one),
                reserve,
            },
        )
    })
}

type Entering = Pin<Box<dyn Future<Output = Result<Place<u8>, Refused>>>>;

/// A pool and everything that a test holds of it.
struct Drive {
    limits: Limits,
    pool: Shares<u8>,
    held: Vec<(u8, Place<u8>)>,
    waiting: Vec<(u8, Entering)>,
}

impl Drive {
    fn new(limits: Limits, queue: Limits) -> Self {
        Self {
            limits,
            pool: Shares::new("drawn", limits, queue),
            held: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn own(&self, key: u8) -> usize {
        self.held.iter().filter(|(held, _)| *held == key).count()
    }

    fn admitted(&self, key: u8) -> Result<(), Refused> {
        self.limits.admit(self.held.len(), self.own(key))
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Try(key) => {
                let expected = self.admitted(key);
                let entered = self.pool.try_enter(&key);
                assert_eq!(entered.as_ref().map(|_| ()).map_err(|why| *why), expected);
                self.held.extend(entered.ok().map(|place| (key, place)));
            }
            Step::Wait(key) => {
                let pool = self.pool.clone();
                let entering = async move { pool.enter(&key, NEVER).await };
                self.waiting.push((key, Box::pin(entering)));
            }
            Step::GiveBack(which) if !self.held.is_empty() => {
                self.held.swap_remove(which % self.held.len());
            }
            Step::Leave(which) if !self.waiting.is_empty() => {
                drop(self.waiting.remove(which % self.waiting.len()));
            }
            Step::GiveBack(_) | Step::Leave(_) => {}
            Step::Panic(key) => {
                let pool = self.pool.clone();
                let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
                    let _place = pool.try_enter(&key);
                    std::panic::resume_unwind(Box::new("on purpose"));
                }));
                assert!(panicked.is_err());
            }
        }
        self.poll();
        self.check();
    }

    fn poll(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut left = Vec::new();
        for (key, mut entering) in self.waiting.drain(..) {
            match entering.as_mut().poll(&mut context) {
                Poll::Ready(Ok(place)) => self.held.push((key, place)),
                Poll::Ready(Err(_)) => {}
                Poll::Pending => left.push((key, entering)),
            }
        }
        self.waiting = left;
    }

    fn check(&self) {
        let Limits {
            places,
            most_of_one,
            guaranteed,
            reserve,
        } = self.limits;
        assert!(self.held.len() <= places);
        assert_eq!(self.pool.held(), self.held.len());
        assert_eq!(self.pool.waiting(), self.waiting.len());
        let mut beyond = 0;
        for key in 0..5 {
            let own = self.own(key);
            assert!(own <= most_of_one);
            assert_eq!(self.pool.held_by(&key), own);
            beyond += own.saturating_sub(guaranteed);
        }
        assert!(beyond <= places - reserve, "{:?}", self.held);
        for (key, _) in &self.waiting {
            assert!(self.admitted(*key).is_err(), "{key} waits for nothing");
        }
    }
}

fn in_a_runtime(test: impl FnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let _entered = runtime.enter();
    test();
}

fn drawn() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(drawn())]
    #[test]
    fn no_key_has_too_much_nobody_waits_for_nothing_and_everything_comes_back(
        limits in limits(),
        queue in limits(),
        steps in steps(),
    ) {
        in_a_runtime(|| {
            let mut drive = Drive::new(limits, queue);
            for step in steps {
                drive.step(step);
            }
            while !drive.held.is_empty() || !drive.waiting.is_empty() {
                let before = drive.waiting.len();
                drive.held.pop();
                drive.poll();
                drive.check();
                // Whoever the limits let in at no time leaves by itself.
                if drive.held.is_empty() && drive.waiting.len() == before {
                    drive.waiting.pop();
                }
            }
            assert_eq!((drive.pool.held(), drive.pool.waiting()), (0, 0));
        });
    }

    #[test]
    fn a_key_below_its_guarantee_gets_its_place_however_greedy_the_others_are(
        places in 8..200_usize,
        guaranteed in 1..5_usize,
        order in vec(0..8_u8, 1..400),
        given_back in vec(any::<usize>(), 0..200),
        greedy in 1..8_u8,
    ) {
        let reserve = places / 2;
        let keys = u8::try_from((reserve / guaranteed).min(8)).unwrap();
        let limits = Limits { places, most_of_one: places, guaranteed, reserve };
        let pool = Shares::new("guarantee", limits, Limits::NONE);
        let mut held = Vec::new();
        let mut given_back = given_back.into_iter();
        for key in order {
            let key = key % keys;
            // The greedy take whatever they get at each of their turns.
            let times = if key % greedy == 0 { places } else { 1 };
            for _ in 0..times {
                let had = pool.held_by(&key);
                match pool.try_enter(&key) {
                    Ok(place) => held.push(place),
                    Err(why) => prop_assert!(had >= guaranteed, "{key} had {had}: {why}"),
                }
            }
            if let Some(which) = given_back.next().filter(|_| !held.is_empty()) {
                held.swap_remove(which % held.len());
            }
        }
    }

    #[test]
    fn the_room_of_a_key_is_what_it_can_take(
        limits in limits(),
        others in vec(0..5_u8, 0..40),
        key in 0..5_u8,
    ) {
        let pool = Shares::new("room", limits, Limits::NONE);
        let _held: Vec<_> = others.iter().filter_map(|key| pool.try_enter(key).ok()).collect();
        let room = pool.room(&key);
        let taken: Vec<_> = std::iter::from_fn(|| pool.try_enter(&key).ok()).collect();
        prop_assert_eq!(taken.len(), room);
        prop_assert_eq!(pool.room(&key), 0);
    }
}
