//! Amounts: the grammar and the sum, against one regular expression and 128 bits.

use ayolinx_core::money::{Amount, Currency};

use crate::reading::minor_units;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let read = Amount::parse_decimal(text, Currency::Idr).ok();
    assert_eq!(read.map(Amount::minor), minor_units(text), "{text:?}");
    let Some(amount) = read else {
        return;
    };
    let spelt = amount.to_decimal_string();
    assert_eq!(
        minor_units(&spelt),
        Some(amount.minor()),
        "{text:?} {spelt:?}"
    );
    assert_eq!(
        amount.is_whole_rupiah(),
        spelt.ends_with(".00"),
        "{spelt:?}"
    );
    let other = Amount::from_minor(i64::MAX / 2, Currency::Idr).unwrap_or(Amount::ZERO);
    if let Ok(sum) = amount.checked_add(other) {
        assert_eq!(sum.checked_sub(other), Ok(amount));
    }
}
