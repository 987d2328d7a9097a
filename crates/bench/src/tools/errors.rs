//! Counts of wrong answers, by what came instead.

use std::{collections::BTreeMap, fmt};

/// Number of times that each status came in the place of the right one; 0 stands for no whole
/// reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wrong(BTreeMap<u16, u64>);

impl Wrong {
    /// Adds one more.
    pub(crate) fn add(&mut self, status: u16) {
        let count = self.0.entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds those as well.
    pub(crate) fn extend(&mut self, others: &Self) {
        for (status, more) in &others.0 {
            let count = self.0.entry(*status).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// Returns their total number.
    pub(crate) fn count(&self) -> u64 {
        self.0.values().sum()
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (status, count)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match status {
                0 => write!(out, "{comma}{count} x no whole reply")?,
                status => write!(out, "{comma}{count} x {status}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_answer_is_told_with_its_count() {
        let (mut all, mut more) = (Wrong::default(), Wrong::default());
        all.add(503);
        more.add(0);
        more.add(503);
        all.extend(&more);
        assert_eq!(all.count(), 3);
        assert_eq!(all.to_string(), "1 x no whole reply, 2 x 503");
    }
}
