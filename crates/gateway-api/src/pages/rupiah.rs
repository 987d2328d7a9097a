//! Amounts as people in Indonesia read them.

use ayolinx_core::money::Amount;

const SEN_PER_RUPIAH: i64 = 100;

/// Formats an amount as `Rp150.000`; sen only when there are some: `Rp150.000,50`.
#[must_use]
pub fn rupiah(amount: Amount) -> String {
    let digits = amount.whole_rupiah().to_string();
    let mut text = String::from("Rp");
    for (index, digit) in digits.chars().enumerate() {
        let to_come = digits.len().saturating_sub(index);
        if index > 0 && to_come % 3 == 0 {
            text.push('.');
        }
        text.push(digit);
    }
    let sen = amount.minor().checked_rem(SEN_PER_RUPIAH).unwrap_or(0);
    if sen > 0 {
        text.push_str(&format!(",{sen:02}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ayolinx_core::money::Currency;

    #[test]
    fn thousands_are_set_apart_by_points() {
        for (minor, text) in [
            (0, "Rp0"),
            (100, "Rp1"),
            (99_900, "Rp999"),
            (100_000, "Rp1.000"),
            (15_000_000, "Rp150.000"),
            (15_000_050, "Rp150.000,50"),
            (12_345_678_900, "Rp123.456.789"),
        ] {
            assert_eq!(
                rupiah(Amount::from_minor(minor, Currency::Idr).unwrap()),
                text
            );
        }
    }
}
