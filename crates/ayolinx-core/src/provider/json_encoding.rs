//! The spelling of JSON on the wire (protocol 3.2): serialised once, then hashed and sent as the same bytes.
//! Everything works on bytes and keeps member order; no `Value` is involved.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Spelling of outgoing bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JsonStyle {
    /// As PHP's `json_encode`: minified, `\/`, `\uXXXX`.
    #[default]
    Php,
    /// Minified, everything else as it is.
    Plain,
}

impl JsonStyle {
    /// Serialises a value to the bytes to hash and to send. Types with empty objects are the caller's bug: PHP would
    /// read them as `[]`.
    ///
    /// # Errors
    /// The error of the value's own `Serialize`.
    pub fn serialise<T: Serialize>(&self, value: &T) -> Result<Vec<u8>, serde_json::Error> {
        match self {
            Self::Plain => serde_json::to_vec(value),
            Self::Php => {
                let mut bytes = Vec::new();
                value.serialize(&mut Serializer::with_formatter(&mut bytes, PhpFormatter))?;
                Ok(bytes)
            }
        }
    }

    /// Returns the setting's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Php => "php",
            Self::Plain => "plain",
        }
    }
}

/// The text is neither `php` nor `plain`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither php nor plain")]
pub struct UnknownJsonStyle;

impl FromStr for JsonStyle {
    type Err = UnknownJsonStyle;

    fn from_str(text: &str) -> Result<Self, UnknownJsonStyle> {
        match text {
            "php" => Ok(Self::Php),
            "plain" => Ok(Self::Plain),
            _ => Err(UnknownJsonStyle),
        }
    }
}

impl fmt::Display for JsonStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the text behind a byte order mark, which a reader may pass over (RFC 8259, 8.1) and which is no part of
/// the JSON.
#[must_use]
pub fn without_byte_order_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json)
}

/// Drops white space outside strings and touches nothing else (T14), also in what is not JSON.
#[must_use]
pub fn minify(json: &[u8]) -> Vec<u8> {
    let mut inside = Inside::Nothing;
    json.iter()
        .copied()
        .filter(|byte| {
            let kept = inside != Inside::Nothing || !is_white_space(*byte);
            inside = inside.after(*byte);
            kept
        })
        .collect()
}

/// Spells JSON as PHP's `json_encode(json_decode($body, true))` does: strings respelt, `{}` as `[]`, white space
/// dropped, member order and numbers kept.
///
/// # Errors
/// Fails when the bytes are not one JSON value in UTF-8.
pub fn php_reencode(json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let _valid: serde::de::IgnoredAny = serde_json::from_slice(json)?;
    let mut out = Vec::with_capacity(json.len());
    let mut string = Vec::new();
    let mut inside = Inside::Nothing;
    for byte in minify(json) {
        let was_outside = inside == Inside::Nothing;
        inside = inside.after(byte);
        if was_outside && inside == Inside::Nothing {
            push_outside(&mut out, byte);
            continue;
        }
        string.push(byte);
        if inside == Inside::Nothing {
            let text: String = serde_json::from_slice(&string)?;
            out.extend(JsonStyle::Php.serialise(&text)?);
            string.clear();
        }
    }
    Ok(out)
}

fn push_outside(out: &mut Vec<u8>, byte: u8) {
    if byte == b'}' && out.last() == Some(&b'{') {
        out.pop();
        out.extend_from_slice(b"[]");
    } else {
        out.push(byte);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    String,
    Escape,
}

impl Inside {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Nothing, b'"') | (Self::Escape, _) => Self::String,
            (Self::Nothing, _) | (Self::String, b'"') => Self::Nothing,
            (Self::String, b'\\') => Self::Escape,
            (Self::String, _) => Self::String,
        }
    }
}

const fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

struct PhpFormatter;

impl Formatter for PhpFormatter {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut units = [0; 2];
        for letter in fragment.chars() {
            if letter == '/' {
                writer.write_all(b"\\/")?;
            } else if letter.is_ascii() {
                CompactFormatter.write_string_fragment(writer, letter.encode_utf8(&mut [0; 4]))?;
            } else {
                for unit in letter.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn php(text: &str) -> String {
        String::from_utf8(JsonStyle::Php.serialise(&text).unwrap()).unwrap()
    }

    #[test]
    fn php_spells_slashes_controls_and_non_ascii_its_own_way() {
        assert_eq!(php("a/b"), r#""a\/b""#);
        assert_eq!(php("Café 😀"), r#""Caf\u00e9 \ud83d\ude00""#);
        assert_eq!(
            php("\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}"),
            "\"\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}\""
        );
        assert_eq!(php("\"\\"), r#""\"\\""#);
    }

    #[test]
    fn minifying_keeps_strings_order_and_numbers() {
        let raw = b"{ \"b\" : 1.0,\r\n\t\"a\\\" \\\\\" : \"\\u0041\\/ x\" }";
        assert_eq!(minify(raw), b"{\"b\":1.0,\"a\\\" \\\\\":\"\\u0041\\/ x\"}");
    }

    #[test]
    fn one_byte_order_mark_is_passed_over_where_the_text_begins_and_nowhere_else() {
        let bare = &b"{\"a\": \"\xEF\xBB\xBF\"}"[..];
        let marked = [b"\xEF\xBB\xBF", bare].concat();
        assert_eq!(without_byte_order_mark(&marked), bare);
        assert_eq!(without_byte_order_mark(bare), bare);
        let twice = [b"\xEF\xBB\xBF", &*marked].concat();
        assert_eq!(without_byte_order_mark(&twice), marked);
        assert_eq!(without_byte_order_mark(b"\xEF\xBB"), b"\xEF\xBB");
    }

    #[test]
    fn reencoding_restyles_strings_and_keeps_order_and_numbers() {
        let raw = br#"{"b": 1.0, "a": "A/\u00E9", "n": {}, "z": [ ] }"#;
        let expected = br#"{"b":1.0,"a":"A\/\u00e9","n":[],"z":[]}"#;
        assert_eq!(php_reencode(raw).unwrap(), expected);
        assert!(php_reencode(b"{\"a\":1} x").is_err());
        assert!(php_reencode(b"{\"a\":\"\\ud800\"}").is_err());
    }
}
