//! Sessions that fall silent, played by threads.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::*;
use crate::database::admission::{Gate, Whose};
use crate::database::urgency::Urgency;

const SHORTLY: Duration = Duration::from_millis(20);

fn watchdog(given_up_max: usize, can_replace: bool) -> Arc<Watchdog> {
    let watched = Watched {
        name: "test",
        places: 1,
        given_up_max,
        room: Room::of(1),
        deadline: SHORTLY,
        connection_wait: SHORTLY,
        beyond_help_after: Duration::from_millis(200),
    };
    Watchdog::new(watched, Box::new(move || can_replace))
}

/// A thread whose session is silent until it is told to go on; tells whether it was given up.
struct Silent {
    go_on: Sender<()>,
    thread: JoinHandle<(bool, bool)>,
}

impl Silent {
    fn begin(watchdog: &Arc<Watchdog>, place: Option<Place>, is_in_commit: bool) -> Self {
        let (go_on, wait): (_, Receiver<()>) = channel();
        let (begun, begin) = channel();
        let watchdog = Arc::clone(watchdog);
        let thread = std::thread::spawn(move || {
            let mut watch = watchdog.watch(None, place);
            watch
                .attempt
                .is_in_commit
                .store(is_in_commit, Ordering::Relaxed);
            begun.send(()).unwrap();
            wait.recv().unwrap();
            watch.answered();
            let seen_within = is_given_up();
            (seen_within, watch.end())
        });
        begin.recv().unwrap();
        Self { go_on, thread }
    }

    fn end(self) -> (bool, bool) {
        self.go_on.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{what}: not in time"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test]
async fn a_silent_session_is_given_up_once_and_its_place_is_free() {
    let (watchdog, gate) = (watchdog(4, true), Gate::new(1, 4));
    let place = gate
        .enter(Urgency::Write, Whose::Ours, SHORTLY)
        .await
        .unwrap();
    let silent = Silent::begin(&watchdog, Some(place), false);
    until("given up", || watchdog.standing().given_up == 1);
    until("the place is free", || gate.free() == 1);
    assert!(watchdog.standing().unanswered >= SHORTLY * DEADLINES);
    assert_eq!(silent.end(), (true, true));
    let after = watchdog.standing();
    assert_eq!((after.given_up, after.replaced), (0, 1));
    assert_eq!(gate.free(), 1, "it gave no second place back");
    // Nobody else has answered yet: the question stands.
    assert!(after.unanswered > Duration::ZERO);
    let mut watch = watchdog.watch(None, None);
    assert!(!is_given_up());
    watch.answered();
    assert!(!watch.end());
    assert_eq!(watchdog.standing().unanswered, Duration::ZERO);
}

#[test]
fn what_cannot_be_replaced_is_kept_and_then_only_a_restart_helps() {
    for (given_up_max, can_replace) in [(0, true), (1, true), (4, false)] {
        let watchdog = watchdog(given_up_max, can_replace);
        let bound = if can_replace { given_up_max } else { 0 };
        let mut all = Vec::new();
        for count in 1..=bound {
            all.push(Silent::begin(&watchdog, None, false));
            until("given up", || watchdog.standing().given_up == count);
        }
        // The bound is reached, and what a commit waits for, a new process waits for as well.
        let waits = Silent::begin(&watchdog, None, true);
        until("long silent", || {
            watchdog.standing().unanswered > SHORTLY * 30
        });
        assert!(!watchdog.is_beyond_help());
        let stuck = Silent::begin(&watchdog, None, false);
        until("beyond help", || watchdog.is_beyond_help());
        assert_eq!(watchdog.standing().given_up, bound);
        assert_eq!(stuck.end(), (false, false));
        assert!(!watchdog.is_beyond_help());
        assert_eq!(waits.end(), (false, false));
        for one in all {
            assert_eq!(one.end(), (true, true));
        }
    }
}

#[test]
fn nobody_is_watched_over_for_ever() {
    let watchdog = watchdog(1, true);
    watchdog.watch(None, None).end();
    let left = Arc::downgrade(&watchdog);
    drop(watchdog);
    until("the thread lets go", || left.strong_count() == 0);
    assert!(!look(&left));
}
