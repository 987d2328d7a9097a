//! Names for banks (contract 9.3): what their character set does not have is spelt in Latin letters, so that the payer
//! recognises the name that the bank shows.

use any_ascii::any_ascii_char;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::values::unseen::is_unseen;

/// Longest name the provider is known to take (protocol 4.7).
const CHARS_MAX: usize = 50;
/// Replacement for a name that has no letter and no digit.
const NAMELESS: &str = "CUSTOMER";

/// Spells a name in the SNAP character set `[A-Za-z0-9.\-/+,=_:'@% ]`, at most 50 characters, runs of blanks made
/// one. Never empty: `CUSTOMER` stands in.
///
/// Compatibility forms and marks are taken apart (NFKD); the marks and invisible characters are dropped. Letters
/// without parts and letters of other scripts are spelt in Latin, each by itself (`đ` d, `ß` ss, `Ж` Zh, `渡` Du);
/// where there is no letter, there is a blank.
#[must_use]
pub fn snap_name(name: &str) -> String {
    let mut spelt = String::with_capacity(name.len());
    for written in name.chars() {
        // A few letters have a blank as a part, which is not one of the name.
        let parts = std::iter::once(written).nfkd();
        let parts =
            parts.filter(|part| !is_unseen(*part) && (*part != ' ' || !written.is_alphabetic()));
        parts.for_each(|part| spell(part, &mut spelt));
    }
    let words: Vec<&str> = spelt.split(' ').filter(|word| !word.is_empty()).collect();
    let cut: String = words.join(" ").chars().take(CHARS_MAX).collect();
    match cut.contains(|kept: char| kept.is_ascii_alphanumeric()) {
        true => cut.trim_end().to_owned(),
        false => NAMELESS.to_owned(),
    }
}

fn spell(letter: char, spelt: &mut String) {
    match letter {
        letter if is_taken(letter) => spelt.push(letter),
        '\u{2018}' | '\u{2019}' | '\u{2bb}'..='\u{2bd}' => spelt.push('\''),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => spelt.push('-'),
        // The dot of Catalan `l·l`, which the letter `ŀ` is taken apart to.
        '\u{b7}' => {}
        // The vowels of the scripts of India and its neighbours are marks, and letters all the same.
        letter if letter.is_alphabetic() || letter.is_numeric() => {
            spelt.extend(
                any_ascii_char(letter)
                    .chars()
                    .filter(|kept| is_taken(*kept)),
            );
        }
        letter if is_combining_mark(letter) => {}
        _ => spelt.push(' '),
    }
}

const fn is_taken(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(
            letter,
            '.' | '-' | '/' | '+' | ',' | '=' | '_' | ':' | '\'' | '@' | '%' | ' '
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_spelt_as_the_banks_take_it() {
        for (name, spelt) in [
            ("BUDI SANTOSO", "BUDI SANTOSO"),
            ("  José  d’Arc & Söhne (PT)!", "Jose d'Arc Sohne PT"),
            ("Nguyễn Văn Đức", "Nguyen Van Duc"),
            ("Łukasz Żółć", "Lukasz Zolc"),
            ("Søren Ærø Æðelþryð", "Soren Aero Aedelthryd"),
            ("Straße ẞ", "Strasse Ss"),
            ("Işık İnönü", "Isik Inonu"),
            ("Dvořák Čapek Šťastný", "Dvorak Capek Stastny"),
            ("Ján Ľubomír Őry Țepeș", "Jan Lubomir Ory Tepes"),
            (
                "Bu\u{200d}di\u{feff} \u{202e}S\u{ad}anto\u{301}so",
                "Budi Santoso",
            ),
            ("ＢＵＤＩ　ｓａｎｔｏｓｏ", "BUDI santoso"),
            ("𝐁𝐮𝐝𝐢 ﬁ", "Budi fi"),
            ("Budi\u{a0}Santoso", "Budi Santoso"),
            ("Gal·la Biŀla", "Galla Billa"),
            ("Siti–Nur", "Siti-Nur"),
            ("Budi 😀 Santoso", "Budi Santoso"),
            ("Иван Жуков", "Ivan Zhukov"),
            ("Γιώργος", "Giorgos"),
            ("渡辺", "DuBian"),
            ("", "CUSTOMER"),
            ("😀", "CUSTOMER"),
            ("...", "CUSTOMER"),
        ] {
            assert_eq!(snap_name(name), spelt, "{name}");
        }
        let long = snap_name(&format!("{} {}", "A".repeat(49), "B".repeat(60)));
        assert_eq!(long, "A".repeat(49));
    }

    /// Every letter of names in Latin, Greek and Cyrillic has its own spelling; of whatever else is a letter, none becomes
    /// a blank.
    #[test]
    fn no_letter_becomes_a_blank_and_those_of_names_are_kept() {
        let of_names = [
            0x41..=0x17f,
            0x218..=0x21b,
            0x1e00..=0x1eff,
            0x386..=0x3ce,
            0x400..=0x45f,
            0xff21..=0xff5a,
        ];
        // Hard and soft signs, and ordinals' letters, have no sound of their own.
        let soundless = "ªºЪЬъь";
        for letter in ('\u{21}'..='\u{ffff}').filter(|letter| letter.is_alphabetic()) {
            let spelt = snap_name(&format!("a{letter}b"));
            assert!(
                !spelt.contains(' '),
                "{letter} {}: {spelt}",
                u32::from(letter)
            );
            let is_of_names = of_names
                .iter()
                .any(|range| range.contains(&(u32::from(letter))));
            if is_of_names && !soundless.contains(letter) {
                assert!(spelt.len() > 2, "{letter} {}: {spelt}", u32::from(letter));
            }
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_the_banks_take(name in "\\PC{0,120}") {
            let spelt = snap_name(&name);
            prop_assert!((1..=CHARS_MAX).contains(&spelt.chars().count()), "{}", spelt);
            prop_assert!(spelt.chars().all(is_taken), "{}", spelt);
            prop_assert_eq!(spelt.trim(), spelt.as_str());
            prop_assert!(!spelt.contains("  "));
            prop_assert_eq!(snap_name(&spelt), spelt);
        }

        /// Marks and invisible characters change no name.
        #[test]
        fn a_name_is_the_same_however_it_is_composed(
            letters in proptest::collection::vec(("[A-Za-z]", "[\u{300}-\u{331}]{0,2}", "[\u{200b}-\u{200f}]{0,1}"), 1..20),
        ) {
            let plain: String = letters.iter().map(|(letter, _, _)| letter.as_str()).collect();
            let written: String = letters.iter().map(|(letter, marks, unseen)| format!("{letter}{marks}{unseen}")).collect();
            prop_assert_eq!(snap_name(&written), plain.clone());
            prop_assert_eq!(snap_name(&written.nfc().collect::<String>()), plain);
        }
    }
}
