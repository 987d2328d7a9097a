//! Times and numbers as payers in Indonesia read them.

use chrono::{DateTime, Datelike, FixedOffset, Timelike, Utc};

use super::language::Language;

const JAKARTA_OFFSET_SECONDS: i32 = 7 * 3600;

/// Formats a time: `21 November 2026 15.00 WIB` or `21 November 2026, 15:00 WIB`.
pub(super) fn jakarta(at: DateTime<Utc>, language: Language) -> String {
    let Some(offset) = FixedOffset::east_opt(JAKARTA_OFFSET_SECONDS) else {
        return at.to_rfc3339();
    };
    let at = at.with_timezone(&offset);
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    let month = month(at.month(), language);
    match language {
        Language::Indonesian => format!("{day} {month} {year} {hour:02}.{minute:02} WIB"),
        Language::English => format!("{day} {month} {year}, {hour:02}:{minute:02} WIB"),
    }
}

/// Splits a number into groups of four, as on a card.
pub(super) fn fours(number: &str) -> Vec<String> {
    let digits: Vec<char> = number.chars().collect();
    digits.chunks(4).map(|four| four.iter().collect()).collect()
}

const fn month(number: u32, language: Language) -> &'static str {
    let (indonesian, english) = match number {
        1 => ("Januari", "January"),
        2 => ("Februari", "February"),
        3 => ("Maret", "March"),
        4 => ("April", "April"),
        5 => ("Mei", "May"),
        6 => ("Juni", "June"),
        7 => ("Juli", "July"),
        8 => ("Agustus", "August"),
        9 => ("September", "September"),
        10 => ("Oktober", "October"),
        11 => ("November", "November"),
        _ => ("Desember", "December"),
    };
    match language {
        Language::Indonesian => indonesian,
        Language::English => english,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_fours() {
        assert_eq!(fours("988291721234567"), ["9882", "9172", "1234", "567"]);
        assert_eq!(fours("12"), ["12"]);
        assert_eq!(fours(""), [""; 0]);
    }

    #[test]
    fn times_are_those_of_jakarta() {
        let at = DateTime::parse_from_rfc3339("2026-05-31T17:05:00Z")
            .unwrap()
            .with_timezone(&Utc);
        assert_eq!(jakarta(at, Language::Indonesian), "1 Juni 2026 00.05 WIB");
        assert_eq!(jakarta(at, Language::English), "1 June 2026, 00:05 WIB");
    }
}
