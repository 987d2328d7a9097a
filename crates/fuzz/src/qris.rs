//! The text of a QR: what is taken for ours, read again backwards from its end by other code.

use ayolinx_core::money::{Amount, Currency};
use ayolinx_core::qris::check;

use crate::reading::minor_units;

const MINOR: i64 = 2_500_000;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(amount) = Amount::from_minor(MINOR, Currency::Idr) else {
        return;
    };
    let taken = check(text, amount).is_ok();
    if text.is_ascii() {
        assert_eq!(taken, is_ours(text), "{text:?}");
    } else if taken {
        assert!(is_summed(text), "{text:?}");
    }
}

/// Checks every rule at once, over text in ASCII, where characters are bytes.
pub(crate) fn is_ours(text: &str) -> bool {
    let Some(fields) = fields(text) else {
        return false;
    };
    let all = |tag: &str| -> Vec<&str> {
        let of_tag = fields.iter().filter(|(known, _)| *known == tag);
        of_tag.map(|(_, value)| *value).collect()
    };
    let once = |tag: &str| all(tag).len() == 1;
    let is = |tag: &str, value: &str| all(tag) == [value];
    let accounts: Vec<&str> = fields
        .iter()
        .filter(|(tag, _)| ("26"..="51").contains(tag))
        .map(|(_, value)| *value)
        .collect();
    is_summed(text)
        && fields.iter().all(|(tag, _)| once(tag))
        && fields
            .last()
            .is_some_and(|(tag, sum)| *tag == "63" && sum.len() == 4)
        && is("00", "01")
        && is("53", "360")
        && is("58", "ID")
        && !accounts.is_empty()
        && accounts.iter().all(|account| is_template(account))
        && once("54")
        && all("54")
            .iter()
            .all(|value| minor_units(value) == Some(MINOR))
        && ["55", "56", "57"].iter().all(|tag| all(tag).is_empty())
}

fn is_template(text: &str) -> bool {
    let Some(fields) = fields(text) else {
        return false;
    };
    let apart = |(at, (tag, _)): (usize, &(&str, &str))| {
        fields.iter().take(at).all(|(known, _)| known != tag)
    };
    !fields.is_empty() && fields.iter().enumerate().all(apart)
}

fn fields(text: &str) -> Option<Vec<(&str, &str)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let tag = text.get(..2)?;
    let length = text.get(2..4)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(tag) || !digits(length) {
        return None;
    }
    let end = 4_usize.checked_add(length.parse().ok()?)?;
    let mut all = vec![(tag, text.get(4..end)?)];
    all.extend(fields(text.get(end..)?)?);
    Some(all)
}

/// Checks the checksum by long division over single bits, the first sixteen of them inverted.
fn is_summed(text: &str) -> bool {
    let Some(at) = text
        .len()
        .checked_sub(4)
        .filter(|at| text.is_char_boundary(*at))
    else {
        return false;
    };
    let (covered, sum) = text.split_at(at);
    let Some(written) = u32::from_str_radix(sum, 16)
        .ok()
        .filter(|_| !sum.starts_with('+'))
    else {
        return false;
    };
    let padded = covered.bytes().chain([0, 0]);
    let bits = padded.flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at) & 1));
    let rest = bits.enumerate().fold(0_u32, |rest, (at, bit)| {
        let turned = if at < 16 { bit ^ 1 } else { bit };
        let next = (rest << 1) | turned;
        if next & 0x1_0000 == 0 {
            next
        } else {
            next ^ 0x1_1021
        }
    });
    covered.ends_with("6304") && rest == written
}
