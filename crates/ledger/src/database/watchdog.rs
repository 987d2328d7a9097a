//! The watchdog over sessions with the database. A server that takes what is sent and does not answer
//! holds a thread in the client library for ever (reliability T6), and safe code cannot reach the
//! library's socket to shut it down. So a session that has not answered for three deadlines is given
//! up with its thread: another takes its place, and what was on it counts as unknown. Sessions that
//! are given up have a bound.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};
use std::time::{Duration, Instant};

use diesel::connection::InstrumentationEvent;

use crate::database::admission::Place;
use crate::database::session_count::Room;

/// Number of deadlines of what it was asked after which a silent session is given up.
const DEADLINES: u32 = 3;
const LOOK_MIN: Duration = Duration::from_millis(10);
const LOOK_MAX: Duration = Duration::from_millis(250);

thread_local! {
    /// The question of this thread that the database has not answered yet.
    static CURRENT: RefCell<Option<Arc<Attempt>>> = const { RefCell::new(None) };
}

/// Notes a sign of life of the server: the transaction of this thread has got as far as this.
pub(crate) fn note(event: &InstrumentationEvent<'_>) {
    with_current(|attempt| {
        if let InstrumentationEvent::CommitTransaction { depth, .. } = event
            && depth.get() == 1
        {
            attempt.is_in_commit.store(true, Ordering::Relaxed);
        }
        attempt.heard();
    });
}

/// Returns whether the session that this thread works on was given up: nothing more may be written on it.
pub(crate) fn is_given_up() -> bool {
    with_current(|attempt| attempt.is_given_up.load(Ordering::Acquire)).unwrap_or(false)
}

fn with_current<T>(look: impl FnOnce(&Attempt) -> T) -> Option<T> {
    let found = CURRENT.try_with(|current| current.borrow().as_deref().map(look));
    found.ok().flatten()
}

/// One transaction under way, from the wait for its session on.
struct Attempt {
    origin: Instant,
    /// Time of the last sign of life of its session, in milliseconds from the origin.
    heard_ms: AtomicU64,
    silence_max: Duration,
    is_in_commit: AtomicBool,
    is_given_up: AtomicBool,
    is_told: AtomicBool,
    /// The slot that others may have when it is given up.
    place: Mutex<Option<Place>>,
}

impl Attempt {
    fn heard(&self) {
        let ms = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(ms, Ordering::Relaxed);
    }

    fn silence(&self) -> Duration {
        let heard = Duration::from_millis(self.heard_ms.load(Ordering::Relaxed));
        self.origin.elapsed().saturating_sub(heard)
    }

    fn is_overdue(&self) -> bool {
        self.silence() >= self.silence_max
    }
}

/// The sessions that a watchdog watches over.
pub(crate) struct Watched {
    /// The sessions' name in logs and metrics.
    pub(crate) name: &'static str,
    /// Number of sessions at work at once.
    pub(crate) places: usize,
    /// Number of sessions that may be given up at the same time and not have ended yet.
    pub(crate) given_up_max: usize,
    /// The count of sessions that were given up.
    pub(crate) room: Room,
    /// The longest wait of a caller in all.
    pub(crate) deadline: Duration,
    /// The longest wait for a session.
    pub(crate) connection_wait: Duration,
    /// Time after which sessions that are silent and cannot be replaced are helped by a restart only.
    pub(crate) beyond_help_after: Duration,
}

/// The outcome of an attempt to give a session up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenUp {
    /// Another session has its place.
    Replaced,
    /// As many sessions as may be were given up and have not ended.
    NoRoom,
    /// The session answered or ended meanwhile.
    HasAnswered,
}

/// The function that puts another session in the place of one that is about to be given up; `false` when it cannot.
pub(crate) type Replace = Box<dyn Fn() -> bool + Send + Sync>;

/// The watchdog over the sessions of one pool.
pub(crate) struct Watchdog {
    watched: Watched,
    replace: Replace,
    begun: Once,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    under_way: HashMap<u64, Arc<Attempt>>,
    replaced: u64,
    /// Start of the time through which sessions were asked and none has answered.
    silent_since: Option<Instant>,
}

/// The standing of the sessions of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Number of sessions that were given up since the start.
    pub(crate) replaced: u64,
    /// Number of those that have not ended.
    pub(crate) given_up: usize,
    /// Age of the oldest question that no session has answered.
    pub(crate) unanswered: Duration,
}

impl Watchdog {
    pub(crate) fn new(watched: Watched, replace: Replace) -> Arc<Self> {
        Arc::new(Self {
            watched,
            replace,
            begun: Once::new(),
            state: Mutex::default(),
        })
    }

    /// Watches over what this thread does from now on, whose statements end within `statement`, or within the deadline
    /// when that is `None`. The slot is given back when the work ends or is given up.
    pub(crate) fn watch(
        self: &Arc<Self>,
        statement: Option<Duration>,
        place: Option<Place>,
    ) -> Watch {
        self.begun.call_once(|| self.begin());
        let deadline = statement.unwrap_or(self.watched.deadline);
        let silence_max = deadline
            .saturating_mul(DEADLINES)
            .max(self.watched.connection_wait.saturating_mul(2));
        let attempt = Arc::new(Attempt {
            origin: Instant::now(),
            heard_ms: AtomicU64::new(0),
            silence_max,
            is_in_commit: AtomicBool::new(false),
            is_given_up: AtomicBool::new(false),
            is_told: AtomicBool::new(false),
            place: Mutex::new(place),
        });
        let id = {
            let mut state = self.state();
            let id = state.next;
            state.next = id.wrapping_add(1);
            state.under_way.insert(id, Arc::clone(&attempt));
            id
        };
        CURRENT.with(|current| current.replace(Some(Arc::clone(&attempt))));
        Watch {
            watchdog: Arc::clone(self),
            id,
            attempt,
            has_answered: false,
            has_ended: false,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.watched.name
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.state();
        let silence = |attempt: &Arc<Attempt>| attempt.silence();
        let oldest = state.under_way.values().map(silence).max();
        let silent = state.silent_since.map(|since| since.elapsed());
        Standing {
            replaced: state.replaced,
            given_up: self.watched.room.given_up(),
            unanswered: oldest.max(silent).unwrap_or_default(),
        }
    }

    /// Returns whether only a restart helps: all sessions have been stuck for long and cannot be replaced, or there are
    /// none and none can be set up. Sessions that wait in a commit are not counted: there the server waits for its
    /// standby or its disk, and a new process would wait with it.
    pub(crate) fn is_beyond_help(&self) -> bool {
        if self.watched.room.is_cut_off() {
            return true;
        }
        let state = self.state();
        let stuck = state.under_way.values().filter(|attempt| {
            attempt.is_overdue() && !attempt.is_in_commit.load(Ordering::Relaxed)
        });
        stuck.count() >= self.watched.places.max(1)
            && (state.silent_since)
                .is_some_and(|since| since.elapsed() >= self.watched.beyond_help_after)
    }

    fn begin(self: &Arc<Self>) {
        let watchdog = Arc::downgrade(self);
        let pause = self.watched.deadline.checked_div(10).unwrap_or_default();
        let pause = pause.clamp(LOOK_MIN, LOOK_MAX);
        let thread = std::thread::Builder::new().name("ledger-watchdog".to_owned());
        let looking = thread.spawn(move || {
            while look(&watchdog) {
                std::thread::sleep(pause);
            }
        });
        if let Err(error) = looking {
            tracing::error!(error = %error, "nobody watches over the database sessions");
        }
    }

    /// Gives up the sessions that have been silent for too long, the oldest first.
    fn look(&self) {
        let mut overdue: Vec<(u64, Arc<Attempt>)> = {
            let state = self.state();
            let under_way = state.under_way.iter();
            under_way
                .filter(|(_, attempt)| attempt.is_overdue())
                .map(|(id, attempt)| (*id, Arc::clone(attempt)))
                .collect()
        };
        overdue.sort_by_key(|(id, _)| *id);
        for (id, attempt) in overdue {
            let silence = attempt.silence();
            match self.give_up(id, &attempt, silence) {
                GivenUp::Replaced => {
                    let place = lock(&attempt.place).take();
                    drop(place);
                    tracing::warn!(
                        session = self.watched.name,
                        ms = milliseconds(silence),
                        "a database session does not answer: another takes its place"
                    );
                }
                GivenUp::NoRoom if !attempt.is_told.swap(true, Ordering::Relaxed) => {
                    tracing::error!(
                        session = self.watched.name,
                        ms = milliseconds(silence),
                        "a database session does not answer and cannot be replaced"
                    );
                }
                GivenUp::NoRoom | GivenUp::HasAnswered => {}
            }
        }
    }

    fn give_up(&self, id: u64, attempt: &Attempt, silence: Duration) -> GivenUp {
        let mut state = self.state();
        if !state.under_way.contains_key(&id) || !attempt.is_overdue() {
            return GivenUp::HasAnswered;
        }
        let since = Instant::now().checked_sub(silence);
        state.silent_since = state.silent_since.or(since);
        // Under the lock: whoever ends right now learns of it afterwards, and then stands aside.
        if self.watched.room.given_up() >= self.watched.given_up_max || !(self.replace)() {
            return GivenUp::NoRoom;
        }
        attempt.is_given_up.store(true, Ordering::Release);
        state.under_way.remove(&id);
        self.watched.room.give_up_one();
        state.replaced = state.replaced.saturating_add(1);
        GivenUp::Replaced
    }

    /// Ends a transaction; returns whether it had been given up.
    fn end(&self, id: u64, has_answered: bool) -> bool {
        let mut state = self.state();
        if state.under_way.remove(&id).is_none() {
            self.watched.room.one_has_ended();
            return true;
        }
        if has_answered {
            state.silent_since = None;
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Looks once; `false` when nobody is left to be watched over.
fn look(watchdog: &Weak<Watchdog>) -> bool {
    let Some(watchdog) = watchdog.upgrade() else {
        return false;
    };
    watchdog.look();
    true
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A transaction that is watched over until this is dropped.
pub(crate) struct Watch {
    watchdog: Arc<Watchdog>,
    id: u64,
    attempt: Arc<Attempt>,
    has_answered: bool,
    has_ended: bool,
}

impl Watch {
    /// Notes that the session is there, or that surely none is to be had: a sign of life without a statement.
    pub(crate) fn heard(&self) {
        self.attempt.heard();
    }

    /// Notes that the server answered to the whole transaction.
    pub(crate) const fn answered(&mut self) {
        self.has_answered = true;
    }

    /// Returns whether it was given up.
    pub(crate) fn is_given_up(&self) -> bool {
        self.attempt.is_given_up.load(Ordering::Acquire)
    }

    /// Ends it; returns whether it had been given up, so that another is in its place.
    pub(crate) fn end(mut self) -> bool {
        self.finish()
    }

    fn finish(&mut self) -> bool {
        if self.has_ended {
            return self.is_given_up();
        }
        self.has_ended = true;
        CURRENT.with(|current| current.replace(None));
        self.watchdog.end(self.id, self.has_answered)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests;
