//! The result of every check.

use super::evidence::Evidence;

/// Things that a check looked at, and its findings.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    pub(super) count: usize,
    pub(super) findings: Vec<String>,
}

impl Checked {
    pub(super) fn each<T>(
        all: impl Iterator<Item = T>,
        find: impl Fn(T) -> Option<String>,
    ) -> Self {
        let mut checked = Self::default();
        for one in all {
            checked.count = checked.count.saturating_add(1);
            checked.findings.extend(find(one));
        }
        checked
    }

    pub(super) fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.findings.extend(other.findings);
    }
}

/// A check by its evidence alone.
pub(super) type Check = fn(&Evidence) -> Checked;
