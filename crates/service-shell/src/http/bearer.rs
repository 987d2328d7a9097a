//! Bearer tokens in `Authorization` (RFC 9110, 11.1 and 11.4; RFC 6750, 2.1).

/// Returns the token of `Bearer TOKEN`: any case, at least one blank, a token without blanks.
#[must_use]
pub fn token(authorization: &str) -> Option<&str> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let token = rest.trim_matches(' ');
    let is_one = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("bearer") && is_one).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_case_blind_and_any_number_of_blanks_stands_behind_it() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            for blanks in 1..6 {
                let header = format!("{scheme}{}gk_x", " ".repeat(blanks));
                assert_eq!(token(&header), Some("gk_x"), "{header:?}");
            }
        }
    }

    #[test]
    fn what_is_no_bearer_token_is_none() {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer   ",
            "gk_x",
            "Bearergk_x",
            "Bearer\tgk_x",
            "Basic gk_x",
            "Bearer gk_x gk_y",
            "Bearer gk_x,",
            " Bearer gk_x",
            "Bearer: gk_x",
        ] {
            let expected = (header == "Bearer gk_x,").then_some("gk_x,");
            assert_eq!(token(header), expected, "{header:?}");
        }
    }
}
