//! A bar on a terminal for long work; nothing if nobody watches.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

const WIDTH: u64 = 30;
const REDRAWN_EVERY: Duration = Duration::from_millis(100);

/// The progress of long work.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    done: u64,
    drawn: Option<Instant>,
    is_watched: bool,
}

impl Progress {
    /// Starts a bar of `total` steps.
    pub(crate) fn of(what: &'static str, total: u64) -> Self {
        Self {
            what,
            total,
            done: 0,
            drawn: None,
            is_watched: io::stderr().is_terminal(),
        }
    }

    /// Counts one more step.
    pub(crate) fn step(&mut self) {
        self.done = self.done.saturating_add(1);
        let is_due = self.drawn.is_none_or(|at| at.elapsed() >= REDRAWN_EVERY);
        if self.is_watched && (is_due || self.done >= self.total) {
            self.drawn = Some(Instant::now());
            write!(io::stderr(), "\r{}", self.line()).ok();
        }
    }

    fn line(&self) -> String {
        let total = self.total.max(self.done).max(1);
        let full = usize::try_from(self.done.saturating_mul(WIDTH) / total).unwrap_or_default();
        let width = usize::try_from(WIDTH).unwrap_or_default();
        let bar = "#".repeat(full);
        format!("{} [{bar:<width$}] {} of {total}", self.what, self.done)
    }
}

impl Drop for Progress {
    /// Removes the bar.
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let blank = " ".repeat(self.line().chars().count());
            write!(io::stderr(), "\r{blank}\r").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_what_is_done() {
        let mut progress = Progress::of("asked", 4);
        progress.is_watched = false;
        progress.step();
        assert_eq!(progress.line(), format!("asked [{:<30}] 1 of 4", "#######"));
        for _ in 0..4 {
            progress.step();
        }
        assert!(progress.line().ends_with("5 of 5"));
    }
}
