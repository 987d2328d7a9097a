//! The room for sessions with the database: as many as can be at work at once, and one more for
//! each that was given up and has not ended. The pool's own bound is the most that can come to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Room for sessions. Clones share it.
#[derive(Clone)]
pub(crate) struct Room(Arc<Counts>);

struct Counts {
    places: usize,
    taken: AtomicUsize,
    given_up: AtomicUsize,
}

/// The room that one session takes, until it is dropped.
pub(crate) struct Taken(Room);

impl Room {
    pub(crate) fn of(places: u32) -> Self {
        Self(Arc::new(Counts {
            places: usize::try_from(places).unwrap_or(usize::MAX).max(1),
            taken: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
        }))
    }

    /// Room for one more session, where there is any.
    pub(crate) fn take(&self) -> Option<Taken> {
        let most = self.0.places.saturating_add(self.given_up());
        let one_more = |taken: usize| (taken < most).then(|| taken.saturating_add(1));
        let taken = (self.0.taken).fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        taken.ok().map(|_| Taken(self.clone()))
    }

    /// Sessions that were given up and have not ended.
    pub(crate) fn given_up(&self) -> usize {
        self.0.given_up.load(Ordering::Acquire)
    }

    /// One was given up: another may be made in its place.
    pub(crate) fn give_up_one(&self) {
        self.0.given_up.fetch_add(1, Ordering::AcqRel);
    }

    /// One that was given up has ended.
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
}
