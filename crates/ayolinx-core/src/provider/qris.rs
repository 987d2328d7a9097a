//! Checks the text of a QRIS code (EMVCo merchant-presented mode, contract 9.1): whether a wallet could read it, and
//! whether the payer who scans it pays our amount and no other. Nobody else looks at it before the payer does.

use crate::values::money::{Amount, Currency};

/// The checksum's own tag and length, which it covers too.
const CRC_HEAD: [char; 4] = ['6', '3', '0', '4'];
const CRC_DIGITS: usize = 4;
const FORMAT: u8 = 0;
const CURRENCY: u8 = 53;
const AMOUNT: u8 = 54;
const COUNTRY: u8 = 58;
const CRC: u8 = 63;
/// Merchant accounts, each a template of its own.
const ACCOUNTS: std::ops::RangeInclusive<u8> = 26..=51;
/// Tip and convenience fees, by which the payer pays another sum.
const SURCHARGES: std::ops::RangeInclusive<u8> = 55..=57;
/// Rupiah in ISO 4217's digits.
const RUPIAH: &str = "360";

/// The reason why a QR may not be shown as ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QrFault {
    /// The reason why no wallet can read it. Handled as a reply that cannot be read.
    #[error("the QR is broken: {0}")]
    Broken(&'static str),
    /// The reason why the payer of a whole QR would pay something else. Handled as an echo of another amount.
    #[error("the QR is not over our amount: {0}")]
    OtherAmount(&'static str),
}

impl QrFault {
    /// Returns the name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Broken(_) => "broken",
            Self::OtherAmount(_) => "other_amount",
        }
    }
}

/// Checks a QR's text as a wallet would.
///
/// # Errors
/// [`QrFault::Broken`] unless it is whole (tag, length and value to its end, no tag twice), ends with a checksum
/// that is right, and says format `01`, country `ID` and at least one merchant account in 26–51;
/// [`QrFault::OtherAmount`] unless it names rupiah and exactly `amount`, without tip or fee (55–57).
pub fn check(text: &str, amount: Amount) -> Result<(), QrFault> {
    let letters: Vec<char> = text.chars().collect();
    check_crc(text, &letters)?;
    // Lengths count characters; an issuer that counts bytes is read as well, since wallets do.
    let bytes: Vec<char> = text.bytes().map(char::from).collect();
    let fields = fields_of(&letters)
        .or_else(|| fields_of(&bytes))
        .ok_or(QrFault::Broken("its tags and lengths do not fit"))?;
    let find = |tag: u8| fields.iter().find(|field| field.tag == tag);
    let says = |tag: u8, value: &str| find(tag).is_some_and(|field| field.is(value));
    if fields.last().is_none_or(|field| field.tag != CRC) {
        return Err(QrFault::Broken("tag 63 is not the last"));
    }
    if !says(FORMAT, "01") {
        return Err(QrFault::Broken("tag 00 is not 01"));
    }
    if !says(COUNTRY, "ID") {
        return Err(QrFault::Broken("tag 58 is not ID"));
    }
    let mut accounts = fields.iter().filter(|field| ACCOUNTS.contains(&field.tag));
    let is_template = |field: &Field<'_>| !field.value.is_empty() && is_whole(field.value);
    if !accounts.clone().all(is_template) {
        return Err(QrFault::Broken("a merchant account is not whole"));
    }
    if accounts.next().is_none() {
        return Err(QrFault::Broken("it has no merchant account in 26 to 51"));
    }
    if !says(CURRENCY, RUPIAH) {
        return Err(QrFault::OtherAmount("tag 53 is not 360"));
    }
    if fields.iter().any(|field| SURCHARGES.contains(&field.tag)) {
        return Err(QrFault::OtherAmount("tip or fee in 55 to 57"));
    }
    let asked = find(AMOUNT).ok_or(QrFault::OtherAmount("it has no tag 54"))?;
    let value: String = asked.value.iter().collect();
    match Amount::parse_decimal(&value, Currency::Idr) {
        Ok(named) if named == amount => Ok(()),
        Ok(_) => Err(QrFault::OtherAmount("tag 54 is another amount")),
        Err(_) => Err(QrFault::OtherAmount("tag 54 is not an amount")),
    }
}

/// Computes CRC-16/CCITT-FALSE, as EMVCo demands: polynomial 1021, from FFFF, over every byte up to the checksum's
/// digits.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _bit| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

struct Field<'a> {
    tag: u8,
    value: &'a [char],
}

impl Field<'_> {
    fn is(&self, value: &str) -> bool {
        self.value.iter().copied().eq(value.chars())
    }
}

/// Checks that the text ends with `6304` and the checksum of all before its digits, in either case.
fn check_crc(text: &str, letters: &[char]) -> Result<(), QrFault> {
    let missing = QrFault::Broken("it does not end with a checksum");
    let (payload, digits) = letters
        .len()
        .checked_sub(CRC_DIGITS)
        .and_then(|at| letters.split_at_checked(at))
        .ok_or(missing)?;
    if !payload.ends_with(&CRC_HEAD) {
        return Err(missing);
    }
    let written = digits.iter().try_fold(0_u16, |sum, digit| {
        let digit = u16::try_from(digit.to_digit(16)?).ok()?;
        sum.checked_mul(16)?.checked_add(digit)
    });
    let covered = text.len().checked_sub(CRC_DIGITS);
    let covered = covered.and_then(|end| text.as_bytes().get(..end));
    match (written, covered) {
        (Some(written), Some(covered)) if written == crc16(covered) => Ok(()),
        (Some(_), Some(_)) => Err(QrFault::Broken("its checksum is wrong")),
        _ => Err(missing),
    }
}

/// Returns the fields of a text that is whole, each tag once; `None` for any other.
fn fields_of(mut rest: &[char]) -> Option<Vec<Field<'_>>> {
    let mut fields: Vec<Field<'_>> = Vec::new();
    while !rest.is_empty() {
        let (tag, after) = two_digits(rest)?;
        let (length, after) = two_digits(after)?;
        let (value, after) = after.split_at_checked(usize::from(length))?;
        if fields.iter().any(|known| known.tag == tag) {
            return None;
        }
        fields.push(Field { tag, value });
        rest = after;
    }
    Some(fields)
}

fn is_whole(template: &[char]) -> bool {
    fields_of(template).is_some()
}

fn two_digits(letters: &[char]) -> Option<(u8, &[char])> {
    let (head, rest) = letters.split_at_checked(2)?;
    let number = head.iter().try_fold(0_u8, |sum, letter| {
        let digit = u8::try_from(letter.to_digit(10)?).ok()?;
        sum.checked_mul(10)?.checked_add(digit)
    })?;
    Some((number, rest))
}

#[cfg(test)]
mod tests;
