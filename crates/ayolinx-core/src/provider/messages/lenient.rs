//! Readers for fields the provider spells in more than one way: text or number, empty for absent, `[]` for an object.
//! They work on the raw JSON text, so that no number ever passes through a float.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Reads text or a number's own digits; blank, null and anything structured are `None`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = raw(deserializer)?;
    scalar(&raw).map_err(D::Error::custom)
}

/// Reads an object, or the default where something else stands (PHP spells an empty object `[]`).
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let raw = raw(deserializer)?;
    if raw.get().starts_with('{') {
        serde_json::from_str(raw.get()).map_err(D::Error::custom)
    } else {
        Ok(T::default())
    }
}

/// Decodes the raw text of a scalar. An error only for a string that is not one (lone surrogates).
pub(crate) fn scalar(raw: &RawValue) -> Result<Option<String>, impl fmt::Display + use<>> {
    let json = raw.get();
    let text = match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(json)?,
        Some(b'-' | b'0'..=b'9') => json.to_owned(),
        _ => String::new(),
    };
    Ok::<_, serde_json::Error>(Some(text).filter(|text| !text.trim().is_empty()))
}

/// Returns the text of any value, as it came.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<RawValue>, D::Error> {
    Box::<RawValue>::deserialize(deserializer)
}
