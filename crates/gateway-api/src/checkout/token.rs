//! The token of a checkout link. A wrong token reveals nothing about the right one.

use subtle::ConstantTimeEq;

/// Returns whether the token of a link is the order's; takes the same time however much of it is
/// right.
#[must_use]
pub fn token_matches(expected: &str, given: Option<&str>) -> bool {
    let given = given.unwrap_or_default();
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        assert!(token_matches("s3cret", Some("s3cret")));
        for given in [
            None,
            Some(""),
            Some("s3cre"),
            Some("s3crets"),
            Some("S3cret"),
        ] {
            assert!(!token_matches("s3cret", given), "{given:?}");
        }
        assert!(!token_matches("", Some("")));
        assert!(!token_matches("", None));
    }
}
