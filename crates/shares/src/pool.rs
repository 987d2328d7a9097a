//! A pool of places: they are taken, waited for and given back.

use std::fmt::{self, Debug, Display};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use tokio::sync::{oneshot, watch};

use crate::held::Held;
use crate::limits::{Limits, Refused};
use crate::line::Line;
use crate::metrics::{PoolMetrics, Refusals};

type Wake<K> = oneshot::Sender<Place<K>>;

/// The state of a pool. An admissible waiter never waits: whatever makes a key admissible is followed by
/// [`State::serve`]. So a caller that is admitted passes nobody who could have been admitted instead.
struct State<K: Eq + Hash + Clone> {
    held: Held<K>,
    line: Line<K, Wake<K>>,
}

impl<K: Eq + Hash + Clone> State<K> {
    fn take(&mut self, key: &K) -> Result<(), Refused> {
        self.held.admit(key)?;
        self.held.take(key);
        Ok(())
    }

    /// Gives the next waiter that is admitted its place.
    fn serve(&mut self) -> Option<(K, Wake<K>)> {
        let next = self.line.next(|key| self.held.admit(key).is_ok())?;
        self.held.take(&next.0);
        Some(next)
    }
}

/// A fixed number of places that several keys share. Clones are the same pool.
pub struct Shares<K: Eq + Hash + Clone>(Arc<Inner<K>>);

struct Inner<K: Eq + Hash + Clone> {
    name: &'static str,
    state: Mutex<State<K>>,
    freed: watch::Sender<u64>,
    refusals: Refusals,
}

impl<K: Eq + Hash + Clone> Clone for Shares<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone> Debug for Shares<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Shares")
            .field("pool", &self.0.name)
            .field("places", &state.held.limits().places)
            .field("held", &state.held.all())
            .field("waiting", &state.line.len())
            .finish_non_exhaustive()
    }
}

impl<K: Eq + Hash + Clone> Shares<K> {
    /// Creates a pool of this name (its label in the metrics), nobody in it. `queue` bounds how many may wait in
    /// [`Shares::enter`], by the same rule; with [`Limits::NONE`] nobody waits.
    #[must_use]
    pub fn new(name: &'static str, places: Limits, queue: Limits) -> Self {
        Self(Arc::new(Inner {
            name,
            state: Mutex::new(State {
                held: Held::new(places),
                line: Line::new(queue),
            }),
            freed: watch::Sender::new(0),
            refusals: Refusals::default(),
        }))
    }

    /// Takes a place for this key now.
    ///
    /// # Errors
    /// The share that is used up; the refusal is counted.
    pub fn try_enter(&self, key: &K) -> Result<Place<K>, Refused> {
        let taken = self.state().take(key);
        match taken {
            Ok(()) => Ok(self.place(key.clone())),
            Err(refused) => Err(self.refuse(refused)),
        }
    }

    /// Takes a place for this key, and waits for one at most until `deadline` has passed. Keys are served in turn,
    /// and callers of one key in the order in which they came. A caller that is dropped leaves the queue.
    ///
    /// # Errors
    /// The share that is used up: of the queue, when too many wait already, or of the places, when `deadline` passes.
    /// The refusal is counted.
    pub async fn enter(&self, key: &K, deadline: Duration) -> Result<Place<K>, Refused> {
        let mut waiting = {
            let mut state = self.state();
            if state.take(key).is_ok() {
                drop(state);
                return Ok(self.place(key.clone()));
            }
            let (wake, place) = oneshot::channel();
            match state.line.push(key, wake) {
                Ok(ticket) => Waiting {
                    pool: self,
                    key,
                    ticket,
                    place,
                },
                Err(refused) => {
                    drop(state);
                    return Err(self.refuse(refused));
                }
            }
        };
        match tokio::time::timeout(deadline, &mut waiting.place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                let refused = self.state().held.admit(key).err();
                Err(self.refuse(refused.unwrap_or(Refused::All)))
            }
        }
    }

    /// Returns the news of each place given back from now on. A caller that asks for this first and then tries to
    /// enter misses none.
    #[must_use]
    pub fn freed(&self) -> Freed {
        Freed(self.0.freed.subscribe())
    }

    /// Returns the number of places that the key could take now.
    #[must_use]
    pub fn room(&self, key: &K) -> usize {
        self.state().held.room(key)
    }

    /// Returns the keys that hold something and could take no more now.
    #[must_use]
    pub fn refused(&self) -> Vec<K> {
        self.state().held.refused()
    }

    /// Returns the limits of the pool.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.state().held.limits()
    }

    /// Returns the number of places that are taken.
    #[must_use]
    pub fn held(&self) -> usize {
        self.state().held.all()
    }

    /// Returns the number of places that this key has taken.
    #[must_use]
    pub fn held_by(&self, key: &K) -> usize {
        self.state().held.of(key)
    }

    /// Returns the number of callers that wait in [`Shares::enter`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().line.len()
    }

    fn place(&self, key: K) -> Place<K> {
        Place(Some(Taken {
            pool: self.clone(),
            key,
        }))
    }

    fn refuse(&self, refused: Refused) -> Refused {
        self.0.refusals.count(refused);
        refused
    }

    /// Gives back a place. One that goes to a caller that left just now comes back at once.
    fn give_back(&self, key: K) {
        let mut returned = Some(key);
        while let Some(key) = returned.take() {
            self.state().held.give_back(&key);
            while let Some((next, wake)) = self.serve() {
                if let Err(mut place) = wake.send(self.place(next)) {
                    // The state is updated in the next round, and not while the place is dropped.
                    returned = place.0.take().map(|taken| taken.key);
                    break;
                }
            }
        }
        self.0
            .freed
            .send_modify(|times| *times = times.wrapping_add(1));
    }

    fn serve(&self) -> Option<(K, Wake<K>)> {
        self.state().serve()
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the pool for its metrics.
impl<K: Eq + Hash + Clone + Display + Send + 'static> Shares<K> {
    /// Publishes the metrics of this pool from now on: places, places held, the largest holders, callers that wait,
    /// and refusals. Several pools of different names share a registry.
    ///
    /// # Errors
    /// Fails when a pool of this name is registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        let pool = self.clone();
        let read = move || {
            let state = pool.state();
            PoolMetrics::read(&state.held, state.line.len())
        };
        self.0.refusals.register(registry, self.0.name, read)
    }
}

struct Waiting<'a, K: Eq + Hash + Clone> {
    pool: &'a Shares<K>,
    key: &'a K,
    ticket: u64,
    place: oneshot::Receiver<Place<K>>,
}

impl<K: Eq + Hash + Clone> Drop for Waiting<'_, K> {
    fn drop(&mut self) {
        self.pool.state().line.leave(self.key, self.ticket);
    }
}

struct Taken<K: Eq + Hash + Clone> {
    pool: Shares<K>,
    key: K,
}

/// A place in a pool. When it is dropped, it goes back to the pool, and to the next waiter.
pub struct Place<K: Eq + Hash + Clone>(Option<Taken<K>>);

impl<K: Eq + Hash + Clone + Debug> Debug for Place<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.0.as_ref().map(|taken| &taken.key);
        f.debug_tuple("Place").field(&key).finish()
    }
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        if let Some(Taken { pool, key }) = self.0.take() {
            pool.give_back(key);
        }
    }
}

/// The news that places are given back.
#[derive(Debug, Clone)]
pub struct Freed(watch::Receiver<u64>);

impl Freed {
    /// Waits until a place was given back since this was made or last waited for. Once the pool is gone it waits for
    /// ever: callers bound the wait.
    pub async fn wait(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
