//! Phone numbers as payers write them, and as the provider takes them: country code and number (contract 4.1). A
//! number is never moved to another country: one that does not name its country is Indonesian only where it can be,
//! else it is not read at all.

use crate::values::unseen::is_unseen;

mod calling_codes;

use calling_codes::{CALLING_CODES, keeps_leading_zero};

/// Country code of Indonesia.
const HOME: &str = "62";
/// The most digits of an Indonesian mobile number without its 0.
const MOBILE_DIGITS_MAX: usize = 12;
/// Digits of country code and number together (E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A number with its country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    country_code: &'static str,
    national: String,
}

/// The text cannot be read as one phone number of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one Indonesian number, or one with + and its country code, of 8 to 15 digits")]
pub struct UnreadablePhone;

impl Phone {
    /// Reads the usual spellings: `0812-3456-7890`, `62 812…`, `812…`, `+62 (0)812…`, `(021) …`, `+65 …`, `0065 …`.
    ///
    /// # Errors
    /// [`UnreadablePhone`], most of all where the country cannot be told.
    pub fn parse(text: &str) -> Result<Self, UnreadablePhone> {
        let written = Written::read(text).ok_or(UnreadablePhone)?;
        let phone = match written.international() {
            Some((digits, trunk_zero)) => Self::abroad(&digits, trunk_zero),
            None => Self::at_home(&written.digits()),
        };
        phone.filter(Self::is_plausible).ok_or(UnreadablePhone)
    }

    /// Returns `62`, without a plus.
    #[must_use]
    pub const fn country_code(&self) -> &'static str {
        self.country_code
    }

    /// Returns the digits that follow the country code, without the 0 that only domestic callers dial.
    #[must_use]
    pub fn national(&self) -> &str {
        &self.national
    }

    /// Returns country code and number in one, in digits: `6281234567890`.
    #[must_use]
    pub fn digits(&self) -> String {
        format!("{}{}", self.country_code, self.national)
    }

    /// Reads digits that begin with their country code. No code begins with another, so that one fits at most.
    fn abroad(digits: &str, trunk_zero: TrunkZero) -> Option<Self> {
        let (code, rest) = CALLING_CODES
            .iter()
            .find_map(|code| Some((*code, digits.strip_prefix(code)?)))?;
        // In Italy and a few others the 0 is dialled from abroad too.
        let national = match trunk_zero {
            _ if code == HOME => rest.trim_start_matches('0'),
            TrunkZero::InBrackets if !keeps_leading_zero(code) => {
                rest.strip_prefix('0').unwrap_or(rest)
            }
            TrunkZero::InBrackets | TrunkZero::Unmarked => rest,
        };
        Some(Self {
            country_code: code,
            national: national.to_owned(),
        })
    }

    /// Reads digits as Indonesians write them among themselves. Others that begin with neither 0 nor 62 nor 8 (the
    /// mobile networks) may be of any country.
    fn at_home(digits: &str) -> Option<Self> {
        let national = match digits.strip_prefix(HOME) {
            Some(rest) => rest.trim_start_matches('0'),
            None if digits.starts_with('8') && digits.len() <= MOBILE_DIGITS_MAX => digits,
            None => digits.strip_prefix('0')?,
        };
        Some(Self {
            country_code: HOME,
            national: national.to_owned(),
        })
    }

    fn is_plausible(&self) -> bool {
        let zeros_only = self.national.bytes().all(|byte| byte == b'0');
        let second_zero = self.country_code == HOME && self.national.starts_with('0');
        DIGITS.contains(&self.digits().len()) && !zeros_only && !second_zero
    }
}

/// The place of the 0 of domestic calls: behind the country code as `(0)`, which says not to dial it, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrunkZero {
    InBrackets,
    Unmarked,
}

/// A number without its separators: digits, and where it stands a plus before them and `(0)` among them.
struct Written(String);

impl Written {
    /// Reads a text; `None` when there is anything but digits, separators, and one plus before them. A slash is none
    /// of these: it separates two numbers.
    fn read(text: &str) -> Option<Self> {
        let mut kept = String::with_capacity(text.len());
        for letter in text.chars().filter(|letter| !is_unseen(*letter)) {
            match letter {
                '0'..='9' | '(' | ')' => kept.push(letter),
                '+' | '\u{ff0b}' if kept.chars().all(|before| before == '(') => kept.push('+'),
                '-' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
                letter if letter.is_whitespace() => {}
                // Full-width, as keyboards of East Asia write them.
                '\u{ff10}'..='\u{ff19}' => {
                    let above = u32::from(letter).checked_sub(0xff10)?;
                    kept.push(char::from_digit(above, 10)?);
                }
                _ => return None,
            }
        }
        Some(Self(kept))
    }

    fn digits(&self) -> String {
        self.0.chars().filter(char::is_ascii_digit).collect()
    }

    /// Returns the digits behind `+` or `00`.
    fn international(&self) -> Option<(String, TrunkZero)> {
        let digits = self.digits();
        let trunk_zero = match self.0.contains("(0)") {
            true => TrunkZero::InBrackets,
            false => TrunkZero::Unmarked,
        };
        if self.0.contains('+') {
            return Some((digits, trunk_zero));
        }
        Some((digits.strip_prefix("00")?.to_owned(), trunk_zero))
    }
}

#[cfg(test)]
mod tests;
