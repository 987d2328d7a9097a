//! Conversion of texts and numbers of columns to the core's types.

use std::str::FromStr;

use ayolinx_core::money::{Amount, Currency};

use crate::error::LedgerError;

pub(crate) fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, LedgerError> {
    text.parse()
        .map_err(|_| LedgerError::Corrupt(format!("{what} `{text}` is not known")))
}

pub(crate) fn amount(minor: i64, currency: &str) -> Result<Amount, LedgerError> {
    Currency::parse(currency)
        .and_then(|currency| Amount::from_minor(minor, currency))
        .map_err(LedgerError::corrupt)
}
