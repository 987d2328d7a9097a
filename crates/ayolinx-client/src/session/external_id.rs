//! `X-EXTERNAL-ID`: numeric and new for every HTTP attempt (protocol 2.2).

use ayolinx_core::provider_time::JAKARTA;
use chrono::{DateTime, Utc};
use uuid::Uuid;

const RANDOM_SPACE: u128 = 100_000_000_000_000;

/// Creates an id of the day and 14 random digits: 20 digits.
pub(crate) fn external_id(now: DateTime<Utc>) -> String {
    let random = Uuid::new_v4().as_u128() % RANDOM_SPACE;
    format!(
        "{}{random:014}",
        now.with_timezone(&JAKARTA).format("%y%m%d")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_twenty_digits_and_do_not_repeat() {
        let now = Utc::now();
        let ids: HashSet<String> = (0..10_000).map(|_| external_id(now)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(
            ids.iter()
                .all(|id| id.len() == 20 && id.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
