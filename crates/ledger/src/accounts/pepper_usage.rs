//! The use of a list's peppers, by the numbers of keys stored under them.

use std::collections::BTreeMap;

use ayolinx_core::key_id::KeyId;

use crate::accounts::api_keys::PepperCount;

/// Numbers of API keys, not revoked, by the pepper they depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PepperStanding {
    /// Keys stored under the newest pepper: they need no other.
    pub newest: i64,
    /// Keys stored under older peppers of the list and not under the newest, by the pepper they
    /// need.
    pub older: BTreeMap<String, i64>,
    /// Keys stored under peppers that are not in the list: they are refused.
    pub unlisted: BTreeMap<String, i64>,
    /// Keys not used since peppers are noted: any of the list may be theirs.
    pub unknown: i64,
}

impl PepperStanding {
    /// Computes the use by these keys, with these peppers listed, newest first.
    #[must_use]
    pub fn of(counts: &[PepperCount], listed: &[KeyId]) -> Self {
        let listed: Vec<String> = listed.iter().map(KeyId::to_string).collect();
        let mut standing = Self::default();
        for count in counts {
            let Some(first) = &count.pepper_id else {
                standing.unknown = standing.unknown.saturating_add(count.keys);
                continue;
            };
            let holds = |pepper: &String| {
                first == pepper || count.second_pepper_id.as_ref() == Some(pepper)
            };
            let (sum, pepper) = match listed.iter().position(holds) {
                Some(0) => {
                    standing.newest = standing.newest.saturating_add(count.keys);
                    continue;
                }
                Some(place) => (&mut standing.older, listed.get(place)),
                None => {
                    let last = count.second_pepper_id.as_ref();
                    (&mut standing.unlisted, last.or(Some(first)))
                }
            };
            let sum = sum.entry(pepper.cloned().unwrap_or_default()).or_default();
            *sum = sum.saturating_add(count.keys);
        }
        standing
    }

    /// Returns the sum of a map of keys.
    #[must_use]
    pub fn sum(of: &BTreeMap<String, i64>) -> i64 {
        of.values().fold(0, |sum, keys| sum.saturating_add(*keys))
    }
}

#[cfg(test)]
mod tests {
    use ayolinx_core::secret::Secret;

    use super::*;

    fn id(pepper: &str) -> KeyId {
        KeyId::of_pepper(&Secret::new(pepper))
    }

    fn count(first: Option<&str>, second: Option<&str>, keys: i64) -> PepperCount {
        PepperCount {
            pepper_id: first.map(|pepper| id(pepper).to_string()),
            second_pepper_id: second.map(|pepper| id(pepper).to_string()),
            keys,
        }
    }

    #[test]
    fn a_key_hangs_on_the_newest_pepper_that_it_is_stored_under() {
        let counts = [
            count(Some("new"), None, 1),
            count(Some("old"), Some("new"), 2),
            count(Some("older"), Some("old"), 4),
            count(Some("older"), None, 8),
            count(Some("gone"), None, 16),
            count(None, None, 32),
        ];
        let standing = PepperStanding::of(&counts, &[id("new"), id("old"), id("older")]);
        let one = |pepper: &str, keys| (id(pepper).to_string(), keys);
        let expected = PepperStanding {
            newest: 3,
            older: BTreeMap::from([one("old", 4), one("older", 8)]),
            unlisted: BTreeMap::from([one("gone", 16)]),
            unknown: 32,
        };
        assert_eq!(standing, expected);
        assert_eq!(PepperStanding::sum(&standing.older), 12);
    }
}
