//! The count of sessions with the database: as many as can be at work at once, and one more for each that was
//! given up and has not ended. The pool's own bound is the most that this can come to. It also counts the
//! sessions that are being set up, each on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Number of sessions that may be set up at once and are waited for.
const SET_UP_MAX: usize = 8;
/// Number of abandoned setups that have not ended, since the server fell silent meanwhile. Beyond it no other
/// is begun.
const ABANDONED_MAX: usize = 32;

/// Room for sessions. Clones share it.
#[derive(Clone)]
pub(crate) struct Room(Arc<Counts>);

struct Counts {
    places: usize,
    taken: AtomicUsize,
    given_up: AtomicUsize,
    being_set_up: AtomicUsize,
    abandoned: AtomicUsize,
}

/// The room of one session, held until it is dropped.
pub(crate) struct Taken(Room);

impl Room {
    pub(crate) fn of(places: u32) -> Self {
        Self(Arc::new(Counts {
            places: usize::try_from(places).unwrap_or(usize::MAX).max(1),
            taken: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
            being_set_up: AtomicUsize::new(0),
            abandoned: AtomicUsize::new(0),
        }))
    }

    /// Takes room for one more session, where there is any.
    pub(crate) fn take(&self) -> Option<Taken> {
        let most = self.0.places.saturating_add(self.given_up());
        let one_more = |taken: usize| (taken < most).then(|| taken.saturating_add(1));
        let taken = (self.0.taken).fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        taken.ok().map(|_| Taken(self.clone()))
    }

    /// Returns the number of sessions that were given up and have not ended.
    pub(crate) fn given_up(&self) -> usize {
        self.0.given_up.load(Ordering::Acquire)
    }

    /// Counts a session as given up: another may be made in its place.
    pub(crate) fn give_up_one(&self) {
        self.0.given_up.fetch_add(1, Ordering::AcqRel);
    }

    /// Begins the setup of a session, which lasts until the last clone of the result is dropped; `None` where
    /// too many are under way.
    pub(crate) fn begin_set_up(&self) -> Option<Arc<SetUp>> {
        if self.0.abandoned.load(Ordering::Acquire) >= ABANDONED_MAX {
            return None;
        }
        let one_more = |count: usize| (count < SET_UP_MAX).then(|| count.saturating_add(1));
        let counted =
            (self.0.being_set_up).fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        counted.ok().map(|_| {
            Arc::new(SetUp {
                room: self.clone(),
                is_abandoned: AtomicBool::new(false),
            })
        })
    }

    /// Returns whether there is no session and none can be set up: so many setups hang that only a restart ends
    /// them.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.0.taken.load(Ordering::Acquire) == 0
            && self.0.abandoned.load(Ordering::Acquire) >= ABANDONED_MAX
    }

    /// Counts a session that was given up as ended.
    pub(crate) fn one_has_ended(&self) {
        self.0.given_up.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Self(Room(counts)) = self;
        counts.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A session that is being set up.
pub(crate) struct SetUp {
    room: Room,
    is_abandoned: AtomicBool,
}

impl SetUp {
    /// Notes that nobody waits for it any more: others may be set up beside it.
    pub(crate) fn abandon(&self) {
        if !self.is_abandoned.swap(true, Ordering::AcqRel) {
            let Room(counts) = &self.room;
            counts.abandoned.fetch_add(1, Ordering::AcqRel);
            counts.being_set_up.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for SetUp {
    fn drop(&mut self) {
        let Room(counts) = &self.room;
        let count = match *self.is_abandoned.get_mut() {
            true => &counts.abandoned,
            false => &counts.being_set_up,
        };
        count.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_the_places_and_for_what_was_given_up() {
        let room = Room::of(2);
        let mut all: Vec<Taken> = (0..2).map(|_| room.take().unwrap()).collect();
        assert!(room.take().is_none());
        room.give_up_one();
        all.push(room.take().unwrap());
        assert!(room.take().is_none());
        // The one that was given up ends: it leaves, and its room with it.
        all.pop();
        room.one_has_ended();
        assert!(room.take().is_none());
        all.pop();
        assert!(room.take().is_some());
    }

    #[test]
    fn set_ups_that_hang_leave_room_for_others_until_only_a_restart_helps() {
        let room = Room::of(2);
        let mut hanging = Vec::new();
        while hanging.len() < ABANDONED_MAX {
            assert!(!room.is_cut_off());
            let waited_for: Vec<_> = std::iter::from_fn(|| room.begin_set_up()).collect();
            assert_eq!(waited_for.len(), SET_UP_MAX);
            waited_for.iter().for_each(|one| one.abandon());
            hanging.extend(waited_for);
        }
        assert!(room.begin_set_up().is_none() && room.is_cut_off());
        let session = room.take();
        assert!(!room.is_cut_off(), "one session is there");
        drop(session);
        // One comes to an end: others may be begun.
        hanging.pop();
        assert!(room.begin_set_up().is_some() && !room.is_cut_off());
    }
}
