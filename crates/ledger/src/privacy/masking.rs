//! Free text made fit to be shown: keys, secrets and tokens are dropped, long runs of digits (cards,
//! phones, account numbers) keep their last four. Our own ids stay, and codes of the provider's gateway layer.

use ayolinx_core::response_code::ResponseCode;

const DIGITS_SHOWN_MAX: usize = 8;
const DIGITS_KEPT: usize = 4;
const SECRET_PREFIXES: [&str; 2] = ["gk_", "whsec_"];
const HIDDEN: &str = "[hidden]";

/// Returns the text without what must not be shown.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_bearer = false;
    while !rest.is_empty() {
        let word_end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (word, after_word) = rest.split_at(word_end);
        let secret = SECRET_PREFIXES
            .iter()
            .any(|prefix| word.starts_with(prefix));
        if !word.is_empty() && (secret || after_bearer) {
            out.push_str(HIDDEN);
            let token_end = rest.find(ends_token).unwrap_or(rest.len());
            rest = rest.split_at(token_end).1;
            after_bearer = false;
            continue;
        }
        push_word(&mut out, word);
        let gap_end = after_word.find(is_word).unwrap_or(after_word.len());
        let (gap, next) = after_word.split_at(gap_end);
        out.push_str(gap);
        after_bearer = word.eq_ignore_ascii_case("bearer") && gap.trim().is_empty();
        rest = next;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn ends_token(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '}' | ')')
}

/// Returns whether a word is a UUID's 32 hex digits, with or without the prefix of its kind.
fn is_id(word: &str) -> bool {
    let digits = word.rsplit_once('_').map_or(word, |(_, digits)| digits);
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits.len() == 32
        && digits.bytes().all(hex)
        && digits.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn push_word(out: &mut String, word: &str) {
    if is_id(word) || ResponseCode::new(word).is_of_gateway_layer() {
        out.push_str(word);
        return;
    }
    let mut rest = word;
    while !rest.is_empty() {
        let digits_at = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (plain, from_digits) = rest.split_at(digits_at);
        out.push_str(plain);
        let digits_end = from_digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from_digits.len());
        let (digits, next) = from_digits.split_at(digits_end);
        if digits.len() > DIGITS_SHOWN_MAX {
            let hidden = digits.len().saturating_sub(DIGITS_KEPT);
            out.extend(std::iter::repeat_n('*', hidden));
            out.extend(digits.chars().skip(hidden));
        } else {
            out.push_str(digits);
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_and_long_digit_runs_are_hidden_and_the_rest_stays() {
        for (text, shown) in [
            ("", ""),
            (
                "status 00, amount 150000.00 IDR",
                "status 00, amount 150000.00 IDR",
            ),
            (
                "card 4111111111111111 declined",
                "card ************1111 declined",
            ),
            ("+6281234567890", "+*********7890"),
            ("VA8808123456789x", "VA*********6789x"),
            ("2005600 at 20261121", "2005600 at 20261121"),
            ("581000002 of 5810000021", "581000002 of ******0021"),
            (
                "replaces 01934c5e7a107bbb8ccc0123456789ab",
                "replaces 01934c5e7a107bbb8ccc0123456789ab",
            ),
            (
                "ord_01934c5e7a107bbb8ccc0123456789ab",
                "ord_01934c5e7a107bbb8ccc0123456789ab",
            ),
            ("key gk_abc-DEF/1, next", "key [hidden], next"),
            ("\"whsec_aGVsbG8+/w==\"", "\"[hidden]\""),
            (
                "Authorization: Bearer abc.def-ghi=",
                "Authorization: Bearer [hidden]",
            ),
            ("ünïcode €123456789€", "ünïcode €*****6789€"),
        ] {
            assert_eq!(masked(text), shown, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_shows_nine_digits_in_a_row_and_none_breaks_it(text in "[\\PC0-9]{0,80}") {
            let shown = masked(&text);
            let longest = shown
                .split(|c: char| !c.is_ascii_digit())
                .filter(|digits| !(digits.len() == 9 && digits.starts_with("581")))
                .map(str::len)
                .max()
                .unwrap_or(0);
            prop_assert!(longest <= DIGITS_SHOWN_MAX);
        }
    }
}
