//! The provider's own messages (`responseMessage`), made fit to be logged, kept and shown (contract 5): they
//! distinguish what its codes do not, and may repeat what we sent or somebody else's numbers.

use crate::values::pan_masking::mask_card_numbers;

/// Longest message, in characters.
pub const CHARS_MAX: usize = 200;
/// Longest run of digits that is shown in full; longer ones (phones, accounts, cards) keep their last four.
const DIGITS_SHOWN_MAX: usize = 8;
const DIGITS_KEPT: usize = 4;
/// Longest word of a language; a longer one is a token, a signature or a string to sign.
const WORD_CHARS_MAX: usize = 40;
const HIDDEN: &str = "[hidden]";

/// Writes the message on one line: control characters and runs of blanks become one blank, long runs of digits and
/// long words are masked, and what is over 200 characters is cut off. Our own ids (32 hex digits) stay.
#[must_use]
pub fn fit(message: &str) -> String {
    let plain: String = message.chars().map(plain).collect();
    let masked = mask_card_numbers(&plain);
    let words: Vec<String> = masked.split_whitespace().map(word).collect();
    let whole = words.join(" ");
    let kept: String = whole.chars().take(CHARS_MAX).collect();
    kept.trim_end().to_owned()
}

fn plain(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

fn word(word: &str) -> String {
    if word.chars().count() > WORD_CHARS_MAX {
        return HIDDEN.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    let mut run = String::new();
    for part in word.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let (name, rest) = match part.char_indices().next_back() {
            Some((at, letter)) if !letter.is_ascii_alphanumeric() => part.split_at(at),
            _ => (part, ""),
        };
        if is_id(name) {
            out.push_str(name);
        } else {
            for letter in name.chars() {
                if letter.is_ascii_digit() {
                    run.push(letter);
                } else {
                    out.push_str(&shown(&std::mem::take(&mut run)));
                    out.push(letter);
                }
            }
            out.push_str(&shown(&std::mem::take(&mut run)));
        }
        out.push_str(rest);
    }
    out
}

/// Returns whether it is 32 hex digits, the form of our payment ids.
fn is_id(name: &str) -> bool {
    name.len() == 32
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && name.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn shown(digits: &str) -> String {
    if digits.len() <= DIGITS_SHOWN_MAX {
        return digits.to_owned();
    }
    let hidden = digits.len().saturating_sub(DIGITS_KEPT);
    let kept = digits.chars().skip(hidden);
    std::iter::repeat_n('*', hidden).chain(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_told_without_what_they_repeat() {
        for (said, told) in [
            (
                "Unauthorized. [Invalid Signature]",
                "Unauthorized. [Invalid Signature]",
            ),
            ("  Amount\r\nexceeds\tlimit ", "Amount exceeds limit"),
            (
                "IP 203.0.113.9 not whitelisted",
                "IP 203.0.113.9 not whitelisted",
            ),
            ("no VA 9882917212345678", "no VA ************5678"),
            ("call +6281234567890!", "call +*********7890!"),
            ("card 4111 1111 1111 1111", "card 4111 11** **** 1111"),
            (
                "Duplicate partnerReferenceNo 01934c5e7a107bbb8ccc0123456789ab",
                "Duplicate partnerReferenceNo 01934c5e7a107bbb8ccc0123456789ab",
            ),
            (
                "want eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln",
                "want [hidden]",
            ),
            ("", ""),
        ] {
            assert_eq!(fit(said), told, "{said}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_short_one_line_and_shows_no_long_number(said in "[\\PC0-9\\n\\t ]{0,300}") {
            let told = fit(&said);
            prop_assert!(told.chars().count() <= CHARS_MAX);
            prop_assert!(!told.chars().any(char::is_control));
            let longest = told.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            prop_assert!(longest.unwrap_or_default() <= DIGITS_SHOWN_MAX, "{}", told);
            prop_assert_eq!(fit(&told), told.clone());
        }
    }
}
