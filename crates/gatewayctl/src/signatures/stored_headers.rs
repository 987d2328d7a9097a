//! The headers of a callback as they are stored.

use std::collections::BTreeMap;

use serde_json::Value;

/// Reads the headers, with names in lower case, from an object or a list of pairs.
pub(crate) fn headers_of(text: &str) -> BTreeMap<String, String> {
    let pairs = match serde_json::from_str(text) {
        Ok(Value::Object(members)) => members
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
            .collect(),
        Ok(list @ Value::Array(_)) => {
            serde_json::from_value::<Vec<(String, String)>>(list).unwrap_or_default()
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_from_an_object_or_pairs() {
        for text in [r#"{"X-Signature":"s"}"#, r#"[["x-signature","s"]]"#] {
            assert_eq!(headers_of(text).get("x-signature").unwrap(), "s", "{text}");
        }
        assert!(headers_of("no JSON").is_empty());
    }
}
