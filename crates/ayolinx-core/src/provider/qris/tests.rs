//! QR codes as acquirers make them, and every way in which one may not be ours.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// A QR as an acquirer may make it; what is drawn is everything the rule leaves open.
#[derive(Debug, Clone)]
struct Made {
    rupiah: i64,
    /// `25000`, `25000.0` or `25000.00`.
    decimals: usize,
    accounts: Vec<(u8, String)>,
    others: Vec<(u8, String)>,
    /// Orders the tags before the checksum.
    order: Vec<u32>,
}

fn field(tag: u8, value: &str) -> String {
    format!("{tag:02}{:02}{value}", value.chars().count())
}

fn with_crc(payload: &str) -> String {
    let payload = format!("{payload}6304");
    let crc = crc16(payload.as_bytes());
    format!("{payload}{crc:04X}")
}

impl Made {
    fn amount(&self) -> Amount {
        Amount::rupiah(self.rupiah).unwrap()
    }

    fn fields(&self) -> Vec<(u8, String)> {
        let amount = match self.decimals {
            0 => self.rupiah.to_string(),
            digits => format!("{}.{}", self.rupiah, "0".repeat(digits)),
        };
        let mut fields = vec![
            (0, "01".to_owned()),
            (1, "12".to_owned()),
            (53, "360".to_owned()),
            (54, amount),
            (58, "ID".to_owned()),
        ];
        fields.extend(self.accounts.clone());
        fields.extend(self.others.clone());
        fields.sort_by_key(|(tag, _)| *tag);
        fields.dedup_by_key(|(tag, _)| *tag);
        let mut keyed: Vec<_> = fields.into_iter().zip(&self.order).collect();
        keyed.sort_by_key(|(_, key)| **key);
        keyed.into_iter().map(|(field, _)| field).collect()
    }

    fn text(&self) -> String {
        text_of(&self.fields())
    }
}

fn text_of(fields: &[(u8, String)]) -> String {
    let all: Vec<String> = fields
        .iter()
        .map(|(tag, value)| field(*tag, value))
        .collect();
    with_crc(&all.concat())
}

fn template() -> impl Strategy<Value = String> {
    (proptest::collection::btree_map(0_u8..99, "[A-Za-z0-9. ]{1,12}", 1..4)).prop_map(|fields| {
        fields
            .iter()
            .map(|(tag, value)| field(*tag, value))
            .collect()
    })
}

fn made() -> impl Strategy<Value = Made> {
    let accounts = proptest::collection::vec((26_u8..=51, template()), 1..4);
    // Unknown tags, templates in other languages, and the merchant's own words.
    let others = proptest::collection::vec(
        (
            prop_oneof![2_u8..=25, Just(52), 59_u8..=62, 64_u8..=99],
            prop_oneof!["[ -~]{1,20}", template(), "[À-ÿ京]{1,8}"],
        ),
        0..8,
    );
    let order = proptest::collection::vec(any::<u32>(), 32);
    (1_i64..1_000_000_000, 0_usize..=2, accounts, others, order).prop_map(
        |(rupiah, decimals, accounts, others, order)| Made {
            rupiah,
            decimals,
            accounts,
            others,
            order,
        },
    )
}

fn same_but_for_the_case_of_the_checksum(left: &str, right: &str) -> bool {
    let (at, other) = (left.len().saturating_sub(4), right.len().saturating_sub(4));
    left.get(..at) == right.get(..other)
        && left.get(at..).map(str::to_ascii_uppercase)
            == right.get(other..).map(str::to_ascii_uppercase)
}

proptest! {
    #[test]
    fn what_is_made_over_our_amount_is_ours(qr in made()) {
        prop_assert_eq!(check(&qr.text(), qr.amount()), Ok(()));
        let lower = qr.text();
        let (payload, crc) = lower.split_at(lower.len() - 4);
        let lower = format!("{payload}{}", crc.to_ascii_lowercase());
        prop_assert_eq!(check(&lower, qr.amount()), Ok(()));
    }

    #[test]
    fn no_other_amount_passes(qr in made(), other in 1_i64..1_000_000_000) {
        prop_assume!(other != qr.rupiah);
        let asked = Amount::rupiah(other).unwrap();
        prop_assert!(matches!(check(&qr.text(), asked), Err(QrFault::OtherAmount(_))));
    }

    #[test]
    fn one_letter_changed_lost_or_added_is_seen(
        qr in made(), at in any::<Index>(), letter in prop_oneof![proptest::char::range(' ', '~'), Just('é')], what in 0_u8..3
    ) {
        let right = qr.text();
        let mut letters: Vec<char> = right.chars().collect();
        let at = at.index(letters.len());
        match what {
            0 => letters[at] = letter,
            1 => { letters.remove(at); }
            _ => letters.insert(at, letter),
        }
        let wrong: String = letters.into_iter().collect();
        prop_assume!(!same_but_for_the_case_of_the_checksum(&right, &wrong));
        prop_assert!(matches!(check(&wrong, qr.amount()), Err(QrFault::Broken(_))), "{}", wrong);
    }

    /// The checksum is made anew, so that each fault can be detected by its own rule only.
    #[test]
    fn each_rule_holds_by_itself(qr in made(), rule in 0_usize..11) {
        let mut fields = qr.fields();
        let set = |fields: &mut Vec<(u8, String)>, tag: u8, value: Option<&str>| {
            fields.retain(|(known, _)| *known != tag);
            fields.extend(value.map(|value| (tag, value.to_owned())));
        };
        let broken = match rule {
            0 => { set(&mut fields, 0, Some("02")); true }
            1 => { set(&mut fields, 0, None); true }
            2 => { set(&mut fields, 58, Some("SG")); true }
            3 => { fields.retain(|(tag, _)| !(26..=51).contains(tag)); true }
            4 => { set(&mut fields, 26, Some("0099cut off")); true }
            5 => { let twice = (54, qr.rupiah.to_string()); fields.push(twice); true }
            6 => { set(&mut fields, 53, Some("840")); false }
            7 => { set(&mut fields, 53, None); false }
            8 => { set(&mut fields, 54, None); false }
            9 => { set(&mut fields, 54, Some("25.000,00")); false }
            _ => { set(&mut fields, 55, Some("02")); set(&mut fields, 56, Some("1000")); false }
        };
        let seen = check(&text_of(&fields), qr.amount());
        match broken {
            true => prop_assert!(matches!(seen, Err(QrFault::Broken(_))), "rule {} {:?}", rule, seen),
            false => prop_assert!(matches!(seen, Err(QrFault::OtherAmount(_))), "rule {} {:?}", rule, seen),
        }
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,80}|[0-9]{0,80}6304[0-9A-F]{4}") {
        let _seen = check(&text, Amount::rupiah(1).unwrap());
    }
}

#[test]
fn the_checksum_is_the_emvco_one() {
    assert_eq!(crc16(b"123456789"), 0x29B1);
}

#[test]
fn tags_of_the_checksum_in_the_middle_are_no_end() {
    let amount = Amount::rupiah(25_000).unwrap();
    for text in [
        "",
        "6304",
        "63041D0F",
        "hello",
        "00020163041D0F6304ABCD",
        "６３０４ABCD",
    ] {
        let seen = check(text, amount);
        assert!(matches!(seen, Err(QrFault::Broken(_))), "{text}: {seen:?}");
    }
}
