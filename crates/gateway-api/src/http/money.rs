//! Money as shops write it: a string of whole rupiah with no or two decimals (contract 4).

use ayolinx_core::money::{Amount, Currency};

use super::error::FieldCode;
use super::field_errors::FieldErrors;
use super::fields::Fields;

pub(crate) const FIELDS: &[&str] = &["value", "currency"];

/// Reads the money object `name`, more than nothing; `None` when absent or not right (recorded).
pub(crate) fn read_amount(
    fields: &Fields<'_>,
    name: &str,
    errors: &mut FieldErrors,
) -> Option<Amount> {
    let money = fields.object(name, FIELDS, errors)?;
    money.require("value", errors);
    let value = money
        .text("value", errors)
        .and_then(|text| accept(&money, "value", parse_whole_rupiah(text), errors));
    money.require("currency", errors);
    let currency = money.text("currency", errors).and_then(|text| {
        let currency = Currency::parse(text).map_err(|_| (FieldCode::NotAllowed, "must be IDR"));
        accept(&money, "currency", currency, errors)
    });
    let (amount, Some(_idr)) = (value?, currency) else {
        return None;
    };
    if amount.is_zero() {
        let message = "must be more than 0.00";
        errors.add(money.path("value"), FieldCode::BelowMinimum, message);
        return None;
    }
    Some(amount)
}

/// Reads `150000` or `150000.00`; one decimal, signs, exponents and grouping are refused.
pub(crate) fn parse_whole_rupiah(text: &str) -> Result<Amount, (FieldCode, &'static str)> {
    const MALFORMED: (FieldCode, &str) = (
        FieldCode::InvalidFormat,
        "must be 1 to 16 digits, optionally with .00",
    );
    if text
        .split_once('.')
        .is_some_and(|(_, decimals)| decimals.len() != 2)
    {
        return Err(MALFORMED);
    }
    let amount = Amount::parse_decimal(text, Currency::Idr).map_err(|_| MALFORMED)?;
    if !amount.is_whole_rupiah() {
        return Err((FieldCode::NotWholeRupiah, "must be whole rupiah"));
    }
    Ok(amount)
}

/// Returns the value, or records the reason under the member's path.
pub(crate) fn accept<T>(
    fields: &Fields<'_>,
    name: &str,
    read: Result<T, (FieldCode, &'static str)>,
    errors: &mut FieldErrors,
) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err((code, message)) => {
            errors.add(fields.path(name), code, message);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn none_or_two_decimals_of_whole_rupiah() {
        let code = |text| {
            parse_whole_rupiah(text)
                .map(Amount::minor)
                .map_err(|(code, _)| code)
        };
        assert_eq!(code("150000"), Ok(15_000_000));
        assert_eq!(code("150000.00"), Ok(15_000_000));
        assert_eq!(code("9999999999999999.00"), Ok(999_999_999_999_999_900));
        for text in ["150000.01", "0.99"] {
            assert_eq!(code(text), Err(FieldCode::NotWholeRupiah), "{text}");
        }
        for text in [
            "", "1.0", "1.", ".00", "1.000", "-1", "+1", "1e4", "1,000", "1.000.00", " 1", "0x1",
            "NaN", "١",
        ] {
            assert_eq!(code(text), Err(FieldCode::InvalidFormat), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9.,eE+-]{0,20}") {
            if let Ok(amount) = parse_whole_rupiah(&text) {
                prop_assert!(amount.is_whole_rupiah());
            }
        }
    }
}
