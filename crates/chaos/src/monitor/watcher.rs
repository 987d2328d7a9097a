//! The watcher: it looks at the database every few seconds of a run, past every proxy, so that a
//! violation is known with its time and with the fault that was in force.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    monitor::continuous_checks::{Look, look},
    tools::terminal::say,
};

const EVERY: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

struct Shared {
    url: Mutex<String>,
    in_force: Mutex<String>,
    found: Mutex<Option<String>>,
    before: Mutex<Option<Look>>,
    looks: AtomicU64,
    misses: AtomicU64,
    has_ended: AtomicBool,
    began: Instant,
}

/// The watch over one run. Dropping it ends it.
pub struct Watch(Arc<Shared>);

/// Observations of the watch.
#[derive(Debug)]
pub struct Seen {
    /// The first violation, with its time and the fault in force.
    pub found: Option<String>,
    looks: u64,
    misses: u64,
}

impl Seen {
    /// Formats them for the table.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "   looks during the run, one in 5 s        {:>6} looks, {} more while the database was away",
            self.looks, self.misses
        )
    }
}

impl Watch {
    /// Begins to look.
    #[must_use]
    pub fn over(url: &str) -> Self {
        let shared = Arc::new(Shared {
            url: Mutex::new(url.to_owned()),
            in_force: Mutex::new("no fault".to_owned()),
            found: Mutex::default(),
            before: Mutex::default(),
            looks: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            has_ended: AtomicBool::new(false),
            began: Instant::now(),
        });
        let watching = shared.clone();
        std::thread::spawn(move || watching.run());
        Self(shared)
    }

    /// Notes which fault is in force from now on.
    pub fn in_force(&self, name: &str) {
        name.clone_into(&mut lock(&self.0.in_force));
    }

    /// Watches another node, which is the primary now. What was seen on the old one and promised to
    /// nobody may be gone there.
    pub fn move_to(&self, url: &str) {
        let mut before = lock(&self.0.before);
        url.clone_into(&mut lock(&self.0.url));
        *before = None;
    }

    /// Returns whether a violation was found.
    #[must_use]
    pub fn has_found(&self) -> bool {
        lock(&self.0.found).is_some()
    }

    /// Stops looking and returns what was seen.
    #[must_use]
    pub fn ended(&self) -> Seen {
        self.0.has_ended.store(true, Ordering::Relaxed);
        Seen {
            found: lock(&self.0.found).clone(),
            looks: self.0.looks.load(Ordering::Relaxed),
            misses: self.0.misses.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.has_ended.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let next = Instant::now() + EVERY;
            while Instant::now() < next {
                if self.has_ended.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(POLL);
            }
            if self.has_found_something() {
                return;
            }
        }
    }

    fn has_found_something(&self) -> bool {
        let url = lock(&self.url).clone();
        let force = lock(&self.in_force).clone();
        let Ok(seen) = look(&url) else {
            self.misses.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        let mut before = lock(&self.before);
        if *lock(&self.url) != url || self.has_ended.load(Ordering::Relaxed) {
            return false;
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
        let lost = before.as_ref().map(|before| seen.lost_since(before));
        let mut broken = seen.findings.clone();
        broken.extend(lost.unwrap_or_default());
        *before = Some(seen);
        if broken.is_empty() {
            return false;
        }
        let at = self.began.elapsed().as_secs();
        let text = format!("           at {at} s, under {force}: {}", broken.join("; "));
        say(format!("  VIOLATED, seen{text}"));
        *lock(&self.found) = Some(text);
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
