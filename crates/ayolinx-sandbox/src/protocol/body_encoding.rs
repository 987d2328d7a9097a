//! The bytes of an API call that the sandbox hashes: the received ones, or a re-serialisation of
//! them. The documents leave it open (protocol 3.2, table), so a setting chooses.

use std::borrow::Cow;
use std::str::FromStr;

use ayolinx_core::json_style::php_reencode;
use serde_json::value::RawValue;

/// Setting `SANDBOX_BODY_SPELLING`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodySpelling {
    /// The bytes as received.
    #[default]
    Received,
    /// PHP's `json_encode` of the parsed body: a plainly spelt body with slashes is refused.
    Php,
    /// A plain re-serialisation: a PHP-spelt body with slashes is refused.
    Plain,
}

impl FromStr for BodySpelling {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "received" => Ok(Self::Received),
            "php" => Ok(Self::Php),
            "plain" => Ok(Self::Plain),
            _ => Err("must be received, php or plain"),
        }
    }
}

impl BodySpelling {
    /// Returns the bytes to hash. A body that is not JSON is hashed as it is.
    pub(crate) fn of(self, body: &[u8]) -> Cow<'_, [u8]> {
        let respelt = match self {
            Self::Received => None,
            Self::Php => php_reencode(body).ok(),
            Self::Plain => plain_reencode(body),
        };
        respelt.map_or(Cow::Borrowed(body), Cow::Owned)
    }
}

/// Unescapes strings and escapes them again as little as JSON demands; keeps order and numbers.
fn plain_reencode(body: &[u8]) -> Option<Vec<u8>> {
    let _valid: &RawValue = serde_json::from_slice(body).ok()?;
    let mut out = Vec::with_capacity(body.len());
    let mut string: Option<Vec<u8>> = None;
    let mut escaped = false;
    for byte in body.iter().copied() {
        match string.as_mut() {
            None if byte == b'"' => string = Some(vec![byte]),
            None if byte.is_ascii_whitespace() => {}
            None => out.push(byte),
            Some(text) => {
                text.push(byte);
                if escaped {
                    escaped = false;
                } else if byte == b'\\' {
                    escaped = true;
                } else if byte == b'"' {
                    let value: String = serde_json::from_slice(text).ok()?;
                    out.extend(serde_json::to_vec(&value).ok()?);
                    string = None;
                }
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_hashes_what_it_says() {
        let php = br#"{"u":"https:\/\/a\/\u00e9"}"#;
        let plain = "{\"u\":\"https://a/\u{e9}\"}".as_bytes();
        assert_eq!(BodySpelling::Received.of(php).as_ref(), php);
        assert_eq!(BodySpelling::Php.of(plain).as_ref(), php);
        assert_eq!(BodySpelling::Plain.of(php).as_ref(), plain);
        assert_eq!(BodySpelling::Plain.of(plain).as_ref(), plain);
        assert_eq!(BodySpelling::Plain.of(b"{").as_ref(), b"{");
    }
}
