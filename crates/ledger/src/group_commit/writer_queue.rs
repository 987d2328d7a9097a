//! The queue before the thread that writes. New work and results of work done have a bound each: a
//! full queue sheds what can be asked for again and keeps what is done.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The class of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Work that can be asked for again: an order, a callback.
    New,
    /// Work that is done and only has to be recorded: the end of a call, an attempt to deliver.
    Result,
}

/// The reason why an entry was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many of its class as may wait already.
    Full,
    /// The writer has ended and takes nothing.
    Closed,
}

/// Entries in the order of their arrival.
pub(crate) struct WriterQueue<Entry> {
    /// The most entries of each class.
    most: usize,
    waiting: Mutex<Waiting<Entry>>,
    came: Condvar,
}

struct Waiting<Entry> {
    entries: VecDeque<(Class, Entry)>,
    new: usize,
    results: usize,
    is_closed: bool,
}

impl<Entry> Waiting<Entry> {
    const fn of(&mut self, class: Class) -> &mut usize {
        match class {
            Class::New => &mut self.new,
            Class::Result => &mut self.results,
        }
    }
}

impl<Entry> WriterQueue<Entry> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            waiting: Mutex::new(Waiting {
                entries: VecDeque::new(),
                new: 0,
                results: 0,
                is_closed: false,
            }),
            came: Condvar::new(),
        }
    }

    pub(crate) fn push(&self, class: Class, entry: Entry) -> Result<(), Refused> {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return Err(Refused::Closed);
        }
        let count = waiting.of(class);
        if *count >= self.most {
            return Err(Refused::Full);
        }
        *count = count.saturating_add(1);
        waiting.entries.push_back((class, entry));
        drop(waiting);
        self.came.notify_one();
        Ok(())
    }

    /// Waits for the next entry and takes what is there, at most `most`; `None` when nothing comes any
    /// more.
    pub(crate) fn take(&self, most: usize) -> Option<Vec<Entry>> {
        let mut waiting = self.waiting();
        while waiting.entries.is_empty() {
            if waiting.is_closed {
                return None;
            }
            waiting = self
                .came
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let count = most.min(waiting.entries.len());
        let taken: Vec<(Class, Entry)> = waiting.entries.drain(..count).collect();
        for (class, _) in &taken {
            let count = waiting.of(*class);
            *count = count.saturating_sub(1);
        }
        Some(taken.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Closes the queue: it takes in nothing more; what waits is still given out.
    pub(crate) fn close(&self) {
        self.waiting().is_closed = true;
        self.came.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_class_leaves_the_other_its_room_and_all_come_out_in_order() {
        let queue = WriterQueue::new(2);
        let classes = [Class::New, Class::Result];
        for round in 0..3 {
            for (number, class) in classes.into_iter().enumerate() {
                let pushed = queue.push(class, (round, number));
                let expected = if round < 2 {
                    Ok(())
                } else {
                    Err(Refused::Full)
                };
                assert_eq!(pushed, expected, "{class:?} {round}");
            }
        }
        assert_eq!(queue.take(3), Some(vec![(0, 0), (0, 1), (1, 0)]));
        assert_eq!(queue.push(Class::New, (4, 0)), Ok(()));
        queue.close();
        assert_eq!(queue.push(Class::New, (5, 0)), Err(Refused::Closed));
        assert_eq!(queue.take(9), Some(vec![(1, 1), (4, 0)]));
        assert_eq!(queue.take(9), None);
    }
}
