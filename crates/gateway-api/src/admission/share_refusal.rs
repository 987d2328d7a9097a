//! The refusal of a caller for whom a shared pool has no slot: a caller that used up its own share gets 429; when all
//! slots are taken, 503.

use shares::Refused;

use crate::http::error::{ApiError, ErrorCode};

/// Returns the refusal of a shop that found no slot for one more of `what` (a plural noun).
#[must_use]
pub fn share_of_shop(why: Refused, what: &str) -> ApiError {
    match why {
        Refused::OwnShare => ApiError::new(
            ErrorCode::RateLimited,
            format!("you have as many {what} under way as one shop may; wait until one has ended"),
        ),
        Refused::All => share_of_all(what),
    }
}

/// Returns the refusal of any caller when no slot is left for one more of `what` (a plural noun).
#[must_use]
pub fn share_of_all(what: &str) -> ApiError {
    ApiError::new(
        ErrorCode::Overloaded,
        format!("all places for {what} are taken just now"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_share_is_used_up_decides_the_status_and_both_say_when_to_come_again() {
        for why in Refused::ALL {
            let error = share_of_shop(why, "exports");
            let expected = match why {
                Refused::OwnShare => ErrorCode::RateLimited,
                Refused::All => ErrorCode::Overloaded,
            };
            assert_eq!(error.code(), expected);
            assert!(error.detail().contains("exports"), "{}", error.detail());
            assert!(error.code().default_retry_after_secs().is_some());
        }
    }
}
