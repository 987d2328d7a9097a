//! One number in every spelling is one number, and of one country.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

#[test]
fn indonesian_numbers_are_read_in_every_usual_spelling() {
    for text in [
        "081234567890",
        "0812-3456-7890",
        "0812 3456 7890",
        "0812.3456.7890",
        "(0812) 3456 7890",
        "81234567890",
        "6281234567890",
        "62 812-3456-7890",
        "+6281234567890",
        "+62 812 3456 7890",
        "+62 (0)812 3456 7890",
        "+62 0812 3456 7890",
        "(+62) 812-3456-7890",
        "006281234567890",
        "\u{202a}+62 812\u{a0}3456\u{2011}7890\u{202c}",
        "０８１２３４５６７８９０",
    ] {
        let phone = Phone::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(phone.country_code(), "62", "{text}");
        assert_eq!(phone.national(), "81234567890", "{text}");
    }
    let jakarta = Phone::parse("(021) 555-1234").unwrap();
    assert_eq!(jakarta.digits(), "62215551234");
}

#[test]
fn numbers_of_other_countries_stay_there() {
    for (text, code, national) in [
        ("+65 9876 5432", "65", "98765432"),
        ("0065 9876 5432", "65", "98765432"),
        ("+4915112345678", "49", "15112345678"),
        ("+49 (0)151 12345678", "49", "15112345678"),
        ("+39 06 1234 5678", "39", "0612345678"),
        ("+39 (0)6 1234 5678", "39", "0612345678"),
        ("+1 (415) 555-0100", "1", "4155550100"),
        ("+673 712 3456", "673", "7123456"),
        ("+7 912 345-67-89", "7", "9123456789"),
        ("+60 12-345 6789", "60", "123456789"),
    ] {
        let phone = Phone::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            (phone.country_code(), phone.national()),
            (code, national),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_number_of_one_country_is_not_read() {
    for text in [
        "",
        "+",
        "-",
        "0812",
        "+62",
        "+62812",
        "6598765432",
        "4915112345678",
        "2155512345",
        "8613812345678",
        "+0812345678",
        "+999 1234 5678",
        "+800 1234 5678",
        "0000000000",
        "000812345678",
        "0812345678/0813456789",
        "0812-3456-7890 ext 2",
        "081234567890 a.n. Budi",
        "++6281234567890",
        "62+81234567890",
        "+62 812 3456 7890 1234",
        "٠٨١٢٣٤٥٦٧٨٩٠",
    ] {
        assert_eq!(Phone::parse(text), Err(UnreadablePhone), "{text}");
    }
}

#[test]
fn no_calling_code_begins_with_another() {
    for code in CALLING_CODES {
        let clash = CALLING_CODES
            .iter()
            .find(|other| **other != code && other.starts_with(code));
        assert_eq!(clash, None, "{code}");
    }
}

/// Returns digits with a separator between some of them.
fn parted(digits: &str, gaps: &[Option<&str>]) -> String {
    let gaps = gaps.iter().chain(std::iter::repeat(&None));
    digits
        .chars()
        .zip(gaps)
        .flat_map(|(digit, gap)| [digit.to_string(), gap.unwrap_or("").to_owned()])
        .collect()
}

fn gaps() -> impl Strategy<Value = Vec<Option<&'static str>>> {
    let gap = select(vec![" ", "-", ".", "\u{a0}", "\u{200e}", " - "]);
    proptest::collection::vec(proptest::option::weighted(0.3, gap), 20)
}

proptest! {
    #[test]
    fn with_its_country_code_a_number_is_itself_however_it_is_parted(
        code in select(CALLING_CODES.to_vec()),
        national in "[1-9][0-9]{6,11}",
        prefix in select(vec!["+", "00", " + "]),
        gaps in gaps(),
    ) {
        let text = format!("{prefix}{}", parted(&format!("{code}{national}"), &gaps));
        let read = Phone::parse(&text).unwrap();
        prop_assert_eq!((read.country_code(), read.national()), (code, national.as_str()));
    }

    #[test]
    fn at_home_a_number_is_itself_however_it_is_parted(
        national in "[2-9][0-9]{7,10}",
        prefix in select(vec!["0", "62", "620", "+62", "+62 (0)", "0062"]),
        gaps in gaps(),
    ) {
        let text = format!("{prefix}{}", parted(&national, &gaps));
        let read = Phone::parse(&text).unwrap();
        prop_assert_eq!((read.country_code(), read.national()), ("62", national.as_str()));
    }

    /// Any number that is read has the digits that were written, and no others, behind its country
    /// code.
    #[test]
    fn nothing_is_made_up(text in "[+(]{0,2}[0-9 ()+.-]{0,20}") {
        if let Ok(phone) = Phone::parse(&text) {
            let written: String = text.chars().filter(char::is_ascii_digit).collect();
            let national = phone.national();
            let bare = written.trim_start_matches('0');
            prop_assert!(
                written.ends_with(national) || bare.ends_with(national) || text.contains("(0)"),
                "{} {:?}", text, phone
            );
            if text.contains('+') || written.starts_with("00") {
                prop_assert!(bare.starts_with(phone.country_code()), "{} {:?}", text, phone);
            } else {
                prop_assert_eq!(phone.country_code(), "62");
            }
        }
    }

    #[test]
    fn any_text_is_read_or_not(text in "\\PC{0,40}") {
        if let Ok(phone) = Phone::parse(&text) {
            prop_assert!(DIGITS.contains(&phone.digits().len()));
        }
    }
}
