//! Card numbers in free text: a number in a description is masked on arrival, so that it is stored, logged and
//! reported nowhere (13 to 19 digits with the right check digit, reliability S30).

use std::collections::BTreeSet;

const DIGITS_MIN: usize = 13;
const DIGITS_MAX: usize = 19;
const KEPT_FIRST: usize = 6;
const KEPT_LAST: usize = 4;

/// Replaces the middle of each card number by asterisks: first six and last four digits stay. Digits may stand in
/// groups, with one space or hyphen between them.
#[must_use]
pub fn mask_card_numbers(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut hidden = BTreeSet::<usize>::new();
    let mut at = 0;
    while at < letters.len() {
        let digits = number_at(&letters, at);
        let middle = digits.len().saturating_sub(KEPT_FIRST + KEPT_LAST);
        hidden.extend(digits.iter().skip(KEPT_FIRST).take(middle).copied());
        at = digits.last().map_or(at, |last| *last).saturating_add(1);
    }
    let shown = |(place, letter)| match hidden.contains(&place) {
        true => '*',
        false => letter,
    };
    letters.into_iter().enumerate().map(shown).collect()
}

/// Returns the positions of the digits of the longest card number that begins here; none, if none does.
fn number_at(letters: &[char], begin: usize) -> Vec<usize> {
    let is_digit = |place: usize| letters.get(place).is_some_and(char::is_ascii_digit);
    if !is_digit(begin) || begin.checked_sub(1).is_some_and(is_digit) {
        return Vec::new();
    }
    let mut digits = Vec::new();
    let mut at = begin;
    while digits.len() <= DIGITS_MAX && is_digit(at) {
        digits.push(at);
        at = at.saturating_add(1);
        let is_gap = letters.get(at).is_some_and(|it| matches!(it, ' ' | '-'));
        if is_gap && is_digit(at.saturating_add(1)) {
            at = at.saturating_add(1);
        }
    }
    digits.truncate(DIGITS_MAX);
    while digits.len() >= DIGITS_MIN {
        let ends = digits
            .last()
            .is_some_and(|last| !is_digit(last.saturating_add(1)));
        if ends && has_right_check_digit(letters, &digits) {
            return digits;
        }
        digits.pop();
    }
    Vec::new()
}

/// Returns whether the check digit is right by Luhn.
fn has_right_check_digit(letters: &[char], digits: &[usize]) -> bool {
    let values = digits
        .iter()
        .rev()
        .filter_map(|place| letters.get(*place)?.to_digit(10));
    let sum: u32 = values
        .zip([false, true].into_iter().cycle())
        .map(|(value, is_doubled)| match (is_doubled, value) {
            (true, 5..) => value.saturating_mul(2).saturating_sub(9),
            (true, _) => value.saturating_mul(2),
            (false, _) => value,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_masked_however_they_are_grouped() {
        for (text, expected) in [
            ("4111111111111111", "411111******1111"),
            (
                "paid with 4111 1111 1111 1111, thanks",
                "paid with 4111 11** **** 1111, thanks",
            ),
            ("x5500-0000-0000-0004y", "x5500-00**-****-0004y"),
            ("378282246310005", "378282*****0005"),
            ("6304000000000000000 end", "630400*********0000 end"),
            (
                "4111111111111111 4111111111111111",
                "411111******1111 411111******1111",
            ),
            ("12 4111111111111111", "12 411111******1111"),
        ] {
            assert_eq!(mask_card_numbers(text), expected);
        }
    }

    #[test]
    fn what_is_no_card_number_stays() {
        for text in [
            "",
            "Kopi susu 3x",
            "4111111111111112",
            "INV-2026-0001",
            "081234567890",
            "41111111111111110000000000",
            "4111  1111  1111  1111",
            "kartu é 4111",
        ] {
            assert_eq!(mask_card_numbers(text), text);
        }
    }
}
